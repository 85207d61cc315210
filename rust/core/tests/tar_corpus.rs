//! The reader against 416 public test archives, as CPython, GNU tar and bsdtar see them.
//!
//! The corpus lies beside the repository and is not part of it; without it this test says so and ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::{
    collections::HashMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::Value;
use turboshard::{
    error::{Error, Kind},
    fault::TarFault,
    index::Policy,
    tar::read::Reader,
};

const LENIENT: Policy = Policy { skip_special: true, lenient_end: true };

/// Archives that CPython lists whole and this reader refuses even when lenient.
const REFUSED: [(&str, TarFault, &str); 6] = [
    (
        "go/pax-global-records.tar",
        TarFault::PaxGlobal,
        "one name for all members: readers disagree on what it means",
    ),
    ("go/pax-nul-path.tar", TarFault::PaxRecord, "NUL in a name; GNU tar and CPython list different names"),
    (
        "go-fuzz/536673de17b526d0bce36e22700aa1b83ce91821-8",
        TarFault::NotTar,
        "no checksum; CPython and GNU tar read 0, and the signed sum happens to be 0",
    ),
    ("go-fuzz/1d1d3f3af7f39383ff8ddd7a62a64f180e7bc10f-2", TarFault::NotTar, "as the one before"),
    ("go-fuzz/a57f001db849b5e37a3883cfea896ce51593302f-2", TarFault::NotTar, "as the one before"),
    ("go-fuzz/f78c4f418591ee72c14ec28b6d4fd4dc9ce92e0a-7", TarFault::NotTar, "as the one before"),
];

/// Archives in which another reader finds a fault, and strict reading rightly finds none.
const SOUND: [(&str, &str); 2] = [
    ("alquitran/ustar_001__archive.tar", "blank size: 0, as CPython and Go read it"),
    ("go/pax-nul-xattrs.tar", "NUL in an attribute that no index needs; cut by length it is well-formed"),
];

type Member = (Vec<u8>, u64, u64);

struct Walk {
    members: Vec<Member>,
    error: Option<Error>,
    skipped: Vec<(TarFault, u64)>,
}

fn walk(bytes: &[u8], policy: Policy) -> Walk {
    let (mut members, mut error) = (Vec::new(), None);
    let mut reader = Reader::of_archive(bytes, policy);
    loop {
        match reader.next_entry() {
            Ok(Some(entry)) => members.push((entry.name.to_vec(), entry.data_offset, entry.size)),
            Ok(None) => break,
            Err(e) => {
                error = Some(e);
                break;
            }
        }
    }
    Walk { members, error, skipped: reader.into_skipped() }
}

fn fault(error: &Error) -> TarFault {
    match error.kind() {
        Kind::Tar(fault) => *fault,
        other => panic!("not a tar fault: {other}"),
    }
}

/// A member as CPython lists it: header offset, name, data offset, size; `None` for what is no file.
fn listed(member: &Value) -> Option<(u64, Member)> {
    if !matches!(member["type"].as_str().unwrap(), "file" | "contiguous") {
        return None;
    }
    let name = match member["name_hex"].as_str() {
        Some(hex) => {
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
        }
        None => member["name"].as_str().unwrap().as_bytes().to_vec(),
    };
    // Fuzzed archives have negative sizes, which CPython lists; no offset can match them.
    let number = |key: &str| member[key].as_u64().unwrap_or(u64::MAX);
    Some((number("offset"), (name, number("data"), number("size"))))
}

/// CPython takes the prefix field for part of the name whatever the magic; only POSIX ustar has one.
fn same_name(ours: &Member, theirs: &Member, bytes: &[u8]) -> bool {
    let header = (theirs.1 as usize).saturating_sub(512);
    let posix = bytes.get(header + 257..header + 263) == Some(b"ustar\0");
    ours.0 == theirs.0 || (!posix && theirs.0.ends_with(&[b"/", &ours.0[..]].concat()))
}

fn same(ours: &Member, theirs: &Member, bytes: &[u8]) -> bool {
    (ours.1, ours.2) == (theirs.1, theirs.2) && same_name(ours, theirs, bytes)
}

