//! One read of a shard for all that is to be known of it: digest and index.

use std::path::Path;

use crate::{
    digest::{self, Digest, Sink},
    error::Result,
    index::{Builder, Index, Policy},
    pool::{Cancel, Pool},
};

/// What one read of a shard found.
#[derive(Debug)]
pub struct Scanned {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
    /// Where its members lie, or what is wrong with it as a tar; it has a digest all the same.
    pub index: Result<Index>,
}

impl Sink for Builder {
    fn take(&mut self, chunk: &[u8], offset: u64) {
        Builder::take(self, chunk, offset);
    }
}

/// Digests and indexes of many shards, several at a time, each read once; one result a file, in order. A file that cannot
/// be read is its own result. `progress` gets the bytes of each chunk as it is read.
///
/// # Errors
/// Only `Cancelled` and `Internal`.
pub fn of_files<P: AsRef<Path> + Sync>(
    paths: &[P],
    policy: Policy,
    pool: &Pool,
    cancel: &Cancel<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Result<Scanned>>> {
    let found = digest::with_sinks(paths, pool, cancel, progress, |path, file, size| {
        Builder::new(path, file.clone(), size, policy)
    })?;
    let scanned = paths.iter().zip(found).map(|(path, read)| {
        let (digest, size, builder) = read?;
        Ok(Scanned { digest, size, index: builder.finish(path.as_ref(), size) })
    });
    Ok(scanned.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        random::Random,
        tar::write::{Archive, LongNames},
    };

    /// Everything of an index that can be compared.
    fn columns(index: &Index) -> impl PartialEq + std::fmt::Debug {
        let names: Vec<Vec<u8>> = (0..index.len()).map(|member| index.name(member).to_vec()).collect();
        let offsets = (index.header_offset.clone(), index.data_offset.clone(), index.size.clone());
        (offsets, names, index.key_len.clone(), index.samples.clone(), index.end, index.file_size)
    }

    #[test]
    fn one_read_finds_what_two_find() {
        let folder = tempfile::tempdir().unwrap();
        let mut random = Random::new(3);
        let mut paths = Vec::new();
        for shard in 0..20_u64 {
            let names = if shard % 2 == 0 { LongNames::Gnu } else { LongNames::Pax };
            let mut tar = Archive::new(names);
            for member in 0..300 {
                // Names long and short, so that headers of one to three blocks lie across the ends of chunks.
                let pad = "n".repeat(random.below(180) as usize);
                let len = random.below([1, 700, 9000][(shard % 3) as usize]) as usize;
                tar.member(format!("{member:05}{pad}.jpg"), &vec![shard as u8; len]).unwrap();
            }
            let mut bytes = tar.finish();
            match shard {
                17 => bytes.truncate(70_000),
                18 => bytes[512 * 150] ^= 1,
                19 => bytes.clear(),
                _ => {}
            }
            paths.push(folder.path().join(format!("{shard}.tar")));
            std::fs::write(&paths[shard as usize], bytes).unwrap();
        }
        paths.push(folder.path().join("missing.tar"));
        for threads in [1, 2] {
            let pool = Pool::new(threads).unwrap();
            let never = Cancel::never();
            let scanned = of_files(&paths, Policy::default(), &pool, &never, &|_| ()).unwrap();
            let mut good = 0;
            for (path, scanned) in paths.iter().zip(scanned) {
                let Ok(bytes) = std::fs::read(path) else {
                    assert!(scanned.is_err());
                    continue;
                };
                let scanned = scanned.unwrap();
                assert_eq!((scanned.digest, scanned.size), (Digest::of(&bytes), bytes.len() as u64));
                match (scanned.index, Index::of_file(path, Policy::default())) {
                    (Ok(a), Ok(b)) => {
                        assert!(columns(&a) == columns(&b), "{path:?}");
                        good += 1;
                    }
                    (Err(a), Err(b)) => {
                        assert_eq!((a.to_string(), a.place().offset), (b.to_string(), b.place().offset));
                    }
                    (a, b) => unreachable!("{path:?}: {a:?} and {b:?}"),
                }
            }
            assert_eq!(good, 17);
        }
    }
}
