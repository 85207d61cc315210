//! Releases in every form: found, read, verified.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use turboshard::{
    bundle,
    digest::Digest,
    error::Kind,
    pool::{Cancel, Pool},
    release::Release,
    sums::render,
    tar::write::{Archive, LongNames},
    verify::{
        Options,
        Outcome::{self, Failed, Ok as Fine, OpenOrRead as Unread},
        Report, verify,
    },
};

const NAMES: [&str; 3] = ["r-1024-000000.tar", "r-1024-000001.tar", "r-1024-000002.tar"];

fn shard(number: usize) -> Vec<u8> {
    let mut tar = Archive::new(LongNames::Gnu);
    tar.member(format!("{number}.jpg"), &[7; 900]).unwrap();
    tar.member(format!("{number}.json"), b"{}").unwrap();
    tar.finish()
}

fn sums() -> String {
    let paths = NAMES.map(|name| format!("data/{name}"));
    render(paths.iter().enumerate().map(|(i, path)| (&**path, Digest::of(&shard(i)))))
}

fn manifest() -> String {
    let row = |i: usize| {
        let bytes = shard(i);
        let digest = Digest::of(&bytes);
        format!(r#"{{"name": "{}", "bytes": {}, "sha256": "sha256:{digest}"}}"#, NAMES[i], bytes.len())
    };
    format!(r#"{{"name": "r-1024", "files": [{}, {}, {}]}}"#, row(0), row(1), row(2))
}

const JSONL: &str =
    "{\"sample_key\":\"0\",\"identity\":\"id0\",\"shard\":\"r-1024-000000.tar\",\"num_expressions\":1}\n";

/// As a download leaves it.
fn flat() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (i, name) in NAMES.iter().enumerate() {
        fs::write(folder.path().join(name), shard(i)).unwrap();
    }
    let checksums = bundle::pack(&[("checksums/SHA256SUMS", sums().as_bytes())]).unwrap();
    fs::write(folder.path().join("checksums.tar.gz"), checksums).unwrap();
    let metadata = [
        ("metadata/release_manifest.json", manifest()),
        ("metadata/webdataset_samples.jsonl", JSONL.to_owned()),
    ];
    let metadata = metadata.each_ref().map(|(name, text)| (*name, text.as_bytes()));
    fs::write(folder.path().join("metadata.tar.gz"), bundle::pack(&metadata).unwrap()).unwrap();
    folder
}

fn unpacked() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for sub in ["data", "metadata", "checksums"] {
        fs::create_dir(folder.path().join(sub)).unwrap();
    }
    for (i, name) in NAMES.iter().enumerate() {
        fs::write(folder.path().join("data").join(name), shard(i)).unwrap();
    }
    fs::write(folder.path().join("checksums/SHA256SUMS"), sums()).unwrap();
    fs::write(folder.path().join("metadata/release_manifest.json"), manifest()).unwrap();
    fs::write(folder.path().join("metadata/webdataset_samples.jsonl"), JSONL).unwrap();
    folder
}

fn open(path: impl AsRef<Path>) -> Release {
    Release::open(&[path.as_ref().to_str().unwrap()]).unwrap()
}

fn check(release: &Release) -> Report {
    check_with(release, &Options::default())
}

fn check_with(release: &Release, options: &Options) -> Report {
    let pool = Pool::new(2).unwrap();
    verify(release, options, &pool, &Cancel::never(), &|_| ()).unwrap()
}

fn verdicts(report: &Report) -> Vec<(&str, Outcome)> {
    report.lines.iter().map(|line| (&*line.path_as_listed, line.outcome)).collect()
}

fn names(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect()
}

