//! The samples of a release as one sequence, over shards whose index is kept between runs.
//!
//! The index file is `<root>/.turboshard/index-v1`, or lies in the user's cache folder where that cannot be written.
//! It is believed for a shard whose size and time of modification are those it was made with.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use crate::{
    digest::Digest,
    error::{Error, Result},
    index::{Index, Policy},
    pool::{Cancel, Pool, Stash},
    release::Release,
    shard::{self, Shard, Stamp, nanoseconds},
    writer::AtomicFile,
};

mod file;

use file::Record;

/// Folder of the index file in a release's root.
pub const FOLDER: &str = ".turboshard";
/// Name of the index file.
pub const FILE: &str = "index-v1";
/// A file system's clock ticks this slowly (ns): a shard written in the tick of its scan may change unseen.
const TICK: i64 = 20_000_000;

/// The indexes that the bytes of an index file hold, in its order; `None` unless it is whole and contradicts itself nowhere.
pub fn indexes_of(bytes: &[u8]) -> Option<Vec<Arc<Index>>> {
    Some(file::decode(bytes)?.into_iter().map(|record| record.index).collect())
}

/// The shards of a release, open and indexed.
#[derive(Debug)]
pub struct Catalog {
    shards: Vec<Arc<Shard>>,
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
    /// Those of [`Index::of_file`]; `Data` if two shards have a sample of one key, unless the policy is lenient; `Io`; `Cancelled`. That the index file cannot be read or written is none.
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
            for (number, source) in release.sources.iter().enumerate() {
                let own = |shard: &usize| release.source_of.get(*shard) == Some(&number);
                let shards: Vec<usize> = (0..stamps.len()).filter(own).collect();
                let whole = release.whole.get(number) == Some(&true);
                if shards.len() > 1 || (whole && !shards.is_empty()) {
                    let store = Store::open(&source.root, shards, release, &stamps, cache);
                    store.recall(release, &stamps, &mut records);
                    stores.push(store);
                }
            }
        }
        let unknown: Vec<usize> =
            records.iter().enumerate().filter(|(_, record)| record.is_none()).map(|(i, _)| i).collect();
        let go_on = pool.go_on(cancel);
        let scanned = pool.map(&unknown, &Stash::<()>::new(), cancel, |(), &shard| {
            let began = nanoseconds(SystemTime::now());
            let path = release.shards.get(shard).map_or(Path::new(""), PathBuf::as_path);
            let index = Index::of_file_unless(path, policy, &go_on)?;
            Ok((shard, began, file::layout(&index), Arc::new(index)))
        })?;
        for (shard, scanned, layout, index) in scanned {
            if let (Some(record), Some(&stamp), Some(path)) =
                (records.get_mut(shard), stamps.get(shard), release.shards.get(shard))
            {
                *record = Some(Record { path: path.clone(), stamp, scanned, digest: None, layout, index });
            }
        }
        let records: Vec<Record> = records.into_iter().flatten().collect();
        for store in &stores {
            if store.shards.iter().any(|shard| unknown.contains(shard)) {
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
            shards.push(Arc::new(Shard::with_index(path, record.index, record.stamp)?));
        }
        Ok(Self { shards, ends, fingerprint: Digest::of(&facts) })
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
        for shard in &self.shards {
            shard.check_path()?;
        }
        Ok(())
    }
}

/// The index file of one source.
struct Store {
    root: PathBuf,
    /// Numbers of the release's shards that belong to the source.
    shards: Vec<usize>,
    /// Where to write, the first that works.
    files: Vec<PathBuf>,
    known: Vec<Record>,
}

impl Store {
    fn open(
        root: &Path,
        shards: Vec<usize>,
        release: &Release,
        stamps: &[Stamp],
        cache: Option<&Path>,
    ) -> Self {
        let mut files = vec![root.join(FOLDER).join(FILE)];
        if let Some(cache) = cache {
            let mut facts = Vec::new();
            for &shard in &shards {
                let name = release.shards.get(shard).and_then(|path| path.file_name()).unwrap_or_default();
                facts.extend(name.as_encoded_bytes());
                facts.push(0);
                if let Some(stamp) = stamps.get(shard) {
                    facts.extend(stamp.size.to_le_bytes());
                    facts.extend(stamp.modified.to_le_bytes());
                }
            }
            files.push(cache.join(Digest::of(&facts).to_string()).join(FILE));
        }
        let known = files.iter().find_map(|path| file::decode(&fs::read(path).ok()?));
        Self { root: root.to_owned(), shards, files, known: known.unwrap_or_default() }
    }

    /// Fills in the records of those shards that are as they were when they were scanned.
    fn recall(&self, release: &Release, stamps: &[Stamp], records: &mut [Option<Record>]) {
        let known: HashMap<&Path, &Record> = self.known.iter().map(|r| (r.path.as_path(), r)).collect();
        for &shard in &self.shards {
            let (Some(path), Some(stamp)) = (release.shards.get(shard), stamps.get(shard)) else { continue };
            let Some(record) = known.get(below(&self.root, path)) else { continue };
            let settled = record.stamp.modified < record.scanned.saturating_sub(TICK);
            if record.stamp == *stamp
                && settled
                && let Some(place) = records.get_mut(shard)
            {
                *place = Some(Record { path: path.clone(), ..(*record).clone() });
            }
        }
    }

    /// Writes the source's records and what was known of other shards that are still there.
    fn keep(&self, records: &[Record]) {
        let own = self.shards.iter().filter_map(|&shard| records.get(shard));
        let mut kept: Vec<Record> = own
            .map(|record| Record { path: below(&self.root, &record.path).to_owned(), ..record.clone() })
            .collect();
        let written: HashSet<PathBuf> = kept.iter().map(|record| record.path.clone()).collect();
        let others = self.known.iter().filter(|record| !written.contains(&record.path));
        kept.extend(others.filter(|r| self.root.join(&r.path).is_file()).cloned());
        let bytes = file::encode(&kept);
        // A cache that cannot be kept costs the next run a scan and is no error.
        let _ = self.files.iter().find(|path| write(path, &bytes).is_ok());
    }
}

fn below<'a>(root: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().ok_or_else(|| Error::io(path, io::ErrorKind::InvalidInput.into()))?;
    fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    let mut file = AtomicFile::create(path)?;
    file.append(bytes)?;
    file.publish_unsynced()?;
    Ok(())
}
