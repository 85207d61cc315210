//! Damage of every kind to small archives: found, or without effect; never a member less in silence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use turboshard::{
    error::{Error, Kind, Result},
    fault::TarFault,
    index::Policy,
    tar::{
        header::{checksum_fits, unsigned_sum},
        read::Reader,
        write::{Archive, END, LongNames, header_into, padding},
    },
};

const LENIENT: Policy = Policy { skip_special: true, lenient_end: true };

type Member = (Vec<u8>, u64, u64);

fn members(bytes: &[u8], policy: Policy) -> Result<Vec<Member>> {
    let mut reader = Reader::of_archive(bytes, policy);
    let mut members = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        members.push((entry.name.to_vec(), entry.data_offset, entry.size));
    }
    Ok(members)
}

fn fault(error: &Error) -> TarFault {
    match error.kind() {
        Kind::Tar(fault) => *fault,
        other => panic!("not a tar fault: {other}"),
    }
}

fn sign(block: &mut [u8]) {
    let sum = unsigned_sum(block.first_chunk().unwrap());
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// Five members; the names make `L` and `x` records in the two formats that have them.
fn archive(kind: &str) -> Vec<u8> {
    let format = if kind == "pax" { LongNames::Pax } else { LongNames::Gnu };
    let long = if matches!(kind, "gnu" | "pax") { 120 } else { 20 };
    let mut bytes = Vec::new();
    for (i, size) in [700_usize, 0, 512, 1, 513].into_iter().enumerate() {
        let name = format!("{i}{}.jpg", "k".repeat(long));
        let start = bytes.len();
        header_into(name.as_bytes(), size as u64, format, &mut bytes).unwrap();
        if kind == "v7" {
            bytes[start + 257..start + 345].fill(0);
            sign(&mut bytes[start..start + 512]);
        }
        // Bytes that look like a header must not be taken for one.
        bytes.extend(std::iter::repeat_n(b'7', size));
        bytes.resize(bytes.len() + padding(size as u64) as usize, 0);
    }
    bytes.extend_from_slice(&END);
    bytes
}

const FORMATS: [&str; 4] = ["v7", "ustar", "gnu", "pax"];

#[test]
fn every_cut_is_found() {
    let mut cuts = 0;
    for format in FORMATS {
        let whole = archive(format);
        let all = members(&whole, Policy::default()).unwrap();
        assert_eq!(all.len(), 5, "{format}");
        let marker = whole.len() - END.len();
        cuts += whole.len();
        for cut in 0..whole.len() {
            let strict = members(&whole[..cut], Policy::default());
            let found = fault(&strict.expect_err("a cut passed in silence"));
            assert!(
                matches!(
                    found,
                    TarFault::Truncated
                        | TarFault::NotTar
                        | TarFault::NoEndMarker
                        | TarFault::LoneEndMarker
                        | TarFault::DanglingHeader
                ),
                "{format} cut at {cut}: {found:?}"
            );
            // Lenient reading takes a missing marker, and never more than what is wholly there.
            if let Ok(some) = members(&whole[..cut], LENIENT) {
                let last = some.last().map_or(0, |(_, data, size)| data + size);
                assert!(cut as u64 >= last && all.starts_with(&some), "{format} cut at {cut}");
                assert!(cut < marker || some.len() == 5, "{format} cut at {cut}");
            }
        }
    }
    // As docs/reliability.md has it.
    assert_eq!(cuts, 36_864);
}

#[test]
fn every_flipped_bit_in_a_header_is_found_or_changes_nothing() {
    let mut flips = 0;
    for format in FORMATS {
        let mut bytes = archive(format);
        let all = members(&bytes, Policy::default()).unwrap();
        let headers: Vec<usize> = (0..bytes.len() - END.len())
            .step_by(512)
            .filter(|&at| checksum_fits(bytes[at..].first_chunk().unwrap()))
            .collect();
        assert!(headers.len() >= 5);
        for at in headers {
            for bit in 0..512 * 8 {
                bytes[at + bit / 8] ^= 1 << (bit % 8);
                for policy in [Policy::default(), LENIENT] {
                    match members(&bytes, policy) {
                        Ok(list) => assert_eq!(list, all, "{format} header {at} bit {bit}"),
                        Err(error) => assert!(error.place().offset.is_some()),
                    }
                }
                bytes[at + bit / 8] ^= 1 << (bit % 8);
                flips += 1;
            }
        }
    }
    // As docs/reliability.md has it: 30 headers.
    assert_eq!(flips, 122_880);
}

#[test]
fn each_ending_is_told_apart() {
    let whole = archive("ustar");
    let data = &whole[..whole.len() - END.len()];
    let with = |tail: &[u8]| members(&[data, tail].concat(), Policy::default());
    let lenient = |tail: &[u8]| members(&[data, tail].concat(), LENIENT).unwrap().len();
    assert_eq!(with(&[0; 10240]).unwrap().len(), 5);
    assert_eq!(with(&[0; 1025]).unwrap().len(), 5);
    assert_eq!((fault(&with(&[]).unwrap_err()), lenient(&[])), (TarFault::NoEndMarker, 5));
    assert_eq!((fault(&with(&[0; 512]).unwrap_err()), lenient(&[0; 512])), (TarFault::LoneEndMarker, 5));
    let mut junk = [0; 4096];
    junk[2000] = 1;
    let error = with(&junk).unwrap_err();
    assert_eq!(
        (fault(&error), error.place().offset),
        (TarFault::TrailingGarbage, Some(data.len() as u64 + 2000))
    );
    assert_eq!(lenient(&junk), 5);
    // A second archive behind the first is not read, and not passed over either.
    assert_eq!(fault(&with(&[&END[..], &whole[..]].concat()).unwrap_err()), TarFault::TrailingGarbage);
    assert_eq!(fault(&with(&[&END[..512], &whole[..]].concat()).unwrap_err()), TarFault::LoneEndMarker);
}

#[test]
fn what_is_no_tar_is_named() {
    let cases: [(&[u8], TarFault); 8] = [
        (b"", TarFault::Truncated),
        (b"just some text\n", TarFault::NotTar),
        (&b"just some text\n".repeat(100), TarFault::NotTar),
        (b"\x1f\x8b\x08 and so on", TarFault::Compressed),
        (&[&b"BZh91AY"[..], &[7; 600]].concat(), TarFault::Compressed),
        (&[&b"\xfd7zXZ\0"[..], &[7; 600]].concat(), TarFault::Compressed),
        (&[&b"\x28\xb5\x2f\xfd"[..], &[7; 600]].concat(), TarFault::Compressed),
        (&[0xff, 0xd8, 0xff].repeat(300), TarFault::NotTar),
    ];
    for (bytes, expected) in cases {
        for policy in [Policy::default(), LENIENT] {
            let error = members(bytes, policy).unwrap_err();
            assert_eq!((fault(&error), error.place().offset), (expected, Some(0)), "{bytes:?}");
        }
    }
    assert!(members(b"\x1f\x8b\x08", LENIENT).unwrap_err().hint().unwrap().contains("gzip"));
    let mut tar = archive("ustar");
    tar[3] ^= 1;
    assert_eq!(fault(&members(&tar, LENIENT).unwrap_err()), TarFault::Checksum);
}

/// An archive of one member of that type flag, between two plain ones.
fn with_type(flag: u8, size: u64, stored: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, flag) in [("a.x", b'0'), ("odd", flag), ("b.x", b'0')] {
        let start = bytes.len();
        let odd = name == "odd";
        header_into(name.as_bytes(), if odd { size } else { 3 }, LongNames::Gnu, &mut bytes).unwrap();
        bytes[start + 156] = flag;
        sign(&mut bytes[start..start + 512]);
        if !odd || stored {
            bytes.extend(std::iter::repeat_n(b'7', if odd { size as usize } else { 3 }));
        }
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.extend_from_slice(&END);
    bytes
}

#[test]
fn special_members_are_refused_or_skipped_with_or_without_data() {
    let kinds = [
        (b'1', Some(TarFault::Link)),
        (b'2', Some(TarFault::Link)),
        (b'3', Some(TarFault::NotAFile)),
        (b'6', Some(TarFault::NotAFile)),
        (b'5', None),
        (b'V', None),
    ];
    for (flag, refused) in kinds {
        for (size, stored) in [(0, false), (700, false), (700, true)] {
            let bytes = with_type(flag, size, stored);
            let strict = members(&bytes, Policy::default());
            match refused {
                Some(expected) => {
                    let error = strict.unwrap_err();
                    assert_eq!(fault(&error), expected);
                    assert_eq!(
                        (error.place().offset, error.place().member.as_deref()),
                        (Some(1024), Some("odd"))
                    );
                }
                None => assert_eq!(strict.unwrap().len(), 2, "type {} size {size} {stored}", flag as char),
            }
            assert_eq!(
                members(&bytes, LENIENT).unwrap().len(),
                2,
                "type {} size {size} {stored}",
                flag as char
            );
        }
    }
    for (flag, refused) in
        [(b'S', Some(TarFault::Sparse)), (b'?', Some(TarFault::UnknownType)), (b'D', None), (b'M', None)]
    {
        let bytes = with_type(flag, 700, true);
        assert_eq!(members(&bytes, Policy::default()).err().map(|e| fault(&e)), refused);
        assert_eq!(members(&bytes, LENIENT).unwrap().len(), 2);
    }
    assert_eq!(members(&with_type(b'7', 700, true), Policy::default()).unwrap().len(), 3);
}

/// Type flag and data of each.
type Extensions<'a> = &'a [(u8, &'a [u8])];

/// Extension headers as given, each a flag and its data, then one member.
fn extended(headers: Extensions<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (flag, data) in headers {
        let start = bytes.len();
        header_into(b"ext", data.len() as u64, LongNames::Gnu, &mut bytes).unwrap();
        bytes[start + 156] = *flag;
        sign(&mut bytes[start..start + 512]);
        bytes.extend_from_slice(data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    let mut rest = Archive::new(LongNames::Gnu);
    rest.member("own.x", &[1; 1000]).unwrap();
    bytes.extend(rest.finish());
    bytes
}

#[test]
fn extension_headers_are_obeyed_or_refused() {
    let name = |headers: Extensions<'_>| -> Result<String> {
        let list = members(&extended(headers), Policy::default())?;
        assert_eq!(list.len(), 1);
        Ok(String::from_utf8(list[0].0.clone()).unwrap())
    };
    let taken: [(Extensions<'_>, &str); 9] = [
        (&[], "own.x"),
        (&[(b'L', b"long.x\0\0garbage")], "long.x"),
        (&[(b'L', b"long.x")], "long.x"),
        (&[(b'x', b"14 path=pax.x\n")], "pax.x"),
        (&[(b'X', b"14 path=sun.x\n")], "sun.x"),
        (&[(b'x', b"20 mtime=1700000.25\n"), (b'L', b"long.x\0")], "long.x"),
        (&[(b'K', b"target\0"), (b'L', b"long.x\0")], "long.x"),
        (&[(b'g', b"15 comment=git\n")], "own.x"),
        (&[(b'x', b"14 path=pax.x\n"), (b'g', b"15 comment=git\n")], "pax.x"),
    ];
    for (headers, expected) in taken {
        assert_eq!(name(headers).unwrap(), expected);
    }
    let many: Vec<(u8, &[u8])> = vec![(b'g', b""); 17];
    let big = vec![b'k'; 1 << 20];
    let refused: [(Extensions<'_>, TarFault); 12] = [
        (&[(b'L', b"a.x"), (b'L', b"b.x")], TarFault::DanglingHeader),
        (&[(b'K', b"a"), (b'K', b"b")], TarFault::DanglingHeader),
        (&[(b'x', b""), (b'x', b"")], TarFault::DanglingHeader),
        (&[(b'L', b"a.x"), (b'x', b"12 path=b.x\n")], TarFault::DanglingHeader),
        (&[(b'g', b"12 path=g.x\n")], TarFault::PaxGlobal),
        (&[(b'g', b"11 size=12\n")], TarFault::PaxGlobal),
        (&[(b'x', b"13 path=b.x\n")], TarFault::PaxRecord),
        (&[(b'x', b"15 size=100000\n")], TarFault::Truncated),
        (&[(b'x', b"23 GNU.sparse.major=1\n\n\n")], TarFault::PaxRecord),
        (&[(b'x', b"22 GNU.sparse.major=1\n")], TarFault::Sparse),
        (&many, TarFault::HeaderLimit),
        (&[(b'L', &big), (b'K', b"x")], TarFault::HeaderLimit),
    ];
    for (headers, expected) in refused {
        assert_eq!(fault(&name(headers).unwrap_err()), expected, "{:?}", headers.first());
    }
    // A size record moves the end of the data; a header that describes nothing is found.
    let list = members(&extended(&[(b'x', b"12 size=1024\n")]), Policy::default());
    assert_eq!(fault(&list.unwrap_err()), TarFault::PaxRecord);
    let list = members(&extended(&[(b'x', b"13 size=1024\n")]), Policy::default()).unwrap();
    assert_eq!(list[0].2, 1024);
    let mut dangling = extended(&[]);
    dangling.truncate(0);
    dangling.extend(&extended(&[(b'L', b"a.x")])[..1024]);
    assert_eq!(fault(&members(&dangling, LENIENT).unwrap_err()), TarFault::Truncated);
    dangling.extend_from_slice(&END);
    assert_eq!(fault(&members(&dangling, LENIENT).unwrap_err()), TarFault::DanglingHeader);
}
