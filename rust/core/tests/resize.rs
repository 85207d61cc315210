//! Resizing against Pillow's bytes: digests of what Pillow 13.0.0 makes of pictures drawn here.
//!
//! How they were made: `PIL.Image.fromarray(picture).resize((width, height), filter)`, SHA-256 of its bytes,
//! first eight digits. Older Pillows go columns first always; the last three shapes show the difference.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sha2::{Digest, Sha256};
use turboshard::{
    image::{Filter, Size, View},
    resize::Resizer,
};

const FILTERS: [Filter; 6] =
    [Filter::Nearest, Filter::Box, Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos3];

/// Height and width before and after, then the digests for grey and for RGB in the order of `FILTERS`.
type Shape = ([usize; 4], [[&'static str; 6]; 2]);

#[rustfmt::skip]
const SHAPES: [Shape; 13] = [
    ([64, 48, 32, 24], [["02b9b3c9", "b8142558", "e319a9e4", "94040b29", "9bd39933", "2a440789"], ["5947c95e", "cfadf526", "a3f7f84f", "97cf798a", "8a2577b3", "c03fda68"]]),
    ([130, 140, 65, 70], [["f32296a7", "19bf50bc", "9015c105", "08861710", "77c267c4", "81554ff9"], ["c42a3b87", "5220d3af", "2dc31915", "aa0d8bfc", "85690e6d", "d5117f10"]]),
    ([50, 61, 33, 20], [["478f741d", "c625f7c1", "00a89107", "a41a5948", "8b19e409", "24730d4b"], ["268eebb8", "30fe5a2e", "47029f04", "56c87eec", "d77f4034", "184f86e9"]]),
    ([61, 50, 60, 49], [["cb574b43", "b6225d6a", "1306eec4", "6a09b5b7", "5a3ee914", "34c6bfac"], ["7d27cf27", "6bafd4b7", "97d6da4d", "fdb4ce96", "3815caa5", "ad9ee052"]]),
    ([20, 30, 45, 77], [["26afb0f0", "3d141f5f", "58382c3b", "341a6cc6", "c6f1b2e7", "a53f5eb3"], ["b5d7ebe5", "c90976c6", "273faafe", "e45ba1ae", "6933ce9a", "86029608"]]),
    ([9, 8, 8, 9], [["f0614518", "af7802a8", "951300c0", "12cc0390", "6fc0be64", "341dfef8"], ["4e509b47", "933b2e78", "241d48f4", "05d09655", "e6318133", "8efa36b5"]]),
    ([7, 5, 1, 1], [["88aa3e3b", "3e23e816", "ca978112", "18ac3e73", "3e23e816", "3e23e816"], ["fc9e7e7f", "888139e2", "8bdf9f85", "1ccaec5e", "bb6dbdd6", "bb6dbdd6"]]),
    ([1, 1, 9, 4], [["512e808a", "512e808a", "512e808a", "512e808a", "512e808a", "512e808a"], ["b9856b6e", "b9856b6e", "b9856b6e", "b9856b6e", "b9856b6e", "b9856b6e"]]),
    ([40, 40, 40, 13], [["0979c0d2", "88040d29", "ac9bb4af", "12a0826e", "98f1a5b4", "8d78fd09"], ["44fd8202", "e24a29ee", "b3d7c34e", "a5bf80e2", "23ddaa48", "e49487f0"]]),
    ([40, 40, 13, 40], [["563ecd2f", "5996d5e0", "9f9405e9", "dbf52cf6", "855d4f67", "cf7f9858"], ["7a597094", "3d8039bc", "9d8c55cd", "b033dd78", "ad0e3ca8", "dc57c1d9"]]),
    ([90, 30, 20, 28], [["71f5b8d6", "592a0242", "bc4896ee", "530428c1", "78aa9a67", "4ef87d55"], ["22045a25", "8e49d881", "c7edc1fc", "cb79eb14", "caeefad3", "d0b0aed7"]]),
    ([34, 72, 32, 73], [["b7863ebd", "d991503e", "5c519de8", "1baf1698", "a774e551", "ff3e9b76"], ["9df96331", "381854a5", "4abb342c", "1a9f9109", "5496099a", "8595e7b4"]]),
    ([200, 20, 100, 10], [["83eda63b", "5d09b3be", "145646fa", "a2f5f27d", "8216e912", "a4efd3a6"], ["de912b9f", "4e63152a", "1449e52e", "05a5dd41", "e6321d20", "dfb31211"]]),
];

/// Bytes from an integer generator, half of them black or white, where sums overshoot most.
fn picture(count: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    (0..count).map(|_| if next() % 2 == 0 { next() as u8 } else { (next() % 2 * 255) as u8 }).collect()
}

#[test]
fn every_filter_is_pillows() {
    let mut resizer = Resizer::default();
    let mut checked = 0;
    for ([height, width, to_height, to_width], digests) in SHAPES {
        let (from, to) = (Size { height, width }, Size { height: to_height, width: to_width });
        for (channels, digests) in [1, 3].into_iter().zip(digests) {
            let pixels = picture(from.pixels() * channels);
            for (filter, wanted) in FILTERS.into_iter().zip(digests) {
                let mut out = vec![0; to.pixels() * channels];
                resizer.resize(View { pixels: &pixels, size: from, channels }, to, filter, &mut out).unwrap();
                let digest = Sha256::digest(&out)
                    .iter()
                    .take(4)
                    .fold(String::new(), |hex, b| hex + &format!("{b:02x}"));
                assert_eq!(digest, wanted, "{from:?} to {to:?}, {channels} channels, {filter:?}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, SHAPES.len() * 12);
}

/// Four channels are four pictures: a resizer that mixed them, or weighed by the last, would fail here.
#[test]
fn four_channels_are_resized_each_by_itself() {
    let (from, to) = (Size { height: 33, width: 47 }, Size { height: 20, width: 60 });
    let pixels = picture(from.pixels() * 4);
    let mut resizer = Resizer::default();
    for filter in FILTERS {
        let mut out = vec![0; to.pixels() * 4];
        resizer.resize(View { pixels: &pixels, size: from, channels: 4 }, to, filter, &mut out).unwrap();
        for channel in 0..4 {
            let plane: Vec<u8> = pixels.iter().skip(channel).step_by(4).copied().collect();
            let mut wanted = vec![0; to.pixels()];
            resizer
                .resize(View { pixels: &plane, size: from, channels: 1 }, to, filter, &mut wanted)
                .unwrap();
            assert!(out.iter().skip(channel).step_by(4).eq(&wanted), "{filter:?} {channel}");
        }
    }
}
