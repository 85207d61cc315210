//! One run of a plan: what is there already, what is to be made, and the release put together.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use crate::{
    about::About,
    codec::DEFAULT_QUALITY,
    digest,
    error::{Error, Kind, Result},
    jpeg,
    manifest::{LeftOut, Resolution},
    pack::{self, Limits, OpenShard, PackedShard},
    publish::{self, Facts},
    reshard::{
        Outcome, Tools,
        journal::{Journal, SampleReceipt},
        parts::part_path,
        plan::{Part, Plan},
        select,
        work::Work,
    },
    samples::SampleRow,
    shard::read_file,
};

/// A shard to be written: which samples, under which name.
struct Planned {
    series: String,
    number: usize,
    /// Numbers in the plan.
    samples: Vec<usize>,
}

/// A run under way.
pub(super) struct Run<'a> {
    plan: &'a Plan,
    dst: &'a Path,
    work: PathBuf,
    pub(super) journal: Journal,
    /// Parts still to be made.
    todo: BTreeSet<usize>,
    /// Shards of an earlier run that are whole.
    kept: Vec<PackedShard>,
    reused_images: u64,
}

impl<'a> Run<'a> {
    /// Takes up what an earlier run left, believing only what its digest proves.
    pub(super) fn open(plan: &'a Plan, dst: &'a Path, work: &Work, tools: &Tools<'_>) -> Result<Self> {
        let journal = Journal::open(&work.journal(), plan.fingerprint)?;
        let (path, todo) = (work.path.clone(), (0..plan.parts.len()).collect());
        let mut run = Self { plan, dst, work: path, journal, todo, kept: Vec::new(), reused_images: 0 };
        tools.progress.expect(plan.num_images());
        run.keep_shards(tools)?;
        run.keep_parts(tools)?;
        tools.progress.add(run.reused_images);
        Ok(run)
    }

    /// Shards that the journal names and that have the digest it gives.
    fn keep_shards(&mut self, tools: &Tools<'_>) -> Result<()> {
        let Some(receipts) = self.receipts() else { return Ok(()) };
        let planned = self.planned(&receipts)?;
        let data = pack::data_folder(self.dst);
        let noted: Vec<PackedShard> = self.journal.shards.clone();
        let paths: Vec<PathBuf> = noted.iter().map(|entry| data.join(&entry.filename)).collect();
        let found = digest::of_files(&paths, tools.pool, tools.cancel, &|_| ())?;
        for (entry, found) in noted.into_iter().zip(found) {
            let due = planned.iter().any(|shard| {
                shard.filename() == entry.filename && shard.samples.len() as u64 == entry.num_samples
            });
            if due && found.is_ok_and(|(digest, _)| digest == entry.sha256) {
                self.kept.push(entry);
            }
        }
        Ok(())
    }

    /// Parts that the journal names and that have the digest it gives; parts whose samples are all in kept
    /// shards are not needed any more.
    fn keep_parts(&mut self, tools: &Tools<'_>) -> Result<()> {
        let mut needed: BTreeSet<usize> = self.todo.clone();
        if let Some(receipts) = self.receipts().filter(|_| !self.kept.is_empty()) {
            let open = self.planned(&receipts)?.into_iter().filter(|shard| !self.is_kept(shard));
            let samples: BTreeSet<usize> = open.flat_map(|shard| shard.samples).collect();
            needed.retain(|&part| {
                self.plan.parts[part].samples.clone().any(|sample| samples.contains(&sample))
            });
        }
        let noted: Vec<usize> =
            needed.iter().copied().filter(|part| self.journal.parts.contains_key(part)).collect();
        let paths: Vec<PathBuf> = noted.iter().map(|&part| part_path(&self.work, part)).collect();
        let found = digest::of_files(&paths, tools.pool, tools.cancel, &|_| ())?;
        self.todo = needed;
        for (part, found) in noted.into_iter().zip(found) {
            let whole = self.journal.parts.get(&part).map(|receipt| receipt.sha256);
            if found.is_ok_and(|(digest, _)| Some(digest) == whole) {
                self.todo.remove(&part);
            }
        }
        let made = self.journal.parts.values().filter(|receipt| !self.todo.contains(&receipt.part));
        self.reused_images = made.flat_map(|r| &r.samples).map(|sample| u64::from(sample.images)).sum();
        Ok(())
    }

    fn is_kept(&self, shard: &Planned) -> bool {
        self.kept.iter().any(|entry| entry.filename == shard.filename())
    }

    /// Parts of one source that are to be made.
    pub(super) fn todo(&self, source: usize) -> Vec<usize> {
        self.todo.iter().copied().filter(|&part| self.plan.parts[part].source == source).collect()
    }

