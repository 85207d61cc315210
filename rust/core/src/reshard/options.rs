//! What `reshard` is asked for: every option of the command line, checked once, before anything is read.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    codec::{MANY_PIXELS, TranscodeOptions},
    error::{Error, Result},
    image::{Filter, Fit, OutputFormat, Size, Space, Subsampling},
    reshard::select::Condition,
    tar::write::LongNames,
};

/// Default cap of a shard: RegHead's own 34 and 11 shards come out of it, below GitHub's 1900 MiB.
pub const DEFAULT_SHARD_SIZE: u64 = 1800 << 20;

/// The options of a reshard. Everything here decides the bytes written, so all of it is part of the
/// plan's fingerprint; what does not (threads, overwrite, dry run) is [`Run`](super::Run)'s.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Name of the release; by default the source's, its trailing resolution replaced.
    pub name: Option<String>,
    /// Height and width that JPEG fields are resized to.
    pub size: Option<(usize, usize)>,
    /// How a picture of another aspect meets `size`.
    #[serde(deserialize_with = "by_name", serialize_with = "as_name")]
    pub fit: Fit,
    /// Filter for `size`.
    #[serde(deserialize_with = "by_name", serialize_with = "as_name")]
    pub resample: Filter,
    /// JPEG quality, 1 to 100.
    pub quality: Option<u8>,
    /// Chroma resolution: `keep`, `420`, `422` or `444`.
    #[serde(deserialize_with = "by_name", serialize_with = "as_name")]
    pub subsampling: Chroma,
    /// The colours to resize in: `rgb`, or `ycc`, which leaves luma and chroma apart.
    #[serde(deserialize_with = "by_name", serialize_with = "as_name")]
    pub space: Space,
    /// Huffman tables of their own; alone, JPEG fields keep their pixels.
    pub optimize: bool,
    /// `keep`, `jpeg` or `png`.
    #[serde(deserialize_with = "by_name", serialize_with = "as_name")]
    pub format: OutputFormat,
    /// Convert CMYK and YCCK pictures to RGB instead of refusing them.
    pub to_rgb: bool,
    /// Allow `size` to enlarge.
    pub allow_upscale: bool,
    /// Fields to keep, or with `!` in front to leave out.
    pub select: Vec<String>,
    /// Keys to keep.
    pub keys: Option<Vec<String>>,
    /// Conditions on identity facts and JSON values; all must hold.
    #[serde(rename = "where")]
    pub conditions: Vec<Condition>,
    /// Keep only so many of the selected samples, from the start.
    pub first: Option<usize>,
    /// Parts of the release by hash of the identity: names and weights.
    pub split: Vec<(String, f64)>,
    /// Bytes a shard may have, headers, padding and end marker counted.
    pub max_shard_size: u64,
    /// Samples a shard may have.
    pub max_samples: Option<usize>,
    /// Cut evenly, by samples, into so many shards.
    pub num_shards: Option<usize>,
    /// Write the samples in a seeded random order.
    pub shuffle: bool,
    /// Seed of `shuffle`.
    pub seed: u64,
    /// How names over 100 bytes are written.
    #[serde(deserialize_with = "by_name", serialize_with = "as_name")]
    pub tar_format: LongNames,
    /// Check source shards against their published digests.
    pub verify: bool,
    /// Leave out samples with a picture or JSON that cannot be read, instead of giving up; every picture is read to its
    /// end then, copied ones too. Of a shard whose tar structure is damaged take the whole samples.
    #[serde(skip_serializing_if = "is_false")]
    pub skip_bad: bool,
    /// Name of the licence; by default what the sources' manifests say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// How to cite it; by default the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// Where it comes from; by default the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            size: None,
            fit: Fit::default(),
            resample: Filter::default(),
            quality: None,
            subsampling: Chroma::default(),
            space: Space::default(),
            optimize: false,
            format: OutputFormat::default(),
            to_rgb: false,
            allow_upscale: false,
            select: Vec::new(),
            keys: None,
            conditions: Vec::new(),
            first: None,
            split: Vec::new(),
            max_shard_size: DEFAULT_SHARD_SIZE,
            max_samples: None,
            num_shards: None,
            shuffle: false,
            seed: 0,
            tar_format: LongNames::default(),
            verify: true,
            skip_bad: false,
            license: None,
            citation: None,
            origin: None,
        }
    }
}

