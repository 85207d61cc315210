//! `skip_bad` over shards whose tar structure is damaged: whole samples are kept as they are, the others named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use tempfile::TempDir;
use turboshard::{
    digest::Digest,
    error::{Error, Kind},
    index::Policy,
    pool::{Cancel, Pool, Stash},
    progress::Progress,
    random::Random,
    reshard::{self, Options, Outcome, Tools},
    shard::Shard,
    tar::{
        header::{checksum_fits, unsigned_sum},
        write::{Archive, END, LongNames},
    },
};

const SAMPLES: usize = 6;

/// Keys of such a length that names need a record of their own, in every other sample.
fn key(number: usize) -> String {
    format!("{number:08}_{}", "long_name_".repeat(number % 2 * 10))
}

fn archive(numbers: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut tar = Archive::new(LongNames::Gnu);
    for number in numbers {
        tar.member(format!("{}.a.bin", key(number)), &vec![number as u8; 100 + 700 * number]).unwrap();
        tar.member(format!("{}.json", key(number)), format!("{{\"n\": {number}}}").as_bytes()).unwrap();
        tar.member(format!("{}.b.txt", key(number)), b"text").unwrap();
    }
    tar.finish()
}

/// A release of that one shard, published as it is.
fn release(shard: &[u8], rows: bool) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["data", "metadata", "checksums"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    fs::write(root.path().join("data/demo-000000.tar"), shard).unwrap();
    let sums = format!("{}  data/demo-000000.tar\n", Digest::of(shard));
    fs::write(root.path().join("checksums/SHA256SUMS"), sums).unwrap();
    if rows {
        let mut text = String::new();
        for number in 0..SAMPLES {
            writeln!(text, r#"{{"sample_key": "{}", "shard": "demo-000000.tar"}}"#, key(number)).unwrap();
        }
        fs::write(root.path().join("metadata/webdataset_samples.jsonl"), text).unwrap();
    }
    root
}

/// Payloads by key.
type Payloads = BTreeMap<String, Vec<Vec<u8>>>;

fn run(root: &Path, options: &str) -> Result<(Outcome, Payloads), Error> {
    let dst = tempfile::tempdir().unwrap();
    let pool = Pool::new(1).unwrap();
    let (stash, cancel, progress) = (Stash::new(), Cancel::never(), Progress::default());
    let tools = Tools { pool: &pool, stash: &stash, cancel: &cancel, progress: &progress };
    let specs = [root.to_str().unwrap().to_owned()];
    let outcome = reshard::reshard(&specs, dst.path(), &Options::from_json(options).unwrap(), false, &tools)?;
    let mut kept = BTreeMap::new();
    for shard in &outcome.shards {
        let shard = Shard::open(&dst.path().join("data").join(&shard.filename), Policy::default()).unwrap();
        for sample in 0..shard.index().samples.len() {
            let payload = |member| {
                let mut bytes = Vec::new();
                shard.read_member(member, &mut bytes).unwrap();
                bytes
            };
            let key = String::from_utf8(shard.index().key(sample).to_vec()).unwrap();
            kept.insert(key, shard.index().members(sample).map(payload).collect());
        }
    }
    Ok((outcome, kept))
}

const SKIP: &str = r#"{"skip_bad": true}"#;

/// The samples that are not kept, as they are told: all of them and no other, and what is kept is as it was.
fn lost(shard: &[u8], rows: bool) -> Vec<(String, String)> {
    let whole = run(release(&archive(0..SAMPLES), false).path(), "{}").unwrap().1;
    let root = release(shard, rows);
    assert!(run(root.path(), "{}").is_err(), "nothing is damaged");
    let (outcome, kept) = run(root.path(), SKIP).unwrap();
    assert!(!kept.is_empty() && outcome.source_verified);
    assert!(kept.iter().all(|(key, payloads)| whole.get(key) == Some(payloads)));
    let code = |reason: &str| reason.split(':').next().unwrap().to_owned();
    let told: Vec<_> = outcome.left_out.iter().map(|lost| (lost.key.clone(), code(&lost.reason))).collect();
    let named = |key: &String| told.iter().any(|(lost, _)| lost == key);
    assert!(whole.keys().all(|key| kept.contains_key(key) != named(key)) || !rows, "{told:?}");
    told
}

#[test]
fn a_flipped_bit_in_any_header_costs_its_sample_and_no_other() {
    let whole = archive(0..SAMPLES);
    let index =
        turboshard::index::Index::of_bytes(&whole[..whole.len() - END.len()], 0, Policy::default()).unwrap();
    let mut random = Random::new(3);
    let mut headers = 0;
    for sample in 0..SAMPLES {
        let span = index.span(sample);
        for at in (span.start as usize..span.end as usize).step_by(512) {
            if !checksum_fits(whole[at..].first_chunk().unwrap()) {
                continue;
            }
            headers += 1;
            let mut bent = whole.clone();
            bent[at + random.below(148) as usize] ^= 1 << random.below(7);
            if checksum_fits(bent[at..].first_chunk().unwrap()) {
                continue; // not in these bytes
            }
            let named = (key(sample), "header-checksum".to_owned());
            assert_eq!(lost(&bent, true), std::slice::from_ref(&named), "header at {at}");
            // Without a list nobody knows what else was between two samples.
            let members = index.members(sample);
            let (second, last) =
                (index.header_offset[members.start + 1], index.header_offset[members.end - 1]);
            let between = (at as u64) < second || at as u64 >= last;
            let nameless = between.then(|| ("-".to_owned(), "header-checksum".to_owned()));
            let expected: Vec<_> = [named].into_iter().chain(nameless).collect();
            assert_eq!(lost(&bent, false), expected, "header at {at}");
        }
    }
    assert_eq!(headers, SAMPLES * 3 + SAMPLES / 2 * 3);
}

#[test]
fn a_cut_costs_the_last_sample_and_names_what_is_listed_behind_it() {
    let whole = archive(0..SAMPLES);
    let four = archive(0..4).len() - END.len();
    let keys = |told: Vec<(String, String)>| told.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let nameless = |code: &str| ("-".to_owned(), code.to_owned());
    // Inside the first payload of the fifth sample, of which nothing but the name is left.
    let inside = four + 512 + 1000;
    assert_eq!(keys(lost(&whole[..inside], true)), [key(4), key(5)]);
    let told = lost(&whole[..inside], false);
    assert_eq!(told, [(key(4), "truncated".into()), nameless("truncated")]);
    // Between two samples: the fourth is whole, and what was behind it only a list can tell.
    assert_eq!(keys(lost(&whole[..four], true)), [key(4), key(5)]);
    assert_eq!(lost(&whole[..four], false), [nameless("no-end-marker")]);
    // Between two members of one sample.
    let told = lost(&whole[..four + 512 + 3072], false);
    assert_eq!(told, [(key(4), "no-end-marker".into()), nameless("no-end-marker")]);
}

#[test]
fn holes_links_and_what_lies_behind_the_end() {
    let whole = archive(0..SAMPLES);
    let three = archive(0..3).len() - END.len();
    let mut hole = whole.clone();
    hole[three..three + 512].fill(0); // the name record's header of the fourth sample
    assert_eq!(lost(&hole, true), [(key(3), "header-checksum".into())]);
    let mut link = whole.clone();
    let four = archive(0..4).len() - END.len();
    link[four + 156] = b'2';
    let block: &mut [u8; 512] = link[four..].first_chunk_mut().unwrap();
    let sum = unsigned_sum(block);
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert_eq!(lost(&link, false), [(key(4), "link".into())]);
    let garbage = [&whole[..], &[7; 600]].concat();
    assert_eq!(lost(&garbage, false), [("-".into(), "trailing-garbage".into())]);
    assert_eq!(lost(&garbage, true), []);
}

#[test]
fn keys_that_come_again_are_left_out_in_every_place() {
    let twice = [&archive(0..4)[..], &archive(1..SAMPLES)[..]].concat();
    let at = archive(0..4).len() - END.len();
    let joined = [&twice[..at], &twice[at + END.len()..]].concat();
    let told = lost(&joined, true);
    assert_eq!(
        told,
        [1, 2, 3, 1, 2, 3]
            .map(key)
            .into_iter()
            .take(3)
            .map(|k| (k, "scattered-sample".into()))
            .collect::<Vec<_>>()
    );
}

#[test]
fn what_is_not_as_published_is_salvaged_only_unverified() {
    let whole = archive(0..SAMPLES);
    let root = release(&whole, true);
    let mut bent = whole.clone();
    bent[600] ^= 1; // a payload, which only the digest shows
    let four = archive(0..4).len() - END.len();
    bent.truncate(four);
    fs::write(root.path().join("data/demo-000000.tar"), &bent).unwrap();
    let error = run(root.path(), SKIP).unwrap_err();
    assert!(matches!(error.kind(), Kind::Digest { .. }), "{error}");
    let (outcome, kept) = run(root.path(), r#"{"skip_bad": true, "verify": false}"#).unwrap();
    assert_eq!((kept.len(), outcome.left_out.len(), outcome.source_verified), (4, 2, false));
    // What is no tar is no damaged one.
    for bytes in [&b"nothing of the kind"[..], b"\x1f\x8b\x08 and so on", &[b'x'; 2048]] {
        assert!(matches!(run(release(bytes, false).path(), SKIP).unwrap_err().kind(), Kind::Tar(_)));
    }
}

#[test]
fn keys_that_were_asked_for_and_lost_are_told() {
    let whole = archive(0..SAMPLES);
    let root = release(&whole[..archive(0..4).len() - END.len()], true);
    let asked = format!(r#"{{"skip_bad": true, "keys": ["{}", "{}"]}}"#, key(1), key(5));
    let (outcome, kept) = run(root.path(), &asked).unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), [&key(1)]);
    assert_eq!(outcome.left_out.iter().map(|lost| lost.key.clone()).collect::<Vec<_>>(), [key(5)]);
}
