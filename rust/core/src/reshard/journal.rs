//! What a run has done so far, so that the next one goes on from there.
//!
//! One JSON line a fact, appended after the fact is on disk. The first line is the plan's fingerprint. A
//! line that a kill tore is ignored, and nothing is believed without its digest: parts and shards that
//! the journal names are hashed again before they are used.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    disk::{self, Output},
    error::{Error, Result},
    pack::PackedShard,
};

/// What is known of a sample once its part is encoded.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct SampleReceipt {
    /// Bytes of its members: headers, payloads, padding.
    pub len: u64,
    /// Image members.
    pub images: u32,
    /// Its identity.
    pub identity: String,
    /// Why it is not in the release; then it has no bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// What is known of an encoded part.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct PartReceipt {
    /// Number in the plan.
    pub part: usize,
    /// Digest of the part file.
    pub sha256: Digest,
    /// Digest of the source shard from its start to the end of the part's last sample: it proves which
    /// bytes the part was made from.
    pub source_prefix: Digest,
    /// Its samples, in order.
    pub samples: Vec<SampleReceipt>,
    /// Pictures encoded again.
    pub encoded: u64,
    /// Pictures whose subsampling had to change.
    pub resampled_chroma: u64,
    /// Pictures that went through RGB though they were not to.
    #[serde(default)]
    pub through_rgb: u64,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Fingerprint(Digest),
    Part(PartReceipt),
    Source { source: usize, sha256: Digest },
    Shard(PackedShard),
}

/// The journal of one plan, open for appending.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Output,
    /// Receipts by part.
    pub parts: BTreeMap<usize, PartReceipt>,
    /// Digests of sources read to their end, by source.
    pub sources: BTreeMap<usize, Digest>,
    /// Shards published so far, in order.
    pub shards: Vec<PackedShard>,
}

impl Journal {
    /// Opens the journal of the plan with that fingerprint, or begins it.
    ///
    /// # Errors
    /// `Invalid` if the journal is another plan's; `Io`.
    pub(super) fn open(path: &Path, fingerprint: Digest) -> Result<Self> {
        let io = |e| Error::io(path, e);
        let text = match disk::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(io(e)),
        };
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let file = disk::open(OpenOptions::new().create(true).append(true), path).map_err(io)?;
        file.set_len(whole.len() as u64).map_err(io)?;
        let mut journal = Self {
            path: path.to_owned(),
            file: Output(file),
            parts: BTreeMap::new(),
            sources: BTreeMap::new(),
            shards: Vec::new(),
        };
        let mut lines = whole.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        match lines.next() {
            None => journal.append(&Line::Fingerprint(fingerprint))?,
            Some(Line::Fingerprint(found)) if found == fingerprint => {}
            Some(_) => {
                return Err(Error::invalid(
                    "the folder holds an unfinished run with another source or other options",
                )
                .in_shard(path)
                .with_hint("finish that run with its own command, or give --overwrite to discard it"));
            }
        }
        for line in lines {
            match line {
                Line::Fingerprint(_) => {}
                Line::Part(receipt) => {
                    journal.parts.insert(receipt.part, receipt);
                }
                Line::Source { source, sha256 } => {
                    journal.sources.insert(source, sha256);
                }
                Line::Shard(entry) => journal.shards.push(entry),
            }
        }
        Ok(journal)
    }

    /// Notes an encoded part.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn part(&mut self, receipt: PartReceipt) -> Result<()> {
        self.append(&Line::Part(receipt.clone()))?;
        self.parts.insert(receipt.part, receipt);
        Ok(())
    }

    /// Notes a source that was read to its end and is what it should be.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn source(&mut self, source: usize, digest: Digest) -> Result<()> {
        self.append(&Line::Source { source, sha256: digest })?;
        self.sources.insert(source, digest);
        Ok(())
    }

    /// Notes a published shard.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn shard(&mut self, entry: PackedShard) -> Result<()> {
        self.append(&Line::Shard(entry.clone()))?;
        self.shards.push(entry);
        Ok(())
    }

    fn append(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_string(line).map_err(|e| Error::data(e.to_string()))?;
        text.push('\n');
        self.file.write_all(text.as_bytes()).map_err(|e| Error::io(&self.path, e))
    }
}
