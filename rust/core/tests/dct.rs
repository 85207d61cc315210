//! Half the size of low frequencies, held to the crate `jpeg-decoder`, whose scaled decoding makes the same of the same
//! coefficients with constants of 12 bits instead of 13.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use turboshard::{
    codec::{Codec, DecodeOptions},
    error::Kind,
    fault::ImageFault,
    image::{Crop, Filter, Mode, Size, Subsampling, View},
    isa::Isa,
    jpeg::{Decoder, EncodeOptions, Encoder, Target, markers::Header},
};

/// How far samples of the two may be apart: each rounds its own way. Colours are differences of samples.
const SAMPLES_OFF: u8 = 1;
const COLOURS_OFF: u8 = 3;

fn jpeg(height: usize, width: usize, channels: usize, subsampling: Subsampling, quality: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..height * width * channels)
        .map(|i| {
            let (pixel, channel) = (i / channels, i % channels);
            let (y, x) = (pixel / width, pixel % width);
            let wave = ((x * (channel + 1)) as f64 / 5.0).sin() + (y as f64 / 7.0).cos();
            (128.0 + 50.0 * wave) as u8 ^ (((pixel * 40_503) >> 7) % 16) as u8
        })
        .collect();
    let mut out = Vec::new();
    let view = View { pixels: &pixels, size: Size { height, width }, channels };
    Encoder::default().encode(view, EncodeOptions::new(quality, subsampling), &[], &mut out).unwrap();
    out
}

fn halved(decoder: &mut Decoder, data: &[u8], target: Target) -> (Vec<u8>, (u32, u32)) {
    let header = Header::parse(data).unwrap();
    let mut image = decoder.open_low(data, &header).unwrap();
    let size = image.start(target, 2).unwrap();
    let mut pixels = vec![0; (size.0 * size.1) as usize * target.channels()];
    image.rows(target, &mut pixels, size.1 as usize * target.channels(), size.0).unwrap();
    image.finish().unwrap();
    (pixels, size)
}

fn oracle(data: &[u8], size: (u32, u32)) -> Vec<u8> {
    let mut decoder = jpeg_decoder::Decoder::new(data);
    let found = decoder.scale(size.1 as u16, size.0 as u16).unwrap();
    assert_eq!((u32::from(found.1), u32::from(found.0)), size);
    decoder.decode().unwrap()
}

