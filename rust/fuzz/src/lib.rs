//! What the fuzzers ask of the library: whatever the bytes, an answer or an error, and answers that agree.
//!
//! Each function is one target. `rust/core/tests/fuzz_replay.rs` calls the same ones on the committed corpus, with the
//! stable compiler and without sanitizers.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

#[path = "containers.rs"]
mod containers;
#[path = "pictures.rs"]
mod pictures;

use std::path::Path;

use pictures::MANY;

use turboshard::{
    archive::{self, Archive},
    catalog,
    datasets::tensor::{Tensor, npy, torch},
    digest::Digest,
    error::Kind,
    index::{Index, Policy},
    manifest::Listing,
    mesh::{
        obj,
        ply::{self, Precision},
    },
    reshard, samples, spec,
    sums::{self, Sums, stays_inside},
    tar::{
        header::{looks_like_header, unsigned_sum},
        pax,
        read::Reader,
    },
};

/// Tar, with the checksums of whatever looks like a header put right first: no random bytes pass them.
pub fn tar(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else { return };
    let mut bytes = rest.to_vec();
    if mode & 1 == 0 {
        for block in bytes.as_chunks_mut::<512>().0 {
            if looks_like_header(block) {
                let sum = unsigned_sum(block);
                block[148..156].copy_from_slice(format!("{:06o}\0 ", sum & 0o777_777).as_bytes());
            }
        }
    }
    let strict = walk(&bytes, Policy::default());
    let lenient = walk(&bytes, Policy { skip_special: true, lenient_end: true });
    // Being lenient never finds less.
    assert!(lenient.len() >= strict.len() && lenient.starts_with(&strict));
    if let Ok(index) = Index::of_bytes(&bytes, 0, Policy::default()) {
        for sample in 0..index.samples.len() {
            assert_eq!(index.find(index.key(sample)), Some(sample));
            let span = index.span(sample);
            assert!(span.start < span.end && span.end <= bytes.len() as u64);
        }
    }
}

fn walk(bytes: &[u8], policy: Policy) -> Vec<(Vec<u8>, u64, u64)> {
    let mut reader = Reader::of_archive(bytes, policy);
    let mut members = Vec::new();
    let mut end = 0;
    while let Ok(Some(entry)) = reader.next_entry() {
        assert!(entry.header_offset >= end && entry.data_offset > entry.header_offset);
        end = entry.data_offset + entry.size;
        assert!(end <= bytes.len() as u64);
        members.push((entry.name.to_vec(), entry.data_offset, entry.size));
    }
    members
}

/// PAX records; what is read can be written and read again.
pub fn pax(data: &[u8]) {
    let Ok(records) = pax::parse(data) else { return };
    let mut again = Vec::new();
    if let Some(path) = &records.path {
        pax::record_into(b"path", path, &mut again);
    }
    if let Some(size) = records.size {
        pax::record_into(b"size", size.to_string().as_bytes(), &mut again);
    }
    let second = pax::parse(&again).expect("what was written is well-formed");
    assert_eq!((second.path, second.size), (records.path, records.size));
}

/// An index file, as it is and with its digest put right first: whatever is believed, every access stays inside.
pub fn index(data: &[u8]) {
    let mut sealed = data.to_vec();
    sealed.extend(Digest::of(data).0);
    for bytes in [data, &sealed] {
        for index in catalog::indexes_of(bytes).unwrap_or_default() {
            let mut behind = 0;
            for sample in 0..index.samples.len() {
                assert_eq!(index.find(index.key(sample)), Some(sample));
                let span = index.span(sample);
                assert!(behind <= span.start && span.start < span.end && span.end <= index.file_size);
                for member in index.members(sample) {
                    let (data, size) = (index.data_offset[member], index.size[member]);
                    assert!(span.start < data && data + size <= span.end);
                    assert!(index.field(member).is_none_or(|field| index.name(member).ends_with(field)));
                }
                behind = index.data_offset[index.members(sample).end - 1];
            }
            drop((index.fields(), index.sample_of_each()));
        }
    }
}

/// A manifest, and a list of samples.
pub fn manifest(data: &[u8]) {
    if let Ok(listing) = Listing::parse(data) {
        assert!(listing.shards.iter().all(|shard| !shard.filename.is_empty()));
    }
    if let Ok(rows) = samples::parse(data) {
        let text = samples::render(&rows).unwrap();
        assert_eq!(samples::parse(&text).unwrap(), rows);
    }
}

/// Sums; what is read can be written and read again. And a specification of shards, which is text too.
pub fn sums(data: &[u8]) {
    let sums = Sums::parse(data);
    let text = sums::render(sums.lines.iter().map(|line| (&*line.path, line.digest)));
    let again = Sums::parse(text.as_bytes());
    let facts = |sums: &Sums| sums.lines.iter().map(|l| (l.path.clone(), l.digest)).collect::<Vec<_>>();
    assert_eq!(facts(&again), facts(&sums));
    assert!(sums.lines.iter().all(|line| !stays_inside(&line.path) || !line.path.starts_with('/')));
    if let Ok(text) = std::str::from_utf8(data)
        && text.len() < 200
        && !text.contains("..")
    {
        drop(spec::braces(text));
    }
}

