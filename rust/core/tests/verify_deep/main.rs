//! Verification down to the pixels: damage of every kind is named, and what it did not touch is still there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod receipt;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use turboshard::{
    codec::{Codec, DecodeOptions, EncodeOptions, MANY_PIXELS},
    digest::Digest,
    error::Kind,
    image::{Mode, Size, Subsampling, View},
    pool::{Cancel, Pool},
    release::Release,
    sums::render,
    tar::write::{Archive, LongNames},
    verify::{Options, Outcome, Report, verify},
};

const SHARD: &str = "data/r-000000.tar";

fn jpeg(seed: usize) -> Vec<u8> {
    let pixels: Vec<u8> = (0..48 * 48 * 3).map(|i| ((i * (seed + 3)) % 251) as u8).collect();
    let view = View { pixels: &pixels, size: Size { height: 48, width: 48 }, channels: 3 };
    let mut out = Vec::new();
    Codec::default().encode_into(view, EncodeOptions::new(90, Subsampling::S420), &mut out).unwrap();
    out
}

/// Five samples of two images and a JSON.
fn members() -> Vec<(String, Vec<u8>)> {
    let mut members = Vec::new();
    for n in 0..5_usize {
        members.push((format!("k{n}.a.jpg"), jpeg(n)));
        members.push((format!("k{n}.b.jpg"), jpeg(n + 9)));
        let json = format!(
            r#"{{"sample_key": "k{n}", "num_expressions": 2, "expressions": [{{"field": "a.jpg"}}, {{"field": "b.jpg"}}]}}"#
        );
        members.push((format!("k{n}.json"), json.into_bytes()));
    }
    members
}

fn tar(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = Archive::new(LongNames::Gnu);
    for (name, bytes) in members {
        tar.member(name, bytes).unwrap();
    }
    tar.finish()
}

/// A release of that one shard, whose digest is listed as it is unless `listed` is another shard's.
fn release(bytes: &[u8], listed: Option<&[u8]>, manifest: &str, rows: Option<&str>) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["data", "metadata", "checksums"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    let published = listed.unwrap_or(bytes);
    fs::write(root.path().join(SHARD), bytes).unwrap();
    fs::write(root.path().join("checksums/SHA256SUMS"), render([(SHARD, Digest::of(published))])).unwrap();
    let manifest = format!(
        r#"{{"name": "r", {manifest} "shards": [{{"filename": "r-000000.tar", "size": {}}}]}}"#,
        published.len()
    );
    fs::write(root.path().join("metadata/release_manifest.json"), manifest).unwrap();
    if let Some(rows) = rows {
        fs::write(root.path().join("metadata/webdataset_samples.jsonl"), rows).unwrap();
    }
    root
}

const FIELDS: &str = r#""fields": ["a.jpg", "b.jpg", "json"],"#;

fn look(root: &Path, options: &Options) -> Report {
    let release = Release::open(&[root.to_str().unwrap()]).unwrap();
    let reports = [1, 2].map(|threads| {
        let pool = Pool::new(threads).unwrap();
        verify(&release, options, &pool, &Cancel::never(), &|_| ()).unwrap()
    });
    let [one, two] = reports;
    assert_eq!(one.problems, two.problems, "threads change nothing");
    one
}

fn deep(root: &TempDir) -> Report {
    look(root.path(), &Options { deep: true, ..Options::default() })
}

/// Reasons and the members they are about.
fn found(report: &Report) -> Vec<(&str, &str)> {
    report.problems.iter().map(|p| (p.reason, p.member.as_deref().unwrap_or("-"))).collect()
}

