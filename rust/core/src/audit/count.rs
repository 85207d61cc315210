//! What a release holds, counted from the indexes of its shards.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::figures::Figures;
use crate::{index::Index, reghead, reshard::select::identity_in_key};

/// Keys named for each difference; there may be more.
pub(super) const NAMED: usize = 20;

/// The numbers; each is what `Figures` may have an expectation of.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// Shards.
    pub shards: u64,
    /// Bytes of all shards.
    pub bytes: u64,
    /// Samples.
    pub samples: u64,
    /// Distinct subjects: what keys have in front of their first underscore, or the keys themselves.
    pub subjects: u64,
    /// Image members, by their extension.
    pub images: u64,
    /// Samples that have each field.
    pub fields: BTreeMap<String, u64>,
    /// Samples of each RegHead style.
    pub styles: BTreeMap<String, u64>,
}

/// Counts, and what is needed to say who differs.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    /// Keys, and how often each was seen.
    pub(super) keys: HashMap<String, u32>,
    /// Keys of RegHead identities; whoever has more than one is doubled.
    pub(super) identities: HashMap<String, u32>,
    /// Numbers of RegHead keys.
    pub(super) numbers: HashSet<u64>,
    pub(super) subjects: HashSet<String>,
    /// By field: the first keys of samples that lack it.
    pub(super) lacking: BTreeMap<String, Vec<String>>,
}

impl Tally {
    pub(super) fn shard(&mut self, index: &Index, figures: &Figures) {
        self.counts.shards += 1;
        self.counts.bytes += index.file_size;
        for sample in 0..index.samples.len() {
            let key = String::from_utf8_lossy(index.key(sample)).into_owned();
            let fields = index.members(sample).filter_map(|member| index.field(member));
            let fields: Vec<String> =
                fields.map(|field| String::from_utf8_lossy(field).to_lowercase()).collect();
            self.sample(key, &fields, figures);
        }
    }

    fn sample(&mut self, key: String, fields: &[String], figures: &Figures) {
        self.counts.samples += 1;
        for field in fields {
            self.counts.images += u64::from(is_image(field));
            match self.counts.fields.get_mut(field) {
                Some(count) => *count += 1,
                None => drop(self.counts.fields.insert(field.clone(), 1)),
            }
        }
        for wanted in figures.fields.iter().filter(|wanted| !fields.contains(wanted)) {
            let keys = self.lacking.entry(wanted.clone()).or_default();
            if keys.len() < NAMED {
                keys.push(key.clone());
            }
        }
        let identity = identity_in_key(&key);
        if let Some(facts) = reghead::split_identity(identity) {
            let style = reghead::canonical_style(facts.style).to_owned();
            *self.counts.styles.entry(style).or_default() += 1;
            *self.identities.entry(identity.to_owned()).or_default() += 1;
        }
        if let Some((number, ..)) = reghead::split_key(&key) {
            self.numbers.insert(number);
        }
        let subject = if figures.by_subject { key.split('_').next().unwrap_or(&key) } else { &key };
        if !self.subjects.contains(subject) {
            self.subjects.insert(subject.to_owned());
            self.counts.subjects += 1;
        }
        *self.keys.entry(key).or_default() += 1;
    }
}

fn is_image(field: &str) -> bool {
    let extension = field.rsplit('.').next().unwrap_or(field);
    matches!(extension, "jpg" | "jpeg" | "png" | "bmp" | "webp" | "tif" | "tiff" | "gif" | "ppm")
}
