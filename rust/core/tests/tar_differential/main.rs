//! The reader against `tar-core`, another reader in Rust: on the public archives, and on generated ones, sound and damaged.
//!
//! Wherever they differ, the difference has a reason in [`Why`], and each reason is met.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod archives;

use std::collections::BTreeMap;

use tar_core::{
    EntryType, HeaderError,
    parse::{Limits, ParseError, ParseEvent, Parser},
};
use turboshard::{
    error::Kind,
    fault::TarFault,
    index::Policy,
    random::Random,
    tar::{header::checksum_fits, read::Reader},
};

use archives::{corpus, generated};

const LENIENT: Policy = Policy { skip_special: true, lenient_end: true };

/// Name, offset of the data, bytes.
type Member = (Vec<u8>, u64, u64);

/// The plain files of an archive, and what ended the list if it was not its end.
struct Listed<E> {
    members: Vec<Member>,
    error: Option<E>,
}

fn ours(bytes: &[u8], policy: Policy) -> Listed<TarFault> {
    let (mut members, mut reader) = (Vec::new(), Reader::of_archive(bytes, policy));
    let error = loop {
        match reader.next_entry() {
            Ok(Some(entry)) => members.push((entry.name.to_vec(), entry.data_offset, entry.size)),
            Ok(None) => break None,
            Err(error) => match error.kind() {
                Kind::Tar(fault) => break Some(*fault),
                other => panic!("not a tar fault: {other}"),
            },
        }
    };
    Listed { members, error }
}

/// How `tar-core` ends.
#[derive(Debug)]
enum Theirs {
    /// It asks for more bytes than there are.
    Hungry,
    Refused(ParseError),
}

fn theirs(bytes: &[u8]) -> Listed<Theirs> {
    let mut parser = Parser::new(Limits::default());
    let (mut members, mut at) = (Vec::new(), 0_usize);
    let error = loop {
        let (consumed, entry, sparse) = match parser.parse(&bytes[at..]) {
            Ok(ParseEvent::End { .. }) => break None,
            Ok(ParseEvent::NeedData { .. }) => break Some(Theirs::Hungry),
            Ok(ParseEvent::GlobalExtensions { consumed, .. }) => {
                at += consumed;
                continue;
            }
            Ok(ParseEvent::Entry { consumed, entry }) => (consumed, entry, false),
            Ok(ParseEvent::SparseEntry { consumed, entry, .. }) => (consumed, entry, true),
            Err(error) => break Some(Theirs::Refused(error)),
        };
        let data = at + consumed;
        // What a reader does with the size of a header that has no data is left to it; ours passes over none.
        let stored = match entry.entry_type {
            EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Fifo
            | EntryType::Directory => 0,
            _ => entry.size,
        };
        let next = stored.checked_next_multiple_of(512).and_then(|padded| padded.checked_add(data as u64));
        let Some(next) = next.filter(|&next| next <= bytes.len() as u64) else { break Some(Theirs::Hungry) };
        let regular = matches!(entry.entry_type, EntryType::Regular | EntryType::Continuous) && !sparse;
        if regular && !entry.path.ends_with(b"/") {
            members.push((entry.path.to_vec(), data as u64, entry.size));
        }
        at = next as usize;
    };
    Listed { members, error }
}

/// Why the two differ. Each is a row of `docs/reliability.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// Refused here for that fault, read there.
    Stricter(&'static str),
    /// Sums of signed bytes, as some old writers made them, are taken here.
    SignedSum,
    /// A malformed field or record that no index needs (mode, owner, time, device) is looked at there.
    UnreadField,
    /// A long name ends at its first NUL here, as for GNU tar; there it goes on.
    NulEndsName,
    /// An extension header is one here whatever the magic, as for CPython and GNU tar, and Solaris' `X` is one; there they are
    /// members of an unknown type.
    ForeignExtension,
    /// What was said of a member is forgotten there if a global header comes between; not here, nor by CPython and GNU tar.
    GlobalBetween,
    /// Data stored behind a header of a kind that has none are passed over here, as libarchive does; there they are headers.
    StoredAnyway,
}

/// Faults that are refused here and read there. `docs/reliability.md` has each in its table of variants.
const STRICTER: [TarFault; 10] = [
    TarFault::Link,
    TarFault::Sparse,
    TarFault::NotAFile,
    TarFault::UnknownType,
    TarFault::EmptyName,
    TarFault::TrailingGarbage,
    TarFault::LoneEndMarker,
    TarFault::PaxGlobal,
    TarFault::PaxRecord,
    TarFault::DanglingHeader,
];

/// Type flags of all blocks that could be headers, in order; those of extensions without a magic as `?`.
fn flags(bytes: &[u8]) -> Vec<u8> {
    let headers = bytes.as_chunks::<512>().0.iter().filter(|block| block[0] != 0 && checksum_fits(block));
    let flag = |block: &[u8; 512]| match block[156] {
        b'L' | b'K' | b'x'
            if ![b"ustar  \0", b"ustar\x0000"].contains(&block[257..265].try_into().unwrap()) =>
        {
            b'?'
        }
        flag => flag,
    };
    headers.map(flag).collect()
}

