//! Where the index file of a source lies, and what of it is still true.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    FILE, FOLDER,
    file::{self, Record},
};
use crate::{
    digest::Digest,
    error::{Error, Result},
    release::{Release, identity},
    source::Source,
    stamp::Stamp,
    writer::AtomicFile,
};

/// The index file of one source.
pub(super) struct Store {
    root: PathBuf,
    /// Numbers of the release's shards that belong to the source.
    shards: Vec<usize>,
    /// Where to write, the first that works.
    files: Vec<PathBuf>,
    known: Vec<Record>,
}

impl Store {
    /// Those of a release: one a source, but none for a lone shard.
    pub(super) fn of_release(release: &Release, stamps: &[Stamp], cache: Option<&Path>) -> Vec<Self> {
        let of_source = |(number, source): (usize, &Source)| {
            let own = |shard: &usize| release.source_of.get(*shard) == Some(&number);
            let shards: Vec<usize> = (0..stamps.len()).filter(own).collect();
            let whole = release.whole.get(number) == Some(&true);
            let keeps = shards.len() > 1 || (whole && !shards.is_empty());
            keeps.then(|| Self::open(&source.root, shards, release, stamps, cache))
        };
        release.sources.iter().enumerate().filter_map(of_source).collect()
    }

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
                    facts.extend(stamp.mtime_ns.to_le_bytes());
                }
            }
            files.push(cache.join(Digest::of(&facts).to_string()).join(FILE));
        }
        let known = files.iter().find_map(|path| file::decode(&fs::read(path).ok()?));
        Self { root: root.to_owned(), shards, files, known: known.unwrap_or_default() }
    }

    /// Fills in the records of those shards that are as they were when they were scanned.
    pub(super) fn recall(&self, release: &Release, stamps: &[Stamp], records: &mut [Option<Record>]) {
        let known: HashMap<&Path, &Record> = self.known.iter().map(|r| (r.path.as_path(), r)).collect();
        for &shard in &self.shards {
            let (Some(path), Some(stamp)) = (release.shards.get(shard), stamps.get(shard)) else { continue };
            let Some(record) = known.get(below(&self.root, path)) else { continue };
            if record.stamp == *stamp
                && record.stamp.is_settled(record.scanned)
                && let Some(place) = records.get_mut(shard)
            {
                *place = Some(Record { path: path.clone(), ..(*record).clone() });
            }
        }
    }

    /// Writes the source's records and what was known of other shards that are still there.
    pub(super) fn keep(&self, records: &[Record]) {
        let own = self.shards.iter().filter_map(|&shard| records.get(shard));
        let mut kept: Vec<Record> = own
            .map(|record| Record { path: below(&self.root, &record.path).to_owned(), ..record.clone() })
            .collect();
        let written: HashSet<PathBuf> = kept.iter().map(|record| record.path.clone()).collect();
        let others = self.known.iter().filter(|record| !written.contains(&record.path));
        kept.extend(others.filter(|r| self.root.join(&r.path).is_file()).cloned());
        self.write(&kept);
    }

    fn write(&self, records: &[Record]) {
        let bytes = file::encode(records);
        // A cache that cannot be kept costs the next run a scan and is no error.
        let _ = self.files.iter().find(|path| write(path, &bytes).is_ok());
    }

    /// True if one of these shards is the source's.
    pub(super) fn holds_any(&self, shards: &[usize]) -> bool {
        self.shards.iter().any(|shard| shards.contains(shard))
    }
}

/// Notes in the index file of a release what is known of its shards by now: the digest of a shard in that state, or that
/// it is not as published. A shard that the file does not know in that state is passed over.
///
/// The file is written whole or not at all. Whoever loses a race with another writer loses digests, which costs a
/// verification and nothing else.
pub(crate) fn note_digests<'a>(
    release: &Release,
    found: impl Iterator<Item = (&'a Path, Stamp, Option<Digest>)>,
    cache: Option<&Path>,
) {
    let found: HashMap<PathBuf, _> =
        found.map(|(path, stamp, digest)| (identity(path), (stamp, digest))).collect();
    let stamps: Option<Vec<Stamp>> = release.shards.iter().map(|path| Stamp::of_path(path).ok()).collect();
    let Some(stamps) = stamps else { return };
    for mut store in Store::of_release(release, &stamps, cache) {
        let mut changed = false;
        for record in &mut store.known {
            match found.get(&identity(&store.root.join(&record.path))) {
                Some((stamp, digest)) if *stamp == record.stamp && *digest != record.digest => {
                    record.digest = *digest;
                    changed = true;
                }
                _ => {}
            }
        }
        if changed {
            store.write(&store.known);
        }
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
