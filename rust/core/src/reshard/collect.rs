//! One run of a plan: what is there already, what is to be made, and the release put together.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::{
    digest,
    error::{Error, Kind, Result},
    manifest::LeftOut,
    pack::{self, Limits, OpenShard, PackedShard},
    reshard::{
        Tools,
        journal::{Journal, SampleReceipt},
        parts::part_path,
        plan::{Part, Plan},
        work::Work,
    },
    shard::read_file,
};

/// A shard to be written: which samples, under which name.
pub(super) struct Planned {
    series: String,
    number: usize,
    /// Numbers in the plan.
    pub(super) samples: Vec<usize>,
}

/// A run under way.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) dst: &'a Path,
    work: PathBuf,
    pub(super) journal: Journal,
    /// Parts still to be made.
    todo: BTreeSet<usize>,
    /// Shards of an earlier run that are whole.
    kept: Vec<PackedShard>,
    pub(super) reused_images: u64,
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
    pub(super) fn planned(&self, receipts: &[SampleReceipt]) -> Result<Vec<Planned>> {
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
    pub(super) fn left_out(&self, receipts: &[SampleReceipt]) -> Vec<LeftOut> {
        let bad = receipts.iter().enumerate().filter_map(|(sample, receipt)| {
            let key = String::from_utf8_lossy(self.plan.key(sample)).into_owned();
            Some(LeftOut { key, reason: receipt.left_out.clone()? })
        });
        self.plan.left_out.iter().cloned().chain(bad).collect()
    }

    pub(super) fn all_receipts(&self) -> Result<Vec<SampleReceipt>> {
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
}

impl Planned {
    pub(super) fn filename(&self) -> String {
        pack::shard_name(&self.series, self.number)
    }
}