/// A JPEG (or PNG, or BMP): all ways to decode it agree.
pub fn jpeg(data: &[u8]) {
    pictures::jpeg(data);
}

/// Options of reshard; what is taken is what is written.
pub fn options(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match reshard::Options::from_json(text) {
        Ok(options) => {
            let again = serde_json::to_string(&options).unwrap();
            let second = reshard::Options::from_json(&again).expect("what was written is taken");
            assert_eq!(serde_json::to_string(&second).unwrap(), again);
            let _ = options.transcode();
        }
        Err(error) => assert!(matches!(error.kind(), Kind::Invalid(_)), "{error}"),
    }
}

/// A mesh: what is read names nothing that is not there, and can be written wherever PLY can say it.
pub fn obj(data: &[u8]) {
    match obj::parse(data) {
        Ok(mesh) => {
            mesh.check().expect("what was read fits itself");
            drop(ply::write(&mesh, Precision::Double, None));
        }
        Err(error) => assert!(matches!(error.kind(), Kind::Data(_)) && error.place().offset.is_some()),
    }
}

/// A zip as it is; whatever can be read of it has the size it is listed with, once and again.
pub fn zip(data: &[u8]) {
    containers::as_file(data, ".zip", |path| drop(read_twice(path)));
}

/// A gzipped tar; an index of one; and a tar that is gzipped first, as random bytes pass no checksum.
pub fn gzip(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else { return };
    match mode % 3 {
        0 => containers::as_file(rest, ".tar.gz", |path| drop(read_twice(path))),
        1 => {
            let squeezed = containers::gzip_of(rest);
            let found = containers::as_file(&squeezed, ".tar.gz", read_twice);
            let plain = walk(rest, Policy::default());
            // A tar without members may be anything else.
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                let bytes =
                    |&(_, offset, size): &(_, u64, u64)| &rest[offset as usize..(offset + size) as usize];
                let wanted: Vec<_> =
                    plain.iter().map(|entry| (entry.0.clone(), bytes(entry).to_vec())).collect();
                assert_eq!(found, wanted);
            }
        }
        _ => {
            let archive = containers::gzip_of(&containers::tar_of(&[("a", b"one"), ("b", &[7; 3000])]));
            let begin = rest.windows(2).position(|pair| pair == b"{\"").unwrap_or(rest.len());
            let (points, members) = rest.split_at(begin);
            containers::as_file(&archive, ".tar.gz", |path| {
                let beside = |ending: &str| format!("{}{ending}", path.display());
                std::fs::write(beside(".gzidx"), points).unwrap();
                std::fs::write(beside(".members.jsonl"), members).unwrap();
                // Whatever an index says, a file is what the archive has under that name.
                for (name, bytes) in read_twice(path).unwrap_or_default() {
                    let whole: &[u8] = if name == b"a" { b"one" } else { &[7; 3000] };
                    assert!(bytes == whole && (name == b"a" || name == b"b"));
                }
                for ending in [".gzidx", ".members.jsonl"] {
                    std::fs::remove_file(beside(ending)).unwrap();
                }
            });
        }
    }
}

/// The files of an archive that can be read, in order and against it; `None` if it is refused.
fn read_twice(path: &Path) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let options = archive::Options { max_file_size: MANY, spacing: 512, ..archive::Options::default() };
    let archive = Archive::open(path, options, &|| Ok(())).ok()?;
    let names = archive.names();
    let read = |file: usize| {
        let mut bytes = Vec::new();
        archive.read(file, &mut bytes).ok().map(|()| bytes)
    };
    let forth: Vec<_> = (0..names.len()).map(read).collect();
    let mut back: Vec<_> = (0..names.len()).rev().map(read).collect();
    back.reverse();
    assert_eq!(forth, back);
    let mut found = Vec::new();
    for (file, bytes) in forth.into_iter().enumerate() {
        let name = names.name(file);
        assert!(!name.is_empty() && names.find(name) == Some(file));
        assert!(name[0] != b'/' && name.split(|&byte| byte == b'/').all(|part| part != b".."));
        if let Some(bytes) = bytes {
            assert_eq!(Some(bytes.len() as u64), names.size(file));
            found.push((name.to_vec(), bytes));
        }
    }
    Some(found)
}

/// A file of torch, and such a file of whatever pickle; tensors have the values that their shapes say, and no others.
pub fn pickle(data: &[u8]) {
    let pickled = containers::zip_of(&[("archive/data.pkl", data), ("archive/data/0", &[1; 4096])]);
    for file in [data, &pickled] {
        for (_, tensor) in torch::read(file).unwrap_or_default() {
            fits(&tensor);
        }
    }
}

/// An array of numpy; what is read can be written and read again.
pub fn npy(data: &[u8]) {
    if let Ok(tensor) = npy::read(data) {
        fits(&tensor);
    }
}

fn fits(tensor: &Tensor) {
    assert_eq!(tensor.bytes.len(), tensor.shape.iter().product::<usize>() * tensor.dtype.size());
    assert_eq!(npy::read(&npy::write(tensor)).as_ref().ok(), Some(tensor));
}
