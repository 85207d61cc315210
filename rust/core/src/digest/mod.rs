//! SHA-256: a digest as a value, and the digests of files.

use std::{fmt, fs::File, io::Read, path::Path, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::{
    error::{Error, Kind, Result},
    pool::{Cancel, Pool, Stash},
    shard,
};

/// Bytes read and hashed at a time: stays in the L2 cache between the two.
const CHUNK: usize = 256 << 10;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = Error;

    /// Reads 64 hex digits of either case.
    fn from_str(hex: &str) -> Result<Self> {
        let wrong = || Error::data(format!("not a SHA-256 in hex: {hex:?}"));
        let mut digest = [0; 32];
        let mut digits = hex.chars();
        for byte in &mut digest {
            let mut digit = || digits.next()?.to_digit(16);
            let (Some(high), Some(low)) = (digit(), digit()) else { return Err(wrong()) };
            *byte = (high * 16 + low) as u8;
        }
        if digits.next().is_some() { Err(wrong()) } else { Ok(Self(digest)) }
    }
}

/// A digest being computed. Cloning it and finishing the clone gives the digest of the prefix so far.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    /// The digest of everything taken.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// Digest and size of one file, read in order through a reused buffer.
/// `progress` gets the bytes of each chunk as it is hashed.
///
/// # Errors
/// [`crate::error::Kind::Io`], `Cancelled`.
pub fn of_file(path: &Path, cancel: &Cancel<'_>, progress: &(dyn Fn(u64) + Sync)) -> Result<(Digest, u64)> {
    hash_file(path, &mut Vec::new(), progress, &|| cancel.check())
}

/// Digests of many files, several at a time; one result a file, in order. A file that cannot be read is its own result.
///
/// # Errors
/// Only `Cancelled` and `Internal`.
pub fn of_files<P: AsRef<Path> + Sync>(
    paths: &[P],
    pool: &Pool,
    cancel: &Cancel<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Result<(Digest, u64)>>> {
    // Only the calling thread may ask the hook; with one thread the work is on it.
    let alone = pool.threads() == 1;
    let go_on = || match (alone, cancel.is_set()) {
        (true, _) => cancel.check(),
        (false, true) => Err(Error::new(Kind::Cancelled)),
        (false, false) => Ok(()),
    };
    pool.map(paths, &Stash::<Vec<u8>>::new(), cancel, |buffer, path| {
        match hash_file(path.as_ref(), buffer, progress, &go_on) {
            Err(error) if error.is_cancelled() => Err(error),
            result => Ok(result),
        }
    })
}

fn hash_file(
    path: &Path,
    buffer: &mut Vec<u8>,
    progress: &(dyn Fn(u64) + Sync),
    go_on: &dyn Fn() -> Result<()>,
) -> Result<(Digest, u64)> {
    let (mut file, _) = shard::open_regular(path)?;
    buffer.resize(CHUNK, 0);
    let (mut hasher, mut size) = (Hasher::default(), 0);
    loop {
        go_on()?;
        let got = read_some(&mut file, buffer).map_err(|e| Error::io(path, e))?;
        let chunk = buffer.get(..got).unwrap_or(&[]);
        if chunk.is_empty() {
            return Ok((hasher.finish(), size));
        }
        hasher.update(chunk);
        size += got as u64;
        progress(got as u64);
    }
}

fn read_some(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn nist_vectors() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
        assert_eq!(
            Digest::of(b"").to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            Digest::of(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").to_string(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        );
    }

    #[test]
    fn hex_in_either_case_and_nothing_else() {
        assert_eq!(ABC.to_uppercase().parse::<Digest>().unwrap(), Digest::of(b"abc"));
        for bad in ["", "ba", &ABC[1..], &format!("{ABC}0"), &ABC.replace('b', "g"), &ABC.replace('b', "é")]
        {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_clone_is_the_digest_of_the_prefix() {
        let mut hasher = Hasher::default();
        hasher.update(b"ab");
        let prefix = hasher.clone();
        hasher.update(b"c");
        assert_eq!((prefix.finish(), hasher.finish()), (Digest::of(b"ab"), Digest::of(b"abc")));
    }

    #[test]
    fn files_in_order_each_with_its_own_result() {
        let folder = tempfile::tempdir().unwrap();
        let contents: Vec<Vec<u8>> =
            [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK].map(|n| vec![n as u8; n]).to_vec();
        let mut paths = Vec::new();
        for (i, bytes) in contents.iter().enumerate() {
            paths.push(folder.path().join(i.to_string()));
            std::fs::write(&paths[i], bytes).unwrap();
        }
        paths.insert(2, folder.path().join("missing"));
        for threads in [1, 3] {
            let seen = AtomicU64::new(0);
            let progress = |n| {
                seen.fetch_add(n, Ordering::Relaxed);
            };
            let pool = Pool::new(threads).unwrap();
            let mut results = of_files(&paths, &pool, &Cancel::never(), &progress).unwrap();
            assert!(matches!(results.remove(2).unwrap_err().kind(), Kind::Io { path: Some(_), .. }));
            for (result, bytes) in results.into_iter().zip(&contents) {
                assert_eq!(result.unwrap(), (Digest::of(bytes), bytes.len() as u64));
            }
            assert_eq!(seen.into_inner(), contents.iter().map(|c| c.len() as u64).sum::<u64>());
        }
    }

    #[test]
    fn a_hook_stops_a_long_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big");
        File::create(&path).unwrap().set_len(8 << 30).unwrap();
        let stop = || true;
        for threads in [1, 2] {
            let pool = Pool::new(threads).unwrap();
            let result = of_files(&[&path], &pool, &Cancel::with_hook(&stop), &|_| ());
            assert!(result.unwrap_err().is_cancelled());
        }
        assert!(of_file(&path, &Cancel::with_hook(&stop), &|_| ()).unwrap_err().is_cancelled());
    }
}
