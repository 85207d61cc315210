//! What a data set's module gives to be packed: samples, read one at a time.

use std::{borrow::Cow, ffi::OsString, fs, path::Path};

use serde_json::{Map, Value};

use super::{files::Files, said::Said};
use crate::{
    codec::Codec,
    digest::Digest,
    error::{Error, Result},
    manifest::Resolution,
};

/// One member of a sample.
pub(super) struct Member {
    pub(super) field: Cow<'static, str>,
    /// Path in the source of the file that gives it; none if it is made.
    pub(super) path: Option<String>,
    pub(super) bytes: Vec<u8>,
    /// Of the source's file; of the payload, if it is none of the source's.
    pub(super) digest: Digest,
    /// If it is an image.
    pub(super) image: Option<ImageFacts>,
}

impl Member {
    /// A file's bytes as they are.
    pub(super) fn of_file(field: impl Into<Cow<'static, str>>, path: String, bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self { field: field.into(), path: Some(path), bytes, digest, image: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImageFacts {
    pub(super) resolution: Resolution,
    /// The JPEG quality that all tables say.
    pub(super) quality: Option<u8>,
}

/// A sample as the source has it.
pub(super) struct Found {
    /// What it is listed as if it is left out; its key, unless the layout numbers its samples.
    pub(super) name: String,
    /// Whom it shows.
    pub(super) identity: String,
    pub(super) content: Content,
    /// What its JSON is to say, as far as the layout has read it.
    pub(super) facts: Map<String, Value>,
    pub(super) unrecognised: Vec<String>,
}

impl Found {
    /// One whose identity is its name, and that says nothing in its JSON yet.
    pub(super) fn new(name: &str, content: Content) -> Self {
        let name = name.to_owned();
        Self { identity: name.clone(), name, content, facts: Map::new(), unrecognised: Vec::new() }
    }
}

pub(super) enum Content {
    /// Members in the order they are to have.
    Whole(Vec<Member>),
    /// Why it is left out.
    LeftOut(String),
    /// It only looked like a sample.
    None,
}

/// How one data set's samples are found and read.
pub(super) trait Layout: Sync {
    /// Samples the source has, whole or not.
    fn len(&self) -> usize;

    /// What is to be said of the source besides its samples.
    fn said(&self) -> &Said;

    /// The source's files, where archives are looked into.
    fn files(&self) -> Option<&Files> {
        None
    }

    /// What the publisher gives figures of and no sample shows, for the manifest.
    fn counts(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// Reads and checks a sample; an error is one that ends the whole run.
    fn read(&self, codec: &mut Codec, sample: usize) -> Result<Found>;

    /// Name of the release, by its first image.
    fn release_name(&self, first: Option<ImageFacts>) -> String;

    /// Key and JSON of the `number`-th whole sample; `None` if its JSON is one of its members.
    fn describe(
        &self,
        number: u64,
        name: &str,
        facts: Map<String, Value>,
        members: &[Member],
    ) -> (String, Option<Vec<u8>>);
}

/// Why a file makes its sample be left out. Where the source lies is left away: the same source gives the same manifest.
pub(super) fn reason(path: &str, error: &Error) -> String {
    match error.place().offset {
        Some(offset) => format!("{path}: {} (offset {offset})", error.kind()),
        None => format!("{path}: {}", error.kind()),
    }
}

/// What the files of members were called, by field, so that they find each other again when they are extracted.
pub(super) fn files(members: &[Member]) -> Value {
    let named =
        members.iter().filter_map(|member| Some((member.field.to_string(), member.path.clone()?.into())));
    Value::Object(named.collect())
}

/// The names in a folder, sorted.
pub(super) fn list(folder: &Path) -> Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        names.push(entry.map_err(|e| Error::io(folder, e))?.file_name());
    }
    names.sort();
    Ok(names)
}