#[test]
fn it_is_what_jpeg_decoder_makes_of_the_low_coefficients() {
    let mut decoders: Vec<Decoder> = Isa::available().map(Decoder::with_isa).collect();
    let mut seen = 0;
    for (height, width) in [(64, 64), (50, 70), (17, 33), (8, 8), (100, 36)] {
        for quality in [50, 95, 100] {
            for (channels, off) in [(1, SAMPLES_OFF), (3, COLOURS_OFF)] {
                let data = jpeg(height, width, channels, Subsampling::S444, quality);
                let target = if channels == 1 { Target::Gray } else { Target::Rgb };
                let (first, size) = halved(&mut decoders[0], &data, target);
                assert_eq!(size, (height.div_ceil(2) as u32, width.div_ceil(2) as u32));
                for decoder in &mut decoders {
                    assert!(halved(decoder, &data, target).0 == first, "{height} {width} {channels}");
                }
                let wanted = oracle(&data, size);
                assert_eq!(first.len(), wanted.len());
                let worst = first.iter().zip(&wanted).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(worst <= off, "{height} {width} {channels} {quality}: {worst}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 30);
}

#[test]
fn luma_of_420_is_of_low_frequencies_and_chroma_of_all() {
    let mut decoders: Vec<Decoder> = Isa::available().map(Decoder::with_isa).collect();
    for (height, width) in [(64, 64), (50, 70), (17, 33)] {
        let data = jpeg(height, width, 3, Subsampling::S420, 95);
        let (luma, size) = halved(&mut decoders[0], &data, Target::Gray);
        let (rgb, _) = halved(&mut decoders[0], &data, Target::Rgb);
        for decoder in &mut decoders {
            assert!(halved(decoder, &data, Target::Gray).0 == luma);
            assert!(halved(decoder, &data, Target::Rgb).0 == rgb);
        }
        // The same chroma, in full, is what the planes hold.
        let header = Header::parse(&data).unwrap();
        let mut planes = turboshard::jpeg::Planes::default();
        decoders[0].open(&data, &header, false).unwrap().planes(&mut planes).unwrap();
        let (blue, red) = (planes.take(1).unwrap().pixels.to_vec(), planes.take(2).unwrap().pixels.to_vec());
        assert_eq!(luma.len(), blue.len());
        assert_eq!(luma.len(), (size.0 * size.1) as usize);
        for (i, pixel) in rgb.chunks(3).enumerate() {
            let [y, cb, cr] = [luma[i], blue[i], red[i]].map(f64::from);
            let wanted = [
                y + 1.402 * (cr - 128.0),
                y - 0.344_136 * (cb - 128.0) - 0.714_136 * (cr - 128.0),
                y + 1.772 * (cb - 128.0),
            ];
            for (found, wanted) in pixel.iter().zip(wanted) {
                assert!((f64::from(*found) - wanted.clamp(0.0, 255.0)).abs() < 1.01, "{i}");
            }
        }
        // libjpeg-turbo's half size is a mean of four pixels, which is another thing.
        let other =
            decode(&data, &DecodeOptions { mode: Mode::Y, reduce: 2, ..DecodeOptions::default() }).unwrap();
        assert!(luma.len() == other.len() && luma != other);
    }
}

fn decode(data: &[u8], options: &DecodeOptions) -> Result<Vec<u8>, turboshard::error::Error> {
    let mut codec = Codec::default();
    let mut out = vec![0; codec.output_size(data, options)?.pixels() * options.mode.channels()];
    codec.decode_into(data, options, &mut out).map(|_| out)
}

fn dct(size: Size) -> DecodeOptions {
    DecodeOptions { size: Some(size), filter: Filter::Dct, ..DecodeOptions::default() }
}

#[test]
fn anything_else_is_refused_by_name() {
    let data = jpeg(64, 48, 3, Subsampling::S420, 90);
    let half = Size { height: 32, width: 24 };
    let whole = Crop { y: 0, x: 0, height: 64, width: 48 };
    assert!(decode(&data, &dct(half)).is_ok());
    assert!(decode(&data, &DecodeOptions { crop: Some(whole), ..dct(half) }).is_ok());
    let same = Size { height: 64, width: 48 };
    let plain = decode(&data, &DecodeOptions::default()).unwrap();
    assert!(decode(&data, &dct(same)).unwrap() == plain, "the size it has changes nothing");
    for bad in [
        dct(Size { height: 32, width: 25 }),
        dct(Size { height: 16, width: 12 }),
        DecodeOptions { reduce: 2, ..dct(Size { height: 16, width: 12 }) },
        DecodeOptions { crop: Some(Crop { height: 32, ..whole }), ..dct(Size { height: 16, width: 24 }) },
    ] {
        let error = decode(&data, &bad).unwrap_err();
        assert!(matches!(error.kind(), Kind::Invalid(_)) && error.to_string().contains("dct"), "{error}");
    }
    let other = jpeg(64, 48, 3, Subsampling::S422, 90);
    let mut damaged = data.clone();
    let middle = data.len() - 40;
    damaged.splice(middle..middle, [0xFF, 0xD3]);
    for bad in [&other, &damaged] {
        assert!(decode(bad, &DecodeOptions::default()).is_ok());
        let error = decode(bad, &dct(half)).unwrap_err();
        assert!(
            matches!(error.kind(), Kind::Image(ImageFault::Unsupported(words)) if words.contains("dct")),
            "{error}"
        );
    }
    let cut = &data[..data.len() / 2];
    let error = decode(cut, &dct(half)).unwrap_err();
    assert!(matches!(error.kind(), Kind::Image(ImageFault::Truncated { .. })), "{error}");
}
