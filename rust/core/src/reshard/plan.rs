//! One plan for every engine: which samples, in which parts, under which name.
//!
//! A *part* is a run of consecutive samples of one source shard, encoded on its own into one file of whole
//! tar members. Parts depend on the source alone, never on threads or machines; the release is then packed
//! out of them in whatever order the options ask for.

use std::{borrow::Cow, collections::HashSet, ops::Range, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    digest::Digest,
    error::{Error, Result},
    image::OutputFormat,
    index::{self, Policy},
    jpeg,
    manifest::LeftOut,
    pool::{Cancel, Pool, Stash},
    random::Random,
    release::{Expected, Release},
    reshard::{
        name,
        options::Options,
        pick, salvage,
        select::{self, Fields},
        transform,
        words::Words,
    },
    shard::{self, Shard},
};

/// Source bytes after which a part ends; a killed run loses at most a part and what was in flight.
const PART_BYTES: u64 = 8 << 20;
/// A release of fewer samples is still cut into about this many parts.
const MIN_PARTS: usize = 64;
/// Samples after which a part ends, so that small samples do not make too many files.
const PART_SAMPLES: usize = 256;

/// A source shard and what its release says of it.
#[derive(Debug)]
pub struct Source {
    /// The open shard.
    pub shard: Shard,
    /// Its file name, without folders.
    pub filename: String,
    /// Its published digest.
    pub expected: Option<Digest>,
    /// What damage of its structure took, by key; `-` where that is not known.
    pub lost: Vec<LeftOut>,
}

/// A sample that goes into the new release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picked {
    /// Number of its source.
    pub source: usize,
    /// Its number in that shard.
    pub sample: usize,
    /// Its split; 0 where there is none.
    pub split: usize,
}

/// A run of picked samples of one source shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Number of the source.
    pub source: usize,
    /// Numbers in [`Plan::picked`].
    pub samples: Range<usize>,
}

/// What will be read, made and written.
#[derive(Debug)]
pub struct Plan {
    /// Name of the new release.
    pub name: String,
    /// The options it was made for.
    pub options: Options,
    /// Which fields are kept.
    pub fields: Fields,
    /// The source shards, in order.
    pub sources: Vec<Source>,
    /// The samples, in source order.
    pub picked: Vec<Picked>,
    /// Runs of `picked`.
    pub parts: Vec<Part>,
    /// Samples of the sources that the new release leaves out although nothing asked for it.
    pub left_out: Vec<LeftOut>,
    /// The source manifest, where there is exactly one source release that has one.
    pub source_manifest: Option<Value>,
    /// What the sources say of themselves in words.
    pub words: Words,
    /// SHA-256 over everything that decides the output bytes and is known before reading.
    pub fingerprint: Digest,
}

impl Plan {
    /// Opens and indexes the sources and decides everything that can be decided before a picture is read.
    ///
    /// # Errors
    /// `Io`, `Tar`, `Data` for unsound sources; `Invalid` for options that fit nothing in them.
    pub fn new(specs: &[String], options: &Options, pool: &Pool, cancel: &Cancel<'_>) -> Result<Self> {
        options.check()?;
        let release = Release::open(specs)?;
        let sources = open_sources(&release, options, pool, cancel)?;
        shard::refuse_repeated_keys(sources.iter().map(|source| &source.shard))?;
        let fields = Fields::parse(&options.select)?;
        fields.check_against(&pick::fields_of(&sources))?;
        let (picked, left_out) = pick::pick(&sources, &fields, options, pool, cancel)?;
        let parts = cut_parts(&sources, &picked);
        let name = match &options.name {
            Some(name) => name.clone(),
            None => name::default(&sources[0].filename, options.size),
        };
        let words = Words::of(&release, options)?;
        let fingerprint = fingerprint(&name, options, &sources, &words);
        Ok(Self {
            name,
            options: options.clone(),
            fields,
            picked,
            parts,
            left_out,
            source_manifest: release
                .manifest()
                .filter(|_| release.sources.len() == 1)
                .map(|m| m.document.clone()),
            words,
            fingerprint,
            sources,
        })
    }

    /// The shard series to write: a name and the samples in their order, one series a split.
    pub fn series(&self) -> Vec<(Option<String>, Vec<usize>)> {
        let mut order: Vec<usize> = (0..self.picked.len()).collect();
        if self.options.shuffle {
            Random::new(self.options.seed).shuffle(&mut order);
        }
        if self.options.split.is_empty() {
            return vec![(None, order)];
        }
        let of_split =
            |split: usize| order.iter().copied().filter(|&i| self.picked[i].split == split).collect();
        let splits = self.options.split.iter().enumerate();
        splits.map(|(split, (name, _))| (Some(name.clone()), of_split(split))).collect()
    }

    /// Key of a picked sample.
    pub fn key(&self, picked: usize) -> &[u8] {
        let Picked { source, sample, .. } = self.picked[picked];
        self.sources[source].shard.index().key(sample)
    }

    /// Bytes of the source that will be read for pictures.
    pub fn source_bytes(&self) -> u64 {
        self.picked.iter().map(|p| span_len(&self.sources[p.source], p.sample)).sum()
    }

    /// Number of image members that the new release will have.
    pub fn num_images(&self) -> u64 {
        let of_sample = |p: &Picked| {
            let index = self.sources[p.source].shard.index();
            index.samples[p.sample].clone().filter(|&m| self.is_kept_image(index, m as usize)).count() as u64
        };
        self.picked.iter().map(of_sample).sum()
    }

    /// The sources that samples are picked from.
    pub fn drawn(&self) -> impl Iterator<Item = &Source> {
        let drawn: HashSet<usize> = self.parts.iter().map(|part| part.source).collect();
        self.sources.iter().enumerate().filter(move |(i, _)| drawn.contains(i)).map(|(_, source)| source)
    }

