//! The published data sets, as their publishers ship them, made into releases.
//!
//! A data set's module knows its layout and reads one sample at a time; what is the same for all is here:
//! samples read on the pool, numbered and packed in order, the incomplete ones left out and listed.

mod card;
mod reghead;

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    about::About,
    begun::Begun,
    codec::Codec,
    digest::{Digest, Hasher},
    error::{Error, Result},
    manifest::{LeftOut, Resolution},
    pack::{self, Limits, PackedShard, Series},
    pool::{Cancel, Pool, Stash},
    progress::Progress,
    publish::{self, Facts},
    samples::SampleRow,
    tar::write,
    writer,
};

/// A data set that can be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    /// Ten expressions of one head, `identity_dir/<expression>.jpg`.
    RegHead,
}

impl Dataset {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegHead => "reghead",
        }
    }
}

impl FromStr for Dataset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "reghead" => Ok(Self::RegHead),
            _ => Err(Error::invalid(format!("no data set {name}: it can be reghead"))),
        }
    }
}

/// What decides the bytes of a packed release, besides its source.
#[derive(Debug, Clone)]
pub struct PackOptions {
    /// Bytes no shard may exceed.
    pub max_shard_size: u64,
    /// Name of the release; `None` is the publisher's way of naming it.
    pub name: Option<String>,
    /// Licence, citation and origin.
    pub about: About,
}

impl Default for PackOptions {
    fn default() -> Self {
        Self { max_shard_size: 1800 << 20, name: None, about: About::default() }
    }
}

/// What was packed.
#[derive(Debug, Clone, Serialize)]
pub struct Packed {
    /// Name of the release.
    pub name: String,
    /// Samples in it.
    pub num_samples: u64,
    /// Images in it.
    pub num_images: u64,
    /// Its shards.
    pub shards: Vec<PackedShard>,
    /// Samples that are incomplete or corrupt, with the reason.
    pub left_out: Vec<LeftOut>,
    /// Files and folders of the source that are no part of its layout, relative to it.
    pub unrecognised: Vec<String>,
}

/// What long work is done with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// Threads to read on.
    pub pool: &'a Pool,
    /// Their decoders.
    pub codecs: &'a Stash<Codec>,
    /// Asked now and then whether to stop.
    pub cancel: &'a Cancel<'a>,
    /// Counts samples.
    pub progress: &'a Progress,
}

/// One member of a sample, its payload the source's bytes.
struct Member {
    field: &'static str,
    /// Path in the source.
    path: String,
    bytes: Vec<u8>,
    digest: Digest,
    /// If it is an image.
    image: Option<ImageFacts>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ImageFacts {
    resolution: Resolution,
    /// The JPEG quality that all tables say.
    quality: Option<u8>,
}

/// A sample as its folder has it.
struct Found {
    identity: String,
    content: Content,
    unrecognised: Vec<String>,
}

enum Content {
    /// Members in the order they are to have.
    Whole(Vec<Member>),
    /// Why it is left out.
    LeftOut(String),
    /// It only looked like a sample.
    None,
}

/// How one data set's samples are found and read.
trait Layout: Sync {
    /// Samples the source has, whole or not.
    fn len(&self) -> usize;

    /// What in the source belongs to no sample.
    fn unrecognised(&self) -> &[String];

    /// Reads and checks a sample; an error is one that ends the whole run.
    fn read(&self, codec: &mut Codec, sample: usize) -> Result<Found>;

    /// Name of the release, by its first image.
    fn release_name(&self, first: Option<ImageFacts>) -> String;

    /// Key and JSON of the `number`-th whole sample.
    fn describe(&self, number: u64, identity: &str, members: &[Member]) -> (String, Vec<u8>);
}

/// Packs the source's whole samples, in the order of their names, into a release in an empty or new folder.
///
/// # Errors
/// `Invalid` if the folder is neither empty nor that of an unfinished run, which is begun again; `Data` if no sample is whole, or one is larger than the cap; `Io`; `Cancelled`.
/// Shards that were finished before an error stand, but without manifest and sums.
pub fn pack(
    dataset: Dataset,
    src: &Path,
    dst: &Path,
    options: &PackOptions,
    tools: Tools<'_>,
) -> Result<Packed> {
    let layout = match dataset {
        Dataset::RegHead => reghead::Frames::list(src)?,
    };
    let begun = Begun::begin(dst)?;
    let mut release = Unfinished::new(&layout, dst, options);
    tools.progress.expect(layout.len() as u64);
    let mut numbers = 0..layout.len();
    tools.pool.ordered(
        tools.pool.threads() * 2,
        tools.codecs,
        tools.cancel,
        || Ok(numbers.next()),
        |codec, sample| layout.read(codec, sample),
        |found| {
            tools.progress.add(1);
            release.take(found)
        },
    )?;
    let packed = release.finish(dataset, src, dst)?;
    begun.finish()?;
    Ok(packed)
}

/// A release that samples are added to.
struct Unfinished<'a, L> {
    layout: &'a L,
    options: &'a PackOptions,
    data: PathBuf,
    /// From the first sample on, which names it.
    series: Option<(String, Series)>,
    rows: Vec<SampleRow>,
    fields: Vec<String>,
    /// What the images have in common so far.
    images: Option<(Option<Resolution>, Option<u8>)>,
    num_images: u64,
    files: u64,
    /// Of a `SHA256SUMS` of the files that were packed.
    source: Hasher,
    left_out: Vec<LeftOut>,
    unrecognised: Vec<String>,
    /// Members of one sample, kept for its memory.
    tar: Vec<u8>,
}

