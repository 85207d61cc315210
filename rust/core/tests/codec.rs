//! The codec's promises about geometry, transcoding and batches, on pictures made here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use turboshard::{
    batch::{batch_size, decode_batch},
    codec::{Codec, DecodeOptions, EncodeOptions, TranscodeOptions, info},
    error::Kind,
    fault::ImageFault,
    image::{Crop, Filter, Fit, Layout, Mode, OutputFormat, Size, Subsampling, View},
    jpeg::{Encoder, markers::Segments},
    pool::{Cancel, Pool, Stash},
};

/// A picture with smooth parts, edges and noise, from an integer generator.
fn picture(size: Size, channels: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut pixels = Vec::with_capacity(size.pixels() * channels);
    for y in 0..size.height {
        for x in 0..size.width {
            for channel in 0..channels {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let edge = if (x / 7 + y / 5) % 2 == 0 { 60 } else { 180 };
                pixels.push((edge + x * (channel + 1) + y) as u8 ^ (state >> 29) as u8);
            }
        }
    }
    pixels
}

fn jpeg(height: usize, width: usize, channels: usize, subsampling: Subsampling) -> Vec<u8> {
    with_markers(Size { height, width }, channels, subsampling, &[])
}

fn with_markers(size: Size, channels: usize, subsampling: Subsampling, markers: &[(u8, &[u8])]) -> Vec<u8> {
    let pixels = picture(size, channels);
    let mut out = Vec::new();
    let view = View { pixels: &pixels, size, channels };
    Encoder::default().encode(view, EncodeOptions::new(88, subsampling), markers, &mut out).unwrap();
    out
}

/// An EXIF payload with that orientation and a thumbnail of four bytes at its end.
fn exif(orientation: u8) -> Vec<u8> {
    let mut out = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    out.extend([0, orientation, 0, 0, 0, 0, 0, 26, 0, 2]);
    out.extend(b"\x02\x01\0\x04\0\0\0\x01\0\0\0\x38\x02\x02\0\x04\0\0\0\x01\0\0\0\x04\0\0\0\0");
    out.extend(b"\xff\xd8\xff\xd9");
    out
}

fn decode(data: &[u8], options: &DecodeOptions) -> (Size, Vec<u8>) {
    let mut codec = Codec::default();
    let size = codec.output_size(data, options).unwrap();
    let mut pixels = vec![0; size.pixels() * options.mode.channels()];
    codec.decode_into(data, options, &mut pixels).unwrap();
    (size, pixels)
}

fn slice((size, pixels): &(Size, Vec<u8>), crop: Crop, channels: usize) -> Vec<u8> {
    let rows = pixels.chunks(size.width * channels).skip(crop.y).take(crop.height);
    rows.flat_map(|row| row[crop.x * channels..(crop.x + crop.width) * channels].to_vec()).collect()
}

#[test]
fn a_crop_is_the_slice_of_the_whole() {
    let exif = exif(6);
    for (subsampling, channels) in
        [(Subsampling::S420, 3), (Subsampling::S422, 3), (Subsampling::S444, 3), (Subsampling::S420, 1)]
    {
        let data = with_markers(Size { height: 67, width: 45 }, channels, subsampling, &[(0xE1, &exif)]);
        for (turned, mode) in [(false, Mode::Rgb), (true, Mode::Rgb), (true, Mode::L), (false, Mode::Rgba)] {
            for reduce in [1, 2, 4, 8] {
                let options = DecodeOptions { exif: turned, mode, reduce, ..DecodeOptions::default() };
                let whole = decode(data.as_slice(), &options);
                let r = usize::from(reduce);
                for crop in [
                    Crop { y: 0, x: 0, height: 45, width: 45 },
                    Crop { y: 16, x: 24, height: 17, width: 9 },
                    Crop { y: 40, x: 40, height: 5, width: 5 },
                    Crop { y: 8, x: 0, height: 1, width: 45 },
                ] {
                    let part = decode(&data, &DecodeOptions { crop: Some(crop), ..options.clone() });
                    let reduced = Crop {
                        y: crop.y / r,
                        x: crop.x / r,
                        height: (crop.y + crop.height).div_ceil(r) - crop.y / r,
                        width: (crop.x + crop.width).div_ceil(r) - crop.x / r,
                    };
                    assert_eq!(part.0, Size { height: reduced.height, width: reduced.width });
                    assert_eq!(part.1, slice(&whole, reduced, mode.channels()), "{crop:?} {options:?}");
                }
            }
        }
    }
}

