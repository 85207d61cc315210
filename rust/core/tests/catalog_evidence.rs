//! What verifying leaves in the index file, and whether a release is the one that was noted down.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use turboshard::{
    catalog::{Catalog, Evidence},
    digest::Digest,
    index::Policy,
    pool::{Cancel, Pool},
    release::Release,
    sums::render,
    tar::write::{Archive, LongNames},
    verify::{self, verify},
};

const NAMES: [&str; 2] = ["data/r-000000.tar", "data/r-000001.tar"];
/// In the payload of the first member.
const INSIDE: u64 = 512;

fn write(path: &Path, names: &[&str]) {
    let mut tar = Archive::new(LongNames::Gnu);
    for name in names {
        tar.member(name, name.as_bytes()).unwrap();
    }
    fs::write(path, tar.finish()).unwrap();
}

/// Waits until what was written is old enough to be believed.
fn settle() {
    std::thread::sleep(Duration::from_millis(45));
}

/// Writes another byte over the one at `INSIDE`, and sets the time back if `hide`.
fn swap(path: &Path, hide: bool) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, INSIDE).unwrap();
    file.write_all_at(&[byte[0] ^ 1], INSIDE).unwrap();
    if hide {
        file.set_modified(modified).unwrap();
    }
    drop(file);
    settle();
}

/// Writes the sums of what is there.
fn publish(root: &Path) {
    let digests = NAMES.map(|name| (name, Digest::of(&fs::read(root.join(name)).unwrap())));
    fs::create_dir_all(root.join("checksums")).unwrap();
    fs::write(root.join("checksums/SHA256SUMS"), render(digests)).unwrap();
}

/// A release with sums; its index file, which is not there yet.
fn published_in(root: &Path) -> PathBuf {
    fs::create_dir_all(root.join("data")).unwrap();
    write(&root.join(NAMES[0]), &["a.txt", "a.obj", "b.txt", "b.obj"]);
    write(&root.join(NAMES[1]), &["c.txt", "c.obj"]);
    publish(root);
    settle();
    root.join(".turboshard/index-v1")
}

fn opened(root: &Path, cache: Option<&Path>) -> Catalog {
    let release = Release::open(&[root.to_str().unwrap()]).unwrap();
    Catalog::open(&release, Policy::default(), cache, &Pool::new(1).unwrap(), &Cancel::never()).unwrap()
}

fn evidence(root: &Path) -> Evidence {
    opened(root, None).evidence()
}

fn verified(root: &Path, deep: bool, cache: Option<&Path>) -> bool {
    let release = Release::open(&[root.to_str().unwrap()]).unwrap();
    let cache = cache.map(Path::to_owned);
    let options = verify::Options { deep, index: true, cache, ..verify::Options::default() };
    verify(&release, &options, &Pool::new(2).unwrap(), &Cancel::never(), &|_| ()).unwrap().is_ok()
}

#[test]
fn verifying_notes_the_digests_and_moves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = published_in(folder.path());
    let before = evidence(folder.path());
    assert_eq!(before.content, None);
    assert!(verified(folder.path(), false, None));
    let after = evidence(folder.path());
    assert!(after.content.is_some());
    assert_eq!(Evidence { content: None, ..after }, before);
    // Without a file yet, verifying makes it; where it cannot be written, in the cache.
    fs::remove_file(&file).unwrap();
    assert!(verified(folder.path(), false, None));
    let made = fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(evidence(folder.path()), after);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), made, "nothing was scanned again");
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file.parent().unwrap(), b"").unwrap();
    let cache = tempfile::tempdir().unwrap();
    assert!(verified(folder.path(), false, Some(cache.path())));
    assert_eq!(opened(folder.path(), Some(cache.path())).evidence(), after);
}

#[test]
fn a_receipt_is_as_good_as_reading() {
    let folder = tempfile::tempdir().unwrap();
    let file = published_in(folder.path());
    let release = Release::open(&[folder.path().to_str().unwrap()]).unwrap();
    let receipt = Some(folder.path().join("receipt"));
    let look = |index| {
        let options = verify::Options { receipt: receipt.clone(), index, ..verify::Options::default() };
        verify(&release, &options, &Pool::new(1).unwrap(), &Cancel::never(), &|_| ()).unwrap()
    };
    assert_eq!((look(false).remembered, file.exists()), (0, false));
    assert_eq!(look(true).remembered, 2);
    assert!(evidence(folder.path()).content.is_some());
}