    /// True if every source drawn on is checked against a published digest.
    pub fn source_verified(&self) -> bool {
        self.options.verify && self.drawn().all(|source| source.expected.is_some())
    }

    /// Fields of those samples in order of first appearance, as they are in the new release, and whether every sample
    /// has all of them.
    pub fn output_fields(&self, samples: &[usize]) -> (Vec<String>, bool) {
        let png = self.options.format == OutputFormat::Png;
        let mut fields: Vec<String> = Vec::new();
        let mut counts: Vec<usize> = Vec::new();
        for picked in samples.iter().map(|&sample| self.picked[sample]) {
            let index = self.sources[picked.source].shard.index();
            for member in index.samples[picked.sample].clone() {
                let Some(mut field) = field_name(index, member as usize).filter(|f| self.fields.keeps(f))
                else {
                    continue;
                };
                if png && transform::is_made(&field, &self.fields) {
                    let renamed = transform::renamed(field.as_bytes(), "png");
                    field = Cow::Owned(String::from_utf8_lossy(&renamed).into_owned());
                }
                if let Some(known) = fields.iter().position(|known| *known == field) {
                    counts[known] += 1;
                } else {
                    fields.push(field.into_owned());
                    counts.push(1);
                }
            }
        }
        let complete = counts.iter().all(|&count| count == samples.len());
        (fields, complete)
    }

    fn is_kept_image(&self, index: &index::Index, member: usize) -> bool {
        field_name(index, member).is_some_and(|field| select::is_image(&field) && self.fields.keeps(&field))
    }
}

/// A member's field as text.
pub(super) fn field_name(index: &index::Index, member: usize) -> Option<Cow<'_, str>> {
    index.field(member).map(String::from_utf8_lossy)
}

fn span_len(source: &Source, sample: usize) -> u64 {
    let span = source.shard.index().span(sample);
    span.end - span.start
}

fn open_sources(
    release: &Release,
    options: &Options,
    pool: &Pool,
    cancel: &Cancel<'_>,
) -> Result<Vec<Source>> {
    if let Some(missing) = release.missing().first() {
        return Err(Error::data("the release lists a shard that is not there")
            .in_shard(&release.root().join(missing))
            .with_hint("fetch it, or name the shards to be read one by one"));
    }
    let shards = release.shards.iter().zip(&release.expected);
    let go_on = pool.go_on(cancel);
    let open = |(): &mut (), (path, expected): (&PathBuf, &Expected)| {
        if let Some(conflict) = &expected.conflict {
            return Err(Error::data(conflict.clone()).in_shard(path));
        }
        let (shard, lost) = match Shard::open_unless(path, Policy::default(), &go_on) {
            Ok(shard) => (shard, Vec::new()),
            Err(refused) if options.skip_bad => salvage::open(path, refused, &go_on)?,
            Err(refused) => return Err(refused),
        };
        let size = shard.index().file_size;
        // Whoever salvages what cannot be fetched again has what is left of it.
        let salvages = options.skip_bad && !options.verify;
        if let Some(listed) = expected.size.filter(|&listed| listed != size && !salvages) {
            return Err(
                Error::data(format!("the file has {size} bytes, the manifest says {listed}")).in_shard(path)
            );
        }
        let name = path.file_name().unwrap_or(path.as_os_str());
        let filename = name.to_string_lossy().into_owned();
        Ok(Source { shard, filename, expected: expected.digest, lost })
    };
    let mut sources = pool.map(shards, &Stash::new(), cancel, open)?;
    if sources.iter().any(|source| !source.lost.is_empty()) {
        let rows = release.samples()?.unwrap_or_default();
        for source in sources.iter_mut().filter(|source| !source.lost.is_empty()) {
            salvage::name_the_lost(&source.filename, &source.shard, &rows, &mut source.lost);
        }
    }
    if sources.iter().all(|source| source.shard.index().samples.is_empty()) {
        return Err(Error::data("the source has no samples"));
    }
    Ok(sources)
}

fn cut_parts(sources: &[Source], picked: &[Picked]) -> Vec<Part> {
    let most = (picked.len() / MIN_PARTS).clamp(1, PART_SAMPLES);
    let mut parts: Vec<Part> = Vec::new();
    let mut bytes = 0;
    for (i, sample) in picked.iter().enumerate() {
        let len = span_len(&sources[sample.source], sample.sample);
        match parts.last_mut() {
            Some(part)
                if part.source == sample.source && part.samples.len() < most && bytes + len <= PART_BYTES =>
            {
                part.samples.end = i + 1;
                bytes += len;
            }
            _ => {
                parts.push(Part { source: sample.source, samples: i..i + 1 });
                bytes = len;
            }
        }
    }
    parts
}

fn fingerprint(name: &str, options: &Options, sources: &[Source], words: &Words) -> Digest {
    let sources: Vec<Value> = sources
        .iter()
        .map(|source| {
            let index = source.shard.index();
            // Without a published digest the member table stands in; the bytes are compared once they are read.
            let table = || Digest::of(&[index.names.as_slice(), &le_bytes(&index.size)].concat());
            let content = source.expected.unwrap_or_else(table).to_string();
            json!([source.filename, index.file_size, source.expected.is_some(), content])
        })
        .collect();
    let mut options = options.clone();
    options.name = Some(name.to_owned());
    let mut all = json!({
        "options": options,
        "sources": sources,
        "turboshard": env!("CARGO_PKG_VERSION"),
        "libjpeg_turbo": jpeg::version(),
    });
    if let Some(words) = words.evidence() {
        all["words"] = words;
    }
    Digest::of(all.to_string().as_bytes())
}

fn le_bytes(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}
