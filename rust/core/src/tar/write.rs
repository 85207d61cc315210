//! The only tar writer: headers whose bytes depend on name and size alone.

use std::str::FromStr;

use crate::{
    error::{Error, Result},
    tar::{BLOCK, Block, header, pax},
};

/// How names that ustar cannot hold are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LongNames {
    /// GNU `L` records, which DALI reads without an index.
    #[default]
    Gnu,
    /// PAX `path` records.
    Pax,
}

impl LongNames {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gnu => "gnu",
            Self::Pax => "pax",
        }
    }
}

impl FromStr for LongNames {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "gnu" => Ok(Self::Gnu),
            "pax" => Ok(Self::Pax),
            _ => Err(Error::invalid(format!("tar format {name:?} is none of gnu, pax"))),
        }
    }
}

/// Names above this are refused: no reader takes them, ours included.
const MAX_NAME: usize = 65_535;
/// First size that eleven octal digits cannot hold.
const OCTAL_END: u64 = 1 << 33;

const POSIX_MAGIC: [u8; 8] = *b"ustar\x0000";
const GNU_MAGIC: [u8; 8] = *b"ustar  \0";

/// Bytes of the name field. Longer names get a record of their own even where ustar's prefix could hold them:
/// readers that know only the name field are many, and they would cut such a name in silence.
const NAME_FIELD: usize = 100;

/// The PAX records a member needs.
fn pax_records(name: &[u8], size: u64) -> Vec<u8> {
    let mut records = Vec::new();
    if name.len() > NAME_FIELD {
        if std::str::from_utf8(name).is_err() {
            pax::record_into(b"hdrcharset", b"BINARY", &mut records);
        }
        pax::record_into(b"path", name, &mut records);
    }
    if size >= OCTAL_END {
        pax::record_into(b"size", size.to_string().as_bytes(), &mut records);
    }
    records
}

/// Appends everything that precedes a member's bytes: long-name record if needed, then the header
/// (mode 0644, owner 0/0 without names, mtime 0, ustar; base-256 or PAX size above 8 GiB). The bytes are those
/// of GNU tar for the same facts.
///
/// # Errors
/// `Invalid` for an empty name, one with a NUL byte, or one above 65,535 bytes.
pub fn header_into(name: &[u8], size: u64, format: LongNames, out: &mut Vec<u8>) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("a tar member needs a name"));
    }
    if name.contains(&0) {
        return Err(Error::invalid("a tar member's name cannot hold a NUL byte").in_member(name));
    }
    if name.len() > MAX_NAME || size > header::MAX_SIZE {
        return Err(Error::invalid("a tar member's name or size is beyond what readers take"));
    }
    let (long, big) = (name.len() > NAME_FIELD, size >= OCTAL_END);
    let short = name.get(..NAME_FIELD).unwrap_or(name);
    match format {
        LongNames::Gnu => {
            if long {
                let mut body = name.to_vec();
                body.push(0);
                record_block(b"././@LongLink", b'L', GNU_MAGIC, &body, out);
            }
            let magic = if long || big { GNU_MAGIC } else { POSIX_MAGIC };
            out.extend_from_slice(&block(short, size, b'0', magic));
        }
        LongNames::Pax => {
            let records = pax_records(name, size);
            if !records.is_empty() {
                record_block(b"././@PaxHeader", b'x', POSIX_MAGIC, &records, out);
            }
            // The record holds the true size; the field holds none, as other PAX writers leave it.
            let field = if big { 0 } else { size };
            out.extend_from_slice(&block(short, field, b'0', POSIX_MAGIC));
        }
    }
    Ok(())
}

/// Appends one whole member: headers, bytes, padding.
///
/// # Errors
/// As [`header_into`].
pub fn member_into(name: &[u8], data: &[u8], format: LongNames, out: &mut Vec<u8>) -> Result<()> {
    let size = data.len() as u64;
    header_into(name, size, format, out)?;
    out.extend_from_slice(data);
    out.resize(out.len() + padding(size) as usize, 0);
    Ok(())
}

/// Bytes that `header_into` would append.
pub fn header_len(name: &[u8], size: u64, format: LongNames) -> u64 {
    let body = match format {
        LongNames::Gnu if name.len() > NAME_FIELD => name.len() as u64 + 1,
        LongNames::Gnu => 0,
        LongNames::Pax => pax_records(name, size).len() as u64,
    };
    let record = if body == 0 { 0 } else { BLOCK + body + padding(body) };
    record + BLOCK
}

/// Zero bytes after a payload of `size`.
pub const fn padding(size: u64) -> u64 {
    (512 - size % 512) % 512
}

/// The end marker: two zero blocks, nothing more.
pub const END: [u8; 1024] = [0; 1024];

/// A whole archive in memory, for what is small: metadata bundles and tests.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    format: LongNames,
}