/// `None` where both say the same; `Err` where nothing explains that they do not.
fn explain(bytes: &[u8]) -> Result<Option<Why>, String> {
    let (strict, lenient, mut other) = (ours(bytes, Policy::default()), ours(bytes, LENIENT), theirs(bytes));
    let mut cut = 0;
    for (name, _, _) in &mut other.members {
        if let Some(end) = name.iter().position(|&b| b == 0) {
            name.truncate(end);
            cut += 1;
        }
    }
    let same = (cut > 0).then_some(Why::NulEndsName);
    let flags = flags(bytes);
    let has = |wanted: &[u8]| flags.iter().any(|flag| wanted.contains(flag));
    let global_between = flags.windows(2).any(|two| b"LKxg".contains(&two[0]) && two[1] == b'g');
    // What lenient reading goes on with is there, too; only tar-core goes on behind a lone block of zeros.
    let as_lenient = |fault: TarFault| match fault {
        _ if lenient.error.is_some() => true,
        TarFault::LoneEndMarker => other.members.starts_with(&lenient.members),
        TarFault::Sparse | TarFault::EmptyName => true,
        _ => lenient.members == other.members,
    };
    match (strict.error, &other.error) {
        (None, None) if strict.members == other.members => return Ok(same),
        (Some(_), Some(_))
            if lenient.members.starts_with(&other.members) || other.members.starts_with(&strict.members) =>
        {
            return Ok(same);
        }
        (Some(fault), None)
            if STRICTER.contains(&fault)
                && other.members.starts_with(&strict.members)
                && as_lenient(fault) =>
        {
            return Ok(Some(Why::Stricter(fault.code())));
        }
        (None, Some(Theirs::Refused(error))) if strict.members.starts_with(&other.members) => match error {
            ParseError::Header(HeaderError::ChecksumMismatch { .. }) => return Ok(Some(Why::SignedSum)),
            ParseError::Header(_) | ParseError::InvalidPaxValue { .. } => return Ok(Some(Why::UnreadField)),
            _ => {}
        },
        _ => {}
    }
    if has(b"?X") {
        Ok(Some(Why::ForeignExtension))
    } else if global_between {
        Ok(Some(Why::GlobalBetween))
    } else if has(b"123456V") {
        Ok(Some(Why::StoredAnyway))
    } else {
        Err(format!(
            "{}\n strict {:?} {}\n lenient {:?} {}\n tar-core {:?} {}",
            flags.escape_ascii(),
            strict.error,
            told(&strict.members),
            lenient.error,
            told(&lenient.members),
            other.error,
            told(&other.members)
        ))
    }
}

fn told(members: &[Member]) -> String {
    let words = members.iter().map(|(name, data, size)| format!("{}@{data}+{size}", name.escape_ascii()));
    words.collect::<Vec<_>>().join(" ")
}

/// Explains each, and counts.
fn compare(archives: impl Iterator<Item = (String, Vec<u8>)>) -> (usize, BTreeMap<Why, usize>) {
    let (mut compared, mut met, mut wrong) = (0, BTreeMap::new(), Vec::new());
    for (name, bytes) in archives {
        compared += 1;
        match explain(&bytes) {
            Ok(Some(why)) => *met.entry(why).or_default() += 1,
            Ok(None) => {}
            Err(words) => wrong.push(format!("{name}: {words}")),
        }
    }
    let some = &wrong[..wrong.len().min(10)];
    assert!(wrong.is_empty(), "{} differ without a reason:\n{}", wrong.len(), some.join("\n"));
    eprintln!("{compared} archives, {} differ: {met:?}", met.values().sum::<usize>());
    (compared, met)
}

#[test]
fn the_public_archives() {
    let archives = corpus();
    if archives.is_empty() {
        return;
    }
    let (compared, met) = compare(archives.into_iter());
    assert!(compared > 400 && met.contains_key(&Why::SignedSum), "{compared}: {met:?}");
}

#[test]
fn generated_archives() {
    let mut random = Random::new(11);
    let (compared, met) = compare((0..20_000).map(|number| (number.to_string(), generated(&mut random))));
    // Each reason is met, so none of them is a leftover; the signed sums are in the public archives.
    let due = STRICTER.map(|fault| Why::Stricter(fault.code())).into_iter().chain([
        Why::UnreadField,
        Why::NulEndsName,
        Why::ForeignExtension,
        Why::GlobalBetween,
        Why::StoredAnyway,
    ]);
    let missing: Vec<Why> = due.filter(|why| !met.contains_key(why)).collect();
    assert!(missing.is_empty(), "never met: {missing:?}");
    let differ: usize = met.values().sum();
    assert!(differ * 3 < compared, "{differ} of {compared} differ: too little is left that agrees");
}
