//! The index file: the columns of a release's shards, kept so that nobody scans them twice.
//!
//! Little-endian throughout: [`MAGIC`], the number of shards (u64), a record a shard, and the SHA-256 of all
//! that. A record is the path below the release's root (length u32, bytes), size (u64), times of the last write, of the
//! last change of any kind and of the scan (i64, nanoseconds since 1970), how the archive ends (u8), whether a digest is
//! known (u8) and the digest, the digest of the layout, the numbers of members, samples and bytes of names (u64 each), then the
//! columns of [`Index`]: header offset, data offset, size (u64), end of the name, length of the key (u32), first
//! member and the one behind the last of each sample (u32), names.
//!
//! It is a cache. A file that is damaged, of another version or contradicts itself is as good as none.

use std::path::PathBuf;

use crate::{
    digest::Digest,
    index::{End, Index},
    stamp::Stamp,
};

/// First bytes of the file; the last but one is the version.
const MAGIC: &[u8; 16] = b"turboshard-idx\x02\n";
/// Bytes of a digest.
const DIGEST: usize = 32;

/// What is kept of one shard.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// Below the release's root; absolute for a shard that is not.
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    /// When the scan began.
    pub(super) scanned: i64,
    /// SHA-256 of the shard, once somebody computed it and found it as published.
    pub(super) digest: Option<Digest>,
    /// Digest of the columns: what makes one shard another, whenever and wherever it was written.
    pub(super) layout: Digest,
    pub(super) index: std::sync::Arc<Index>,
}

/// The digest of a shard's size and columns.
pub(super) fn layout(index: &Index) -> Digest {
    let mut bytes = Vec::new();
    bytes.extend(index.file_size.to_le_bytes());
    put_columns(index, &mut bytes);
    Digest::of(&bytes)
}

/// The whole file.
pub(super) fn encode(records: &[Record]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend((records.len() as u64).to_le_bytes());
    for record in records {
        let path = record.path.as_os_str().as_encoded_bytes();
        bytes.extend((path.len() as u32).to_le_bytes());
        bytes.extend(path);
        bytes.extend(record.stamp.size.to_le_bytes());
        bytes.extend(record.stamp.mtime_ns.to_le_bytes());
        bytes.extend(record.stamp.ctime_ns.to_le_bytes());
        bytes.extend(record.scanned.to_le_bytes());
        bytes.push(match record.index.end {
            End::Marked => 0,
            End::Lone => 1,
            End::Missing => 2,
        });
        bytes.push(u8::from(record.digest.is_some()));
        bytes.extend(record.digest.map_or([0; DIGEST], |digest| digest.0));
        bytes.extend(record.layout.0);
        put_columns(&record.index, &mut bytes);
    }
    let digest = Digest::of(&bytes);
    bytes.extend(digest.0);
    bytes
}

fn put_columns(index: &Index, bytes: &mut Vec<u8>) {
    let counts = [index.len(), index.samples.len(), index.names.len()];
    bytes.extend(counts.iter().flat_map(|&count| (count as u64).to_le_bytes()));
    for column in [&index.header_offset, &index.data_offset, &index.size] {
        bytes.extend(column.iter().flat_map(|value| value.to_le_bytes()));
    }
    for column in [&index.name_end, &index.key_len] {
        bytes.extend(column.iter().flat_map(|value| value.to_le_bytes()));
    }
    bytes.extend(index.samples.iter().flat_map(|sample| sample.start.to_le_bytes()));
    bytes.extend(index.samples.iter().flat_map(|sample| sample.end.to_le_bytes()));
    bytes.extend(&index.names);
}

/// What the file holds; `None` unless all of it is as it was written.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<Record>> {
    let body = bytes.strip_prefix(MAGIC)?;
    let (body, digest) = body.split_at_checked(body.len().checked_sub(DIGEST)?)?;
    if Digest::of(bytes.get(..bytes.len() - DIGEST)?).0 != digest {
        return None;
    }
    let mut rest = Rest(body);
    let count = rest.u64()?;
    let mut records = Vec::new();
    for _ in 0..count {
        records.push(rest.record()?);
    }
    rest.0.is_empty().then_some(records)
}

