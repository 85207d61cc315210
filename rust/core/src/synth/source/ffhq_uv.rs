//! FFHQ-UV's layout: UV maps a thousand to a zip, latents of numbers drawn by chance.

use serde_json::{Map, Value, json};

use super::{File, SourceOptions, png};
use crate::{
    datasets::{
        ffhq_uv::{ATTRIBUTE, LATENT, LIGHTS},
        tensor::{Dtype, Tensor, npy, torch},
    },
    error::Result,
    random::Random,
    synth::SynthScratch,
};

/// UV maps to a zip, as the publisher cut them.
const PER_ZIP: u64 = 1000;

/// What all faces share.
pub(super) fn shared(options: &SourceOptions) -> Vec<File> {
    let row = |face: u64| {
        // About every thirtieth face was made of none in FFHQ.
        let index = if face % 30 == 7 { json!(null) } else { json!(index_in_ffhq(face)) };
        let age = 18.0 + (face * 7 % 50) as f64;
        (format!("{face:06}"), json!({"Age": age, "Beard": 0.0, "Gender": face % 2, "Index-in-FFHQ": index}))
    };
    let rows: Map<String, Value> = (0..options.subjects).map(row).collect();
    vec![("meta-info.json".to_owned(), Value::Object(rows).to_string().into_bytes())]
}

/// The publisher has shuffled the faces: those of FFHQ have other numbers.
fn index_in_ffhq(face: u64) -> u64 {
    face ^ 5
}

/// The files of a face.
pub(super) fn subject(scratch: &mut SynthScratch, options: &SourceOptions, face: u64) -> Result<Vec<File>> {
    let id = format!("{face:06}");
    let mut files =
        vec![(format!("uv-maps/{:03}.zip/{id}.png", face / PER_ZIP), png(scratch, options, face, 6)?)];
    let mut random = Random::new(options.seed.wrapping_mul(1 << 20).wrapping_add(face));
    for view in ["left", "front", "right"] {
        let (latent, attribute) = (noise(&mut random, &LATENT), noise(&mut random, &ATTRIBUTE));
        let saved = torch::write(&[("latent", &latent), ("attribute", &attribute)])?;
        files.push((format!("face-latents.zip/{id}/{id}_{view}_latent.pt"), saved));
    }
    let lights = npy::write(&noise(&mut random, &LIGHTS));
    let of_ffhq = format!("{:06}", index_in_ffhq(face));
    files.push((format!("dataset_project/lights.zip/lights/{of_ffhq}.npy"), lights));
    let attributes =
        json!({"Age": 30.0, "Beard": 0.0, "Gender": face % 2, "Glasses": 0.0, "Pitch": 0.0, "Yaw": 0.0});
    let attributes = attributes.to_string().into_bytes();
    files.push((format!("dataset_project/attributes.zip/attributes/{of_ffhq}.json"), attributes));
    Ok(files)
}

/// Numbers in -2 to 2 that float32 has exactly.
fn noise(random: &mut Random, shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    let value = |_| (random.below(4097) as f32 - 2048.0) / 1024.0;
    let bytes = (0..count).map(value).flat_map(f32::to_le_bytes).collect();
    Tensor { dtype: Dtype::F32, shape: shape.to_vec(), bytes }
}
