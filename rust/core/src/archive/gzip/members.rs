//! `NAME.members.jsonl`: which files a gzipped tar has, and where they lie in the unpacked tar.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Spans, points::Points};
use crate::{
    archive::Names,
    digest::Digest,
    error::{Error, Kind, Result},
};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    schema_version: u32,
    /// File name of the archive.
    archive: String,
    /// Its bytes.
    size: u64,
    sha256: Digest,
    /// Bytes of the tar in it.
    unpacked_size: u64,
    num_members: usize,
}

/// A line a file.
#[derive(Debug, Serialize, Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    member: std::borrow::Cow<'a, str>,
    header_offset: u64,
    offset: u64,
    size: u64,
    crc32: u32,
}

impl Header {
    pub(super) fn new(archive: &Path, points: &Points, sha256: Digest, num_members: usize) -> Self {
        Self {
            schema_version: 1,
            archive: archive.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            size: points.packed_size,
            sha256,
            unpacked_size: points.unpacked_size,
            num_members,
        }
    }
}

pub(super) fn render(header: &Header, names: &Names, spans: &Spans) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let failed = |e: serde_json::Error| Error::new(Kind::Internal(e.to_string()));
    serde_json::to_writer(&mut text, header).map_err(failed)?;
    text.push(b'\n');
    let columns = spans.header.iter().zip(&spans.data).zip(&spans.crc);
    for (file, ((&header_offset, &offset), &crc32)) in columns.enumerate() {
        let name = names.name(file);
        let Ok(member) = std::str::from_utf8(name) else {
            return Err(Error::invalid("a name that is no UTF-8 cannot be kept in an index").in_member(name));
        };
        let size = names.size(file).unwrap_or_default();
        serde_json::to_writer(&mut text, &Row { member: member.into(), header_offset, offset, size, crc32 })
            .map_err(failed)?;
        text.push(b'\n');
    }
    Ok(text)
}

/// Digest and files, unless the text is damaged or of another archive.
pub(super) fn parse(text: &[u8], points: &Points) -> Option<(Digest, Names, Spans)> {
    let mut lines = text.strip_suffix(b"\n")?.split(|&byte| byte == b'\n');
    let header: Header = serde_json::from_slice(lines.next()?).ok()?;
    let fits = (header.schema_version, header.size, header.unpacked_size)
        == (1, points.packed_size, points.unpacked_size);
    let (mut names, mut spans) = (Names::default(), Spans::default());
    for line in lines {
        let row: Row<'_> = serde_json::from_slice(line).ok()?;
        let end = row.offset.checked_add(row.size)?;
        if row.header_offset >= row.offset || end > points.unpacked_size {
            return None;
        }
        names.push(row.member.as_bytes(), row.size).ok()?;
        spans.header.push(row.header_offset);
        spans.data.push(row.offset);
        spans.crc.push(row.crc32);
    }
    names.check_unique().ok()?;
    (fits && names.len() == header.num_members).then_some((header.sha256, names, spans))
}
