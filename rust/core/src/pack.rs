//! Packing: whole samples, in order, into shards that keep under their limits.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    error::{Error, Result},
    tar::write,
    writer::AtomicFile,
};

/// A shard that was written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct PackedShard {
    /// File name.
    pub filename: String,
    /// Bytes.
    pub size: u64,
    /// Digest of the file.
    pub sha256: Digest,
    /// Samples in it.
    pub num_samples: u64,
}

/// What a shard may hold.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of the file: headers, payloads, padding and end marker.
    pub bytes: u64,
    /// Samples, if limited.
    pub samples: Option<usize>,
}

/// Cuts samples of these lengths into shards: greedily under the limits, or evenly into `num_shards`.
/// The result is the number of samples of each shard.
///
/// # Errors
/// `Data` naming the first sample that no shard can hold; `Invalid` if an even cut breaks the byte limit.
pub fn cut(
    lengths: &[u64],
    limits: &Limits,
    num_shards: Option<usize>,
    key: impl Fn(usize) -> String,
) -> Result<Vec<usize>> {
    let end = write::END.len() as u64;
    if let Some(i) = lengths.iter().position(|len| len + end > limits.bytes) {
        let what = format!(
            "sample {} needs a shard of {} bytes, the cap is {}",
            key(i),
            lengths[i] + end,
            limits.bytes
        );
        return Err(Error::data(what).with_hint("give a larger --max-shard-size"));
    }
    if let Some(shards) = num_shards {
        return cut_evenly(lengths, limits, shards);
    }
    let mut counts = Vec::new();
    let (mut samples, mut bytes) = (0, end);
    for len in lengths {
        if samples > 0 && (bytes + len > limits.bytes || limits.samples.is_some_and(|most| samples >= most)) {
            counts.push(samples);
            (samples, bytes) = (0, end);
        }
        samples += 1;
        bytes += len;
    }
    if samples > 0 {
        counts.push(samples);
    }
    Ok(counts)
}

fn cut_evenly(lengths: &[u64], limits: &Limits, shards: usize) -> Result<Vec<usize>> {
    if shards > lengths.len() {
        return Err(Error::invalid(format!(
            "num_shards is {shards}, but there are only {} samples",
            lengths.len()
        )));
    }
    let bounds: Vec<usize> = (0..=shards).map(|i| i * lengths.len() / shards).collect();
    for pair in bounds.windows(2) {
        let bytes = lengths[pair[0]..pair[1]].iter().sum::<u64>() + write::END.len() as u64;
        if bytes > limits.bytes {
            return Err(Error::invalid(format!(
                "num_shards {shards} makes a shard of {bytes} bytes, the cap is {}",
                limits.bytes
            ))
            .with_hint("give more shards or a larger --max-shard-size"));
        }
    }
    Ok(bounds.windows(2).map(|pair| pair[1] - pair[0]).collect())
}

/// One shard being written; it appears under its name when it is whole.
#[derive(Debug)]
pub struct OpenShard {
    file: AtomicFile,
    filename: String,
    samples: usize,
    bytes: u64,
}

impl OpenShard {
    /// Begins shard `number` of a series in `folder`.
    ///
    /// # Errors
    /// `Io`.
    pub fn create(folder: &Path, series: &str, number: usize) -> Result<Self> {
        let filename = shard_name(series, number);
        Ok(Self { file: AtomicFile::create(&folder.join(&filename))?, filename, samples: 0, bytes: 0 })
    }

    /// Appends a sample: its whole members, headers and padding included.
    ///
    /// # Errors
    /// `Io`.
    pub fn sample(&mut self, members: &[u8]) -> Result<()> {
        self.samples += 1;
        self.bytes += members.len() as u64;
        self.file.append(members)
    }

    /// File name the shard will have.
    pub fn filename(&self) -> &str {
        &self.filename
    }

    /// True if a sample of `len` bytes still fits.
    pub fn has_room(&self, len: u64, limits: &Limits) -> bool {
        self.samples == 0
            || (self.bytes + len + write::END.len() as u64 <= limits.bytes
                && limits.samples.is_none_or(|most| self.samples < most))
    }

    /// Writes the end marker and gives the shard its name.
    ///
    /// # Errors
    /// `Io`; nothing is left under the final name then.
    pub fn publish(mut self) -> Result<PackedShard> {
        self.file.append(&write::END)?;
        let num_samples = self.samples as u64;
        let (sha256, size) = self.file.publish()?;
        Ok(PackedShard { filename: self.filename, size, sha256, num_samples })
    }
}

/// Shards of one name, filled one after the other.
#[derive(Debug)]
pub struct Series {
    name: String,
    folder: PathBuf,
    limits: Limits,
    open: Option<OpenShard>,
    shards: Vec<PackedShard>,
}

impl Series {
    /// Shards `NAME-%06d.tar` to be, in `folder`; nothing is written before the first sample comes.
    pub fn new(name: String, folder: PathBuf, limits: Limits) -> Self {
        Self { name, folder, limits, open: None, shards: Vec::new() }
    }

    /// Adds a sample, its whole members, to the open shard, or to the next one; the shard's file name.
    ///
    /// # Errors
    /// `Data` naming the sample if no shard can hold it; `Io`.
    pub fn add(&mut self, key: &str, members: &[u8]) -> Result<String> {
        let len = members.len() as u64;
        cut(&[len], &self.limits, None, |_| key.to_owned())?;
        if let Some(full) = self.open.take_if(|open| !open.has_room(len, &self.limits)) {
            self.shards.push(full.publish()?);
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(OpenShard::create(&self.folder, &self.name, self.shards.len())?),
        };
        open.sample(members)?;
        Ok(open.filename().to_owned())
    }

    /// Publishes the last shard; all of them in order.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(mut self) -> Result<Vec<PackedShard>> {
        if let Some(open) = self.open.take() {
            self.shards.push(open.publish()?);
        }
        Ok(self.shards)
    }
}

/// File name of a shard.
pub fn shard_name(series: &str, number: usize) -> String {
    format!("{series}-{number:06}.tar")
}

/// Folder of the shards in a release.
pub fn data_folder(release: &Path) -> PathBuf {
    release.join("data")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn greedy(lengths: &[u64], bytes: u64, samples: Option<usize>) -> Result<Vec<usize>> {
        cut(lengths, &Limits { bytes, samples }, None, |i| format!("s{i}"))
    }

    #[test]
    fn a_sample_that_fits_to_the_byte_fits() {
        assert_eq!(greedy(&[1024, 1024], 3072, None).unwrap(), [2]);
        assert_eq!(greedy(&[1024, 1024], 3071, None).unwrap(), [1, 1]);
        assert_eq!(greedy(&[1024], 2048, None).unwrap(), [1]);
        let error = greedy(&[512, 1024], 2047, None).unwrap_err();
        assert!(error.to_string().contains("sample s1"), "{error}");
    }

    #[test]
    fn the_number_of_samples_is_a_limit_too() {
        assert_eq!(greedy(&[512; 5], 1 << 20, Some(2)).unwrap(), [2, 2, 1]);
    }

    #[test]
    fn an_even_cut_differs_by_at_most_one() {
        let limits = Limits { bytes: 1 << 20, samples: None };
        let counts = cut(&[512; 10], &limits, Some(3), |i| i.to_string()).unwrap();
        assert_eq!(counts, [3, 3, 4]);
        assert!(cut(&[512; 2], &limits, Some(3), |i| i.to_string()).is_err());
        assert!(cut(&[512; 10], &Limits { bytes: 2048, samples: None }, Some(2), |i| i.to_string()).is_err());
    }
}
