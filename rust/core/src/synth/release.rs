//! A release of drawn heads: samples made on the pool, packed in order as they come.

use std::{
    ffi::OsStr,
    fs::OpenOptions,
    path::{Path, PathBuf},
};

use serde_json::{Map, json};

use super::{Synth, SynthOptions, SynthScratch};
use crate::{
    disk,
    error::{Error, Result},
    manifest::Resolution,
    pack::{self, Limits, OpenShard, PackedShard},
    pool::{Cancel, Pool, Stash},
    progress::Progress,
    publish::{self, Facts},
    reghead::{FIELDS, JSON_FIELD},
    samples::SampleRow,
    tar::write,
    writer,
};

/// Lies in the folder of a release until it is whole.
const UNFINISHED: &str = ".synth";

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
    let data = pack::data_folder(dst);
    let folders = [data.clone(), dst.join("metadata"), dst.join("checksums")];
    let mark = dst.join(UNFINISHED);
    if mark.is_file() {
        clear(dst, &folders)?;
    } else if std::fs::read_dir(dst).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::invalid(format!("{} is not empty", dst.display())).with_hint("give a new folder"));
    }
    std::fs::create_dir_all(dst).map_err(|e| Error::io(dst, e))?;
    let marked = disk::open(OpenOptions::new().write(true).create(true).truncate(true), &mark);
    marked.map_err(|e| Error::io(&mark, e))?;
    for folder in &folders {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    }
    let images = FIELDS.len() as u32;
    progress.expect(synth.len() * u64::from(images));
    let limits = Limits { bytes: options.max_shard_size, samples: None };
    let name = synth.name();
    let mut series = Series { name: &name, data: &data, limits, open: None, shards: Vec::new() };
    let mut rows = Vec::new();
    let mut numbers = 0..synth.len();
    let make = |scratch: &mut SynthScratch, number: u64| {
        let sample = synth.sample(scratch, number)?;
        let mut bytes = Vec::new();
        for (field, payload) in &sample.members {
            let name = format!("{}.{field}", sample.key);
            write::member_into(name.as_bytes(), payload, write::LongNames::Gnu, &mut bytes)?;
        }
        Ok(Made { key: sample.key, identity: sample.identity, bytes })
    };
    let sink = |made: Made| {
        let shard = series.add(&made)?;
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
    };
    publish::papers(dst, &facts, &shards, &rows)?;
    std::fs::remove_file(&mark).map_err(|e| Error::io(&mark, e))?;
    Ok(shards)
}

/// Removes what a run that did not end has left: files that runs write, and no others.
fn clear(dst: &Path, folders: &[PathBuf]) -> Result<()> {
    let remove = |path: &Path| std::fs::remove_file(path).map_err(|e| Error::io(path, e));
    for folder in folders.iter().map(PathBuf::as_path).chain([dst]).filter(|folder| folder.is_dir()) {
        for entry in std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
            let path = entry.map_err(|e| Error::io(folder, e))?.path();
            let own = |name: &OsStr| writer::is_temporary(name) || (name != UNFINISHED && folder != dst);
            if path.is_file() && path.file_name().is_some_and(own) {
                remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Shards filled one after the other.
struct Series<'a> {
    name: &'a str,
    data: &'a Path,
    limits: Limits,
    open: Option<OpenShard>,
    shards: Vec<PackedShard>,
}

impl Series<'_> {
    /// Adds a sample to the open shard, or to the next one; the shard's file name.
    fn add(&mut self, made: &Made) -> Result<String> {
        let len = made.bytes.len() as u64;
        pack::cut(&[len], &self.limits, None, |_| made.key.clone())?;
        if let Some(full) = self.open.take_if(|open| !open.has_room(len, &self.limits)) {
            self.shards.push(full.publish()?);
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(OpenShard::create(self.data, self.name, self.shards.len())?),
        };
        open.sample(&made.bytes)?;
        Ok(open.filename().to_owned())
    }

    fn finish(mut self) -> Result<Vec<PackedShard>> {
        if let Some(open) = self.open.take() {
            self.shards.push(open.publish()?);
        }
        Ok(self.shards)
    }
}
