//! A window of an image is a slice of the whole.

use turboshard::{
    image::Crop,
    jpeg::{Decoder, Outcome, Target, markers::Header},
};

use super::{
    Decoders, RUNS, decode,
    recipe::{Chance, Recipe},
    soak,
};

/// A window of an image of that size, now and then the whole and now and then a corner of it.
fn window(chance: &mut Chance, (height, width): (u32, u32)) -> Crop {
    let mut part = |length: u32| {
        let (a, b) = (chance.below(length as usize), chance.below(length as usize));
        match chance.below(5) {
            0 => (0, length as usize),
            1 => (0, a + 1),
            2 => (a, length as usize - a),
            _ => (a.min(b), a.abs_diff(b) + 1),
        }
    };
    let ((y, height), (x, width)) = (part(height), part(width));
    Crop { y, x, height, width }
}

fn decode_window(
    decoder: &mut Decoder,
    data: &[u8],
    target: Target,
    reduce: u8,
    crop: Crop,
    run: u32,
) -> Result<(Vec<u8>, Outcome), String> {
    let header = Header::parse(data).map_err(|error| error.to_string())?;
    let work = |decoder: &mut Decoder| {
        let mut image = decoder.open(data, &header, false)?;
        image.start_window(target, reduce, Some(crop))?;
        let stride = crop.width * target.channels();
        let mut pixels = vec![0x5A; crop.height * stride];
        for (number, rows) in pixels.chunks_mut(stride * (run as usize).min(1000)).enumerate() {
            assert!(number <= crop.height);
            image.rows(target, rows, stride, (rows.len() / stride) as u32)?;
        }
        Ok((pixels, image.finish()?))
    };
    work(decoder).map_err(|error: turboshard::error::Error| error.to_string())
}

#[test]
fn windows_are_slices() {
    let mut chance = Chance(5);
    let mut decoders = Decoders::new();
    let (mut odd, mut refused) = (0, 0);
    for number in 0..soak(1200) {
        let recipe = Recipe::random(&mut chance, [40, 90][number % 2]);
        let mut jpeg = recipe.encode(&mut chance);
        let damaged = number % 5 == 4;
        if damaged {
            let start = jpeg.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
            let at = start + chance.below(jpeg.len() - start);
            jpeg[at] = chance.below(256) as u8;
        }
        let target = [Target::Rgb, Target::Gray][chance.below(4) / 3];
        let reduce = [1, 1, 2, 4, 8][chance.below(5)];
        let run = RUNS[number % RUNS.len()];
        let whole = decode(&mut decoders.libjpeg, &jpeg, target, reduce, false, 16);
        let by = u32::from(reduce);
        let size = ((recipe.height as u32).div_ceil(by), (recipe.width as u32).div_ceil(by));
        let crop = window(&mut chance, size);
        let wanted = decode_window(&mut decoders.libjpeg, &jpeg, target, reduce, crop, 16);
        for (isa, decoder) in &mut decoders.fast {
            let found = decode_window(decoder, &jpeg, target, reduce, crop, run);
            // libjpeg looks at a few rows more than it gives, and may find something to warn of there.
            let same = match (&found, &wanted) {
                (Ok(found), Ok(wanted)) if damaged => found.0 == wanted.0,
                _ => found == wanted,
            };
            assert!(same, "{recipe:?} {isa:?} {target:?} 1/{reduce} {crop:?} damaged {damaged}");
        }
        if let (Ok((_, pixels, _)), Ok((found, _))) = (whole, wanted) {
            let stride = size.1 as usize * target.channels() + 5;
            let columns = crop.x * target.channels()..(crop.x + crop.width) * target.channels();
            let rows = pixels.chunks(stride).skip(crop.y).take(crop.height);
            let slice: Vec<u8> = rows.flat_map(|row| &row[columns.clone()]).copied().collect();
            assert!(found == slice, "{recipe:?} {crop:?}");
            odd += crop.x % 2;
        } else {
            refused += 1;
        }
    }
    assert!(odd > 100 && refused > 3, "{odd} {refused}");
}
