//! Two images decoded together are what each is alone, whatever the other one is.

use turboshard::{
    codec::{Codec, DecodeOptions, TranscodeOptions, Transcoded},
    image::{Filter, Layout, Mode, OutputFormat, Size, Space},
    isa::Isa,
    jpeg::{Decoder, Target, decode_counts},
};

use super::{
    Found, decode,
    recipe::{Chance, Recipe},
    soak,
};
use turbojpeg_sys as tj;

/// Pixels, first warning and where it was cut; or the error's words.
type Result = std::result::Result<(Vec<u8>, Option<(String, u32)>, Option<u32>), String>;

/// By libjpeg-turbo, without the stride's padding.
fn wanted(libjpeg: &mut Decoder, data: &[u8], options: &DecodeOptions) -> Result {
    let target = if options.mode == Mode::Y { Target::Gray } else { Target::Rgb };
    let found: Found = decode(libjpeg, data, target, options.reduce, options.fill_truncated, 16);
    let ((_, width), pixels, outcome) = found?;
    let row = width as usize * target.channels();
    let pixels = pixels.chunks(row + 5).flat_map(|padded| padded[..row].to_vec()).collect();
    Ok((pixels, outcome.warnings, outcome.truncated_at))
}

fn pair(codec: &mut Codec, data: [&[u8]; 2], options: &DecodeOptions) -> [Result; 2] {
    let mut outs = data.map(|data| {
        let size = codec.output_size(data, options).unwrap_or(Size { height: 0, width: 0 });
        vec![0x5A; size.pixels() * options.mode.channels()]
    });
    let [first, second] = &mut outs;
    let reports = codec.decode_pair(data, options, [first, second]);
    let mut outs = outs.into_iter();
    reports.map(|report| match report {
        Ok(report) => Ok((outs.next().unwrap(), report.warnings, report.truncated_at)),
        Err(error) => {
            outs.next();
            Err(error.to_string())
        }
    })
}

/// A file whose sides suffice for it to be one of two, if it is a baseline one of a usual kind.
fn file(chance: &mut Chance) -> (String, Vec<u8>, bool) {
    let sides = (64 + chance.below(200), 1 + chance.below(120));
    sized_file(chance, sides)
}

fn sized_file(chance: &mut Chance, (width, height): (usize, usize)) -> (String, Vec<u8>, bool) {
    let random = Recipe::random(chance, 300);
    let subsampling =
        [tj::TJSAMP_TJSAMP_420, tj::TJSAMP_TJSAMP_422, tj::TJSAMP_TJSAMP_444, tj::TJSAMP_TJSAMP_GRAY]
            [chance.below(10).min(3)];
    let usual = Recipe { width, height, subsampling, progressive: 0, ..random };
    let recipe = match chance.below(8) {
        0 => Recipe::random(chance, 100),
        _ => usual,
    };
    let mut jpeg = recipe.encode(chance);
    let is_damaged = chance.below(4) == 0;
    if is_damaged {
        let start = jpeg.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
        let at = start + chance.below(jpeg.len() - start);
        match chance.below(5) {
            0 => jpeg.truncate(at),
            1 => jpeg[at] = chance.below(256) as u8,
            2 => drop(jpeg.remove(at)),
            3 => drop(jpeg.splice(at..at, [0xFF, 0xD0 + chance.below(10) as u8])),
            _ => jpeg[at] ^= 1 << chance.below(8),
        }
    }
    (format!("{recipe:?}, damaged {is_damaged}"), jpeg, is_damaged)
}

#[test]
fn pairs_decode_as_each_alone() {
    let mut chance = Chance(6);
    let mut libjpeg = Decoder::with_isa(Isa::Portable);
    let mut codec = Codec::default();
    let (mut good, mut mixed, mut refused) = (0, 0, 0);
    let (fast, _) = decode_counts();
    for _ in 0..soak(1500) {
        let (first, second) = (file(&mut chance), file(&mut chance));
        let options = DecodeOptions {
            reduce: [1, 1, 2, 4, 8][chance.below(5)],
            mode: [Mode::Rgb, Mode::Rgb, Mode::Y][chance.below(3)],
            fill_truncated: chance.below(2) == 0,
            ..DecodeOptions::default()
        };
        let data = [&first.1[..], &second.1[..]];
        let wanted = data.map(|data| wanted(&mut libjpeg, data, &options));
        let found = pair(&mut codec, data, &options);
        for (number, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            // Of grey in RGB libjpeg-turbo makes the three channels itself, of which there is another test.
            let different = match (found, wanted) {
                (Ok(a), Ok(b)) => Some(a.0.iter().zip(&b.0).position(|(a, b)| a != b)),
                _ => None,
            };
            let noticed = [found, wanted].map(|r| r.as_ref().map(|r| (r.0.len(), &r.1, r.2)));
            assert!(
                found == wanted,
                "{noticed:?}, different at {different:?}: number {number} of {} and {}, {options:?}",
                first.0,
                second.0
            );
        }
        refused += found.iter().filter(|found| found.is_err()).count();
        match [first.2, second.2] {
            [false, false] => good += 1,
            [true, true] => {}
            _ => mixed += 1,
        }
    }
    assert!(good > 300 && mixed > 200 && refused > 100, "{good} {mixed} {refused}");
    if Isa::current() > Isa::Portable {
        assert!(decode_counts().0 - fast > 1000);
    }
}

