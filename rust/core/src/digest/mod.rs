//! SHA-256: a digest as a value, and the digests of files.

mod files;
mod lanes;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    error::{Error, Result},
    sha256::{self, BLOCK, Kernel, Lane, PADDING, START, State},
};

pub(crate) use files::{Sink, with_sinks};
pub use files::{of_file, of_files};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
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
#[derive(Clone)]
pub struct Hasher {
    state: State,
    size: u64,
    /// The bytes after the last whole block, `size % BLOCK` of them, and room for what ends the message.
    tail: [u8; BLOCK + PADDING],
}

impl Hasher {
    /// Takes more bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let held = (self.size % BLOCK as u64) as usize;
        self.size += bytes.len() as u64;
        if held > 0 {
            let (first, rest) = bytes.split_at(bytes.len().min(BLOCK - held));
            if let Some(room) = self.tail.get_mut(held..held + first.len()) {
                room.copy_from_slice(first);
            }
            if held + first.len() < BLOCK {
                return;
            }
            let data = self.tail.get(..BLOCK).unwrap_or(&[]);
            Kernel::current().compress(&mut [Lane { state: &mut self.state, data }]);
            bytes = rest;
        }
        let taken = Kernel::current().compress(&mut [Lane { state: &mut self.state, data: bytes }]);
        let rest = bytes.get(taken..).unwrap_or(&[]);
        if let Some(room) = self.tail.get_mut(..rest.len()) {
            room.copy_from_slice(rest);
        }
    }

    /// The digest of everything taken.
    pub fn finish(mut self) -> Digest {
        let held = (self.size % BLOCK as u64) as usize;
        let added = sha256::pad(self.size, held, self.tail.get_mut(held..).unwrap_or(&mut []));
        let data = self.tail.get(..held + added).unwrap_or(&[]);
        Kernel::current().compress(&mut [Lane { state: &mut self.state, data }]);
        Digest(sha256::bytes(&self.state))
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self { state: START, size: 0, tail: [0; BLOCK + PADDING] }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{
        fs::File,
        sync::atomic::{AtomicU64, Ordering},
    };

    use super::{lanes::CHUNK, *};
    use crate::{
        error::Kind,
        pool::{Cancel, Pool},
    };

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
    fn pieces_of_any_length_make_the_same_digest() {
        let message: Vec<u8> = (0..1000_u32).map(|i| (i * 7) as u8).collect();
        for piece in [1, 3, 63, 64, 65, 130, 999] {
            let mut hasher = Hasher::default();
            message.chunks(piece).for_each(|bytes| hasher.update(bytes));
            assert_eq!(hasher.finish(), Digest::of(&message), "{piece}");
        }
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