#[test]
fn both_layouts_are_found_and_verified() {
    for folder in [flat(), unpacked()] {
        let release = open(folder.path());
        assert_eq!(names(&release.shards), NAMES);
        assert_eq!((release.name(), release.root()), ("r-1024".to_owned(), folder.path()));
        for (i, expected) in release.expected.iter().enumerate() {
            assert_eq!(expected.digest, Some(Digest::of(&shard(i))));
            assert_eq!((expected.size, &expected.conflict), (Some(shard(i).len() as u64), &None));
        }
        assert_eq!(release.samples().unwrap().unwrap()[0].identity, "id0");
        assert_eq!((release.missing().len(), release.bytes()), (0, 3 * shard(0).len() as u64));
        let report = check(&release);
        assert!(report.is_ok());
        assert_eq!(verdicts(&report)[2], ("data/r-1024-000002.tar", Outcome::Ok));
        assert_eq!((report.lines.len(), report.extra.len(), report.malformed.len()), (3, 0, 0));
        assert_eq!(report.lines[1].found, Some(Digest::of(&shard(1))));
    }
}

#[test]
fn shards_globs_ranges_and_lists_find_the_lists_beside_them() {
    for folder in [flat(), unpacked()] {
        let data = if folder.path().join("data").is_dir() {
            folder.path().join("data")
        } else {
            folder.path().into()
        };
        let release = open(data.join(NAMES[1]));
        assert_eq!((names(&release.shards), release.name()), (vec![NAMES[1]], "r-1024".into()));
        assert_eq!(release.expected[0].digest, Some(Digest::of(&shard(1))));
        assert_eq!(verdicts(&check(&release)), [("data/r-1024-000001.tar", Outcome::Ok)]);
        assert_eq!(check(&open(data.join("r-*.tar"))).lines.len(), 3);
        let range = open(data.join("r-1024-{000002..000001}.tar"));
        assert_eq!(names(&range.shards), [NAMES[2], NAMES[1]]);
        assert_eq!(range.sources.len(), 1);
        let list = [data.join(NAMES[2]), data.join(NAMES[0])].map(|p| p.to_str().unwrap().to_owned());
        assert_eq!(names(&Release::open(&list).unwrap().shards), [NAMES[2], NAMES[0]]);
        assert!(check(&open(&data)).is_ok());
    }
    let folder = unpacked();
    assert_eq!(check(&open(folder.path().join("checksums/SHA256SUMS"))).lines.len(), 3);
    // Two releases at once keep their own lists.
    let other = flat();
    let both = Release::open(&[folder.path().to_str().unwrap(), other.path().to_str().unwrap()]).unwrap();
    assert_eq!((both.shards.len(), both.sources.len(), check(&both).lines.len()), (6, 2, 6));
}

#[test]
fn shards_without_lists_are_a_release_with_nothing_to_check() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("faces_007.tar"), shard(0)).unwrap();
    fs::write(folder.path().join(".x.tar.tmp-1.tar"), "").unwrap();
    let release = open(folder.path());
    assert_eq!((names(&release.shards), release.name()), (vec!["faces_007.tar"], "faces".into()));
    assert!(release.samples().unwrap().is_none());
    let report = check(&release);
    assert!(report.nothing_to_check && !report.is_ok() && report.extra.is_empty());
}

#[test]
fn every_kind_of_damage_has_its_line() {
    let folder = unpacked();
    let data = folder.path().join("data");
    let mut bytes = shard(0);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(data.join(NAMES[0]), &bytes).unwrap();
    fs::remove_file(data.join(NAMES[1])).unwrap();
    fs::write(data.join(NAMES[2]), &shard(2)[..1000]).unwrap();
    fs::write(data.join("more.tar"), shard(3)).unwrap();
    let release = open(folder.path());
    assert_eq!(release.missing(), ["data/r-1024-000001.tar"]);
    let report = check(&release);
    let outcomes: Vec<Outcome> = report.lines.iter().map(|line| line.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::OpenOrRead, Outcome::Failed]);
    assert!(report.lines[1].reason.as_ref().unwrap().contains("No such file"));
    assert_eq!((report.lines[2].size, names(&report.extra)), (Some(1000), vec!["more.tar"]));
    let ignoring = check_with(&release, &Options { ignore_missing: true, ..Options::default() });
    assert_eq!(ignoring.lines.len(), 2);
}