    /// True if a source must be read: something is to be made of it, or it was never read to its end.
    pub(super) fn must_read(&self, source: usize, todo: &[usize]) -> bool {
        let drawn = self.plan.parts.iter().any(|part| part.source == source);
        !todo.is_empty() || (drawn && !self.journal.sources.contains_key(&source))
    }

    /// What is known of every sample, once every part was made; `None` before.
    fn receipts(&self) -> Option<Vec<SampleReceipt>> {
        let mut receipts = Vec::with_capacity(self.plan.picked.len());
        for (number, part) in self.plan.parts.iter().enumerate() {
            let receipt = self.journal.parts.get(&number)?;
            if receipt.samples.len() != part.samples.len() {
                return None;
            }
            receipts.extend(receipt.samples.iter().cloned());
        }
        Some(receipts)
    }

    /// The shards of the release.
    fn planned(&self, receipts: &[SampleReceipt]) -> Result<Vec<Planned>> {
        let options = &self.plan.options;
        let limits = Limits { bytes: options.max_shard_size, samples: options.max_samples };
        let mut shards = Vec::new();
        for (name, mut order) in self.plan.series() {
            order.retain(|&sample| receipts[sample].left_out.is_none());
            let series = name.map_or(self.plan.name.clone(), |split| format!("{}-{split}", self.plan.name));
            let lengths: Vec<u64> = order.iter().map(|&sample| receipts[sample].len).collect();
            let key = |i: usize| String::from_utf8_lossy(self.plan.key(order[i])).into_owned();
            let mut rest = order.as_slice();
            for (number, count) in
                pack::cut(&lengths, &limits, options.num_shards, key)?.into_iter().enumerate()
            {
                let (samples, after) = rest.split_at(count);
                rest = after;
                shards.push(Planned { series: series.clone(), number, samples: samples.to_vec() });
            }
        }
        Ok(shards)
    }

    /// Copies the samples out of the parts into the shards.
    pub(super) fn pack(&mut self, tools: &Tools<'_>) -> Result<()> {
        let receipts = self.all_receipts()?;
        let planned = self.planned(&receipts)?;
        let kept = |part: &Part| part.samples.clone().filter(|&i| receipts[i].left_out.is_none()).count();
        let mut left: Vec<usize> = self.plan.parts.iter().map(kept).collect();
        if left.iter().all(|&count| count == 0) {
            return Err(self.nothing_left(&receipts));
        }
        let mut buffer = Vec::new();
        for shard in planned {
            if !self.is_kept(&shard) {
                let mut open = OpenShard::create(&pack::data_folder(self.dst), &shard.series, shard.number)?;
                for &sample in &shard.samples {
                    self.read_made(sample, &receipts, &mut buffer)?;
                    open.sample(&buffer)?;
                    tools.cancel.check()?;
                }
                self.journal.shard(open.publish()?)?;
            }
            // A part goes as soon as every sample of it is in a shard: at no time is more than the parts,
            // the shards so far and one open shard on the disk.
            for &sample in &shard.samples {
                let part = self.part_of(sample);
                left[part] -= 1;
                if left[part] == 0 {
                    // Not there if an earlier run had packed and removed it.
                    drop(std::fs::remove_file(part_path(&self.work, part)));
                }
            }
        }
        Ok(())
    }

    fn nothing_left(&self, receipts: &[SampleReceipt]) -> Error {
        let why = self.left_out(receipts).into_iter().next().map_or_else(String::new, |first| first.reason);
        Error::data(format!("every sample was left out, the first because of {why}"))
    }

    /// Samples that are not in the release: those that nothing asked to leave out, and those that are bad.
    fn left_out(&self, receipts: &[SampleReceipt]) -> Vec<LeftOut> {
        let bad = receipts.iter().enumerate().filter_map(|(sample, receipt)| {
            let key = String::from_utf8_lossy(self.plan.key(sample)).into_owned();
            Some(LeftOut { key, reason: receipt.left_out.clone()? })
        });
        self.plan.left_out.iter().cloned().chain(bad).collect()
    }

    fn all_receipts(&self) -> Result<Vec<SampleReceipt>> {
        self.receipts().ok_or_else(|| Error::new(Kind::Internal("a part was not made".into())))
    }

    fn part_of(&self, sample: usize) -> usize {
        self.plan.parts.partition_point(|part| part.samples.end <= sample)
    }

    fn read_made(&self, sample: usize, receipts: &[SampleReceipt], buffer: &mut Vec<u8>) -> Result<()> {
        let part = self.part_of(sample);
        let first = self.plan.parts[part].samples.start;
        let offset = receipts[first..sample].iter().map(|receipt| receipt.len).sum();
        read_file(&part_path(&self.work, part), offset, receipts[sample].len as usize, buffer)
    }

