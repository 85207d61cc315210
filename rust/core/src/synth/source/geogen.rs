//! GeoGen's layout: views cut into seven zips wherever a zip is full, half of them below a folder.

use serde_json::json;

use super::{File, SourceOptions, png};
use crate::{datasets::geogen::FIELDS, error::Result, synth::SynthScratch};

/// Archives of the views.
const BATCHES: u64 = 7;

/// The files of a subject: a head from seven sides, as far as a flat drawing has them, which are its first seven expressions.
pub(super) fn subject(scratch: &mut SynthScratch, options: &SourceOptions, number: u64) -> Result<Vec<File>> {
    let name = format!("subj_id_{number}");
    let views = FIELDS.len() as u64;
    let mut files = Vec::with_capacity(FIELDS.len() + 1);
    for (view, field) in FIELDS.iter().enumerate() {
        // Cut by number alone, so that a subject may lie in two. In 128 bits, as the product need not fit into 64.
        let place = u128::from(number) * u128::from(views) + view as u128;
        let total = u128::from(options.subjects) * u128::from(views);
        let batch = place * u128::from(BATCHES) / total.max(1) + 1;
        let folder = if batch.is_multiple_of(2) { String::new() } else { format!("images_batch_{batch}/") };
        let path = format!("images_batch_{batch}.zip/{folder}{name}/{field}");
        files.push((path, png(scratch, options, number, view)?));
    }
    let path = format!("metadata_files.zip/metadata_id_{number}.json");
    files.push((path, cameras(&name, options.size)));
    Ok(files)
}

/// A ring of cameras of 50 mm before a sensor of 36 mm. Corners of a grid, as the last bits of a sine differ from machine to machine.
fn cameras(name: &str, size: usize) -> Vec<u8> {
    let (focal, centre) = (50.0 / 36.0 * size as f64, size as f64 / 2.0);
    let intrinsics = [[focal, 0.0, centre], [0.0, focal, centre], [0.0, 0.0, 1.0]];
    let view = |view: usize| {
        let turned = if view.is_multiple_of(2) { 1.0 } else { -1.0 };
        let rows = [
            [turned, 0.0, 0.0, view as f64 - 3.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, turned, 2.5],
            [0.0, 0.0, 0.0, 1.0],
        ];
        json!({"extrinsics": rows, "intrinsics": intrinsics})
    };
    let cameras: Vec<_> = (0..FIELDS.len()).map(view).collect();
    json!({"name": name, "cameras": cameras}).to_string().into_bytes()
}
