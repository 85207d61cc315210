//! RegHead's release at its true numbers, with files of one byte: counted exactly, and each damage found.
#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use turboshard::{
    audit::{Audit, audit},
    pool::{Cancel, Pool},
    reghead::{self, FIELDS},
    release::Release,
    samples::{self, SampleRow},
    tar::write::{self, LongNames},
};

const SAMPLES: u64 = 33_724;
const STYLES: [(&str, u64); 4] = [
    ("Video_Game_NPC", 8600),
    ("Plastic_Toy", 8427),
    ("Photorealistic", 8426),
    ("Computer_Animated_Film-Style_3D", 8271),
];

/// What is done to the sample of a number: its key and fields, or nothing.
type Edit = fn(u64, String) -> Option<(String, Vec<&'static str>)>;

#[allow(clippy::unnecessary_wraps)] // it is an edit among others
fn whole(_: u64, key: String) -> Option<(String, Vec<&'static str>)> {
    Some((key, FIELDS.into_iter().chain(["json"]).collect()))
}

fn key(number: u64) -> String {
    let mut left = number;
    let style = STYLES.iter().find(|(_, count)| {
        let here = left < *count;
        left = left.saturating_sub(*count);
        here
    });
    reghead::key(number, &format!("id{number:03}_Cat_{}_big_eyes_a_halo", style.unwrap().0))
}

/// Shards of one-byte members; the last member of each is a hole that makes the release as large as the published one.
fn write_release(folder: &Path, edit: Edit) {
    let shards = 11;
    let size = 19_412_u64 * (1 << 20) / shards / 512 * 512;
    let mut rows = Vec::new();
    for shard in 0..shards {
        let name = format!("reghead-v1-512-{shard:06}.tar");
        let mut tar = Vec::new();
        for number in shard * SAMPLES / shards..(shard + 1) * SAMPLES / shards {
            rows.push(SampleRow {
                sample_key: key(number),
                identity: String::new(),
                shard: name.clone(),
                num_expressions: 10,
            });
            let Some((key, fields)) = edit(number, key(number)) else { continue };
            for field in fields {
                write::member_into(format!("{key}.{field}").as_bytes(), b"x", LongNames::Gnu, &mut tar)
                    .unwrap();
            }
        }
        // A name without a dot belongs to no sample.
        let rest = size - tar.len() as u64 - 512 - 1024;
        write::header_into(b"rest", rest, LongNames::Gnu, &mut tar).unwrap();
        let mut file = File::create(folder.join(name)).unwrap();
        file.write_all(&tar).unwrap();
        file.set_len(size).unwrap();
    }
    fs::write(folder.join("webdataset_samples.jsonl"), samples::render(&rows).unwrap()).unwrap();
}

fn audited(edit: Edit) -> Audit {
    let folder = tempfile::tempdir().unwrap();
    write_release(folder.path(), edit);
    let release = Release::open(&[folder.path().to_str().unwrap()]).unwrap();
    audit(&release, Some("reghead-v1-512"), &Pool::new(2).unwrap(), &Cancel::never()).unwrap()
}

fn said(audit: &Audit) -> Vec<String> {
    let differences = audit.differences.iter();
    differences.map(|d| format!("{}: {} {} {}", d.what, d.expected, d.found, d.keys.join(" "))).collect()
}

#[test]
fn the_published_numbers_pass() {
    let found = audited(whole);
    assert_eq!(said(&found), [""; 0]);
    assert_eq!((found.counts.samples, found.counts.images), (33_724, 337_240));
    assert_eq!(found.counts.styles.values().sum::<u64>(), 33_724);
}

#[test]
fn each_damage_is_named() {
    let found = audited(|number, key| match number {
        // missing, doubled, incomplete, with a field of its own
        17 => None,
        10_000 => whole(number, self::key(199)),
        300 => Some((key, FIELDS.into_iter().skip(1).chain(["json"]).collect())),
        400 => Some((key, FIELDS.into_iter().chain(["json", "txt"]).collect())),
        _ => whole(number, key),
    });
    let lines = said(&found);
    for line in [
        "samples: 33724 33723 00000017_… 00010000_…".to_owned(),
        "images: 337240 337229 ".to_owned(),
        format!("samples with open_m_open_e.jpg: 33723 33722 {}", key(300)),
        "samples with txt: 0 1 ".to_owned(),
        format!("samples listed and in no shard: 0 2 {} {}", key(17), key(10_000)),
        format!("keys that come twice: 0 1 {}", key(199)),
        format!("identities that come twice: 0 1 {}", reghead::split_key(&key(199)).unwrap().1),
    ] {
        assert!(lines.contains(&line), "{line} is not in {lines:#?}");
    }
}