impl Options {
    /// Reads options from JSON.
    ///
    /// # Errors
    /// `Invalid` naming the option that is unknown or out of range.
    pub fn from_json(json: &str) -> Result<Self> {
        let options: Self = serde_json::from_str(json).map_err(|e| Error::invalid(e.to_string()))?;
        options.check()?;
        Ok(options)
    }

    /// Refuses values and combinations that make no sense.
    ///
    /// # Errors
    /// `Invalid`, naming the option.
    pub fn check(&self) -> Result<()> {
        let refuse = |what: &str| Err(Error::invalid(what));
        if self.quality.is_some_and(|q| !(1..=100).contains(&q)) {
            return refuse("quality must be 1 to 100");
        }
        if self.size.is_some_and(|(h, w)| h == 0 || w == 0 || h > 65_500 || w > 65_500) {
            return refuse("size must be 1 to 65500 pixels a side");
        }
        if self.size.is_none() && self.fit != Fit::Stretch {
            return refuse("fit needs size");
        }
        if self.format == OutputFormat::Png && (self.quality.is_some() || self.subsampling != Chroma::Keep) {
            return refuse("quality and subsampling do not apply to format png");
        }
        if self.space == Space::Ycc && self.format == OutputFormat::Png {
            return refuse("space ycc does not apply to format png, whose pixels are RGB");
        }
        if self.optimize && self.format == OutputFormat::Png {
            return refuse("optimize is for JPEG, and does not apply to format png");
        }
        if self.max_samples == Some(0) || self.num_shards == Some(0) || self.first == Some(0) {
            return refuse("max_samples, num_shards and first must be at least 1");
        }
        if self.num_shards.is_some() && self.max_samples.is_some() {
            return refuse("num_shards and max_samples exclude each other");
        }
        if self.max_shard_size < 2048 {
            return refuse(
                "max_shard_size must be at least 2048 bytes: a header, a block and the end marker",
            );
        }
        if let Some(name) = &self.name {
            check_name(name)?;
        }
        for (name, weight) in &self.split {
            check_name(name)?;
            if !weight.is_finite() || *weight <= 0.0 {
                return refuse("split weights must be greater than 0");
            }
        }
        let mut names: Vec<&str> = self.split.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return refuse("split names must differ");
        }
        Ok(())
    }

    /// Whether pictures are encoded anew.
    pub fn encodes(&self) -> bool {
        self.size.is_some()
            || self.quality.is_some()
            || self.subsampling != Chroma::Keep
            || self.format != OutputFormat::Keep
    }

    /// What happens to a picture; `None` if payloads are copied byte for byte.
    pub fn transcode(&self) -> Option<TranscodeOptions> {
        (self.encodes() || self.optimize).then(|| TranscodeOptions {
            size: self.size.map(|(height, width)| Size { height, width }),
            fit: self.fit,
            filter: self.resample,
            quality: self.quality,
            subsampling: match self.subsampling {
                Chroma::Keep => None,
                Chroma::As(subsampling) => Some(subsampling),
            },
            space: self.space,
            optimize: self.optimize,
            format: self.format,
            to_rgb: self.to_rgb,
            allow_upscale: self.allow_upscale,
            max_pixels: Some(2 * MANY_PIXELS),
            ..TranscodeOptions::default()
        })
    }
}

/// A release or split name becomes part of file names.
fn check_name(name: &str) -> Result<()> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(fine) {
        return Err(Error::invalid(format!(
            "name {name:?} may hold letters, digits, - _ + and inner dots only"
        )));
    }
    Ok(())
}

/// Chroma resolution of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chroma {
    /// The source's own.
    #[default]
    Keep,
    /// The same for every picture.
    As(Subsampling),
}

impl FromStr for Chroma {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        if name == "keep" { Ok(Self::Keep) } else { name.parse().map(Self::As) }
    }
}

impl Chroma {
    /// The name on the command line and in provenance.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::As(subsampling) => subsampling.name(),
        }
    }
}

fn by_name<'de, D: Deserializer<'de>, T: FromStr<Err = Error>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands fields over by reference
fn is_false(value: &bool) -> bool {
    !*value
}

/// Values that have a name on the command line.
trait Named: Copy {
    fn word(self) -> &'static str;
}

macro_rules! named {
    ($($kind:ty),*) => {
        $(impl Named for $kind {
            fn word(self) -> &'static str {
                self.name()
            }
        })*
    };
}
named!(Chroma, Filter, Fit, OutputFormat, Space, LongNames);

fn as_name<S: Serializer, T: Named>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.word())
}
