//! A release of drawn heads: samples made on the pool, packed in order as they come.

use std::path::Path;

use serde_json::{Map, json};

use super::{Synth, SynthOptions, SynthScratch};
use crate::{
    about::About,
    begun::Begun,
    error::Result,
    manifest::Resolution,
    pack::{self, Limits, PackedShard, Series},
    pool::{Cancel, Pool, Stash},
    progress::Progress,
    publish::{self, Facts},
    reghead::{FIELDS, JSON_FIELD},
    samples::SampleRow,
    tar::write,
};

/// A sample's members as they lie in a shard.
struct Made {
    key: String,
    identity: String,
    bytes: Vec<u8>,
}

/// Writes the release into an empty or new folder.
///
/// # Errors
/// `Invalid` if the folder is neither empty nor an unfinished release, which is begun again, or an option is out of range; `Data` if a sample is larger than the
/// cap; `Io`; `Cancelled`. Shards that were finished before an error stand, but without manifest and sums.
pub fn write(
    dst: &Path,
    options: &SynthOptions,
    pool: &Pool,
    stash: &Stash<SynthScratch>,
    cancel: &Cancel<'_>,
    progress: &Progress,
) -> Result<Vec<PackedShard>> {
    let synth = Synth::new(options.clone())?;
    let begun = Begun::begin(dst)?;
    let images = FIELDS.len() as u32;
    progress.expect(synth.len() * u64::from(images));
    let limits = Limits { bytes: options.max_shard_size, samples: None };
    let name = synth.name();
    let mut series = Series::new(name.clone(), pack::data_folder(dst), limits);
    let mut rows = Vec::new();
    let mut numbers = 0..synth.len();
    let go_on = pool.go_on(cancel);
    let make = |scratch: &mut SynthScratch, number: u64| {
        let sample = synth.sample(scratch, number, &go_on)?;
        let mut bytes = Vec::new();
        for (field, payload) in &sample.members {
            let name = format!("{}.{field}", sample.key);
            write::member_into(name.as_bytes(), payload, write::LongNames::Gnu, &mut bytes)?;
        }
        Ok(Made { key: sample.key, identity: sample.identity, bytes })
    };
    let sink = |made: Made| {
        let shard = series.add(&made.key, &made.bytes)?;
        rows.push(SampleRow {
            sample_key: made.key,
            identity: made.identity,
            shard,
            num_expressions: images,
        });
        progress.add(u64::from(images));
        Ok(())
    };
    pool.ordered(pool.threads() * 2, stash, cancel, || Ok(numbers.next()), make, sink)?;
    let shards = series.finish()?;
    let facts = Facts {
        name,
        resolution: Some(Resolution::Square(options.size as u32)),
        quality: Some(options.quality),
        fields: FIELDS.iter().map(|&field| field.to_owned()).chain([JSON_FIELD.to_owned()]).collect(),
        num_images: rows.len() as u64 * u64::from(images),
        complete: true,
        provenance: Map::from_iter([
            ("synth".to_owned(), json!({"seed": options.seed, "photos": options.photos.is_some()})),
            ("turboshard".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
            ("libjpeg_turbo".to_owned(), json!(crate::jpeg::version())),
        ]),
        left_out: Vec::new(),
        about: About::default(),
    };
    publish::papers(dst, &facts, &shards, &rows)?;
    begun.finish()?;
    Ok(shards)
}
