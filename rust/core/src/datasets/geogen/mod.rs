//! GeoGen: seven views of a subject, `SUBJECT/{0..6}.png` in any of seven zips, and a JSON a subject with its cameras.
//!
//! The JSON's keys and the names of its files are documented nowhere, so that a file is given to the subject that it names,
//! else to the one whose number it has, which is said where it names another. Whoever is named and has no view is a subject
//! without views: a zip that was not downloaded shows in nothing else.

pub mod cameras;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::{Map, Value};

use super::{
    files::{File, Files},
    layout::{Content, Found, ImageFacts, Layout, Member, reason},
    naming, picture,
    said::{Reason, Said},
};
use crate::{
    codec::Codec,
    error::{Error, Kind, Result},
    pool::Cancel,
};

/// The fields of the views.
pub const FIELDS: [&str; 7] = ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png", "6.png"];

/// A subject, and which files are its.
#[derive(Default)]
struct Subject {
    name: String,
    views: [Vec<usize>; 7],
    metadata: Vec<usize>,
}

/// The subjects, by number and then by name.
pub(super) struct GeoGen {
    files: Files,
    subjects: Vec<Subject>,
    /// Archives that views lie in.
    batches: usize,
    said: Said,
}

/// Whether a file may be a subject's JSON; the publisher's README spells its ending `jsom`.
fn is_metadata(file: &File) -> bool {
    let name = file.name().to_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "json" | "jsom") || (name.contains("metadata") && ending != "png")
}

/// The number at the end of a name, and the words in front of it.
fn split(name: &str) -> Option<(&str, u64)> {
    let end = name.rfind(|c: char| c.is_ascii_digit())? + 1;
    let digits = name.get(..end)?;
    let start = digits.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |before| before + 1);
    let (words, digits) = digits.split_at_checked(start)?;
    Some((words, digits.parse().ok()?))
}

fn last_number(name: &str) -> Option<u64> {
    split(name).map(|(_, number)| number)
}

/// Whose cameras a file holds.
enum Owner {
    /// That subject's; `named` is whom the file names instead, if it does.
    Subject { place: usize, named: Option<String> },
    /// Those of somebody of that name, of whom there is no view.
    Unseen(String),
    /// Nobody's, or that of one of several: no metadata, or none that tells.
    Unknown,
}

/// Subjects by name, and by number where only one has it.
struct Owners {
    names: BTreeMap<String, usize>,
    numbers: BTreeMap<u64, Option<usize>>,
}

impl Owners {
    fn of(subjects: &[Subject]) -> Self {
        let (mut names, mut numbers) = (BTreeMap::new(), BTreeMap::new());
        for (place, subject) in subjects.iter().enumerate() {
            names.insert(subject.name.clone(), place);
            if let Some(number) = last_number(&subject.name) {
                numbers.entry(number).and_modify(|owner| *owner = None).or_insert(Some(place));
            }
        }
        Self { names, numbers }
    }

    fn of_metadata(&self, files: &Files, file: usize) -> Result<Owner> {
        let (bytes, _) = files.read(file)?;
        let Ok(Value::Object(document)) = serde_json::from_slice(&bytes) else { return Ok(Owner::Unknown) };
        if !document.keys().any(|key| key.eq_ignore_ascii_case("cameras")) {
            return Ok(Owner::Unknown);
        }
        let named = document.values().filter_map(Value::as_str);
        if let Some(&place) = named.clone().find_map(|name| self.names.get(name)) {
            return Ok(Owner::Subject { place, named: None });
        }
        let path = files.path(file);
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let number = named.clone().find_map(last_number).or_else(|| last_number(stem));
        let named = named.clone().next().map(str::to_owned);
        Ok(match number.map(|number| self.numbers.get(&number).copied()) {
            Some(Some(Some(place))) => Owner::Subject { place, named },
            Some(Some(None)) => Owner::Unknown,
            Some(None) | None => Owner::Unseen(named.unwrap_or_else(|| stem.to_owned())),
        })
    }
}

