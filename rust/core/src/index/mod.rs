//! Where every member of a shard lies, and which members make a sample.
//!
//! Columns, not objects: a shard has thousands of members and Python takes the columns as they are.

mod build;
mod builder;
#[cfg(all(test, unix))]
mod failing;
mod parts;
mod restore;

use std::{collections::HashSet, ops::Range};

use crate::{fault::TarFault, tar::write::padding};

pub use builder::Builder;
pub use parts::{is_large, of_files};

pub use crate::{
    key::{lower, same_field, split_key},
    tar::{End, Policy},
};

/// `key_len` of a member that belongs to no sample.
pub const NO_KEY: u32 = u32::MAX;

/// The members of one shard, in columns of equal length, and its samples.
#[derive(Debug, Clone)]
pub struct Index {
    /// Offset of the first block that belongs to a member: its `L`, `x` or own header.
    pub header_offset: Vec<u64>,
    /// Offset of a member's first byte.
    pub data_offset: Vec<u64>,
    /// A member's bytes.
    pub size: Vec<u64>,
    /// Concatenated member names, bytes as in the archive.
    pub names: Vec<u8>,
    /// Where each name ends in `names`; the name of member `i` starts at `name_end[i-1]` (0 for the first).
    pub name_end: Vec<u32>,
    /// Length of the key at the start of each name; [`NO_KEY`] for a member that belongs to no sample (no dot in its base name, `__meta__` names).
    pub key_len: Vec<u32>,
    /// Member numbers of each sample: runs of consecutive members with equal key. A member without a key does not
    /// end a run and can lie inside one; its `field` is `None`.
    pub samples: Vec<Range<u32>>,
    /// How the archive ends.
    pub end: End,
    /// Bytes of the file.
    pub file_size: u64,
    /// Anomalies that the policy let pass, with their offsets.
    pub skipped: Vec<(TarFault, u64)>,
    /// Sample numbers by ascending key; `None` where the samples themselves ascend.
    by_key: Option<Vec<u32>>,
}

impl Index {
    /// Number of members.
    pub fn len(&self) -> usize {
        self.size.len()
    }

    /// True if there is no member.
    pub fn is_empty(&self) -> bool {
        self.size.is_empty()
    }

    /// Name of a member; empty if there is no such member.
    pub fn name(&self, member: usize) -> &[u8] {
        let end = self.name_end.get(member).map_or(0, |&end| end as usize);
        let start = match member.checked_sub(1) {
            Some(before) => self.name_end.get(before).map_or(0, |&end| end as usize),
            None => 0,
        };
        self.names.get(start..end).unwrap_or(&[])
    }

    /// Field of a member, in its own case: what follows the key and its dot. `None` if it belongs to no sample.
    pub fn field(&self, member: usize) -> Option<&[u8]> {
        let key_len = *self.key_len.get(member)?;
        if key_len == NO_KEY { None } else { self.name(member).get(key_len as usize + 1..) }
    }

    /// Key of a sample; empty if there is no such sample.
    pub fn key(&self, sample: usize) -> &[u8] {
        self.samples.get(sample).map_or(&[], |members| self.key_of(members))
    }

    fn key_of(&self, members: &Range<u32>) -> &[u8] {
        let first = members.start as usize;
        let key_len = self.key_len.get(first).map_or(0, |&len| len as usize);
        self.name(first).get(..key_len).unwrap_or(&[])
    }

    /// Member numbers of a sample; empty if there is no such sample.
    pub fn members(&self, sample: usize) -> Range<usize> {
        self.samples.get(sample).map_or(0..0, |members| members.start as usize..members.end as usize)
    }

    /// The sample of each member; -1 for a member that belongs to none.
    pub fn sample_of_each(&self) -> Vec<i64> {
        let mut sample_of = vec![-1; self.len()];
        for (sample, members) in self.samples.iter().enumerate() {
            let (start, end) = (members.start as usize, members.end as usize);
            let keys = self.key_len.get(start..end).unwrap_or(&[]);
            for (of, &key_len) in sample_of.iter_mut().skip(start).zip(keys) {
                if key_len != NO_KEY {
                    *of = sample as i64;
                }
            }
        }
        sample_of
    }

    /// Bytes of the shard that hold a sample: first header to last padding. Empty if there is no such sample.
    pub fn span(&self, sample: usize) -> Range<u64> {
        let members = self.members(sample);
        let (Some(&start), Some(last)) = (self.header_offset.get(members.start), members.last()) else {
            return 0..0;
        };
        let (Some(&data), Some(&size)) = (self.data_offset.get(last), self.size.get(last)) else {
            return 0..0;
        };
        // The reader checked that the payload lies in the file; its padding may be cut.
        start..(data + size + padding(size)).min(self.file_size)
    }

    /// The member of a sample that has this field; case does not count, as in webdataset.
    pub fn member_of(&self, sample: usize, field: &[u8]) -> Option<usize> {
        self.members(sample).find(|&member| self.field(member).is_some_and(|f| same_field(f, field)))
    }

    /// The sample with this key.
    pub fn find(&self, key: &[u8]) -> Option<usize> {
        let Some(order) = &self.by_key else {
            return self.samples.binary_search_by(|members| self.key_of(members).cmp(key)).ok();
        };
        let at = order.binary_search_by(|&sample| self.key(sample as usize).cmp(key)).ok()?;
        order.get(at).map(|&sample| sample as usize)
    }

