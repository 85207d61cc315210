//! What a receipt stands for.

use std::{fs, path::Path, thread::sleep, time::Duration};

use turboshard::{
    pool::{Cancel, Pool},
    release::Release,
    verify::{Options, Report, verify},
};

use super::{FIELDS, SHARD, found, members, release, tar};

fn run(root: &Path, deep: bool) -> Report {
    let options = Options { deep, receipt: Some(root.join("receipt")), ..Options::default() };
    let release = Release::open(&[root.to_str().unwrap()]).unwrap();
    verify(&release, &options, &Pool::new(2).unwrap(), &Cancel::never(), &|_| ()).unwrap()
}

fn told(report: &Report) -> (usize, bool) {
    (report.remembered, report.is_ok())
}

/// Until a write shows in the file's times.
fn settle() {
    sleep(Duration::from_millis(50));
}

#[test]
fn a_receipt_stands_for_what_is_good_and_for_nothing_else() {
    let bytes = tar(&members());
    let root = release(&bytes, None, FIELDS, None);
    let run = |deep| run(root.path(), deep);
    settle();
    assert_eq!(told(&run(false)), (0, true));
    assert_eq!(told(&run(false)), (1, true));
    assert_eq!(told(&run(true)), (0, true), "a digest is not a look inside");
    assert_eq!(told(&run(true)), (1, true));
    assert_eq!(told(&run(false)), (1, true));
    assert_eq!(run(true).lines[0].samples.as_ref().unwrap().count, 5);
    // Another promise is another verdict, although the shard is as it was.
    let manifest = root.path().join("metadata/release_manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"b.jpg\"", "\"b.jpg\", \"c.jpg\"")).unwrap();
    assert_eq!(told(&run(true)), (0, false));
    fs::write(&manifest, text).unwrap();
    settle();
    let mut changed = bytes.clone();
    changed[700] ^= 1;
    fs::write(root.path().join(SHARD), &changed).unwrap();
    assert_eq!(told(&run(false)), (0, false));
    assert_eq!(told(&run(false)), (0, false), "what is bad is not remembered");
}

#[test]
fn a_key_in_two_shards_is_found_though_a_receipt_stands_for_one_or_both() {
    let root = tempfile::tempdir().unwrap();
    let all = members();
    let shard = |number: u32| root.path().join(format!("r-{number:06}.tar"));
    fs::write(shard(0), tar(&all[..6])).unwrap();
    fs::write(shard(2), tar(&all[9..])).unwrap();
    settle();
    assert_eq!(told(&run(root.path(), true)), (0, true));
    assert_eq!(told(&run(root.path(), true)), (2, true));
    // The second sample of the first shard comes again, with another that is new; both of the two are read.
    fs::write(shard(1), tar(&all[3..9])).unwrap();
    settle();
    for _ in 0..2 {
        let report = run(root.path(), true);
        assert_eq!(found(&report), [("duplicate-key", "k1.a.jpg")]);
        assert_eq!(told(&report), (1, false), "the third shard has nothing to do with it");
    }
    // Each was found good by itself, so a receipt stands for both.
    let both = tempfile::tempdir().unwrap();
    let (one, other) = (both.path().join("r-000000.tar"), both.path().join("r-000001.tar"));
    let aside = both.path().join("aside");
    fs::write(&one, tar(&all[..6])).unwrap();
    fs::write(&aside, tar(&all[3..9])).unwrap();
    settle();
    assert_eq!(told(&run(both.path(), true)), (0, true));
    fs::rename(&one, both.path().join("first")).unwrap();
    fs::rename(&aside, &other).unwrap();
    settle();
    assert_eq!(told(&run(both.path(), true)), (0, true));
    fs::rename(both.path().join("first"), &one).unwrap();
    settle();
    let report = run(both.path(), true);
    assert_eq!((found(&report), report.is_ok()), (vec![("duplicate-key", "k1.a.jpg")], false));
}