impl GeoGen {
    pub(super) fn list(src: &Path, cancel: &Cancel<'_>) -> Result<Self> {
        let (files, mut said) = Files::list(src, |_| false, cancel)?;
        let mut subjects: BTreeMap<(Option<u64>, String), Subject> = BTreeMap::new();
        let (mut candidates, mut unrecognised) = (Vec::new(), Vec::new());
        let (mut batches, mut views) = (BTreeSet::new(), Vec::new());
        for (number, file) in files.iter() {
            let view = FIELDS.iter().position(|&field| field == file.name());
            if let (Some(view), Some(folder)) = (view, file.folders().next()) {
                let subject = subjects.entry((last_number(folder), folder.to_owned())).or_default();
                folder.clone_into(&mut subject.name);
                batches.extend(file.lies_in_archive());
                views.push(number);
                if let Some(files) = subject.views.get_mut(view) {
                    files.push(number);
                }
            } else if is_metadata(file) {
                candidates.push(number);
            } else {
                unrecognised.push(number);
            }
        }
        let mut subjects: Vec<Subject> = subjects.into_values().collect();
        if subjects.is_empty() {
            return Err(Error::data("there is no view of a subject")
                .with_hint("each subject has seven, such as images_batch_1.zip with subj_id_0/0.png")
                .in_shard(src));
        }
        let owners = Owners::of(&subjects);
        let (mut unseen, mut renamed) = (BTreeMap::<String, Subject>::new(), Vec::new());
        for file in candidates {
            cancel.check()?;
            let subject = match owners.of_metadata(&files, file)? {
                Owner::Unknown => None,
                Owner::Unseen(name) => {
                    Some(unseen.entry(name.clone()).or_insert_with(|| Subject { name, ..Subject::default() }))
                }
                Owner::Subject { place, named } => {
                    let subject = subjects.get_mut(place);
                    let to = subject.as_ref().map_or("", |subject| &subject.name);
                    renamed.extend(named.map(|name| format!("{} of {name} to {to}", files.path(file))));
                    subject
                }
            };
            match subject {
                Some(subject) => subject.metadata.push(file),
                None => unrecognised.push(file),
            }
        }
        subjects.extend(unseen.into_values());
        subjects.sort_by(|a, b| (last_number(&a.name), &a.name).cmp(&(last_number(&b.name), &b.name)));
        unrecognised.sort_unstable();
        said.not_recognised(&files, &unrecognised, |_| false);
        let names = subjects.iter().map(|subject| subject.name.as_str());
        naming::unlike(&mut said, names.clone(), split);
        naming::gaps(&mut said, None, names.filter_map(last_number));
        // The folders that a zip's subjects lie in, where they lie in any.
        let above = files.folders_apart(&views).into_iter().flat_map(|mut folders| {
            folders.pop();
            folders
        });
        let above: BTreeSet<&str> = above.collect();
        naming::unlike(&mut said, above.iter().copied(), split);
        if let [first, ..] = &*renamed {
            let words =
                format!("{} files of cameras were given away by number alone: {first}", renamed.len());
            said.find(Reason::OtherSubject, renamed, words);
        }
        Ok(Self { files, subjects, batches: batches.len(), said })
    }

    fn content(&self, codec: &mut Codec, subject: &Subject) -> Result<Content> {
        if let Some(reason) = incomplete(subject) {
            return Ok(Content::LeftOut(reason));
        }
        let mut members = Vec::with_capacity(8);
        let mut facts: Option<ImageFacts> = None;
        for (field, &file) in FIELDS.into_iter().zip(subject.views.iter().flatten()) {
            let (bytes, digest) = match self.files.read(file) {
                Err(error) if matches!(error.kind(), Kind::Archive(_)) => {
                    return Ok(Content::LeftOut(reason(field, &error)));
                }
                read => read?,
            };
            let image = match picture::check(codec, &bytes) {
                Err(error) if matches!(error.kind(), Kind::Image(_)) => {
                    return Ok(Content::LeftOut(reason(field, &error)));
                }
                image => image?,
            };
            if facts.is_some_and(|facts| facts != image) {
                return Ok(Content::LeftOut(format!("{field} has another size than the views before it")));
            }
            facts = Some(image);
            let path = self.files.path(file).to_owned();
            members.push(Member { field: field.into(), path: Some(path), bytes, digest, image: Some(image) });
        }
        for &file in &subject.metadata {
            let (bytes, _) = self.files.read(file)?;
            if let Err(error) = cameras::parse(&bytes) {
                return Ok(Content::LeftOut(reason(self.files.path(file), &error)));
            }
            members.push(Member::of_file("json", self.files.path(file).to_owned(), bytes));
        }
        Ok(Content::Whole(members))
    }
}

/// Why a subject is not whole.
fn incomplete(subject: &Subject) -> Option<String> {
    let views = |wanted: fn(usize) -> bool| -> Vec<&str> {
        let of = FIELDS.iter().zip(&subject.views);
        of.filter(|(_, files)| wanted(files.len())).map(|(field, _)| *field).collect()
    };
    let (missing, twice) = (views(|n| n == 0), views(|n| n > 1));
    if !missing.is_empty() {
        return Some(format!("{} of 7 views, without {}", 7 - missing.len(), missing.join(", ")));
    }
    if !twice.is_empty() {
        return Some(format!("more than one file of {}", twice.join(", ")));
    }
    match subject.metadata.len() {
        0 => Some("no metadata with its cameras".to_owned()),
        1 => None,
        count => Some(format!("{count} files of metadata")),
    }
}

impl Layout for GeoGen {
    fn len(&self) -> usize {
        self.subjects.len()
    }

    fn said(&self) -> &Said {
        &self.said
    }

    fn files(&self) -> Option<&Files> {
        Some(&self.files)
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        // None where the views were unpacked.
        Some(("image_archives", self.batches as u64)).filter(|(_, count)| *count > 0).into_iter().collect()
    }

    fn read(&self, codec: &mut Codec, sample: usize) -> Result<Found> {
        let subject = self.subjects.get(sample).ok_or_else(|| Error::invalid("no such sample"))?;
        Ok(Found::new(&subject.name, self.content(codec, subject)?))
    }

    fn release_name(&self, _: Option<ImageFacts>) -> String {
        "geogen".to_owned()
    }

    fn describe(&self, _: u64, name: &str, _: Map<String, Value>, _: &[Member]) -> (String, Option<Vec<u8>>) {
        (name.replace('.', "_"), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_the_end() {
        let numbers = ["subj_id_12", "metadata_id_7_jsom", "3", "x", "a1b22c"].map(last_number);
        assert_eq!(numbers, [Some(12), Some(7), Some(3), None, Some(22)]);
    }
}