    /// The distinct fields, lower-cased as webdataset gives them, in order of first appearance.
    pub fn fields(&self) -> Vec<Vec<u8>> {
        let mut fields: Vec<Vec<u8>> = Vec::new();
        let mut seen = HashSet::new();
        for member in 0..self.len() {
            if let Some(field) = self.field(member).map(lower)
                && !seen.contains(&field)
            {
                fields.push(field.to_vec());
                seen.insert(field);
            }
        }
        fields
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        error::{Kind, Result},
        tar::{
            read::Reader,
            write::{Archive, LongNames},
        },
    };

    fn index_of(names: &[&str]) -> Result<Index> {
        let mut tar = Archive::new(LongNames::Gnu);
        for name in names {
            tar.member(name, name.as_bytes()).unwrap();
        }
        Index::of_reader(Reader::of_archive(&tar.finish(), Policy::default()), &|| Ok(()))
    }

    fn fault(result: Result<Index>) -> (TarFault, Option<String>) {
        let error = result.unwrap_err();
        let Kind::Tar(fault) = error.kind() else { unreachable!("{error}") };
        (*fault, error.place().member.clone())
    }

    #[test]
    fn samples_are_runs_of_one_key() {
        let index = index_of(&["b.jpg", "b.JSON", "noext", "b.txt", "a.jpg", "c.jpg", "README"]).unwrap();
        assert_eq!(index.samples, [0..4, 4..5, 5..6]);
        assert_eq!(
            (index.key(0), index.name(1), index.field(1)),
            (&b"b"[..], &b"b.JSON"[..], Some(&b"JSON"[..]))
        );
        assert_eq!((index.field(2), index.key(9), index.span(9)), (None, &b""[..], 0..0));
        assert_eq!((index.member_of(0, b"json"), index.member_of(0, b"Txt")), (Some(1), Some(3)));
        assert_eq!((index.member_of(1, b"json"), index.member_of(7, b"json")), (None, None));
        assert_eq!(
            [&b"a"[..], b"b", b"c", b"d", b""].map(|k| index.find(k)),
            [Some(1), Some(0), Some(2), None, None]
        );
        assert_eq!(index.fields(), [&b"jpg"[..], b"json", b"txt"]);
        assert_eq!((index.span(0), index.span(1)), (0..4096, 4096..5120));
        assert_eq!((index.len(), index.end, index.file_size), (7, End::Marked, 7 * 1024 + 1024));
        let ascending = index_of(&["a.x", "b.x", "c.x"]).unwrap();
        assert!(ascending.by_key.is_none());
        assert_eq!([&b"a"[..], b"c", b"bb"].map(|k| ascending.find(k)), [Some(0), Some(2), None]);
    }

    #[test]
    fn scattered_and_doubled_members_are_refused_with_their_name() {
        let scattered = index_of(&["b.jpg", "a.jpg", "c.jpg", "a.json", "b.json"]);
        assert_eq!(fault(scattered), (TarFault::Scattered, Some("a.json".into())));
        assert_eq!(fault(index_of(&["a.jpg", "b.x", "b.JPG", "b.jpg"])).0, TarFault::Duplicate);
        assert_eq!(fault(index_of(&["a.Ü", "a.ü"])), (TarFault::Duplicate, Some("a.ü".into())));
        let mut many: Vec<String> = (0..40).map(|i| format!("k.{i}")).collect();
        let names = |many: &[String]| index_of(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(names(&many).unwrap().samples.first(), Some(&(0..40)));
        many.push("k.7".into());
        assert_eq!(fault(names(&many)).0, TarFault::Duplicate);
    }

    #[test]
    fn indexing_stops_when_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("many.tar");
        let mut tar = Archive::new(LongNames::Gnu);
        (0..5000).for_each(|i| tar.member(format!("{i:05}.txt"), b"x").unwrap());
        std::fs::write(&path, tar.finish()).unwrap();
        let asked = std::cell::Cell::new(0);
        let go_on = || {
            asked.set(asked.get() + 1);
            if asked.get() < 3 { Ok(()) } else { Err(crate::error::Error::new(Kind::Cancelled)) }
        };
        assert!(Index::of_file_unless(&path, Policy::default(), &go_on).unwrap_err().is_cancelled());
        assert_eq!((asked.get(), Index::of_file(&path, Policy::default()).unwrap().len()), (3, 5000));
    }

    #[test]
    fn a_span_reads_back_by_itself() {
        let long = "k".repeat(120) + ".jpg";
        let mut tar = Archive::new(LongNames::Pax);
        for (name, size) in [("a.jpg", 700), (&long, 1), (&(long.clone() + "2"), 600), ("z.jpg", 0)] {
            tar.member(name, &vec![7; size]).unwrap();
        }
        let bytes = tar.finish();
        let index = Index::of_reader(Reader::of_archive(&bytes, Policy::default()), &|| Ok(())).unwrap();
        let span = index.span(1);
        let part =
            Index::of_bytes(&bytes[span.start as usize..span.end as usize], span.start, Policy::default())
                .unwrap();
        assert_eq!(part.data_offset, index.data_offset[1..3]);
        assert_eq!((part.key(0), part.span(0), part.skipped.len()), (index.key(1), span, 0));
    }
}
