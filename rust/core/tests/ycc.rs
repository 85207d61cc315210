//! Pictures made anew in their own colours, held to the same done by hand and to the way through RGB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use turboshard::{
    codec::{Codec, DecodeOptions, TranscodeOptions, Transcoded},
    image::{Filter, Fit, Mode, OutputFormat, Size, Space, Subsampling, View},
    jpeg::{Decoder, EncodeOptions, Encoder, Plane, Planes, markers::Header},
    resize::Resizer,
};

/// Slopes and waves: a picture that survives quality 95 well.
fn jpeg(height: usize, width: usize, channels: usize, subsampling: Subsampling) -> Vec<u8> {
    let wave = |at: usize, by: usize| 128.0 + 100.0 * (at as f64 / by as f64).sin();
    let pixels: Vec<u8> = (0..height * width)
        .flat_map(|i| {
            let (y, x) = (i / width, i % width);
            [wave(x, 17) as u8, wave(y + x, 23) as u8, wave(y, 29) as u8].into_iter().take(channels)
        })
        .collect();
    let mut out = Vec::new();
    let view = View { pixels: &pixels, size: Size { height, width }, channels };
    Encoder::default().encode(view, EncodeOptions::new(95, subsampling), &[], &mut out).unwrap();
    out
}

fn made(data: &[u8], options: &TranscodeOptions) -> (Vec<u8>, Transcoded) {
    let mut out = Vec::new();
    let done = Codec::default().transcode(data, options, &mut out).unwrap();
    (out, done)
}

fn ycc(height: usize, width: usize) -> TranscodeOptions {
    let size = Some(Size { height, width });
    TranscodeOptions { size, space: Space::Ycc, allow_upscale: true, ..TranscodeOptions::default() }
}

fn rgb(data: &[u8]) -> Vec<u8> {
    let options = DecodeOptions { mode: Mode::Rgb, ..DecodeOptions::default() };
    let mut codec = Codec::default();
    let mut pixels = vec![0; codec.output_size(data, &options).unwrap().pixels() * 3];
    codec.decode_into(data, &options, &mut pixels).unwrap();
    pixels
}

#[test]
fn each_plane_is_resized_by_itself() {
    use Subsampling::{S420, S422, S444};
    for source in [S420, S422, S444] {
        for target in [S420, S422, S444] {
            for (height, width) in [(48, 48), (64, 48), (30, 20), (96, 96)] {
                let data = jpeg(96, 96, 3, source);
                let options = TranscodeOptions { subsampling: Some(target), ..ycc(height, width) };
                let (found, done) = made(&data, &options);
                assert!(!done.through_rgb && done.subsampling == Some(target));

                let header = Header::parse(&data).unwrap();
                let (mut decoder, mut planes) = (Decoder::default(), Planes::default());
                decoder.open(&data, &header, false).unwrap().planes(&mut planes).unwrap();
                let size = Size { height, width };
                let sizes = [size, target.chroma(size), target.chroma(size)];
                let padded: Vec<Vec<u8>> = (0..3)
                    .map(|number| {
                        let view = planes.take(number).unwrap();
                        let half = if source == S444 || number == 0 { 96 } else { 48 };
                        assert_eq!(view.size.width, half);
                        let mut plane = vec![0; sizes[number].pixels()];
                        Resizer::default().resize(view, sizes[number], Filter::Lanczos3, &mut plane).unwrap();
                        plane
                            .chunks(sizes[number].width)
                            .flat_map(|row| {
                                let fill = row.len().next_multiple_of(8) - row.len();
                                row.iter().copied().chain(std::iter::repeat_n(row[row.len() - 1], fill))
                            })
                            .collect()
                    })
                    .collect();
                let planes: Vec<Plane<'_>> = (0..3)
                    .map(|i| Plane { samples: &padded[i], stride: sizes[i].width.next_multiple_of(8) })
                    .collect();
                let mut wanted = Vec::new();
                Encoder::default()
                    .encode_planes(
                        [planes[0], planes[1], planes[2]],
                        size,
                        EncodeOptions::new(95, target),
                        &[],
                        &mut wanted,
                    )
                    .unwrap();
                assert!(found == wanted, "{source:?} {target:?} {size:?}");
            }
        }
    }
}

#[test]
fn the_picture_is_the_one_that_goes_through_rgb() {
    for (source, target) in [(Subsampling::S420, None), (Subsampling::S420, Some(Subsampling::S444))] {
        let data = jpeg(256, 256, 3, source);
        let options = TranscodeOptions { subsampling: target, ..ycc(128, 128) };
        let (found, _) = made(&data, &options);
        let (other, _) = made(&data, &TranscodeOptions { space: Space::Rgb, ..options });
        assert!(found != other);
        let squares: f64 =
            rgb(&found).iter().zip(rgb(&other)).map(|(&a, b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
        let psnr = 10.0 * (255.0 * 255.0 * 128.0 * 128.0 * 3.0 / squares).log10();
        assert!(psnr > 40.0, "{psnr}");
    }
}

#[test]
fn what_has_no_whole_chroma_goes_through_rgb_and_says_so() {
    let even = jpeg(64, 64, 3, Subsampling::S420);
    let odd = jpeg(63, 64, 3, Subsampling::S420);
    let cover = TranscodeOptions { fit: Fit::Cover, ..ycc(16, 32) };
    for (data, options, through) in [
        (&even, ycc(32, 32), false),
        (&even, ycc(31, 32), true),
        (&odd, ycc(32, 32), true),
        (&jpeg(63, 64, 3, Subsampling::S444), ycc(31, 31), false),
        (&even, cover, true),
        (&jpeg(64, 64, 1, Subsampling::S420), ycc(31, 31), false),
    ] {
        let (found, done) = made(data, &options);
        assert_eq!(done.through_rgb, through, "{options:?}");
        if through {
            assert_eq!(found, made(data, &TranscodeOptions { space: Space::Rgb, ..options }).0);
        }
    }
    let png = TranscodeOptions { format: OutputFormat::Png, ..ycc(32, 32) };
    assert!(made(&even, &png).0.starts_with(b"\x89PNG"));
}

#[test]
fn broken_images_are_refused_as_through_rgb() {
    let data = jpeg(64, 64, 3, Subsampling::S420);
    for cut in (20..data.len()).step_by(37) {
        let broken = &data[..cut];
        let fault = |space| {
            let options = TranscodeOptions { space, ..ycc(32, 32) };
            Codec::default()
                .transcode(broken, &options, &mut Vec::new())
                .map(|_| ())
                .map_err(|e| e.to_string())
        };
        assert_eq!(fault(Space::Ycc).is_err(), fault(Space::Rgb).is_err(), "{cut}");
    }
}
