//! Audits of the data sets besides RegHead at the publishers' own numbers, their files of a byte where nobody reads them.
#![allow(clippy::unwrap_used)]

use std::fs;

use turboshard::{
    audit::audit,
    pool::{Cancel, Pool},
    release::Release,
    tar::write::{self, LongNames},
};

type Sample = (String, Vec<(&'static str, Vec<u8>)>);

/// What differs, each as `what: expected found keys`.
fn differences(samples: &[Sample], figures: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    // In two shards: within one, a key that comes again is no sound tar.
    for (number, samples) in samples.chunks(samples.len().div_ceil(2)).enumerate() {
        let mut tar = Vec::new();
        for (key, members) in samples {
            for (field, payload) in members {
                let name = format!("{key}.{field}");
                write::member_into(name.as_bytes(), payload, LongNames::Gnu, &mut tar).unwrap();
            }
        }
        tar.extend(write::END);
        fs::write(folder.path().join(format!("scans-{number:06}.tar")), tar).unwrap();
    }
    let release = Release::open(&[folder.path().to_str().unwrap()]).unwrap();
    let found = audit(&release, Some(figures), &Pool::new(1).unwrap(), &Cancel::never()).unwrap();
    assert_eq!(found.counts.samples, samples.len() as u64);
    let told = found.differences.iter();
    told.map(|d| format!("{}: {} {} {}", d.what, d.expected, d.found, d.keys.join(" "))).collect()
}

fn realy(id: u64) -> Sample {
    let regions = ["nose.obj", "mouth.obj", "forehead.obj", "cheek.obj"].map(|field| (field, b"x".to_vec()));
    let rest = [("keypoints.obj", b"v 0 0 0\n".repeat(85)), ("json", b"x".to_vec())];
    (id.to_string(), regions.into_iter().chain(rest).collect())
}

fn headspace(key: impl Into<String>) -> Sample {
    (key.into(), ["obj", "mtl", "bmp", "ldmks.txt", "json"].map(|field| (field, b"x".to_vec())).into())
}

#[test]
fn realy_is_100_of_4_regions_and_85_keypoints() {
    let mut samples: Vec<Sample> = (1..=100).map(realy).collect();
    assert_eq!(differences(&samples, "realy"), [""; 0]);
    samples[6].1[4].1 = b"v 0 0 0\n".repeat(84);
    samples[8].1[4].1 = b"no points".to_vec();
    assert_eq!(differences(&samples, "realy"), ["samples whose keypoints.obj has not 85 vertices: 0 2 7 9"]);
    samples[6] = realy(101);
    samples[8] = realy(9);
    samples[70] = realy(10);
    samples[20].1.remove(2);
    let found = differences(&samples, "realy");
    assert_eq!(
        found,
        [
            "subjects other than 1 to 100: 0 1 101",
            "samples with forehead.obj: 100 99 21",
            "keys that come twice: 0 1 10",
        ]
    );
    samples.pop();
    assert_eq!(differences(&samples, "realy")[0], "samples: 100 99 7 71 100");
}

#[test]
fn headspace_is_its_subjects_however_often_they_were_captured() {
    let mut samples: Vec<Sample> = (1..=1518).map(|number| headspace(format!("{number:05}"))).collect();
    assert_eq!(differences(&samples, "headspace-v01"), [""; 0]);
    assert_eq!(differences(&samples, "headspace-v02"), ["subjects: 1519 1518 01519"]);
    samples[6] = headspace("00007_160801111111");
    samples.insert(7, headspace("00007_160801222222"));
    samples.push(headspace("01519"));
    assert_eq!(differences(&samples, "headspace-v02"), [""; 0]);
    let v01 = differences(&samples, "headspace-v01");
    assert_eq!(v01, ["subjects: 1518 1519 ", "subjects other than 00001 to 01518: 0 1 01519"]);
    samples[99].1.remove(0);
    samples[200] = headspace("third");
    let found = differences(&samples, "headspace-v02");
    assert_eq!(found, ["subjects other than 00001 to 01519: 0 1 third", "samples with obj: 1520 1519 00099"]);
    let lyhm: Vec<Sample> = (1..=1212).map(|number| headspace(format!("{:05}", number + 200))).collect();
    assert_eq!(differences(&lyhm, "headspace-lyhm"), [""; 0]);
    assert_eq!(differences(&lyhm[1..], "headspace-lyhm"), ["subjects: 1212 1211 "]);
}

fn views(subject: u64) -> Sample {
    let fields = ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png", "6.png", "json"];
    (format!("subj_id_{subject}"), fields.map(|field| (field, b"x".to_vec())).into())
}

fn face(number: u64) -> Sample {
    (format!("{number:06}"), ["uv.png", "json"].map(|field| (field, b"x".to_vec())).into())
}

#[test]
fn geogen_is_10_000_of_7_views() {
    let mut samples: Vec<Sample> = (0..10_000).map(views).collect();
    assert_eq!(differences(&samples, "geogen"), [""; 0]);
    samples[17].1.remove(3);
    samples[6000] = views(7);
    let found = differences(&samples, "geogen");
    assert_eq!(
        found,
        [
            "images: 70000 69999 ",
            "samples with 3.png: 10000 9999 subj_id_17",
            "keys that come twice: 0 1 subj_id_7",
        ]
    );
    // The project's page counts 10,800: whoever has them is told.
    samples = (0..10_800).map(views).collect();
    assert_eq!(differences(&samples, "geogen"), ["samples: 10000 10800 ", "images: 70000 75600 "]);
}

#[test]
fn ffhq_uv_is_54_165_faces_and_100_000_between_them() {
    let mut samples: Vec<Sample> = (0..54_165).map(face).collect();
    assert_eq!(differences(&samples, "ffhq-uv"), [""; 0]);
    samples[9].1.remove(0);
    samples.pop();
    let found = differences(&samples, "ffhq-uv");
    assert_eq!(
        found,
        ["samples: 54165 54164 ", "images: 54165 54163 ", "samples with uv.png: 54164 54163 000009",]
    );
    samples = (0..100_000).map(face).collect();
    assert_eq!(differences(&samples, "ffhq-uv-interpolate"), [""; 0]);
    samples[60_000] = face(1);
    let found = differences(&samples, "ffhq-uv-interpolate");
    assert_eq!(found, ["keys that come twice: 0 1 000001"]);
}