impl<'a, L: Layout> Unfinished<'a, L> {
    fn new(layout: &'a L, dst: &Path, options: &'a PackOptions) -> Self {
        Self {
            layout,
            options,
            data: pack::data_folder(dst),
            series: None,
            rows: Vec::new(),
            fields: Vec::new(),
            images: None,
            num_images: 0,
            files: 0,
            source: Hasher::default(),
            left_out: Vec::new(),
            unrecognised: layout
                .unrecognised()
                .iter()
                .filter(|name| !card::is_license(name))
                .cloned()
                .collect(),
            tar: Vec::new(),
        }
    }

    fn take(&mut self, found: Found) -> Result<()> {
        self.unrecognised.extend(found.unrecognised);
        let members = match found.content {
            Content::Whole(members) => members,
            Content::LeftOut(reason) => {
                self.left_out.push(LeftOut { key: found.identity, reason });
                return Ok(());
            }
            Content::None => return Ok(()),
        };
        let (key, json) = self.layout.describe(self.rows.len() as u64, &found.identity, &members);
        self.tar.clear();
        for member in &members {
            self.add(&key, member.field, &member.bytes)?;
            self.files += 1;
            self.source.update(format!("{}  {}\n", member.digest, member.path).as_bytes());
        }
        self.add(&key, "json", &json)?;
        let mut images = 0;
        for image in members.iter().filter_map(|member| member.image) {
            images += 1;
            let (resolution, quality) = self.images.get_or_insert((Some(image.resolution), image.quality));
            *resolution = resolution.filter(|&one| one == image.resolution);
            *quality = quality.filter(|&one| Some(one) == image.quality);
        }
        let (_, series) = self.series.get_or_insert_with(|| {
            let first = members.iter().find_map(|member| member.image);
            let name = self.options.name.clone().unwrap_or_else(|| self.layout.release_name(first));
            let limits = Limits { bytes: self.options.max_shard_size, samples: None };
            (name.clone(), Series::new(name, self.data.clone(), limits))
        });
        let shard = series.add(&key, &self.tar)?;
        self.num_images += u64::from(images);
        self.rows.push(SampleRow {
            sample_key: key,
            identity: found.identity,
            shard,
            num_expressions: images,
        });
        Ok(())
    }

    fn add(&mut self, key: &str, field: &str, payload: &[u8]) -> Result<()> {
        if !self.fields.iter().any(|known| known == field) {
            self.fields.push(field.to_owned());
        }
        write::member_into(format!("{key}.{field}").as_bytes(), payload, write::LongNames::Gnu, &mut self.tar)
    }

    fn finish(self, dataset: Dataset, src: &Path, dst: &Path) -> Result<Packed> {
        let Some((name, series)) = self.series else {
            let why = self.left_out.first().map_or_else(
                || "it has none".to_owned(),
                |left| format!("{} are left out, {} because {}", self.left_out.len(), left.key, left.reason),
            );
            return Err(Error::data(format!("no whole sample: {why}")).in_shard(src));
        };
        let shards = series.finish()?;
        let (resolution, quality) = self.images.unwrap_or_default();
        let facts = Facts {
            name: name.clone(),
            resolution,
            quality,
            fields: self.fields,
            num_images: self.num_images,
            complete: true,
            provenance: provenance(dataset, self.files, self.source.finish()),
            left_out: self.left_out.clone(),
            about: self.options.about.clone(),
        };
        let license = card::license(src)?;
        if let Some((file, text)) = &license {
            writer::write_atomic(&dst.join(file), text)?;
        }
        let readme = card::readme(&facts, self.rows.len(), license.as_ref().map(|(file, _)| file.as_str()));
        writer::write_atomic(&dst.join("README.md"), readme.as_bytes())?;
        publish::papers(dst, &facts, &shards, &self.rows)?;
        Ok(Packed {
            name,
            num_samples: self.rows.len() as u64,
            num_images: self.num_images,
            shards,
            left_out: self.left_out,
            unrecognised: self.unrecognised,
        })
    }
}

fn provenance(dataset: Dataset, files: u64, source: Digest) -> Map<String, Value> {
    let source = json!({"dataset": dataset.name(), "num_files": files, "sha256sums_sha256": source});
    Map::from_iter([
        ("pack".to_owned(), source),
        ("turboshard".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
        ("libjpeg_turbo".to_owned(), json!(crate::jpeg::version())),
    ])
}
