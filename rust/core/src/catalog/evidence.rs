//! Whether the files of a release are still those that somebody noted down: a loader's state, or a parent process.

use std::fs;

use super::Catalog;
use crate::{
    digest::{Digest, Hasher},
    error::{Error, Result},
    release::identity,
};

/// What tells one release from another, and one state of its files from the next.
///
/// The fingerprint alone decides the order of an epoch, since copies must have the same order. It does not cover what
/// is inside the members, which would take a read of everything; the others do, each as far as it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// Of names, sizes and layout.
    pub fingerprint: Digest,
    /// Of where the shards lie: this machine, their paths.
    pub place: Digest,
    /// Of when they were written to last.
    pub times: Digest,
    /// Of their digests, if all were verified and none was touched since.
    pub content: Option<Digest>,
}

impl Catalog {
    /// What to note down.
    pub fn evidence(&self) -> Evidence {
        let (mut place, mut times, mut content) = (Hasher::default(), Hasher::default(), Hasher::default());
        place.update(&machine());
        for (shard, digest) in self.shards.iter().zip(&self.digests) {
            let path = identity(shard.path());
            let path = path.as_os_str().as_encoded_bytes();
            place.update(&(path.len() as u64).to_le_bytes());
            place.update(path);
            times.update(&shard.stamp().size.to_le_bytes());
            times.update(&shard.stamp().mtime_ns.to_le_bytes());
            content.update(&digest.map_or([0; 32], |digest| digest.0));
        }
        let known = !self.digests.is_empty() && self.digests.iter().all(Option::is_some);
        Evidence {
            fingerprint: self.fingerprint,
            place: place.finish(),
            times: times.finish(),
            content: known.then(|| content.finish()),
        }
    }

    /// Refuses to be taken for the release of which `noted` was noted down, unless nothing speaks against it.
    ///
    /// # Errors
    /// `Data` that says which difference was found and, where verifying helps, that as a hint.
    pub fn check_same(&self, noted: &Evidence) -> Result<()> {
        let own = self.evidence();
        let refuse = |words: &str| {
            let error = Error::data(format!("the release is not what it was: {words}"));
            let folder = self.shards.first().and_then(|shard| shard.path().parent());
            match folder {
                Some(folder) => error.in_shard(folder),
                None => error,
            }
        };
        if own.fingerprint != noted.fingerprint {
            return Err(refuse("names, sizes or layout of its shards are others"));
        }
        if let Some(now) = own.content {
            // As published, which is more than a time can say; unless something else was published then.
            return match noted.content {
                Some(then) if then != now => Err(refuse("its shards have other digests")),
                _ => Ok(()),
            };
        }
        // A copy on another machine, or in another folder, has times of its own.
        let words = match noted.content {
            _ if own.place != noted.place => return Ok(()),
            _ if own.times != noted.times => "a shard was written to since",
            Some(_) => "it was verified then, and a shard was touched since",
            None => return Ok(()),
        };
        let hint =
            "verify the release: shards that are as published are taken up, whenever they were written";
        Err(refuse(words).with_hint(hint))
    }
}

/// The machine's name; nothing where the operating system does not show it as a file.
fn machine() -> Vec<u8> {
    fs::read("/proc/sys/kernel/hostname").unwrap_or_default()
}