fn check(name: &str, bytes: &[u8], expected: &Value) -> Result<(), String> {
    let cpython = &expected["cpython"];
    let stop = cpython["stop"].as_str();
    let sound = cpython["error"].is_null() && stop.is_none_or(|stop| stop.starts_with("EOFHeader"));
    let lenient = walk(bytes, LENIENT);
    let strict = walk(bytes, Policy::default());

    if let Some((_, reason, _)) = REFUSED.iter().find(|row| row.0 == name) {
        return match lenient.error {
            Some(error) if fault(&error) == *reason => Ok(()),
            other => Err(format!("expected {reason:?}, found {other:?}")),
        };
    }
    // Left out where this reader says why: no bytes of their own, or no name.
    let named = |offset| {
        lenient
            .skipped
            .iter()
            .any(|&(fault, at)| at == offset && matches!(fault, TarFault::Sparse | TarFault::EmptyName))
    };
    let files = |list: &Value| -> Vec<Member> {
        let list = list.as_array().map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(listed).filter(|(at, _)| !named(*at)).map(|(_, member)| member).collect()
    };
    let (first, last) = (files(&cpython["members"]), files(&cpython["members_last"]));
    let pairs = lenient.members.iter().zip(&first).chain(lenient.members.iter().rev().zip(last.iter().rev()));
    for (ours, theirs) in pairs {
        if !same(ours, theirs, bytes) {
            return Err(format!("listed {ours:?}, CPython {theirs:?}"));
        }
    }
    let whole = cpython["count"].is_null() || cpython["members_last"].is_null();
    if whole && lenient.members.len() > first.len() {
        return Err(format!("{} members, CPython {}", lenient.members.len(), first.len()));
    }
    match &lenient.error {
        Some(error) if sound => return Err(format!("refused: {error}")),
        None if whole && lenient.members.len() < first.len() => return Err("members lost in silence".into()),
        None if !sound && lenient.skipped.is_empty() => return Err("damage passed in silence".into()),
        _ => {}
    }
    // Strict reading finds whatever anybody finds.
    let failed = |tool: &str| !expected[tool]["error"].is_null();
    let anybody = !sound || failed("gnutar") || failed("bsdtar");
    let excused = SOUND.iter().any(|row| row.0 == name);
    match (anybody, &strict.error) {
        (true, None) if !excused => Err("strict found nothing, another reader did".into()),
        (_, Some(_)) if excused => Err("no longer sound".into()),
        // And nothing that is not one of the faults a lenient reader notes or refuses.
        (_, Some(error)) if lenient.error.is_none() && lenient.skipped.is_empty() => {
            Err(format!("strict only: {error}"))
        }
        _ => Ok(()),
    }
}

#[test]
fn every_archive_is_listed_as_others_list_it_or_refused_for_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/tar");
    let Ok(expected) = fs::read(root.join("expected.json")) else {
        eprintln!("no corpus at {}: nothing to compare with", root.display());
        return;
    };
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let files: HashMap<&str, &Value> =
        expected["files"].as_object().unwrap().iter().map(|(name, row)| (name.as_str(), row)).collect();
    assert_eq!(files.len(), 416);
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (&name, row) in &files {
        let path: PathBuf = root.join(name);
        let mut bytes = fs::read(&path).unwrap();
        if let Some(format) = row["compressed"].as_str() {
            let refused = walk(&bytes, LENIENT).error.map(|e| fault(&e));
            assert_eq!(refused, Some(TarFault::Compressed), "{name}");
            if format != "gz" {
                continue;
            }
            let packed = std::mem::take(&mut bytes);
            flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
        }
        let start = Instant::now();
        if let Err(reason) = check(name, &bytes, row) {
            wrong.push(format!("{name}: {reason}"));
        }
        // A hang, on whatever machine; `corpus_limits.rs` has the second that reading may take.
        assert!(start.elapsed() < Duration::from_secs(20), "{name} took {:?}", start.elapsed());
        compared += 1;
    }
    wrong.sort();
    let known = |name: &str| files.contains_key(name);
    assert!(REFUSED.iter().all(|row| known(row.0)) && SOUND.iter().all(|row| known(row.0)));
    assert!(compared > 400, "only {compared} compared");
    assert!(wrong.is_empty(), "{} archives:\n{}", wrong.len(), wrong.join("\n"));
}