    /// Writes manifest, sums and sample list.
    pub(super) fn publish(&self) -> Result<Outcome> {
        let receipts = self.all_receipts()?;
        let planned = self.planned(&receipts)?;
        let mut shards = Vec::with_capacity(planned.len());
        let mut rows = Vec::with_capacity(receipts.len());
        for shard in &planned {
            let written = self.journal.shards.iter().rev().find(|entry| entry.filename == shard.filename());
            let written =
                written.ok_or_else(|| Error::new(Kind::Internal("a shard was not written".into())))?;
            shards.push(written.clone());
            rows.extend(shard.samples.iter().map(|&sample| SampleRow {
                sample_key: String::from_utf8_lossy(self.plan.key(sample)).into_owned(),
                identity: receipts[sample].identity.clone(),
                shard: shard.filename(),
                num_expressions: receipts[sample].images,
            }));
        }
        let num_images = receipts.iter().map(|receipt| u64::from(receipt.images)).sum();
        publish::papers(self.dst, &self.facts(num_images, &receipts), &shards, &rows)?;
        let encoded =
            |count: fn(&super::journal::PartReceipt) -> u64| self.journal.parts.values().map(count).sum();
        let chroma: u64 = encoded(|receipt| receipt.resampled_chroma);
        let mut notes = Vec::new();
        if chroma > 0 {
            notes.push(format!(
                "{chroma} images had a subsampling other than 420, 422 and 444; they are 420 now"
            ));
        }
        let rgb: u64 = encoded(|receipt| receipt.through_rgb);
        if rgb > 0 {
            notes.push(format!(
                "{rgb} images went through RGB: they are not YCbCr, are cut, or have an odd size"
            ));
        }
        if !self.plan.source_verified() {
            notes.push("the source was not verified: no digest was checked for all of its shards".to_owned());
        }
        Ok(Outcome {
            name: self.plan.name.clone(),
            num_samples: rows.len() as u64,
            num_images,
            shards,
            finished_before: false,
            reused_images: self.reused_images,
            redone_images: num_images - self.reused_images.min(num_images),
            encoded_images: encoded(|receipt| receipt.encoded),
            source_verified: self.plan.source_verified(),
            left_out: self.left_out(&receipts),
            notes,
        })
    }

    fn facts(&self, num_images: u64, receipts: &[SampleReceipt]) -> Facts {
        let plan = self.plan;
        let options = &plan.options;
        let written: Vec<usize> = (0..receipts.len()).filter(|&i| receipts[i].left_out.is_none()).collect();
        let (fields, complete) = plan.output_fields(&written);
        let of_source =
            |key: &str| plan.source_manifest.as_ref().and_then(|manifest| manifest.get(key)).cloned();
        let resolution = match options.size {
            Some((height, width)) if height == width => Some(Resolution::Square(height as u32)),
            Some((height, width)) => Some(Resolution::HeightWidth([height as u32, width as u32])),
            None => of_source("resolution").and_then(|found| serde_json::from_value(found).ok()),
        };
        let pictures = fields.iter().any(|field| select::is_jpeg(field));
        let quality = match options.encodes() {
            _ if !pictures => None,
            true => Some(options.quality.unwrap_or(DEFAULT_QUALITY)),
            false => {
                of_source("quality").and_then(|quality| quality.as_u64()).and_then(|q| u8::try_from(q).ok())
            }
        };
        Facts {
            name: plan.name.clone(),
            resolution,
            quality,
            fields,
            num_images,
            complete,
            provenance: self.provenance(),
            left_out: self.left_out(receipts),
            about: About::default(),
        }
    }

    /// How the release was made. Nothing of time, host or path, so that it is the same wherever it was made.
    fn provenance(&self) -> Map<String, Value> {
        let plan = self.plan;
        let sources: Vec<Value> = self
            .journal
            .sources
            .iter()
            .map(|(&number, digest)| {
                let source = &plan.sources[number];
                json!({
                    "filename": source.filename,
                    "size": source.shard.index().file_size,
                    "sha256": digest,
                })
            })
            .collect();
        let options = &plan.options;
        let touched = options.encodes();
        let facts = json!({
            "source": sources,
            "source_verified": plan.source_verified(),
            "resample": options.size.map(|_| options.resample.name()),
            "quality": touched.then(|| options.quality.unwrap_or(DEFAULT_QUALITY)),
            "subsampling": touched.then(|| options.subsampling.name()),
            "space": touched.then(|| options.space.name()),
            "options": options,
            "turboshard": env!("CARGO_PKG_VERSION"),
            "libjpeg_turbo": jpeg::version(),
            "fingerprint": plan.fingerprint,
        });
        facts.as_object().cloned().unwrap_or_default()
    }
}

impl Planned {
    fn filename(&self) -> String {
        pack::shard_name(&self.series, self.number)
    }
}