#[test]
fn lists_that_disagree_fail_the_shard() {
    let folder = unpacked();
    let wrong = manifest().replace(&Digest::of(&shard(1)).to_string(), &Digest::of(b"other").to_string());
    let size = format!("\"bytes\": {}", shard(0).len());
    let wrong = wrong.replacen(&size, "\"bytes\": 5", 1);
    fs::write(folder.path().join("metadata/release_manifest.json"), wrong).unwrap();
    let release = open(folder.path());
    assert!(release.expected[1].conflict.as_ref().unwrap().contains("two digests"));
    let report = check(&release);
    let outcomes: Vec<Outcome> = report.lines.iter().map(|line| line.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::Failed, Outcome::Ok]);
    assert!(report.lines[0].reason.as_ref().unwrap().contains("manifest says 5"));
    assert!(report.lines[1].reason.as_ref().unwrap().contains("as in the sums"));
    // The manifest alone is enough.
    fs::remove_file(folder.path().join("checksums/SHA256SUMS")).unwrap();
    let outcomes: Vec<Outcome> = check(&open(folder.path())).lines.iter().map(|line| line.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::Failed, Outcome::Ok]);
}

#[test]
fn sums_are_judged_line_by_line_and_never_followed_out() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("release");
    fs::create_dir(&inside).unwrap();
    fs::write(inside.join("a.tar"), shard(0)).unwrap();
    fs::write(inside.join("notes.txt"), "hi").unwrap();
    fs::write(folder.path().join("secret.tar"), "s").unwrap();
    let (a, s) = (Digest::of(&shard(0)), Digest::of(b"s"));
    let text = format!(
        "{s}  ../secret.tar\r\n{s}  {}\r\nrubbish\r\nSHA256 (a.tar) = {}\r\n{s}  a.tar\r\n{}  notes.txt\r\n{a}  elsewhere/a.tar\r\n",
        folder.path().join("secret.tar").display(),
        a.to_string().to_uppercase(),
        Digest::of(b"hi"),
    );
    fs::write(inside.join("SHA256SUMS"), text).unwrap();
    let release = open(&inside);
    assert!(release.expected[0].conflict.is_some());
    let report = check(&release);
    let outcomes: Vec<Outcome> = report.lines.iter().map(|line| line.outcome).collect();
    assert_eq!(outcomes, [Unread, Unread, Fine, Failed, Fine, Fine]);
    assert!(report.lines[0].reason.as_ref().unwrap().contains("out of the release"));
    assert_eq!(report.malformed, [3]);
    // Another base: the file is not there, but its base name is beside the shards.
    let base = Options { base: Some(folder.path().to_owned()), ..Options::default() };
    assert_eq!(check_with(&release, &base).lines[2].outcome, Fine);
}

#[test]
fn what_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| Release::open(&[folder.path().join(name).to_str().unwrap()]).unwrap_err();
    for missing in ["nowhere", "x*.tar", "x-{0..2}.tar"] {
        let error = open(missing);
        let Kind::Io { path: Some(path), source } = error.kind() else { panic!("{error}") };
        assert_eq!(source.kind(), ErrorKind::NotFound);
        assert!(path.ends_with(missing) || path.ends_with("x-0.tar"), "{path}");
    }
    let error = open("");
    assert!(matches!(error.kind(), Kind::Data(_)) && error.hint().unwrap().contains("data/"));
    assert!(matches!(Release::open::<&str>(&[]).unwrap_err().kind(), Kind::Invalid(_)));
    // A list that cannot be read is no release without lists.
    fs::write(folder.path().join("a.tar"), shard(0)).unwrap();
    fs::write(folder.path().join("metadata.tar.gz"), "not gzip").unwrap();
    assert!(open("").place().shard.as_ref().unwrap().ends_with("metadata.tar.gz"));
}
