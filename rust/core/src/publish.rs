//! The papers of a release: manifest, sample list, sums, and the two archives of them that are uploaded.
//!
//! Written after the last shard, the manifest as the very last: a folder that has one is a whole release.

use std::{collections::BTreeSet, path::Path};

use serde_json::{Map, Value};

use crate::{
    about::About,
    bundle,
    error::Result,
    manifest::{LeftOut, Manifest, Resolution, ShardEntry},
    pack::PackedShard,
    reghead,
    samples::{self, SampleRow},
    sums, writer,
};

/// What a release says of itself, besides its shards.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Name; the shards are called after it.
    pub name: String,
    /// Size of every image, if it is one.
    pub resolution: Option<Resolution>,
    /// JPEG quality, if one was used for all.
    pub quality: Option<u8>,
    /// Fields of the samples, in order of first appearance.
    pub fields: Vec<String>,
    /// Image members in all.
    pub num_images: u64,
    /// True if every sample has every field.
    pub complete: bool,
    /// Where it came from and how it was made.
    pub provenance: Map<String, Value>,
    /// Samples left out, with the reason.
    pub left_out: Vec<LeftOut>,
    /// Licence, citation and origin.
    pub about: About,
}

impl Facts {
    /// `jpeg`, `png`, `mixed` or `none`, by the fields' extensions.
    fn image_format(&self) -> &'static str {
        let kinds: BTreeSet<&str> = self
            .fields
            .iter()
            .filter_map(|field| match field.rsplit('.').next()?.to_lowercase().as_str() {
                "jpg" | "jpeg" => Some("jpeg"),
                "png" => Some("png"),
                "webp" | "bmp" | "tif" | "tiff" | "gif" | "ppm" => Some("other"),
                _ => None,
            })
            .collect();
        match (kinds.len(), kinds.first()) {
            (0, _) => "none",
            (1, Some(&kind)) if kind != "other" => kind,
            _ => "mixed",
        }
    }

    /// `reghead` if every sample has the ten expressions and the JSON, and nothing else.
    fn contract(&self) -> Option<&'static str> {
        let wanted = reghead::FIELDS.iter().copied().chain(["json"]);
        let has_all = wanted.clone().all(|field| self.fields.iter().any(|f| f == field));
        (self.complete && has_all && self.fields.len() == wanted.count()).then_some("reghead")
    }

    fn manifest(&self, shards: &[PackedShard]) -> Manifest {
        let entry = |shard: &PackedShard| ShardEntry {
            filename: shard.filename.clone(),
            size: Some(shard.size),
            digest: Some(shard.sha256),
            num_samples: Some(shard.num_samples),
        };
        Manifest {
            schema_version: 1,
            name: self.name.clone(),
            resolution: self.resolution,
            image_format: self.image_format().to_owned(),
            quality: self.quality,
            num_samples: shards.iter().map(|shard| shard.num_samples).sum(),
            num_images: self.num_images,
            fields: self.fields.clone(),
            complete: self.complete,
            contract: self.contract().map(str::to_owned),
            shards: shards.iter().map(entry).collect(),
            provenance: self.provenance.clone(),
            about: self.about.clone(),
            left_out: (!self.left_out.is_empty()).then(|| self.left_out.clone()),
            splits: None,
        }
    }
}

/// Writes everything a release has besides its shards.
///
/// # Errors
/// `Io`.
pub fn papers(dst: &Path, facts: &Facts, shards: &[PackedShard], rows: &[SampleRow]) -> Result<()> {
    let samples = samples::render(rows)?;
    let paths: Vec<String> = shards.iter().map(|shard| format!("data/{}", shard.filename)).collect();
    let sums = sums::render(paths.iter().map(String::as_str).zip(shards.iter().map(|shard| shard.sha256)));
    let manifest = facts.manifest(shards).render()?;
    let put = |name: &str, bytes: &[u8]| writer::write_atomic(&dst.join(name), bytes).map(drop);
    let metadata = [
        ("metadata/release_manifest.json", manifest.as_slice()),
        ("metadata/webdataset_samples.jsonl", samples.as_slice()),
    ];
    let checksums = [("checksums/SHA256SUMS", sums.as_bytes())];
    put("metadata.tar.gz", &bundle::pack(&metadata)?)?;
    put("checksums.tar.gz", &bundle::pack(&checksums)?)?;
    put("metadata/webdataset_samples.jsonl", &samples)?;
    put("checksums/SHA256SUMS", sums.as_bytes())?;
    put(MANIFEST, &manifest)
}

/// Where a release keeps its manifest.
pub const MANIFEST: &str = "metadata/release_manifest.json";
