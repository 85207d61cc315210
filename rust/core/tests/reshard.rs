//! Resharding through the public API, with payloads that are copied: plans, parts, packing, resuming.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use turboshard::{
    digest::Digest,
    error::{Kind, Result},
    pool::{Cancel, Pool, Stash},
    progress::Progress,
    reshard::{self, Options, Outcome, Tools},
    tar::write::{Archive, LongNames},
};

const SAMPLES: usize = 40;

/// A folder of this test's own, removed when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("turboshard-reshard-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Two shards of samples of different sizes, with sums.
fn source(root: &Path) -> Vec<String> {
    let data = root.join("data");
    fs::create_dir_all(&data).unwrap();
    fs::create_dir_all(root.join("checksums")).unwrap();
    let mut sums = String::new();
    for shard in 0..2 {
        let mut tar = Archive::new(LongNames::Gnu);
        for i in shard * SAMPLES / 2..(shard + 1) * SAMPLES / 2 {
            let key = format!("{i:08}_{}", "long_name_".repeat(10));
            tar.member(format!("{key}.a.bin"), &vec![i as u8; 100 + 700 * i]).unwrap();
            tar.member(
                format!("{key}.json"),
                format!("{{\"identity\": \"id{i:03}\", \"n\": {i}}}").as_bytes(),
            )
            .unwrap();
            tar.member(format!("{key}.b.txt"), b"text").unwrap();
        }
        let bytes = tar.finish();
        let name = format!("demo-1024-{shard:06}.tar");
        writeln!(sums, "{}  data/{name}", Digest::of(&bytes)).unwrap();
        fs::write(data.join(name), bytes).unwrap();
    }
    fs::write(root.join("checksums/SHA256SUMS"), sums).unwrap();
    vec![root.display().to_string()]
}

