//! Many shards indexed at once, and large ones from several places at once.
//!
//! A walk from header to header knows nothing but its offset. So what a walk found that began in the middle of a shard, at whatever
//! looked like a header, is what the walk from the front will find from the first header on that both come to. Before that it counts
//! for nothing; and where they never meet, as in the payload of a tar within the tar, the walk from the front goes on alone.

use std::{collections::VecDeque, fs::File, path::Path, sync::Arc};

use crate::{
    error::Result,
    index::{Builder, Index, Policy},
    pool::{Cancel, Pool, Stash},
    shard,
    tar::BLOCK,
};

/// Bytes of a shard that one thread walks over: a few milliseconds of tiny members, and few enough parts that finding where each
/// begins is nothing beside them.
pub(super) const PART: u64 = 64 << 20;

/// Indexes many shards, in order; several threads share them out, and each large one.
///
/// # Errors
/// That of the earliest shard that fails, as [`Index::of_file`]; `Cancelled`.
pub fn of_files<P: AsRef<Path> + Sync>(
    paths: &[P],
    policy: Policy,
    pool: &Pool,
    cancel: &Cancel<'_>,
) -> Result<Vec<Index>> {
    in_parts(paths, policy, if pool.threads() > 1 { PART } else { u64::MAX }, pool, cancel)
}

/// True if several threads index that file sooner than one.
pub fn is_large(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.len() > PART)
}

/// A part of a shard, from the first header after its start to the last before its end.
struct Part<'a> {
    path: &'a Path,
    file: Arc<File>,
    size: u64,
    start: u64,
    end: u64,
}

impl<'a> Part<'a> {
    fn all_of(path: &'a Path, len: u64) -> Result<VecDeque<Self>> {
        let (file, size) = shard::open_regular(path).map_err(|e| e.in_shard(path))?;
        let file = Arc::new(file);
        let starts = (0..size.max(1)).step_by(usize::try_from(len).unwrap_or(usize::MAX));
        let end = |start: u64| if size - start > len { start + len } else { u64::MAX };
        Ok(starts
            .map(|start| Self { path, file: Arc::clone(&file), size, start, end: end(start.min(size)) })
            .collect())
    }

    /// What is found there; always something at a shard's beginning, if only what is wrong.
    fn index(self, policy: Policy, go_on: &dyn Fn() -> Result<()>) -> (Self, Option<Builder>) {
        let mut builder = Builder::new(self.path, Arc::clone(&self.file), self.size, policy);
        if self.start > 0 {
            let found = builder.read_from(self.start, self.end, go_on);
            return (self, found);
        }
        builder.read_to(self.end, go_on);
        (self, Some(builder))
    }
}

