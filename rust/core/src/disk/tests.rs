//! Every call fails once, for every n: an error that says so or the right answer, nothing half-written under a final name,
//! and a second run that completes.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::faults::{Fault, with};
use crate::{
    codec::{Codec, EncodeOptions},
    digest::Digest,
    error::{Kind, Result},
    image::{Size, Subsampling, View},
    index::{Index, Policy},
    pool::{Cancel, Pool, Stash},
    progress::Progress,
    release::Release,
    reshard::{self, Tools},
    sums,
    synth::{self, SynthOptions},
    tar::write::{Archive, LongNames},
    verify::{self, Outcome},
    writer::is_temporary,
};

/// The files below a folder that have a final name.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if name.to_string_lossy().starts_with('.') {
                assert!(path.is_dir() || is_temporary(&name) || name == ".unfinished", "{name:?}");
            } else if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(path).unwrap());
            }
        }
    }
    files
}

fn source() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["data", "checksums"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    let mut lines = Vec::new();
    for shard in 0..2_usize {
        let mut tar = Archive::new(LongNames::Gnu);
        for n in 0..3 {
            let pixels: Vec<u8> = (0..24 * 24 * 3).map(|i| (i * (n + 3 * shard + 2) % 251) as u8).collect();
            let view = View { pixels: &pixels, size: Size { height: 24, width: 24 }, channels: 3 };
            let mut jpeg = Vec::new();
            let options = EncodeOptions::new(90, Subsampling::S420);
            Codec::default().encode_into(view, options, &mut jpeg).unwrap();
            tar.member(format!("{shard}{n}.a.jpg"), &jpeg).unwrap();
            tar.member(format!("{shard}{n}.json"), b"{}").unwrap();
        }
        let (bytes, path) = (tar.finish(), format!("data/s-{shard:06}.tar"));
        fs::write(root.path().join(&path), &bytes).unwrap();
        lines.push((path, Digest::of(&bytes)));
    }
    let text = sums::render(lines.iter().map(|(path, digest)| (&**path, *digest)));
    fs::write(root.path().join("checksums/SHA256SUMS"), text).unwrap();
    root
}

/// Runs `work` into a new folder with each of its calls failing in each way; the calls and the errors there were.
fn each_call_fails(work: impl Fn(&Path) -> Result<()>) -> (usize, usize) {
    let whole = tempfile::tempdir().unwrap();
    work(&whole.path().join("out")).unwrap();
    let expected = tree(&whole.path().join("out"));
    let (mut calls, mut errors) = (0, 0);
    for fault in Fault::ALL {
        for n in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("out");
            let (result, came) = with(fault, n, || work(&out));
            if !came {
                assert!(n > 0, "{fault:?} never came");
                result.unwrap();
                break;
            }
            calls += 1;
            if let Err(error) = result {
                assert!(!fault.is_harmless(), "{fault:?} at call {n}: {error}");
                assert!(
                    matches!(error.kind(), Kind::Io { path: Some(_), .. }),
                    "{fault:?} at {n}: {error:?}"
                );
                for (path, bytes) in tree(&out) {
                    assert!(
                        expected.get(&path) == Some(&bytes),
                        "{fault:?} at {n}: {} is torn",
                        path.display()
                    );
                }
                errors += 1;
                work(&out).unwrap();
            }
            assert!(tree(&out) == expected, "{fault:?} at call {n}");
        }
    }
    (calls, errors)
}

#[test]
fn resharding_survives_every_call() {
    let source = source();
    let specs = [source.path().to_str().unwrap().to_owned()];
    let pool = Pool::new(1).unwrap();
    let (stash, cancel, progress) = (Stash::new(), Cancel::never(), Progress::default());
    let tools = Tools { pool: &pool, stash: &stash, cancel: &cancel, progress: &progress };
    let options = reshard::Options { size: Some((12, 12)), max_shard_size: 8192, ..Default::default() };
    let found = each_call_fails(|out| reshard::reshard(&specs, out, &options, false, &tools).map(drop));
    assert!(found.0 > 300 && found.1 > 100, "{found:?}");
}

#[test]
fn drawing_survives_every_call() {
    let pool = Pool::new(1).unwrap();
    let (stash, cancel, progress) = (Stash::new(), Cancel::never(), Progress::default());
    let options = SynthOptions { identities: 1, size: 64, ..SynthOptions::default() };
    let write = |out: &Path| synth::write(out, &options, &pool, &stash, &cancel, &progress).map(drop);
    let found = each_call_fails(write);
    assert!(found.0 > 60 && found.1 > 30, "{found:?}");
}

#[test]
fn indexing_survives_every_call() {
    let source = source();
    let path = source.path().join("data/s-000000.tar");
    let expected = Index::of_file(&path, Policy::default()).unwrap().data_offset;
    let mut errors = 0;
    for fault in Fault::ALL {
        for n in 0.. {
            let (result, came) = with(fault, n, || Index::of_file(&path, Policy::default()));
            match result {
                Ok(index) => assert_eq!(index.data_offset, expected, "{fault:?} at call {n}"),
                Err(error) => {
                    assert!(!fault.is_harmless() && matches!(error.kind(), Kind::Io { .. }), "{error}");
                    errors += 1;
                }
            }
            if !came {
                break;
            }
        }
    }
    assert!(errors >= 2);
}

#[test]
fn verifying_survives_every_call() {
    let source = source();
    let pool = Pool::new(1).unwrap();
    for deep in [false, true] {
        let receipt = source.path().join("receipt");
        let options = verify::Options { deep, receipt: Some(receipt.clone()), ..Default::default() };
        let run = || {
            let release = Release::open(&[source.path().to_str().unwrap()])?;
            verify::verify(&release, &options, &pool, &Cancel::never(), &|_| ())
        };
        let (mut lines, mut errors) = (0, 0);
        for fault in Fault::ALL {
            for n in 0.. {
                drop(fs::remove_file(&receipt));
                let (result, came) = with(fault, n, run);
                match result {
                    Ok(report) => {
                        let bad = report.lines.iter().filter(|line| line.outcome != Outcome::Ok).count();
                        assert!(bad == 0 || (came && !fault.is_harmless()), "{fault:?} at {n}: {report:?}");
                        let unread = report.lines.iter().all(|line| line.outcome != Outcome::Failed);
                        assert!(
                            unread && report.problems.is_empty(),
                            "a fault of the disk is none of the data"
                        );
                        lines += bad;
                    }
                    Err(error) => {
                        assert!(!fault.is_harmless() && matches!(error.kind(), Kind::Io { .. }), "{error}");
                        errors += 1;
                    }
                }
                if !came {
                    break;
                }
            }
        }
        assert!(lines >= 4 && errors >= 4, "{lines} {errors}");
    }
}
