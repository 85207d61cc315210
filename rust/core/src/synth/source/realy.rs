//! REALY's layout: regions, keypoints, two pictures a subject, and the scales of all.

use super::{
    File, SourceOptions, jpeg,
    sheet::{Sheet, Skin, thousandths},
};
use crate::{
    datasets::NUM_KEYPOINTS,
    error::Result,
    random::{Random, mix},
    synth::SynthScratch,
};

/// Region and its corner, in thousandths of a millimetre.
const REGIONS: [(&str, [i64; 3]); 4] = [
    ("nose", [-15_000, 10_000, 90_000]),
    ("mouth", [-25_000, -30_000, 80_000]),
    ("forehead", [-40_000, 70_000, 70_000]),
    ("cheek", [30_000, 0, 60_000]),
];

/// What all subjects share.
pub(super) fn shared(options: &SourceOptions) -> Vec<File> {
    let scale = |number| thousandths(900 + Random::new(mix(options.seed ^ number)).below(200) as i64);
    let lines: Vec<String> = (0..options.subjects).map(|number| format!("{}e+00\n", scale(number))).collect();
    vec![("metrical_scale.txt".to_owned(), lines.concat().into_bytes())]
}

/// The files of a subject.
pub(super) fn subject(scratch: &mut SynthScratch, options: &SourceOptions, number: u64) -> Result<Vec<File>> {
    let id = number + 1;
    let mut random = Random::new(mix(options.seed).wrapping_add(number));
    let mut files: Vec<File> = REGIONS
        .map(|(region, origin)| {
            let sheet = Sheet { across: 14, down: 11, origin, step: 2000, skin: Skin::Colours };
            (format!("REALY_scan_region/{id}/{region}.obj"), sheet.obj(&mut random, ""))
        })
        .into();
    let keypoints = (0..NUM_KEYPOINTS).map(|_| {
        let xyz = [(); 3].map(|()| thousandths(random.below(160_000) as i64 - 80_000));
        format!("v {}\n", xyz.join(" "))
    });
    files.push((format!("REALY_HIFI3D_keypoints/{id}.obj"), keypoints.collect::<String>().into_bytes()));
    for (folder, expression) in [("cropped", 2), ("original", 0)] {
        files.push((format!("REALY_image/{folder}/{id}.jpg"), jpeg(scratch, options, number, expression)?));
    }
    Ok(files)
}