/// Bytes not yet read. Every length is compared with them before anything is allocated.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.u64()?).ok()
    }

    fn u64s(&mut self, count: usize) -> Option<Vec<u64>> {
        let bytes = self.take(count.checked_mul(8)?)?;
        Some(bytes.as_chunks().0.iter().map(|&value| u64::from_le_bytes(value)).collect())
    }

    fn u32s(&mut self, count: usize) -> Option<Vec<u32>> {
        let bytes = self.take(count.checked_mul(4)?)?;
        Some(bytes.as_chunks().0.iter().map(|&value| u32::from_le_bytes(value)).collect())
    }

    fn record(&mut self) -> Option<Record> {
        let length = u32::from_le_bytes(self.array()?) as usize;
        let path = path_of(self.take(length)?);
        let size = self.u64()?;
        let mtime_ns = i64::from_le_bytes(self.array()?);
        let ctime_ns = i64::from_le_bytes(self.array()?);
        let scanned = i64::from_le_bytes(self.array()?);
        let [end, known] = self.array()?;
        let digest = Digest(self.array()?);
        let layout = Digest(self.array()?);
        let (members, samples, names) = (self.count()?, self.count()?, self.count()?);
        let mut index = Index::empty(size);
        index.header_offset = self.u64s(members)?;
        index.data_offset = self.u64s(members)?;
        index.size = self.u64s(members)?;
        index.name_end = self.u32s(members)?;
        index.key_len = self.u32s(members)?;
        let (first, behind) = (self.u32s(samples)?, self.u32s(samples)?);
        index.samples = first.into_iter().zip(behind).map(|(first, behind)| first..behind).collect();
        index.names = self.take(names)?.to_vec();
        index.end = match end {
            0 => End::Marked,
            1 => End::Lone,
            2 => End::Missing,
            _ => return None,
        };
        Some(Record {
            path,
            stamp: Stamp { size, mtime_ns, ctime_ns },
            scanned,
            digest: (known == 1).then_some(digest),
            layout,
            index: std::sync::Arc::new(index.restored()?),
        })
    }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    // A path that is no Unicode becomes another one, which names no shard: it is scanned again.
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        index::Policy,
        tar::write::{Archive, LongNames},
    };

    fn record(names: &[&str]) -> Record {
        let mut tar = Archive::new(LongNames::Gnu);
        for name in names {
            tar.member(name, name.as_bytes()).unwrap();
        }
        let bytes = tar.finish();
        // No end marker is due after members cut out of a shard, so the end is `Missing` here.
        let index = Index::of_bytes(&bytes[..bytes.len() - 1024], 0, Policy::default()).unwrap();
        let stamp = Stamp { size: index.file_size, mtime_ns: 5, ctime_ns: 6 };
        let layout = layout(&index);
        Record { path: "a/b.tar".into(), stamp, scanned: 7, digest: None, layout, index: index.into() }
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut known = record(&["b.jpg", "README", "b.json", "a.jpg"]);
        known.digest = Some(Digest([3; 32]));
        let records = [known, record(&[])];
        let found = decode(&encode(&records)).unwrap();
        assert_eq!(found.len(), 2);
        for (a, b) in records.iter().zip(&found) {
            assert_eq!((&a.path, a.stamp, a.scanned, a.digest), (&b.path, b.stamp, b.scanned, b.digest));
            assert_eq!((a.layout, layout(&b.index)), (b.layout, a.layout));
            assert_eq!((&a.index.samples, &a.index.names), (&b.index.samples, &b.index.names));
        }
        assert_eq!([&b"a"[..], b"b", b"c"].map(|key| found[0].index.find(key)), [Some(1), Some(0), None]);
    }

    #[test]
    fn any_damage_is_noticed() {
        let whole = encode(&[record(&["a.jpg", "a.json", "b.jpg"])]);
        assert!(decode(&whole).is_some());
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0x10;
            assert!(decode(&bent).is_none(), "byte {at}");
            assert!(decode(&whole[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn a_record_that_lies_is_refused_though_its_digest_is_right() {
        let whole = encode(&[record(&["a.jpg", "a.json", "b.jpg"])]);
        let mut refused = 0;
        for at in MAGIC.len()..whole.len() - DIGEST {
            for value in [0, 0x7f, 0xff] {
                let mut bent = whole[..whole.len() - DIGEST].to_vec();
                bent[at] = value;
                let digest = Digest::of(&bent);
                bent.extend(digest.0);
                let Some(records) = decode(&bent) else {
                    refused += 1;
                    continue;
                };
                // Believed, then: every access must stay inside.
                for record in &records {
                    for sample in 0..record.index.samples.len() {
                        let span = record.index.span(sample);
                        assert!(span.end <= record.index.file_size);
                        record.index.members(sample).for_each(|m| assert!(record.index.name(m).len() < 100));
                    }
                }
            }
        }
        assert!(refused > 100);
    }
}
