//! What a finished run writes besides shards, and says of itself.

use serde_json::{Map, Value, json};

use crate::{
    codec::DEFAULT_QUALITY,
    error::{Error, Kind, Result},
    jpeg,
    manifest::Resolution,
    publish::{self, Facts},
    reshard::{
        Outcome,
        collect::Run,
        journal::{PartReceipt, SampleReceipt},
        select,
    },
    samples::SampleRow,
};

impl Run<'_> {
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
        let facts = self.facts(num_images, &receipts);
        let card = &self.plan.words.card;
        card.write(self.dst, &facts, rows.len())?;
        publish::papers(self.dst, &facts, &shards, &rows)?;
        let encoded = |count: fn(&PartReceipt) -> u64| self.journal.parts.values().map(count).sum();
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
            warnings: card.forbidden.iter().map(|&words| words.to_owned()).collect(),
            publishable: card.forbidden.is_empty(),
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
            about: plan.words.about.clone(),
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
        let mut facts = json!({
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
        if !plan.words.datasets.is_empty() {
            facts["datasets"] = json!(plan.words.datasets);
        }
        facts.as_object().cloned().unwrap_or_default()
    }
}