/// The same, of parts of `len` bytes.
pub(super) fn in_parts<P: AsRef<Path> + Sync>(
    paths: &[P],
    policy: Policy,
    len: u64,
    pool: &Pool,
    cancel: &Cancel<'_>,
) -> Result<Vec<Index>> {
    debug_assert_eq!(len.min(u64::MAX - BLOCK + 1) % BLOCK, 0, "headers are sought block by block");
    let (mut paths, mut parts) = (paths.iter(), VecDeque::new());
    let source = || {
        if parts.is_empty()
            && let Some(path) = paths.next()
        {
            parts = Part::all_of(path.as_ref(), len)?;
        }
        Ok(parts.pop_front())
    };
    let go_on = pool.go_on(cancel);
    let (mut indexes, mut front) = (Vec::new(), None::<Builder>);
    let sink = |(part, found): (Part<'_>, Option<Builder>)| {
        match (&mut front, found) {
            (Some(front), Some(found)) => front.join(found, &|| cancel.check()),
            (front @ None, found) => *front = found,
            (Some(_), None) => {}
        }
        if part.end == u64::MAX
            && let Some(whole) = front.take()
        {
            indexes.push(whole.finish(part.path, part.size)?);
        }
        Ok(())
    };
    pool.ordered(
        pool.threads() * 4,
        &Stash::<()>::new(),
        cancel,
        source,
        |(), part| Ok(part.index(policy, &go_on)),
        sink,
    )?;
    Ok(indexes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        random::Random,
        tar::write::{Archive, LongNames},
    };

    /// A shard of long and short names, of members with other tars in them, of samples that go on and on.
    fn shard(random: &mut Random) -> Vec<u8> {
        let names = [LongNames::Gnu, LongNames::Pax][random.below(2) as usize];
        let mut tar = Archive::new(names);
        let (members, fields, falling) = (1 + random.below(40), 1 + random.below(12), random.below(3) == 0);
        for member in 0..members {
            let sample = if falling { 99 - member / fields } else { member / fields };
            let dot = if random.below(9) == 0 { "" } else { "." };
            let field = if random.below(99) == 0 { 0 } else { member };
            let name = format!("{sample:03}{}{dot}{field}", "n".repeat(sample as usize * 41 % 150));
            let payload = if random.below(4) == 0 {
                let mut inner = Archive::new(names);
                (0..3).for_each(|i| inner.member(format!("{i}.inner"), &[9; 700]).unwrap());
                inner.finish()
            } else {
                vec![b'0'; random.below(3000) as usize]
            };
            tar.member(&name, &payload).unwrap();
        }
        tar.finish()
    }

    #[test]
    fn parts_find_what_one_walk_finds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        let mut random = Random::new(5);
        let (mut whole, mut wrong, mut passed_over) = (0, 0, 0);
        for round in 0..600_u64 {
            let mut bytes = shard(&mut random);
            match round % 6 {
                0 => bytes.truncate(random.below(bytes.len() as u64) as usize),
                1 | 2 => {
                    let at = random.below(bytes.len() as u64 / 512) as usize * 512;
                    // A directory, a link or a wrong sum, where a header is.
                    if let Some(flag) = bytes.get_mut(at + 156).filter(|flag| **flag == b'0') {
                        *flag = [b'2', b'5', b'9'][random.below(3) as usize];
                        let sum: u64 = 256
                            + (0..512)
                                .filter(|i| !(148..156).contains(i))
                                .map(|i| u64::from(bytes[at + i]))
                                .sum::<u64>();
                        bytes[at + 148..at + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
                    }
                }
                _ => {}
            }
            std::fs::write(&path, bytes).unwrap();
            let lenient = random.below(2) == 0;
            let policy = Policy { skip_special: lenient, lenient_end: lenient };
            let len = BLOCK * (1 + random.below(24));
            let one = Index::of_file(&path, policy);
            let pool = Pool::new(1 + random.below(3) as usize).unwrap();
            let parts = in_parts(&[&path, &path], policy, len, &pool, &Cancel::never());
            match (one, parts) {
                (Ok(one), Ok(parts)) => {
                    assert_eq!(parts.len(), 2);
                    for part in parts {
                        assert_eq!(format!("{part:?}"), format!("{one:?}"), "{round}");
                    }
                    whole += 1;
                    passed_over += one.skipped.len();
                }
                (Err(one), Err(parts)) => {
                    assert_eq!((parts.to_string(), parts.place()), (one.to_string(), one.place()), "{round}");
                    wrong += 1;
                }
                (one, parts) => unreachable!("{round}: {one:?} and {parts:?}"),
            }
        }
        assert!(whole > 300 && wrong > 80 && passed_over > 20, "{whole} {wrong} {passed_over}");
    }

    #[test]
    fn a_shard_of_large_members_is_walked_in_parts_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        let mut tar = Archive::new(LongNames::Gnu);
        (0..9).for_each(|i| tar.member(format!("{i}.bin"), &vec![b'7'; 5 << 20]).unwrap());
        std::fs::write(&path, tar.finish()).unwrap();
        let (one, pool) = (Index::of_file(&path, Policy::default()).unwrap(), Pool::new(2).unwrap());
        for len in [BLOCK * 2001, 1 << 20, 12 << 20] {
            let parts = in_parts(&[&path], Policy::default(), len, &pool, &Cancel::never()).unwrap();
            assert_eq!(format!("{:?}", parts[0]), format!("{one:?}"));
        }
        assert!(!is_large(&path) && !is_large(folder.path().join("none").as_path()));
    }
}
