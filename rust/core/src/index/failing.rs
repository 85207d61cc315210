//! Indexes of shards on a disk that fails, by one walk and by several: what cannot be read and is not needed is passed over,
//! and what is needed is an error that says where, the same however many walk.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::{Index, Policy, parts::in_parts};
use crate::{
    disk::faults::{Fault, with, without},
    error::{Error, Kind, Result},
    pool::{Cancel, Pool},
    random::Random,
    tar::{
        BLOCK,
        write::{Archive, LongNames},
    },
};

/// Members of all lengths under short and long names, none of them twice.
fn shard(folder: &Path, round: u64) -> PathBuf {
    let mut random = Random::new(round);
    let names = [LongNames::Gnu, LongNames::Pax][(round % 2) as usize];
    let mut tar = Archive::new(names);
    for member in 0..12 + random.below(8) {
        let name = format!("{:03}{}.f{member}", member / 3, "n".repeat(member as usize * 53 % 190));
        // So long that walks hop from header to header, or so short that they read on.
        let most = if round.is_multiple_of(3) { 60_000 } else { 2000 };
        tar.member(&name, &vec![b'0'; random.below(most) as usize]).unwrap();
    }
    let path = folder.join(format!("{round}.tar"));
    std::fs::write(&path, tar.finish()).unwrap();
    path
}

fn one_walk(path: &Path) -> Result<Index> {
    Index::of_file(path, Policy::default())
}

fn several(path: &Path, len: u64, pool: &Pool) -> Result<Index> {
    let mut found = in_parts(&[path], Policy::default(), len, pool, &Cancel::never())?;
    assert_eq!(found.len(), 1);
    Ok(found.remove(0))
}

fn assert_says_where(error: &Error, path: &Path) {
    assert!(matches!(error.kind(), Kind::Io { path: Some(of), .. } if of == path), "{error:?}");
    assert_eq!(error.place().shard.as_deref(), path.to_str());
}

#[test]
fn every_block_may_be_one_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let pools = [1, 3].map(|threads| Pool::new(threads).unwrap());
    let (mut passed_over, mut refused) = (0, 0);
    for round in 0..12 {
        let path = shard(folder.path(), round);
        let whole = one_walk(&path).unwrap();
        let blocks = whole.file_size / BLOCK;
        // Of long payloads a few blocks are as good as all.
        let step = if blocks > 200 { 7 } else { 1 };
        for block in (0..blocks).step_by(step) {
            let place = block * BLOCK..(block + 1) * BLOCK;
            let payload = (0..whole.len()).any(|member| {
                let data = whole.data_offset[member];
                (data..data + whole.size[member]).contains(&place.start)
            });
            let len = BLOCK * (1 + block % 31);
            let (one, found) = without(&path, place.clone(), || {
                (one_walk(&path), [several(&path, len, &pools[0]), several(&path, len, &pools[1])])
            })
            .unwrap();
            for found in found {
                match (&one, found) {
                    (Ok(_), Ok(found)) => {
                        assert!(payload, "{round}: block {block} is needed");
                        assert_eq!(format!("{found:?}"), format!("{whole:?}"), "{round}: block {block}");
                        passed_over += 1;
                    }
                    (Err(one), Err(found)) => {
                        assert!(!payload, "{round}: block {block} is not needed: {one}");
                        assert_says_where(&found, &path);
                        let at = found.place().offset.unwrap();
                        assert!(at <= place.start && place.start - at <= 1 << 16, "{at} {place:?}");
                        assert_eq!((found.to_string(), found.place()), (one.to_string(), one.place()));
                        refused += 1;
                    }
                    (one, found) => unreachable!("{round}: block {block}: {one:?} and {found:?}"),
                }
            }
            if let Ok(one) = one {
                assert_eq!(format!("{one:?}"), format!("{whole:?}"));
            }
        }
    }
    assert!(passed_over > 500 && refused > 500, "{passed_over} {refused}");
}

#[test]
fn every_call_may_fail() {
    let folder = tempfile::tempdir().unwrap();
    // One thread makes all calls in one order, and goes through the parts all the same.
    let pool = Pool::new(1).unwrap();
    let (mut calls, mut errors, mut harmless) = (0, 0, 0);
    for round in 0..4 {
        let path = shard(folder.path(), round);
        let whole = format!("{:?}", one_walk(&path).unwrap());
        for fault in Fault::ALL {
            for n in 0.. {
                let (result, came) = with(fault, n, || several(&path, BLOCK * 9, &pool));
                match result {
                    Ok(index) => {
                        assert_eq!(format!("{index:?}"), whole, "{fault:?} at call {n}");
                        harmless += usize::from(came);
                    }
                    Err(error) => {
                        assert!(!fault.is_harmless(), "{fault:?} at call {n}: {error}");
                        assert_says_where(&error, &path);
                        errors += 1;
                    }
                }
                if !came {
                    assert!(n > 0, "{fault:?} never came");
                    break;
                }
                calls += 1;
            }
        }
    }
    assert!(calls > 100 && errors >= 8 && harmless > 100, "{calls} {errors} {harmless}");
}