#[test]
fn pairs_of_every_use_decode_as_each_alone() {
    let mut chance = Chance(7);
    let mut codec = Codec::default();
    let mut alone = Codec::default();
    let mut seen = 0;
    for number in 0..soak(300) {
        let (first, second) = (file(&mut chance), file(&mut chance));
        let size = Size { height: 1 + chance.below(60), width: 1 + chance.below(60) };
        let options = DecodeOptions {
            size: [None, Some(size)][number % 2],
            layout: [Layout::Hwc, Layout::Chw][chance.below(2)],
            mode: [Mode::Rgb, Mode::L, Mode::Y, Mode::Rgba][chance.below(4)],
            exif: true,
            ..DecodeOptions::default()
        };
        let data = [&first.1[..], &second.1[..]];
        let wanted = data.map(|data| {
            let size = alone.output_size(data, &options).unwrap_or(Size { height: 0, width: 0 });
            let mut out = vec![0x5A; size.pixels() * options.mode.channels()];
            let report = alone.decode_into(data, &options, &mut out);
            report.map(|r| (out, r.warnings, r.truncated_at)).map_err(|error| error.to_string())
        });
        assert!(pair(&mut codec, data, &options) == wanted, "{} and {}, {options:?}", first.0, second.0);
        seen += wanted.iter().filter(|wanted| wanted.is_ok()).count();
    }
    assert!(seen > 300);
}

/// Two files whose sides are even, and alike but rarely.
fn twins(chance: &mut Chance) -> ([(String, Vec<u8>, bool); 2], Size) {
    let sides = |chance: &mut Chance| (2 * (32 + chance.below(100)), 2 * (1 + chance.below(60)));
    let first = sides(chance);
    let second = if chance.below(8) == 0 { sides(chance) } else { first };
    let half = Size { height: first.1 / 2, width: first.0 / 2 };
    ([sized_file(chance, first), sized_file(chance, second)], half)
}

#[test]
fn pairs_are_halved_as_each_alone() {
    let mut chance = Chance(8);
    let (mut codec, mut alone) = (Codec::default(), Codec::default());
    let mut seen = [0; 2];
    for _ in 0..soak(600) {
        let (files, half) = twins(&mut chance);
        let options = DecodeOptions {
            size: Some(half),
            filter: [Filter::Box, Filter::Lanczos3, Filter::Bilinear][chance.below(3)],
            mode: [Mode::Rgb, Mode::Rgb, Mode::Y, Mode::L][chance.below(4)],
            fill_truncated: chance.below(2) == 0,
            ..DecodeOptions::default()
        };
        let data = files.each_ref().map(|file| &file.1[..]);
        let wanted = data.map(|data| {
            let size = alone.output_size(data, &options).unwrap_or(Size { height: 0, width: 0 });
            let mut out = vec![0x5A; size.pixels() * options.mode.channels()];
            let report = alone.decode_into(data, &options, &mut out);
            report.map(|r| (out, r.warnings, r.truncated_at)).map_err(|error| error.to_string())
        });
        assert!(pair(&mut codec, data, &options) == wanted, "{} and {}, {options:?}", files[0].0, files[1].0);
        seen[usize::from(wanted.iter().any(std::result::Result::is_err))] += 1;
    }
    assert!(seen[0] > 300 && seen[1] > 30, "{seen:?}");
}

#[test]
fn pairs_are_made_anew_as_each_alone() {
    let mut chance = Chance(9);
    let (mut codec, mut alone) = (Codec::default(), Codec::default());
    let (mut good, mut refused, mut by_planes) = (0, 0, 0);
    for _ in 0..soak(600) {
        let (files, half) = twins(&mut chance);
        let size = [Some(half), Some(half), None][chance.below(3)];
        let options = TranscodeOptions {
            size,
            filter: [Filter::Box, Filter::Lanczos3][chance.below(2)],
            quality: [None, Some(80)][chance.below(2)],
            space: [Space::Rgb, Space::Ycc, Space::Ycc][chance.below(3)],
            format: [OutputFormat::Keep, OutputFormat::Keep, OutputFormat::Png][chance.below(3)],
            strict: chance.below(4) == 0,
            allow_upscale: true,
            ..TranscodeOptions::default()
        };
        let data = files.each_ref().map(|file| &file.1[..]);
        let plain = |done: turboshard::error::Result<Transcoded>, out: Vec<u8>| {
            let done = done.map_err(|error| error.to_string())?;
            Ok::<_, String>((out, done.size, done.copied, done.through_rgb, done.report.warnings))
        };
        let wanted = data.map(|data| {
            let mut out = vec![1];
            let done = alone.transcode(data, &options, &mut out);
            plain(done, out)
        });
        let mut outs = [vec![1], vec![1]];
        let done = codec.transcode_pair(data, &options, outs.each_mut());
        let mut outs = outs.into_iter();
        let found = done.map(|done| plain(done, outs.next().unwrap()));
        assert!(found == wanted, "{} and {}, {options:?}", files[0].0, files[1].0);
        for wanted in &wanted {
            match wanted {
                Ok((_, _, false, through_rgb, _)) => {
                    good += 1;
                    by_planes += u32::from(options.space == Space::Ycc && !through_rgb);
                }
                Ok(_) => {}
                Err(_) => refused += 1,
            }
        }
    }
    assert!(good > 500 && refused > 50 && by_planes > 100, "{good} {refused} {by_planes}");
}