#[test]
fn a_whole_release_is_good_in_one_read() {
    let row = |n| format!(r#"{{"sample_key": "k{n}", "shard": "r-000000.tar", "num_expressions": 2}}"#);
    let rows = [0, 1, 2, 3, 4].map(row).join("\n");
    let bytes = tar(&members());
    let root = release(&bytes, None, FIELDS, Some(&rows));
    let report = deep(&root);
    assert!(report.is_ok() && report.problems.is_empty() && report.fetch.is_empty(), "{report:?}");
    let samples = report.lines[0].samples.as_ref().unwrap();
    assert_eq!((samples.count, samples.bad.len(), samples.good.len()), (5, 0, 0));
    // A bare shard, of which no list says anything, is looked into all the same.
    let alone = tempfile::tempdir().unwrap();
    fs::write(alone.path().join("s.tar"), &bytes).unwrap();
    assert!(deep(&alone).is_ok());
    assert!(look(alone.path(), &Options::default()).nothing_to_check);
}

#[test]
fn every_flipped_bit_of_every_header_loses_one_member_at_most() {
    let members = members();
    let bytes = tar(&members);
    let mut at = 0;
    let mut seen = 0;
    for (number, (name, payload)) in members.iter().enumerate() {
        // One bit in each field of the header; all 4096 of them are `tar_damage`'s.
        for byte in [0, 5, 101, 124, 130, 150, 156, 200, 257, 330, 511] {
            let mut damaged = bytes.clone();
            damaged[at + byte] ^= 1 << (byte % 7);
            let root = release(&damaged, Some(&bytes), FIELDS, None);
            let report = deep(&root);
            assert_eq!(report.lines[0].outcome, Outcome::Failed);
            let samples = report.lines[0].samples.as_ref().unwrap();
            let key = name.split('.').next().unwrap();
            assert_eq!(samples.good.len(), 4, "{name} byte {byte}: {:?}", found(&report));
            assert!(!samples.good.contains(&key.to_owned()));
            let damage = report.problems.iter().find(|p| p.reason == "header-checksum").unwrap();
            let next = at as u64 + 512 + payload.len().next_multiple_of(512) as u64;
            let end = if number + 1 == members.len() { bytes.len() as u64 } else { next };
            assert_eq!((damage.offset, damage.range.clone()), (Some(at as u64), Some(at as u64..end)));
            assert_eq!(report.fetch[0].ranges, [(at as u64, Some(end))]);
            seen += 1;
        }
        at += 512 + payload.len().next_multiple_of(512);
    }
    assert_eq!(seen, 15 * 11);
}

#[test]
fn a_zeroed_header_is_a_hole_and_not_the_end() {
    let bytes = tar(&members());
    let at = 512 + members()[0].1.len().next_multiple_of(512);
    let mut damaged = bytes.clone();
    damaged[at..at + 512].fill(0);
    let report = deep(&release(&damaged, Some(&bytes), FIELDS, None));
    assert_eq!(report.lines[0].samples.as_ref().unwrap().good, ["k1", "k2", "k3", "k4"]);
    assert_eq!(found(&report), [("missing-field", "k0.b.jpg"), ("header-checksum", "-")]);
}

#[test]
fn a_cut_shard_asks_for_its_tail() {
    let bytes = tar(&members());
    let mut reasons = BTreeMap::new();
    for cut in (0..bytes.len()).step_by(97) {
        let report = deep(&release(&bytes[..cut], Some(&bytes), FIELDS, None));
        assert!(!report.is_ok());
        let ranges = &report.fetch[0].ranges;
        assert_eq!(ranges.last(), Some(&(cut as u64, Some(bytes.len() as u64))));
        for problem in &report.problems {
            *reasons.entry(problem.reason).or_insert(0) += 1;
        }
    }
    let told: Vec<&str> = reasons.keys().copied().collect();
    assert_eq!(
        told,
        ["lone-end-marker", "missing-field", "no-end-marker", "not-tar", "truncated"],
        "{reasons:?}"
    );
}

type Change = fn(&mut Vec<(String, Vec<u8>)>);

#[test]
fn what_is_incomplete_doubled_or_broken_is_named() {
    let rows = "{\"sample_key\":\"k0\",\"shard\":\"r-000000.tar\",\"num_expressions\":2}\n";
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    let all = members;
    let broken: [(Change, &[(&str, &str)]); 9] = [
        (|m| drop(m.remove(1)), &[("missing-field", "k0.b.jpg")]),
        (|m| drop(m.remove(2)), &[("missing-field", "k0.json")]),
        (|m| m[0].1.truncate(500), &[("image-truncated", "k0.a.jpg")]),
        (|m| m[0].1.clear(), &[("not-an-image", "k0.a.jpg")]),
        (|m| m[2].1 = b"{".to_vec(), &[("json-invalid", "k0.json")]),
        (|m| m[2].1 = br#"{"sample_key": "k1"}"#.to_vec(), &[("json-key", "k0.json")]),
        (|m| m.insert(1, m[0].clone()), &[("duplicate", "k0.a.jpg")]),
        (|m| m.swap(2, 3), &[("missing-field", "k0.json"), ("scattered-sample", "k0.json")]),
        (|m| m[3].1.truncate(9), &[("image-corrupt", "k1.a.jpg")]),
    ];
    for (change, expected) in broken {
        let mut changed = all();
        change(&mut changed);
        let report = deep(&release(&tar(&changed), None, FIELDS, None));
        for row in expected {
            let named = found(&report);
            let near = named.iter().any(|(reason, member)| {
                *member == row.1
                    && (*reason == row.0 || (row.0 == "image-corrupt" && reason.contains("image")))
            });
            assert!(near, "{row:?} not among {named:?}");
        }
        assert_eq!(report.lines[0].outcome, Outcome::Failed);
        assert!(report.fetch.is_empty(), "it was published so");
        assert!(report.problems.iter().all(|p| p.key.is_some() && p.offset.is_some()));
    }
    let report = deep(&release(&tar(&all()), None, r#""contract": "reghead","#, None));
    assert_eq!(report.problems.len(), 5 * 10, "ten expressions are due, and the JSON is there");
    let report = deep(&release(&tar(&all()), None, "", Some(rows)));
    assert_eq!(found(&report).iter().filter(|row| row.0 == "unlisted-sample").count(), 4);
    let more = rows.replace("k0", "k9") + &rows.replace("r-000000", "r-000001") + &rows.replace(":2", ":3");
    let report = deep(&release(&tar(&all()), None, "", Some(&more)));
    assert!(found(&report).contains(&("missing-image", "k0.a.jpg")), "{:?}", found(&report));
    assert!(report.problems.iter().any(|p| p.reason == "missing-sample" && p.key.as_deref() == Some("k9")));
    // A part of the fields is whole if the manifest says so, whatever the JSON lists.
    let part: Vec<_> = all().into_iter().filter(|(name, _)| !name.ends_with("b.jpg")).collect();
    assert!(deep(&release(&tar(&part), None, r#""fields": ["a.jpg", "json"],"#, None)).is_ok());
    assert!(!deep(&release(&tar(&part), None, "", None)).is_ok());
    let mut with_png = all();
    with_png.push(("k4.c.png".into(), png));
    assert_eq!(found(&deep(&release(&tar(&with_png), None, FIELDS, None))), [("image-corrupt", "k4.c.png")]);
}

#[test]
fn lenient_lets_pass_what_takes_nothing_away() {
    let bytes = tar(&members());
    let body = bytes.len() - 1024;
    for (tail, code) in
        [(&[][..], "no-end-marker"), (&[0; 512], "lone-end-marker"), (&[7; 2048], "header-checksum")]
    {
        let changed = [&bytes[..body], tail].concat();
        let root = release(&changed, None, FIELDS, None);
        assert_eq!(found(&deep(&root)), [(code, "-")]);
        let lenient = look(root.path(), &Options { deep: true, lenient: true, ..Options::default() });
        assert_eq!(lenient.is_ok(), code.ends_with("marker"), "{code}");
        assert_eq!(lenient.problems.iter().filter(|p| p.tolerated).count(), usize::from(lenient.is_ok()));
    }
    let junk = [&bytes[..], &[7; 100]].concat();
    assert_eq!(found(&deep(&release(&junk, None, FIELDS, None))), [("trailing-garbage", "-")]);
}

#[test]
fn checking_an_image_says_what_decoding_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/jpeg");
    let mut folders = vec![root.clone()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    if files.is_empty() {
        eprintln!("no corpus at {}: nothing to compare with", root.display());
        return;
    }
    let options =
        DecodeOptions { max_pixels: Some(2 * MANY_PIXELS), mode: Mode::Rgb, ..DecodeOptions::default() };
    let code = |kind: &Kind| match kind {
        Kind::Image(fault) => fault.code(),
        other => panic!("{other}"),
    };
    let (mut codec, mut same, mut wrong) = (Codec::default(), 0, Vec::new());
    for path in files {
        let bytes = fs::read(&path).unwrap();
        if bytes.starts_with(b"\x89PNG") {
            continue;
        }
        let middle = bytes.len() / 2;
        let flipped = |by: u8| {
            let flip = |(i, &byte): (usize, &u8)| if i == middle { byte ^ by } else { byte };
            bytes.iter().enumerate().map(flip).collect::<Vec<u8>>()
        };
        for data in [bytes.clone(), bytes[..middle].to_vec(), flipped(1), flipped(0xff)] {
            let checked = codec.check(&data, 2 * MANY_PIXELS);
            let decoded = codec
                .output_size(&data, &options)
                .and_then(|size| codec.decode_into(&data, &options, &mut vec![0; size.pixels() * 3]));
            match (checked, decoded) {
                (Ok(a), Ok(b)) if a.warnings == b.warnings => same += 1,
                (Err(a), Err(b)) if code(a.kind()) == code(b.kind()) => same += 1,
                (a, b) => wrong.push(format!("{}: {a:?}, {b:?}", path.display())),
            }
        }
    }
    assert!(same > 1000, "only {same}");
    assert!(wrong.is_empty(), "{} of {same}:\n{}", wrong.len(), wrong.join("\n"));
}