#[test]
fn a_crop_that_does_not_fit_is_the_callers_mistake() {
    let data = jpeg(30, 40, 3, Subsampling::S420);
    let mut codec = Codec::default();
    for (reduce, crop) in [
        (1, Crop { y: 0, x: 0, height: 31, width: 1 }),
        (1, Crop { y: 0, x: 40, height: 1, width: 1 }),
        (1, Crop { y: 0, x: 0, height: 0, width: 1 }),
        (2, Crop { y: 1, x: 0, height: 2, width: 2 }),
        (3, Crop { y: 0, x: 0, height: 2, width: 2 }),
    ] {
        let options = DecodeOptions { crop: Some(crop), reduce, ..DecodeOptions::default() };
        let error = codec.output_size(&data, &options).unwrap_err();
        assert!(matches!(error.kind(), Kind::Invalid(_)), "{error}");
    }
}

#[test]
fn modes_and_layouts_agree() {
    for channels in [1, 3] {
        let data = jpeg(19, 23, channels, Subsampling::S420);
        for size in [None, Some(Size { height: 11, width: 9 })] {
            let get = |mode, layout| {
                decode(&data, &DecodeOptions { size, mode, layout, ..DecodeOptions::default() })
            };
            let (_, rgb) = get(Mode::Rgb, Layout::Hwc);
            let (_, rgba) = get(Mode::Rgba, Layout::Hwc);
            let (_, grey) = get(Mode::L, Layout::Hwc);
            for (i, pixel) in rgb.chunks(3).enumerate() {
                assert_eq!(rgba[4 * i..4 * i + 4], [pixel[0], pixel[1], pixel[2], 255]);
                let [r, g, b] = [0, 1, 2].map(|c| u32::from(pixel[c]));
                assert_eq!(u32::from(grey[i]), (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16);
            }
            for (mode, channels) in [(Mode::Rgb, 3), (Mode::Rgba, 4), (Mode::L, 1)] {
                let (rows, planes) = (get(mode, Layout::Hwc).1, get(mode, Layout::Chw).1);
                let plane = rows.len() / channels;
                for (i, value) in rows.iter().enumerate() {
                    assert_eq!(*value, planes[i % channels * plane + i / channels]);
                }
            }
        }
    }
}

#[test]
fn pixel_limits_come_first() {
    let data = jpeg(30, 40, 3, Subsampling::S420);
    let mut codec = Codec::default();
    let options = |limit| DecodeOptions { max_pixels: Some(limit), ..DecodeOptions::default() };
    assert!(codec.output_size(&data, &options(1200)).is_ok());
    let error = codec.output_size(&data, &options(1199)).unwrap_err();
    assert!(matches!(error.kind(), Kind::Image(ImageFault::TooManyPixels { pixels: 1200, limit: 1199 })));
}

#[test]
fn encoding_refuses_what_is_out_of_range() {
    let mut codec = Codec::default();
    let size = Size::square(8);
    let pixels = vec![0; 8 * 8 * 4];
    let options = |quality| EncodeOptions::new(quality, Subsampling::S420);
    let view = |channels, length| View { pixels: &pixels[..length], size, channels };
    let mut out = Vec::new();
    for (view, options) in [
        (view(3, 192), options(0)),
        (view(3, 192), options(101)),
        (view(2, 128), options(90)),
        (view(3, 191), options(90)),
        (View { pixels: &[], size: Size { height: 0, width: 8 }, channels: 3 }, options(90)),
    ] {
        assert!(matches!(codec.encode_into(view, options, &mut out).unwrap_err().kind(), Kind::Invalid(_)));
    }
    assert!(out.is_empty());
    // The fourth channel is ignored.
    let rgb = picture(size, 3);
    let rgbx: Vec<u8> = rgb.chunks(3).flat_map(|p| [p[0], p[1], p[2], 77]).collect();
    let mut other = Vec::new();
    codec.encode_into(View { pixels: &rgb, size, channels: 3 }, options(90), &mut out).unwrap();
    codec.encode_into(View { pixels: &rgbx, size, channels: 4 }, options(90), &mut other).unwrap();
    assert!(!out.is_empty() && out == other);
}

#[test]
fn info_names_what_was_encoded() {
    for (subsampling, name) in
        [(Subsampling::S420, "4:2:0"), (Subsampling::S422, "4:2:2"), (Subsampling::S444, "4:4:4")]
    {
        let found = info(&jpeg(9, 17, 3, subsampling)).unwrap();
        assert_eq!((found.size, found.subsampling.as_str()), (Size { height: 9, width: 17 }, name));
        assert_eq!((found.colour, found.components, found.orientation), ("YCbCr", 3, 1));
    }
    for quality in 1..=100 {
        let pixels = picture(Size::square(8), 1);
        let mut out = Vec::new();
        let view = View { pixels: &pixels, size: Size::square(8), channels: 1 };
        Encoder::default()
            .encode(view, EncodeOptions::new(quality, Subsampling::S420), &[], &mut out)
            .unwrap();
        let found = info(&out).unwrap();
        let estimate = found.quality.unwrap();
        assert!(estimate.exact && estimate.value == quality, "{quality}: {estimate:?}");
        assert_eq!((found.colour, found.subsampling.as_str()), ("gray", "gray"));
    }
}

fn transcode(data: &[u8], options: &TranscodeOptions) -> (Vec<u8>, turboshard::codec::Transcoded) {
    let mut out = Vec::new();
    let done = Codec::default().transcode(data, options, &mut out).unwrap();
    (out, done)
}

#[test]
fn transcoding_is_decoding_resizing_and_encoding() {
    let size = Size { height: 64, width: 64 };
    for (channels, subsampling) in [(3, Subsampling::S444), (3, Subsampling::S420), (1, Subsampling::S420)] {
        let data = jpeg(128, 128, channels, subsampling);
        let (out, done) =
            transcode(&data, &TranscodeOptions { size: Some(size), ..TranscodeOptions::default() });
        assert!(!done.copied && !done.subsampling_changed);
        assert_eq!(done.subsampling, (channels == 3).then_some(subsampling));
        let mode = if channels == 1 { Mode::L } else { Mode::Rgb };
        let (_, pixels) =
            decode(&data, &DecodeOptions { size: Some(size), mode, ..DecodeOptions::default() });
        let mut wanted = Vec::new();
        let options = EncodeOptions::new(95, subsampling);
        Codec::default().encode_into(View { pixels: &pixels, size, channels }, options, &mut wanted).unwrap();
        assert_eq!(out, wanted);
    }
}

#[test]
fn an_image_of_the_right_size_is_copied_unless_asked_otherwise() {
    let data = jpeg(40, 30, 3, Subsampling::S420);
    let size = Some(Size { height: 40, width: 30 });
    let (copy, done) = transcode(&data, &TranscodeOptions { size, ..TranscodeOptions::default() });
    assert!(done.copied && copy == data);
    let (other, done) =
        transcode(&data, &TranscodeOptions { size, quality: Some(88), ..TranscodeOptions::default() });
    assert!(!done.copied && other != data);
}

#[test]
fn enlarging_needs_permission() {
    let data = jpeg(40, 30, 3, Subsampling::S420);
    let mut options =
        TranscodeOptions { size: Some(Size { height: 20, width: 31 }), ..TranscodeOptions::default() };
    let error = Codec::default().transcode(&data, &options, &mut Vec::new()).unwrap_err();
    assert!(error.hint().is_some_and(|hint| hint.contains("--allow-upscale")), "{error}");
    options.allow_upscale = true;
    assert_eq!(info(&transcode(&data, &options).0).unwrap().size, Size { height: 20, width: 31 });
}

#[test]
fn fits_have_their_sizes() {
    let data = jpeg(40, 80, 3, Subsampling::S420);
    for (fit, wanted) in [(Fit::Stretch, (20, 20)), (Fit::Cover, (20, 20)), (Fit::Contain, (10, 20))] {
        let options = TranscodeOptions { size: Some(Size::square(20)), fit, ..TranscodeOptions::default() };
        let (out, done) = transcode(&data, &options);
        let size = info(&out).unwrap().size;
        assert_eq!((size.height, size.width), wanted);
        assert_eq!(done.size, Some(size));
    }
}

#[test]
fn profile_and_exif_are_carried_over_without_the_thumbnail() {
    let icc = [&b"ICC_PROFILE\0\x01\x01"[..], &[7; 300]].concat();
    let exif = exif(6);
    let markers: [(u8, &[u8]); 3] = [(0xE1, &exif), (0xE2, &icc), (0xE3, b"not kept")];
    let data = with_markers(Size { height: 40, width: 24 }, 3, Subsampling::S422, &markers);
    let options =
        TranscodeOptions { size: Some(Size { height: 20, width: 12 }), ..TranscodeOptions::default() };
    let (out, _) = transcode(&data, &options);
    let found = info(&out).unwrap();
    assert_eq!((found.orientation, found.has_icc), (6, true));
    assert_eq!((found.size.height, found.subsampling.as_str()), (20, "4:2:2"));
    let segments: Vec<_> = Segments::new(&out).unwrap().map(Result::unwrap).collect();
    let payload = |marker| segments.iter().find(|s| s.marker == marker).map(|s| s.payload);
    assert_eq!(payload(0xE2), Some(icc.as_slice()));
    assert_eq!(payload(0xE1).unwrap().len(), exif.len() - 4);
    assert_eq!(payload(0xE3), None);

    let (png, _) = transcode(&data, &TranscodeOptions { format: OutputFormat::Png, ..options });
    let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
    assert_eq!(reader.info().icc_profile.as_deref(), Some(&[7; 300][..]));
    assert!(reader.info().exif_metadata.is_some());
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let size = Some(Size { height: 20, width: 12 });
    assert_eq!(pixels, decode(&data, &DecodeOptions { size, ..DecodeOptions::default() }).1);
}

#[test]
fn batches_equal_single_images_for_any_number_of_threads() {
    let items: Vec<Vec<u8>> =
        (0..9).map(|i| jpeg(30 + i, 41 - i, if i == 4 { 1 } else { 3 }, Subsampling::S420)).collect();
    let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    let size = Size { height: 16, width: 20 };
    let options = DecodeOptions { size: Some(size), filter: Filter::Bicubic, ..DecodeOptions::default() };
    let wanted: Vec<u8> = items.iter().flat_map(|item| decode(item, &options).1).collect();
    let (stash, cancel) = (Stash::new(), Cancel::never());
    for threads in [1, 2, 5] {
        let pool = Pool::new(threads).unwrap();
        let mut out = vec![0; wanted.len()];
        let reports = decode_batch(&items, &options, &pool, &stash, &cancel, &mut out).unwrap();
        assert!(reports.len() == 9 && out == wanted);
        assert!(decode_batch(&items, &options, &pool, &stash, &cancel, &mut out[1..]).is_err());
        let mut broken = items.clone();
        broken[3] = &items[3][..200];
        broken[6] = b"";
        let error = decode_batch(&broken, &options, &pool, &stash, &cancel, &mut out).unwrap_err();
        assert_eq!(error.place().member.as_deref(), Some("item 3"), "{error}");
    }
    let unsized_options = DecodeOptions::default();
    let error = batch_size(&items, &unsized_options, &mut Codec::default()).unwrap_err();
    assert!(error.to_string().contains("item 1 is 40 by 31"), "{error}");
    assert_eq!(batch_size(&items[..1], &unsized_options, &mut Codec::default()).unwrap().height, 30);
    let pool = Pool::new(2).unwrap();
    assert!(decode_batch(&[], &unsized_options, &pool, &stash, &cancel, &mut []).unwrap().is_empty());
}
