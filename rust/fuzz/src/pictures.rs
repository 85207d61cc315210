//! One picture, decoded in every way there is.

use turboshard::{
    codec::{Codec, DecodeOptions, info},
    image::{Mode, Size},
    isa::Isa,
    jpeg::{Decoder, Source, Target, markers::Header, simd_level},
};

/// Pixels that a fuzzer may ask for: more only costs time.
pub(super) const MANY: u64 = 1 << 22;

/// A JPEG (or PNG, or BMP): checking and decoding agree on a JPEG, and so do libjpeg-turbo, the fast path, and that for two at a
/// time.
pub(super) fn jpeg(data: &[u8]) {
    let mut codec = Codec::default();
    drop(info(data));
    let checked = codec.check(data, MANY);
    let options = DecodeOptions { mode: Mode::Rgb, max_pixels: Some(MANY), ..DecodeOptions::default() };
    let decoded = alone(&mut codec, data, &options);
    if data.starts_with(b"\x89PNG") || data.starts_with(b"BM") {
        return;
    }
    assert_eq!(checked.is_ok(), decoded.is_ok(), "{checked:?} {decoded:?}");
    if decoded.is_ok() {
        let size = Some(Size { height: 9, width: 7 });
        let small = DecodeOptions { size, reduce: 2, fill_truncated: true, exif: true, ..options.clone() };
        drop(codec.decode_into(data, &small, &mut [0; 9 * 7 * 3]));
    }
    levels(data);
    // Beside itself, and beside what is left of it when it is cut.
    let cut = data.get(..data.len() - data.len() / 3).unwrap_or_default();
    let size = codec.output_size(data, &options).ok();
    let half =
        size.map(|Size { height, width }| Size { height: height.div_ceil(2), width: width.div_ceil(2) });
    for options in [options.clone(), DecodeOptions { size: half, ..options }] {
        for both in [[data, cut], [cut, data]] {
            let wanted = both.map(|data| alone(&mut codec, data, &options));
            let found = pair(&mut codec, both, &options);
            assert!(found.iter().zip(&wanted).all(|(found, wanted)| alike(found, wanted)), "two at a time");
        }
    }
}

type Found = Result<(Vec<u8>, Option<(String, u32)>), String>;

/// What this library and libjpeg-turbo make: pixels, warnings and errors are the same. Without libjpeg-turbo's assembler, which the
/// pixels are held to, only the latter two: coefficients that no picture has overflow to others in its C. So do those of two
/// at a time, who may leave a damaged image to libjpeg-turbo at another row.
fn alike(one: &Found, other: &Found) -> bool {
    match (one, other) {
        (Ok((_, warnings)), Ok((_, others))) if simd_level() == "none" => warnings == others,
        _ => one == other,
    }
}

fn room(codec: &mut Codec, data: &[u8], options: &DecodeOptions) -> Vec<u8> {
    codec.output_size(data, options).map_or(Vec::new(), |size| vec![0; size.pixels() * 3])
}

fn alone(codec: &mut Codec, data: &[u8], options: &DecodeOptions) -> Found {
    let mut pixels = room(codec, data, options);
    let report = codec.decode_into(data, options, &mut pixels).map_err(|error| error.to_string())?;
    Ok((pixels, report.warnings))
}

fn pair(codec: &mut Codec, both: [&[u8]; 2], options: &DecodeOptions) -> [Found; 2] {
    let mut pixels = both.map(|data| room(codec, data, options));
    let reports = codec.decode_pair(both, options, pixels.each_mut().map(Vec::as_mut_slice));
    let mut pixels = pixels.into_iter();
    reports.map(|report| {
        let pixels = pixels.next().unwrap_or_default();
        report.map(|report| (pixels, report.warnings)).map_err(|error| error.to_string())
    })
}

/// Every level gives libjpeg-turbo's pixels, warnings and errors, at every scale.
fn levels(data: &[u8]) {
    let Ok(header) = Header::parse(data) else { return };
    if u64::from(header.frame.height) * u64::from(header.frame.width) > MANY {
        return;
    }
    for reduce in [1, 2, 4, 8] {
        let mut found = Isa::available().map(|isa| by(&mut Decoder::with_isa(isa), data, &header, reduce));
        let libjpeg = found.next().expect("it is always there");
        let Some(first) = found.next() else { continue };
        assert!(alike(&first, &libjpeg), "at 1/{reduce}");
        assert!(found.all(|found| found == first), "levels, at 1/{reduce}");
    }
}

fn by(decoder: &mut Decoder, data: &[u8], header: &Header<'_>, reduce: u8) -> Found {
    let mut decode = || {
        let mut image = decoder.open(data, header, false)?;
        let target = match image.source() {
            Source::Gray => Target::Gray,
            Source::Rgb | Source::YCbCr => Target::Rgb,
            Source::Cmyk | Source::Ycck => Target::Cmyk,
        };
        let (height, width) = image.start(target, reduce)?;
        let stride = width as usize * target.channels();
        let mut pixels = vec![0; height as usize * stride];
        image.rows(target, &mut pixels, stride, height)?;
        Ok((pixels, image.finish()?.warnings))
    };
    decode().map_err(|error: turboshard::error::Error| error.to_string())
}
