//! The samples of a release as one sequence, over shards whose index is kept between runs.
//!
//! The index file is `<root>/.turboshard/index-v1`, or lies in the user's cache folder where that cannot be written.
//! It is believed for a shard whose size and times are those it was made with.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    digest::Digest,
    error::{Error, Result},
    index::{self, Index, Policy},
    pool::{Cancel, Pool, Stash},
    release::Release,
    shard::{self, Shard},
    stamp::{self, Stamp},
};

mod evidence;
mod file;
mod store;

pub use evidence::Evidence;
use file::Record;
use store::Store;
pub(crate) use store::note_digests;

/// Folder of the index file in a release's root.
pub const FOLDER: &str = ".turboshard";
/// Name of the index file.
pub const FILE: &str = "index-v1";
/// The indexes that the bytes of an index file hold, in its order; `None` unless it is whole and contradicts itself nowhere.
pub fn indexes_of(bytes: &[u8]) -> Option<Vec<Arc<Index>>> {
    Some(file::decode(bytes)?.into_iter().map(|record| record.index).collect())
}

/// The shards of a release, open and indexed.
#[derive(Debug)]
pub struct Catalog {
    shards: Vec<Arc<Shard>>,
    /// Of each shard that somebody read as it is now, and found as published.
    digests: Vec<Option<Digest>>,
    /// Where the samples of each shard end in the whole.
    ends: Vec<usize>,
    fingerprint: Digest,
}

impl Catalog {
    /// Opens the shards, those the index file does not know by scanning them, and keeps what was found.
    ///
    /// `cache` is the folder for index files that cannot be written beside their release. A lone shard, and
    /// anything read leniently, is scanned each time and leaves no file.
    ///
    /// # Errors
    /// Those of [`Index::of_file`]; `Data` if two shards have a sample of one key, unless the policy is lenient; `Io`;
    /// `Cancelled`. That the index file cannot be read or written is none.
    pub fn open(
        release: &Release,
        policy: Policy,
        cache: Option<&Path>,
        pool: &Pool,
        cancel: &Cancel<'_>,
    ) -> Result<Self> {
        let stamps = release.shards.iter().map(|path| Stamp::of_path(path)).collect::<Result<Vec<_>>>()?;
        let strict = !policy.skip_special && !policy.lenient_end;
        let mut records: Vec<Option<Record>> = vec![None; stamps.len()];
        let mut stores: Vec<Store> = Vec::new();
        if strict {
            stores = Store::of_release(release, &stamps, cache);
            for store in &stores {
                store.recall(release, &stamps, &mut records);
            }
        }
        let unknown: Vec<usize> =
            records.iter().enumerate().filter(|(_, record)| record.is_none()).map(|(i, _)| i).collect();
        let began = stamp::now();
        let paths: Vec<&PathBuf> = unknown.iter().filter_map(|&shard| release.shards.get(shard)).collect();
        let indexes = index::of_files(&paths, policy, pool, cancel)?;
        let indexes = pool.map(indexes, &Stash::<()>::new(), cancel, |(), index| {
            Ok((file::layout(&index), Arc::new(index)))
        })?;
        for ((&shard, path), (layout, index)) in unknown.iter().zip(paths).zip(indexes) {
            if let (Some(record), Some(&stamp)) = (records.get_mut(shard), stamps.get(shard)) {
                let path = path.clone();
                *record = Some(Record { path, stamp, scanned: began, digest: None, layout, index });
            }
        }
        let records: Vec<Record> = records.into_iter().flatten().collect();
        for store in &stores {
            if store.holds_any(&unknown) {
                store.keep(&records);
            }
        }
        let catalog = Self::of_records(release, records)?;
        if strict {
            let hint = "open it leniently to have both: the first answers to the key";
            shard::refuse_repeated_keys(catalog.shards.iter().map(Arc::as_ref))
                .map_err(|e| e.with_hint(hint))?;
        }
        Ok(catalog)
    }

    fn of_records(release: &Release, records: Vec<Record>) -> Result<Self> {
        let mut shards = Vec::with_capacity(records.len());
        let mut digests = Vec::with_capacity(records.len());
        let mut ends = Vec::with_capacity(records.len());
        let mut facts = Vec::new();
        let mut end = 0;
        for (path, record) in release.shards.iter().zip(records) {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            facts.extend((name.len() as u64).to_le_bytes());
            facts.extend(name);
            facts.extend(record.layout.0);
            end += record.index.samples.len();
            ends.push(end);
            digests.push(record.digest);
            shards.push(Arc::new(Shard::with_index(path, record.index, record.stamp)?));
        }
        Ok(Self { shards, digests, ends, fingerprint: Digest::of(&facts) })
    }

    /// The shards, in the release's order.
    pub fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// True if there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shard of a sample, and the sample's number in it.
    ///
    /// # Errors
    /// `Invalid` if there is no such sample.
    pub fn locate(&self, sample: usize) -> Result<(&Arc<Shard>, usize)> {
        let number = self.ends.partition_point(|&end| end <= sample);
        let Some(shard) = self.shards.get(number) else {
            return Err(Error::invalid(format!("no sample {sample} in a release of {}", self.len())));
        };
        let before = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        Ok((shard, sample - before))
    }

    /// SHA-256 over the names of the shards, their sizes and where every member lies and what it is called.
    /// The same for every copy of the release, whatever its paths and times.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// The fingerprint of some of the samples, in that order; `None` is all of them.
    pub fn fingerprint_of(&self, rows: Option<&[u32]>) -> Digest {
        let Some(rows) = rows else { return self.fingerprint };
        let mut facts = self.fingerprint.0.to_vec();
        facts.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
        Digest::of(&facts)
    }

    /// Refuses a shard that is not the one that was opened.
    ///
    /// # Errors
    /// `Data` naming the first shard that was written to or replaced; `Io`.
    pub fn check_unchanged(&self) -> Result<()> {
        self.shards.iter().try_for_each(|shard| shard.check_path())
    }
}
