//! The published data sets, as their publishers ship them, made into releases.
//!
//! A data set's module knows its layout and reads one sample at a time; what is the same for all is here:
//! samples read on the pool, numbered and packed in order, the incomplete ones left out and listed.

pub mod ffhq_uv;
mod files;
pub mod geogen;
mod geometry;
pub mod headspace;
mod layout;
mod naming;
mod path;
mod picture;
mod realy;
mod reghead;
mod said;
pub mod tensor;
mod unfinished;

pub(crate) use realy::NUM_KEYPOINTS;
pub(crate) use said::Reason;

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::Serialize;

use crate::{
    about::About,
    begun::Begun,
    codec::Codec,
    error::{Error, Result},
    manifest::LeftOut,
    pack::PackedShard,
    pool::{Cancel, Pool, Stash},
    progress::Progress,
};
use layout::Layout;
use unfinished::Unfinished;

/// A data set that can be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    /// Ten expressions of one head, `identity_dir/<expression>.jpg`.
    RegHead,
    /// Scans of heads with textures, landmarks and metadata.
    Headspace,
    /// Four regions of a face scan, 85 keypoints and images.
    Realy,
    /// Seven views of a head and their cameras, in zips.
    GeoGen,
    /// Textures of faces and the latents they were made of, in zips.
    FfhqUv,
    /// The same of faces between those.
    FfhqUvInterpolate,
}

impl Dataset {
    /// All of them, in the order they are listed in.
    pub const ALL: [Self; 6] =
        [Self::RegHead, Self::Headspace, Self::Realy, Self::GeoGen, Self::FfhqUv, Self::FfhqUvInterpolate];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegHead => "reghead",
            Self::Headspace => "headspace",
            Self::Realy => "realy",
            Self::GeoGen => "geogen",
            Self::FfhqUv => "ffhq-uv",
            Self::FfhqUvInterpolate => "ffhq-uv-interpolate",
        }
    }
}

impl FromStr for Dataset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|dataset| dataset.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("no data set {name}: it can be {names}"))
        })
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
    /// Write every mesh as PLY, too.
    pub ply: bool,
    /// A list of the subjects to take, where the data set's are numbered.
    pub subset: Option<PathBuf>,
}

impl Default for PackOptions {
    fn default() -> Self {
        Self { max_shard_size: 1800 << 20, name: None, about: About::default(), ply: false, subset: None }
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
    /// What whoever uses it must be told.
    pub warnings: Vec<String>,
    /// Whether its licence allows to publish it, as far as is known.
    pub publishable: bool,
    /// Whether a run before this one did not end, whose work was not used.
    pub begun_anew: bool,
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
    if options.subset.is_some() && dataset != Dataset::Headspace {
        return Err(Error::invalid(format!("a subset of {} cannot be listed", dataset.name())));
    }
    if options.ply && !matches!(dataset, Dataset::Headspace | Dataset::Realy) {
        return Err(Error::invalid(format!("{} has no meshes to write as PLY", dataset.name())));
    }
    let layout: Box<dyn Layout> = match dataset {
        Dataset::RegHead => Box::new(reghead::Frames::list(src)?),
        Dataset::Headspace => {
            Box::new(headspace::Captures::list(src, options.ply, options.subset.as_deref(), tools.cancel)?)
        }
        Dataset::Realy => Box::new(realy::Scans::list(src, options.ply, tools.cancel)?),
        Dataset::GeoGen => Box::new(geogen::GeoGen::list(src, tools.cancel)?),
        Dataset::FfhqUv | Dataset::FfhqUvInterpolate => {
            Box::new(ffhq_uv::FfhqUv::list(src, dataset.name(), tools.cancel)?)
        }
    };
    let begun = Begun::begin(dst)?;
    let mut release = Unfinished::new(&*layout, dst, options);
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
    let begun_anew = begun.anew();
    begun.finish()?;
    Ok(Packed { begun_anew, ..packed })
}