#[test]
fn a_digest_is_forgotten_with_the_state_it_was_of() {
    let folder = tempfile::tempdir().unwrap();
    published_in(folder.path());
    let shard = folder.path().join(NAMES[1]);
    for hide in [false, true] {
        assert!(verified(folder.path(), false, None));
        assert!(evidence(folder.path()).content.is_some());
        swap(&shard, hide);
        assert_eq!(evidence(folder.path()).content, None, "hidden: {hide}");
        assert!(!verified(folder.path(), false, None));
        assert_eq!(evidence(folder.path()).content, None, "hidden: {hide}");
        swap(&shard, false); // as published again
    }
}

type Change<'a> = &'a dyn Fn(&Path);

#[test]
fn a_release_is_the_noted_one_unless_something_speaks_against_it() {
    let nothing = |_: &Path| ();
    let swapped = |root: &Path| swap(&root.join(NAMES[1]), false);
    let hidden = |root: &Path| swap(&root.join(NAMES[1]), true);
    let replaced = |root: &Path| {
        fs::copy(root.join(NAMES[1]), root.join("other")).unwrap();
        swap(&root.join("other"), false);
        fs::rename(root.join("other"), root.join(NAMES[1])).unwrap();
    };
    let moved = |root: &Path| write(&root.join(NAMES[1]), &["c.txt", "d.obj"]);
    let rewritten =
        |root: &Path| fs::write(root.join(NAMES[1]), fs::read(root.join(NAMES[1])).unwrap()).unwrap();
    // Verified before; the change; verified after; what is said of it.
    let cases: [(bool, Change<'_>, bool, Option<&str>); 14] = [
        (false, &nothing, false, None),
        (true, &nothing, false, None),
        (false, &nothing, true, None),
        (true, &nothing, true, None),
        (false, &swapped, false, Some("written to")),
        (true, &swapped, false, Some("written to")),
        (true, &hidden, false, Some("touched")),
        (false, &replaced, false, Some("written to")),
        (true, &replaced, false, Some("written to")),
        (false, &moved, false, Some("layout")),
        (true, &moved, false, Some("layout")),
        (true, &swapped, true, Some("written to")), // it does not verify any more
        (false, &rewritten, true, None),
        (true, &rewritten, true, None),
    ];
    for (number, (before, change, after, said)) in cases.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        published_in(folder.path());
        assert!(!before || verified(folder.path(), number % 2 == 0, None));
        let noted = evidence(folder.path());
        assert_eq!(noted.content.is_some(), before);
        settle();
        change(folder.path());
        settle();
        if after {
            verified(folder.path(), false, None);
        }
        let found = opened(folder.path(), None).check_same(&noted);
        match said {
            None => found.unwrap(),
            Some(words) => {
                let error = found.unwrap_err();
                assert!(error.to_string().contains(words), "case {number}: {error}");
                assert!(error.place().shard.is_some());
            }
        }
    }
}

/// What is not promised: nobody computed a digest, and everything that is looked at is as it was.
#[test]
fn unverified_and_with_its_time_set_back_a_swap_is_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    published_in(folder.path());
    let noted = evidence(folder.path());
    swap(&folder.path().join(NAMES[1]), true);
    opened(folder.path(), None).check_same(&noted).unwrap();
}

#[test]
fn a_copy_is_the_same_release_unless_its_digests_are_others() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    published_in(folder.path());
    published_in(other.path());
    let check = || opened(other.path(), None).check_same(&evidence(folder.path()));
    check().unwrap();
    assert!(verified(folder.path(), false, None));
    check().unwrap();
    assert!(verified(other.path(), false, None));
    check().unwrap();
    swap(&other.path().join(NAMES[1]), false);
    check().unwrap(); // nobody looked
    publish(other.path());
    assert!(verified(other.path(), false, None));
    let error = check().unwrap_err();
    assert!(error.to_string().contains("other digests"), "{error}");
}