impl Archive {
    /// An empty archive.
    pub fn new(format: LongNames) -> Self {
        Self { bytes: Vec::new(), format }
    }
    /// Appends a member.
    ///
    /// # Errors
    /// As [`header_into`].
    pub fn member(&mut self, name: impl AsRef<[u8]>, data: &[u8]) -> Result<()> {
        member_into(name.as_ref(), data, self.format, &mut self.bytes)
    }
    /// The bytes, with the end marker.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&END);
        self.bytes
    }
}

fn record_block(name: &[u8], kind: u8, magic: [u8; 8], body: &[u8], out: &mut Vec<u8>) {
    let size = body.len() as u64;
    out.extend_from_slice(&block(name, size, kind, magic));
    out.extend_from_slice(body);
    out.resize(out.len() + padding(size) as usize, 0);
}

fn block(name: &[u8], size: u64, kind: u8, magic: [u8; 8]) -> Block {
    let mut block = [0; 512];
    put(&mut block, 0, name);
    put(&mut block, 100, b"0000644\x000000000\x000000000\x00");
    if size < OCTAL_END {
        put(&mut block, 124, format!("{size:011o}\0").as_bytes());
    } else {
        put(&mut block, 124, &[0x80, 0, 0, 0]);
        put(&mut block, 128, &size.to_be_bytes());
    }
    put(&mut block, 136, b"00000000000\x00        ");
    put(&mut block, 156, &[kind]);
    put(&mut block, 257, &magic);
    if magic == POSIX_MAGIC {
        put(&mut block, 329, b"0000000\x000000000\x00");
    }
    let sum = header::unsigned_sum(&block);
    put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
    block
}

/// Copies `bytes` to `at`; what does not fit the block is left out, which no caller asks for.
fn put(block: &mut Block, at: usize, bytes: &[u8]) {
    for (to, from) in block.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{index::Policy, tar::read::Reader};

    #[test]
    fn what_is_written_reads_back_and_has_the_announced_length() {
        let long = "d/".repeat(20) + &"k".repeat(90) + ".open_m_open_e.jpg";
        let flat = "k".repeat(300);
        let names: Vec<Vec<u8>> = [1, 99, 100, 101, 255, 256, 257, 511, 512, 1024]
            .map(|n| vec![b'a'; n])
            .into_iter()
            .chain([long.into_bytes(), flat.into_bytes(), vec![0xff; 130], b"\xff\xfe.jpg".to_vec()])
            .chain([[&b"p".repeat(155)[..], b"/", &b"n".repeat(100)[..]].concat()])
            .chain([[&b"p".repeat(156)[..], b"/", &b"n".repeat(100)[..]].concat()])
            .chain([[b"/", &b"n".repeat(100)[..]].concat(), [&b"n".repeat(100)[..], b"/"].concat()])
            .collect();
        for format in [LongNames::Gnu, LongNames::Pax] {
            for name in &names {
                let mut bytes = Vec::new();
                header_into(name, 5, format, &mut bytes).unwrap();
                assert_eq!(bytes.len() as u64, header_len(name, 5, format), "{} bytes", name.len());
                let payload = bytes.len() as u64;
                bytes.extend_from_slice(b"12345");
                bytes.resize(bytes.len() + padding(5) as usize, 0);
                bytes.extend_from_slice(&END);
                let mut reader = Reader::of_bytes(&bytes, 0, Policy::default());
                let entry = reader.next_entry().unwrap().unwrap();
                assert_eq!((entry.name, entry.size, entry.data_offset), (&name[..], 5, payload));
                assert!(reader.next_entry().unwrap().is_none());
            }
        }
    }

    #[test]
    fn sizes_above_eight_gibibytes_are_announced_exactly() {
        for format in [LongNames::Gnu, LongNames::Pax] {
            for size in [OCTAL_END - 1, OCTAL_END, 1 << 40] {
                let mut bytes = Vec::new();
                header_into(b"k.bin", size, format, &mut bytes).unwrap();
                assert_eq!(bytes.len() as u64, header_len(b"k.bin", size, format));
                // Nothing follows, so the reader must miss exactly these bytes.
                let mut reader = Reader::of_bytes(&bytes, 0, Policy::default());
                let error = reader.next_entry().unwrap_err();
                assert!(error.to_string().contains("truncated"), "{error}");
                let last = bytes.last_chunk::<512>().unwrap();
                let field = header::number(&last[124..136]).unwrap();
                assert_eq!(field, if format == LongNames::Pax && size >= OCTAL_END { 0 } else { size });
            }
        }
    }

    #[test]
    fn impossible_names_are_refused() {
        for name in [&b""[..], b"a\0b", &vec![b'a'; MAX_NAME + 1]] {
            assert!(header_into(name, 0, LongNames::Gnu, &mut Vec::new()).is_err());
        }
    }
}
