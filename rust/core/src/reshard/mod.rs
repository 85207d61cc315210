//! Shards in, other shards out: a verified release becomes another one.
//!
//! ```text
//! plan ─► parts: each source read once, hashed, its samples made anew ─► pack: cut, copy, hash ─► papers
//! ```
//!
//! Nothing gets a final name before every source it draws on was read to its end and is what its release
//! says. The bytes depend on the source and the options alone; a run that was stopped goes on from its
//! journal. Besides the release itself a run needs room for its parts, which are as large as the release.

mod collect;
mod journal;
mod name;
mod options;
mod papers;
mod parts;
mod pick;
mod plan;
mod salvage;
pub mod select;
mod transform;
mod words;
mod work;

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    error::Result,
    manifest::LeftOut,
    pack::PackedShard,
    pool::{Cancel, Pool, Stash},
    progress::Progress,
};
pub use options::{Chroma, DEFAULT_SHARD_SIZE, Options};
pub use plan::Plan;
pub use transform::Scratch;
use work::{Found, Work};

/// What a run works with; none of it decides a byte.
pub struct Tools<'a> {
    /// Threads.
    pub pool: &'a Pool,
    /// Scratch of the workers.
    pub stash: &'a Stash<Scratch>,
    /// Whether to stop.
    pub cancel: &'a Cancel<'a>,
    /// How far it is.
    pub progress: &'a Progress,
}

/// What a run did.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// Name of the release.
    pub name: String,
    /// Samples in it.
    pub num_samples: u64,
    /// Image members in it.
    pub num_images: u64,
    /// Its shards.
    pub shards: Vec<PackedShard>,
    /// True if the release was there already, whole, and nothing was done.
    pub finished_before: bool,
    /// Images an earlier run had made, whose parts or shards were used.
    pub reused_images: u64,
    /// Images made in this run.
    pub redone_images: u64,
    /// Of the release's pictures, those encoded again rather than copied.
    pub encoded_images: u64,
    /// True if every source shard matched a published digest.
    pub source_verified: bool,
    /// Samples left out although nothing asked for it.
    pub left_out: Vec<LeftOut>,
    /// Things the user should know, in words.
    pub notes: Vec<String>,
    /// What whoever uses it must be told.
    pub warnings: Vec<String>,
    /// Whether the licences of its sources allow to publish it, as far as is known.
    pub publishable: bool,
}

/// Makes the release.
///
/// # Errors
/// `Digest`, `Tar`, `Image`, `Data` if a source is unsound: nothing that draws on it is published. `Invalid`
/// for options that do not fit, or a destination that holds something else. `Io`; `Cancelled`. What was done
/// before an error stays in the destination's work folder, and the same command goes on from there.
pub fn reshard(
    specs: &[String],
    dst: &Path,
    options: &Options,
    overwrite: bool,
    tools: &Tools<'_>,
) -> Result<Outcome> {
    let plan = Plan::new(specs, options, tools.pool, tools.cancel)?;
    if overwrite {
        work::refuse_source_inside(dst, &plan)?;
        work::clear(dst)?;
    }
    if let Found::Finished(manifest) = work::look(dst, &plan, tools)? {
        return Ok(finished_before(&plan, &manifest));
    }
    let work = Work::open(dst)?;
    let mut run = collect::Run::open(&plan, dst, &work, tools)?;
    let todo = (0..plan.sources.len()).map(|source| (source, run.todo(source)));
    let todo: Vec<(usize, Vec<usize>)> = todo.filter(|(source, todo)| run.must_read(*source, todo)).collect();
    parts::make(&plan, &todo, &work.path, &mut run.journal, tools)?;
    run.pack(tools)?;
    let outcome = run.publish()?;
    work.remove()?;
    Ok(outcome)
}

/// What [`reshard`] would do, as far as it can be known without decoding.
///
/// # Errors
/// As [`reshard`], before anything is written.
pub fn dry_run(
    specs: &[String],
    dst: &Path,
    options: &Options,
    overwrite: bool,
    tools: &Tools<'_>,
) -> Result<Value> {
    let plan = Plan::new(specs, options, tools.pool, tools.cancel)?;
    work::refuse_source_inside(dst, &plan)?;
    let finished = !overwrite && matches!(work::look(dst, &plan, tools)?, Found::Finished(_));
    let series: Vec<Value> = plan
        .series()
        .into_iter()
        .map(|(split, samples)| json!({"split": split, "num_samples": samples.len()}))
        .collect();
    Ok(json!({
        "name": plan.name,
        "destination": dst.display().to_string(),
        "finished_before": finished,
        "source_shards": plan.drawn().count(),
        "source_bytes": plan.source_bytes(),
        "source_verified": plan.source_verified(),
        "num_samples": plan.picked.len(),
        "num_images": plan.num_images(),
        "parts": plan.parts.len(),
        "series": series,
        "left_out": plan.left_out,
        "fingerprint": plan.fingerprint.to_string(),
    }))
}

fn finished_before(plan: &Plan, manifest: &Value) -> Outcome {
    let shards = manifest["shards"].as_array().map(Vec::as_slice).unwrap_or_default();
    Outcome {
        name: plan.name.clone(),
        num_samples: manifest["num_samples"].as_u64().unwrap_or_default(),
        num_images: manifest["num_images"].as_u64().unwrap_or_default(),
        shards: shards.iter().filter_map(|shard| serde_json::from_value(shard.clone()).ok()).collect(),
        finished_before: true,
        source_verified: plan.source_verified(),
        left_out: serde_json::from_value(manifest["left_out"].clone()).unwrap_or_default(),
        warnings: plan.words.card.forbidden.iter().map(|&words| words.to_owned()).collect(),
        publishable: plan.words.card.forbidden.is_empty(),
        ..Outcome::default()
    }
}
