//! A release being packed: samples come in order, the papers at the end.

use std::{
    collections::{HashMap, hash_map::Entry},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use super::{
    Dataset, PackOptions, Packed, files,
    layout::{Content, Found, Layout, Member},
    path,
    said::{Finding, Reason},
};
use crate::{
    about,
    card::{self, Card},
    digest::{Digest, Hasher},
    error::{Error, Result},
    manifest::{LeftOut, Resolution},
    pack::{self, Limits, Series},
    publish::{self, Facts},
    samples::SampleRow,
    tar::write,
};

/// Samples named by a warning that may concern all of them.
const NAMED: usize = 20;

/// A sample that begins with the same file as one before it.
#[derive(serde::Serialize)]
struct Alike {
    key: String,
    field: String,
    like: String,
}

/// A release that samples are added to.
pub(super) struct Unfinished<'a> {
    layout: &'a dyn Layout,
    options: &'a PackOptions,
    data: PathBuf,
    /// From the first sample on, which names it.
    series: Option<(String, Series)>,
    rows: Vec<SampleRow>,
    /// In order of first appearance, with the number of samples that have each.
    fields: Vec<(String, usize)>,
    /// What the images have in common so far.
    images: Option<(Option<Resolution>, Option<u8>)>,
    num_images: u64,
    files: u64,
    /// Of a `SHA256SUMS` of the files that were packed.
    source: Hasher,
    left_out: Vec<LeftOut>,
    /// By the digest of a sample's first file, its key.
    seen: HashMap<Digest, String>,
    /// Who has the same first file as another, which, and who has it.
    alike: Vec<Alike>,
    unrecognised: Vec<String>,
    /// Members of one sample, kept for its memory.
    tar: Vec<u8>,
}