fn run(specs: &[String], dst: &Path, options: &Options, threads: usize) -> Result<Outcome> {
    let pool = Pool::new(threads)?;
    let (stash, cancel, progress) = (Stash::new(), Cancel::never(), Progress::default());
    let tools = Tools { pool: &pool, stash: &stash, cancel: &cancel, progress: &progress };
    reshard::reshard(specs, dst, options, false, &tools)
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn options(json: &str) -> Options {
    Options::from_json(json).unwrap()
}

#[test]
fn bytes_are_the_same_for_any_number_of_threads() {
    let folder = Folder::new("threads");
    let specs = source(&folder.0.join("src"));
    let capped = options(r#"{"max_shard_size": 120000}"#);
    let one = run(&specs, &folder.0.join("one"), &capped, 1).unwrap();
    run(&specs, &folder.0.join("three"), &capped, 3).unwrap();
    let files_of_one = files(&folder.0.join("one"));
    assert!(one.shards.len() >= 4 && one.source_verified, "{one:?}");
    assert_eq!(one.num_samples, SAMPLES as u64);
    assert!(one.shards.iter().all(|shard| shard.size <= 120_000));
    assert_eq!(files_of_one, files(&folder.0.join("three")));
    assert!(
        files_of_one.contains_key("checksums/SHA256SUMS") && files_of_one.contains_key("metadata.tar.gz")
    );
    assert!(!files_of_one.keys().any(|name| name.contains(".reshard") || name.contains("tmp")));
}

#[test]
fn a_flipped_bit_publishes_nothing_and_the_mended_shard_goes_on() {
    let folder = Folder::new("flip");
    let specs = source(&folder.0.join("src"));
    let shard = folder.0.join("src/data/demo-1024-000001.tar");
    let good = fs::read(&shard).unwrap();
    let mut bad = good.clone();
    // The padding of the last member: every payload and every header is whole.
    let at = bad.len() - 1024 - 1;
    bad[at] ^= 1;
    fs::write(&shard, bad).unwrap();
    let dst = folder.0.join("dst");
    let error = run(&specs, &dst, &Options::default(), 2).unwrap_err();
    assert!(matches!(error.kind(), Kind::Digest { .. }), "{error}");
    assert!(error.place().shard.as_deref().is_some_and(|s| s.ends_with("demo-1024-000001.tar")), "{error}");
    let published = files(&dst).into_keys().filter(|name| !name.starts_with(".reshard")).count();
    assert_eq!(published, 0);
    fs::write(&shard, good).unwrap();
    let outcome = run(&specs, &dst, &Options::default(), 2).unwrap();
    assert_eq!(outcome.num_samples, SAMPLES as u64);
    let whole = folder.0.join("whole");
    run(&specs, &whole, &Options::default(), 1).unwrap();
    assert_eq!(files(&dst), files(&whole));
}

#[test]
fn a_finished_release_is_left_alone_and_another_is_refused() {
    let folder = Folder::new("finished");
    let specs = source(&folder.0.join("src"));
    let dst = folder.0.join("dst");
    assert!(!run(&specs, &dst, &Options::default(), 1).unwrap().finished_before);
    let before = files(&dst);
    assert!(run(&specs, &dst, &Options::default(), 2).unwrap().finished_before);
    let refused = run(&specs, &dst, &options(r#"{"first": 3}"#), 1).unwrap_err();
    assert!(matches!(refused.kind(), Kind::Invalid(_)), "{refused}");
    assert_eq!(files(&dst), before);
}

#[test]
fn parts_that_were_damaged_are_made_again() {
    let folder = Folder::new("damage");
    let specs = source(&folder.0.join("src"));
    let (whole, dst) = (folder.0.join("whole"), folder.0.join("dst"));
    run(&specs, &whole, &Options::default(), 1).unwrap();
    // The second shard is not what its sums say, so the run stops when the first one's parts are made.
    let shard = folder.0.join("src/data/demo-1024-000001.tar");
    let good = fs::read(&shard).unwrap();
    let mut bad = good.clone();
    let at = bad.len() - 1024 - 1;
    bad[at] ^= 1;
    fs::write(&shard, bad).unwrap();
    run(&specs, &dst, &Options::default(), 1).unwrap_err();
    fs::write(&shard, good).unwrap();
    let parts = dst.join(".reshard/parts");
    let mut made: Vec<PathBuf> = fs::read_dir(&parts).unwrap().map(|entry| entry.unwrap().path()).collect();
    made.sort();
    assert!(made.len() >= SAMPLES / 2, "{made:?}");
    let mut part = fs::read(&made[3]).unwrap();
    part[700] ^= 1;
    fs::write(&made[3], part).unwrap();
    fs::remove_file(&made[5]).unwrap();
    run(&specs, &dst, &Options::default(), 1).unwrap();
    assert_eq!(files(&dst), files(&whole));
}

#[test]
fn selections_splits_and_even_cuts() {
    let folder = Folder::new("select");
    let specs = source(&folder.0.join("src"));
    let make = |name: &str, json: &str| run(&specs, &folder.0.join(name), &options(json), 2);
    let first = make("first", r#"{"first": 7, "num_shards": 3, "select": ["a"]}"#).unwrap();
    assert_eq!(first.shards.iter().map(|s| s.num_samples).collect::<Vec<_>>(), [2, 2, 3]);
    let some = make("where", r#"{"where": ["n>=30", "identity!=id031"]}"#).unwrap();
    assert_eq!(some.num_samples, 9);
    let split = make("split", r#"{"split": [["train", 0.8], ["val", 0.2]], "shuffle": true}"#).unwrap();
    assert_eq!(split.num_samples, SAMPLES as u64);
    assert!(split.shards.iter().any(|s| s.filename == "demo-1024-val-000000.tar"), "{split:?}");
    for refused in [r#"{"first": 7, "num_shards": 8}"#, r#"{"select": ["none"]}"#, r#"{"where": ["n>99"]}"#] {
        assert!(matches!(make("refused", refused).unwrap_err().kind(), Kind::Invalid(_)), "{refused}");
    }
    let error = make("small", r#"{"max_shard_size": 20000}"#).unwrap_err();
    assert!(matches!(error.kind(), Kind::Data(_)) && error.to_string().contains("cap"), "{error}");
}
