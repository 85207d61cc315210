//! The index file: made once, believed only while it is true.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use turboshard::{
    catalog::Catalog,
    error::Kind,
    index::Policy,
    pool::{Cancel, Pool},
    release::Release,
    tar::write::{Archive, LongNames},
};

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

fn release_in(root: &Path) -> PathBuf {
    fs::create_dir_all(root.join("data")).unwrap();
    write(&root.join("data/r-000000.tar"), &["a.jpg", "a.json", "b.jpg", "b.json"]);
    write(&root.join("data/r-000001.tar"), &["c.jpg", "c.json"]);
    settle();
    root.join(".turboshard/index-v1")
}

fn open(spec: &Path, cache: Option<&Path>) -> Catalog {
    let release = Release::open(&[spec.to_str().unwrap()]).unwrap();
    Catalog::open(&release, Policy::default(), cache, &Pool::new(1).unwrap(), &Cancel::never()).unwrap()
}

/// The columns of the shards, read from the index file if a damaged shard is not noticed.
fn keys(catalog: &Catalog) -> Vec<Vec<u8>> {
    (0..catalog.len())
        .map(|sample| {
            let (shard, number) = catalog.locate(sample).unwrap();
            shard.index().key(number).to_vec()
        })
        .collect()
}

#[test]
fn a_key_in_two_shards_is_refused_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    release_in(folder.path());
    let spec = folder.path().to_str().unwrap();
    write(&folder.path().join("data/r-000002.tar"), &["d.jpg", "b.jpg", "b.json"]);
    let release = Release::open(&[spec]).unwrap();
    let open = |policy| Catalog::open(&release, policy, None, &Pool::new(1).unwrap(), &Cancel::never());
    for _ in 0..2 {
        // The index file knows the shards the second time, and changes nothing.
        let error = open(Policy::default()).unwrap_err();
        let place = error.place();
        assert!(matches!(error.kind(), Kind::Data(_)), "{error}");
        assert!(place.shard.as_ref().unwrap().ends_with("r-000002.tar"));
        assert_eq!((place.member.as_deref(), place.offset), (Some("b"), Some(1024)));
    }
    assert_eq!(open(Policy { skip_special: true, lenient_end: true }).unwrap().len(), 5);
}

#[test]
fn the_second_opening_does_not_scan() {
    let folder = tempfile::tempdir().unwrap();
    let file = release_in(folder.path());
    let first = open(folder.path(), None);
    assert_eq!((keys(&first), file.is_file()), (vec![b"a".to_vec(), b"b".to_vec(), b"c".to_vec()], true));
    let made = fs::metadata(&file).unwrap().modified().unwrap();
    settle();
    let second = open(folder.path(), None);
    assert_eq!((keys(&second), second.fingerprint()), (keys(&first), first.fingerprint()));
    // A scan would have written the file anew.
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), made);
    assert!(first.locate(3).is_err());
}

#[test]
fn a_shard_that_changed_is_scanned_again_and_refused_by_who_has_it_open() {
    let folder = tempfile::tempdir().unwrap();
    release_in(folder.path());
    let first = open(folder.path(), None);
    first.check_unchanged().unwrap();
    let shard = folder.path().join("data/r-000001.tar");
    for (name, hide) in [("d", false), ("e", true)] {
        let modified = fs::metadata(&shard).unwrap().modified().unwrap();
        fs::rename(&shard, folder.path().join("kept")).unwrap(); // or its inode would be given to the next
        write(&shard, &[&format!("{name}.jpg"), &format!("{name}.json")]);
        if hide {
            File::options().write(true).open(&shard).unwrap().set_modified(modified).unwrap();
        }
        settle();
        let error = first.check_unchanged().unwrap_err();
        assert!(error.place().shard.as_ref().unwrap().ends_with("r-000001.tar"), "{error}");
        let second = open(folder.path(), None);
        assert_eq!(keys(&second)[2], name.as_bytes());
        assert_ne!(second.fingerprint(), first.fingerprint());
        assert_eq!(open(folder.path(), None).fingerprint(), second.fingerprint());
    }
}

#[test]
fn what_was_written_to_since_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    release_in(folder.path());
    let catalog = open(folder.path(), None);
    let shard = catalog.shards()[0].clone();
    let mut bytes = Vec::new();
    shard.read_sample(0, &mut bytes).unwrap();
    // A link more changes the file's state and none of its bytes.
    fs::hard_link(shard.path(), folder.path().join("link")).unwrap();
    shard.read_sample(1, &mut bytes).unwrap();
    let written = File::options().write(true).open(shard.path()).unwrap();
    written.write_all_at(b"x", shard.index().data_offset[3]).unwrap();
    for sample in [0, 1] {
        let error = shard.read_sample(sample, &mut bytes).unwrap_err();
        assert!(error.to_string().contains("changed since it was opened"), "{error}");
        assert_eq!(error.place().shard.as_deref(), shard.path().to_str());
    }
    catalog.shards()[1].read_sample(0, &mut bytes).unwrap();
}

#[test]
fn a_damaged_file_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = release_in(folder.path());
    let expected = open(folder.path(), None).fingerprint();
    let whole = fs::read(&file).unwrap();
    for bent in [&b""[..], b"junk", &whole[..whole.len() / 2]] {
        fs::write(&file, bent).unwrap();
        assert_eq!(open(folder.path(), None).fingerprint(), expected);
        assert_eq!(fs::read(&file).unwrap().len(), whole.len());
    }
}

#[test]
fn a_shard_just_written_is_not_believed_yet() {
    let folder = tempfile::tempdir().unwrap();
    let file = release_in(folder.path());
    let shard = folder.path().join("data/r-000001.tar");
    let ahead = SystemTime::now() + Duration::from_secs(5);
    File::options().write(true).open(&shard).unwrap().set_modified(ahead).unwrap();
    open(folder.path(), None);
    let made = fs::read(&file).unwrap();
    settle();
    open(folder.path(), None);
    assert_ne!(fs::read(&file).unwrap(), made, "the time of the scan is in it");
}

#[test]
fn without_leave_to_write_the_cache_folder_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let file = release_in(folder.path());
    // A file where the folder should be: what a read-only release looks like to root, too.
    fs::write(file.parent().unwrap(), b"").unwrap();
    let first = open(folder.path(), Some(cache.path()));
    let made: Vec<_> =
        fs::read_dir(cache.path()).unwrap().map(|e| e.unwrap().path().join("index-v1")).collect();
    assert!(made.len() == 1 && made[0].is_file(), "{made:?}");
    fs::write(&made[0], b"junk").unwrap();
    assert_eq!(open(folder.path(), Some(cache.path())).fingerprint(), first.fingerprint());
    assert!(fs::read(&made[0]).unwrap().len() > 100);
    assert_eq!(open(folder.path(), None).fingerprint(), first.fingerprint());
}

#[test]
fn a_lone_shard_leaves_no_file_and_copies_have_one_fingerprint() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = release_in(folder.path());
    assert_eq!(open(&folder.path().join("data/r-000000.tar"), None).len(), 2);
    assert!(!file.exists());
    release_in(other.path());
    assert_eq!(open(folder.path(), None).fingerprint(), open(other.path(), None).fingerprint());
}