impl<'a> Unfinished<'a> {
    pub(super) fn new(layout: &'a dyn Layout, dst: &Path, options: &'a PackOptions) -> Self {
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
            seen: HashMap::new(),
            alike: Vec::new(),
            unrecognised: layout
                .said()
                .unrecognised
                .iter()
                .filter(|name| !card::is_license(name))
                .cloned()
                .collect(),
            tar: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, found: Found) -> Result<()> {
        self.unrecognised.extend(found.unrecognised);
        let members = match found.content {
            Content::Whole(members) => members,
            Content::LeftOut(reason) => {
                self.left_out.push(LeftOut { key: found.name, reason });
                return Ok(());
            }
            Content::None => return Ok(()),
        };
        let number = self.rows.len() as u64;
        let (key, json) = self.layout.describe(number, &found.name, found.facts, &members);
        self.compare(&key, &members);
        self.tar.clear();
        let mut last = None;
        for member in &members {
            self.add(&key, &member.field, &member.bytes)?;
            let Some(path) = &member.path else { continue };
            // A file that gives two members is one file all the same.
            if last.replace(path) != Some(path) {
                self.files += 1;
                self.source.update(format!("{}  {path}\n", member.digest).as_bytes());
            }
        }
        if let Some(json) = &json {
            self.add(&key, "json", json)?;
        }
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

    /// Remembers a sample's first file, and whether another has brought the same: a subject that was copied may lack
    /// what lies elsewhere.
    fn compare(&mut self, key: &str, members: &[Member]) {
        let Some(member) = members.first() else { return };
        match self.seen.entry(member.digest) {
            Entry::Occupied(known) => {
                let (key, field) = (key.to_owned(), member.field.to_string());
                self.alike.push(Alike { key, field, like: known.get().clone() });
            }
            Entry::Vacant(place) => drop(place.insert(key.to_owned())),
        }
    }

    /// What the layout, the licence and the samples give to say.
    fn warnings(&self, dataset: Dataset) -> Vec<String> {
        let mut warnings: Vec<String> =
            about::forbidden(dataset.name()).map(str::to_owned).into_iter().collect();
        warnings.extend_from_slice(&self.layout.said().warnings);
        let said = |one: &Alike| format!("{} has the same {} as {}", one.key, one.field, one.like);
        warnings.extend(self.alike.iter().take(NAMED).map(said));
        if self.alike.len() > NAMED {
            warnings.push(format!("{} more are like another", self.alike.len() - NAMED));
        }
        warnings
    }

    /// What the manifest keeps of what the layout has to say.
    fn findings(&self) -> Vec<Finding> {
        let mut findings = self.layout.said().findings.clone();
        // A layout of folders lists what belongs to no sample as it comes by.
        if self.layout.files().is_none() {
            let lost = || self.unrecognised.iter().map(String::as_str).filter(|path| !path::is_aside(path));
            if lost().next().is_some() {
                let names = files::describe(lost());
                findings.push(Finding::new(Reason::NotRecognised, lost().count() as u64, names));
            }
        }
        findings
    }

    fn add(&mut self, key: &str, field: &str, payload: &[u8]) -> Result<()> {
        match self.fields.iter_mut().find(|(known, _)| known == field) {
            Some((_, count)) => *count += 1,
            None => self.fields.push((field.to_owned(), 1)),
        }
        write::member_into(format!("{key}.{field}").as_bytes(), payload, write::LongNames::Gnu, &mut self.tar)
    }

    pub(super) fn finish(self, dataset: Dataset, src: &Path, dst: &Path) -> Result<Packed> {
        let (warnings, findings) = (self.warnings(dataset), self.findings());
        let Some((name, series)) = self.series else {
            let why = self.left_out.first().map_or_else(
                || "it has none".to_owned(),
                |left| format!("{} are left out, {} because {}", self.left_out.len(), left.key, left.reason),
            );
            return Err(Error::data(format!("no whole sample: {why}")).in_shard(src));
        };
        let shards = series.finish()?;
        let (resolution, quality) = self.images.unwrap_or_default();
        let forbidden = about::forbidden(dataset.name());
        let mut about = self.options.about.clone();
        if forbidden.is_some() {
            about.license.get_or_insert_with(|| "Headspace's agreement: not to be passed on".to_owned());
        }
        let complete = self.fields.iter().all(|(_, count)| *count == self.rows.len());
        let mut pack = json!({
            "dataset": dataset.name(),
            "num_files": self.files,
            "sha256sums_sha256": self.source.finish(),
        });
        for (name, count) in self.layout.counts() {
            pack[name] = json!(count);
        }
        if !self.alike.is_empty() {
            pack["alike"] = json!(self.alike);
        }
        if !findings.is_empty() {
            pack["findings"] = json!(findings);
        }
        let facts = Facts {
            name: name.clone(),
            resolution,
            quality,
            fields: self.fields.into_iter().map(|(field, _)| field).collect(),
            num_images: self.num_images,
            complete,
            provenance: provenance(pack),
            left_out: self.left_out.clone(),
            about,
        };
        let mut card = Card { forbidden: forbidden.into_iter().collect(), ..Card::default() };
        match self.layout.files() {
            Some(files) => {
                for (number, file) in files.iter().filter(|(_, file)| card::is_license(&file.unpacked)) {
                    card.add_license((file.unpacked.clone(), files.read(number)?.0));
                }
            }
            None => card::license_in(src)?.into_iter().for_each(|license| card.add_license(license)),
        }
        card.write(dst, &facts, self.rows.len())?;
        publish::papers(dst, &facts, &shards, &self.rows)?;
        Ok(Packed {
            name,
            num_samples: self.rows.len() as u64,
            num_images: self.num_images,
            shards,
            left_out: self.left_out,
            unrecognised: self.unrecognised,
            warnings,
            publishable: forbidden.is_none(),
            begun_anew: false,
        })
    }
}

fn provenance(pack: Value) -> Map<String, Value> {
    Map::from_iter([
        ("pack".to_owned(), pack),
        ("turboshard".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
        ("libjpeg_turbo".to_owned(), json!(crate::jpeg::version())),
    ])
}
