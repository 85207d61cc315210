//! Headspace: scans of heads with textures, landmarks, and what is known of each subject.
//!
//! `…/subjects/00001/ROOT.{obj,mtl,bmp}`, `ldmksROOT.txt`, `subject.txt`; beside them, where they are had, the FLAME
//! registrations `LYHM/{registrations,FLAME_parameters}/00001/ROOT.{obj,npz}` and pose-normalised pictures. A sample is one
//! capture; a subject with several has as many samples.

mod files;
mod landmarks;
mod metadata;
mod sheet;
mod version;

use std::{collections::HashMap, path::Path};

use serde_json::{Map, Value, json};

pub use landmarks::{NUM_LANDMARKS, landmarks};

use super::{
    files::Files,
    geometry,
    layout::{Content, Found, ImageFacts, Layout, Member, files as named, reason},
    naming,
    path::word,
    picture,
    said::{Reason, Said},
};
use crate::{
    codec::Codec,
    error::{Error, Kind as ErrorKind, Result},
    pool::Cancel,
};
use files::{Kind, Sorted, Subject};
use sheet::Sheet;
use version::Version;

/// Vertices of a FLAME head.
const FLAME_VERTICES: usize = 5023;

/// The captures, by subject and then by name.
pub(super) struct Captures {
    files: Files,
    version: Version,
    subset: bool,
    subjects: Vec<Subject>,
    samples: Vec<Sample>,
    sheets: Vec<Sheet>,
    ply: bool,
    said: Said,
}

/// A subject's place in the list, and one of its captures; none if it has none.
struct Sample {
    subject: usize,
    capture: Option<String>,
}

impl Captures {
    /// Lists the source; `subset` is a list of the subjects to take.
    pub(super) fn list(src: &Path, ply: bool, subset: Option<&Path>, cancel: &Cancel<'_>) -> Result<Self> {
        let (files, mut said) = Files::list(src, |path| path.contains(files::PHOTOGRAPHS), cancel)?;
        let mut sorted = files::sort(files.iter().map(|(file, found)| (file, &*found.unpacked)));
        for folder in files.empty() {
            if !sorted.empty_folder(folder) {
                said.unrecognised.push(folder.clone());
            }
        }
        let sheets = read_sheets(&files, &mut sorted, &mut said)?;
        said.unrecognised.extend(sorted.photographs.iter().cloned());
        said.not_recognised(&files, &sorted.unrecognised, |path| {
            path.contains(files::PHOTOGRAPHS) || sheet::is_binary(path)
        });
        said.unrecognised.sort();
        if sorted.subjects.is_empty() {
            return Err(Error::data("there are no folders of subjects")
                .with_hint("each is named by five digits and holds a scan, such as subjects/00001/*.obj")
                .in_shard(src));
        }
        let version = Version::of(&sorted.subjects);
        if let Some(subset) = subset {
            let wanted = version::read_list(subset)?;
            let before = sorted.subjects.len();
            sorted.subjects.retain(|number, _| wanted.contains(number));
            let others = before - sorted.subjects.len();
            if others > 0 {
                said.warn(format!("{others} subjects are in no line of {}", subset.display()));
            }
            for number in wanted {
                // One that is not there is left out, and so listed.
                let subject = sorted.subjects.entry(number).or_default();
                if subject.id.is_empty() {
                    subject.id = format!("{number:05}");
                }
            }
        }
        if subset.is_none() {
            naming::gaps(&mut said, Some(1), sorted.subjects.keys().copied());
        }
        said.warnings.extend(version.warning(sorted.subjects.contains_key(&version::MOVED_FROM)));
        let (mute, telling): (Vec<&Subject>, Vec<&Subject>) = sorted
            .subjects
            .values()
            .filter(|subject| !subject.captures.is_empty())
            .partition(|subject| subject.metadata.is_empty());
        if let [first, ..] = &*mute {
            let words =
                format!("{} subjects have no subject.txt, the first of them {}", mute.len(), first.id);
            // Where nobody has one, it was not among what was downloaded.
            if telling.is_empty() {
                said.warn(words);
            } else {
                said.find(Reason::NoMetadata, mute.iter().map(|subject| subject.id.clone()).collect(), words);
            }
        }
        let subjects: Vec<Subject> = sorted.subjects.into_values().collect();
        let samples = subjects.iter().enumerate().flat_map(|(number, subject)| {
            let none = subject.captures.is_empty().then_some(None);
            let captures = subject.captures.keys().cloned().map(Some).chain(none);
            captures.map(move |capture| Sample { subject: number, capture })
        });
        Ok(Self {
            files,
            version,
            subset: subset.is_some(),
            samples: samples.collect(),
            subjects,
            sheets,
            ply,
            said,
        })
    }

    /// The members, or why they are not whole.
    fn members(
        &self,
        codec: &mut Codec,
        subject: &Subject,
        capture: &str,
    ) -> Result<Result<Vec<Member>, String>> {
        let Some(files) = subject.captures.get(capture) else { return Ok(Err("no such capture".to_owned())) };
        if !files.contains_key(&Kind::Scan) {
            let there: Vec<usize> = files.values().flatten().copied().collect();
            return Ok(Err(format!("without {capture}.obj beside {}", self.files.all_unpacked(&there))));
        }
        let mut members = Vec::new();
        let mut vertices = 0;
        let texture = files.get(&Kind::Texture).and_then(|files| files.first());
        let texture = texture.and_then(|&file| self.files.unpacked(file).rsplit('/').next());
        for (&kind, files) in files {
            let &[file] = &**files else {
                let paths = self.files.all_unpacked(files);
                return Ok(Err(format!("more than one {}: {paths}", kind.field())));
            };
            let path = self.files.unpacked(file);
            let read = self.files.read(file);
            match read.and_then(|(bytes, _)| self.checked(codec, kind, path, bytes, &mut vertices, texture)) {
                Ok(made) => members.extend(made),
                Err(error) => match error.kind() {
                    ErrorKind::Data(_)
                    | ErrorKind::Image(_)
                    | ErrorKind::Invalid(_)
                    | ErrorKind::Archive(_) => return Ok(Err(reason(path, &error))),
                    _ => return Err(error.in_member(path.as_bytes())),
                },
            }
        }
        Ok(Ok(members))
    }

    fn checked(
        &self,
        codec: &mut Codec,
        kind: Kind,
        path: &str,
        bytes: Vec<u8>,
        vertices: &mut usize,
        texture: Option<&str>,
    ) -> Result<Vec<Member>> {
        let field = kind.field();
        match kind {
            Kind::Scan | Kind::FlameMesh => {
                let (member, mesh) = geometry::member(field, path.to_owned(), bytes)?;
                let count = mesh.num_vertices();
                if kind == Kind::Scan {
                    *vertices = count;
                } else if count != FLAME_VERTICES {
                    return Err(Error::data(format!(
                        "{count} vertices, but a FLAME head has {FLAME_VERTICES}"
                    )));
                }
                if mesh.num_triangles() == 0 {
                    return Err(Error::data("a mesh without faces"));
                }
                let mut members = vec![member];
                if self.ply {
                    let texture = texture.filter(|_| kind == Kind::Scan);
                    members.push(geometry::ply(field, &mesh, texture)?);
                }
                Ok(members)
            }
            Kind::Texture | Kind::Pose | Kind::PoseLandmarks => {
                let image = Some(picture::check(codec, &bytes)?);
                Ok(vec![Member { image, ..Member::of_file(field, path.to_owned(), bytes) }])
            }
            _ => {
                if kind == Kind::Landmarks {
                    landmarks(&bytes, *vertices)?;
                }
                if bytes.is_empty() {
                    return Err(Error::data("an empty file"));
                }
                Ok(vec![Member::of_file(field, path.to_owned(), bytes)])
            }
        }
    }

    /// What is known of a subject, or why it cannot be read.
    fn metadata(&self, subject: &Subject) -> Result<Result<Map<String, Value>, String>> {
        let mut known = Map::new();
        for &file in &subject.metadata {
            match self.files.read(file) {
                Ok((bytes, _)) => metadata::read(&String::from_utf8_lossy(&bytes), &mut known),
                Err(error) if matches!(error.kind(), ErrorKind::Archive(_)) => {
                    return Ok(Err(reason(self.files.unpacked(file), &error)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Ok(known))
    }
}

/// Reads the sheets among the files that nobody knows; what was seen in them, or why they are not read, is a warning.
fn read_sheets(files: &Files, sorted: &mut Sorted, said: &mut Said) -> Result<Vec<Sheet>> {
    let captures: HashMap<&str, u64> = sorted
        .subjects
        .iter()
        .flat_map(|(&number, subject)| subject.captures.keys().map(move |capture| (&**capture, number)))
        .collect();
    let (mut sheets, mut others) = (Vec::<Sheet>::new(), Vec::new());
    for &file in &sorted.unrecognised {
        let path = files.unpacked(file);
        if sheet::is_binary(path) {
            said.warn(format!("{path} is not read: save it as CSV to have its rows in the samples' JSON"));
        }
        if !sheet::is_text(path) {
            others.push(file);
            continue;
        }
        let is_subject = |number: u64| sorted.subjects.contains_key(&number);
        let read = Sheet::read(path, &files.read(file)?.0, is_subject, |name| captures.get(name).copied());
        match read {
            Ok(sheet) if sheets.iter().all(|known| known.name != sheet.name) => {
                said.warn(sheet.words.clone());
                sheets.push(sheet);
            }
            read => {
                let why =
                    read.err().map_or("another sheet has its name".to_owned(), |e| e.kind().to_string());
                said.warn(format!("{path} is not read: {why}"));
                others.push(file);
            }
        }
    }
    sorted.unrecognised = others;
    Ok(sheets)
}

impl Layout for Captures {
    fn len(&self) -> usize {
        self.samples.len()
    }

    fn said(&self) -> &Said {
        &self.said
    }

    fn files(&self) -> Option<&Files> {
        Some(&self.files)
    }

    fn read(&self, codec: &mut Codec, sample: usize) -> Result<Found> {
        let missing = || Error::invalid("no such sample");
        let Sample { subject, capture } = self.samples.get(sample).ok_or_else(missing)?;
        let subject = self.subjects.get(*subject).ok_or_else(missing)?;
        let (mut facts, unread) = match self.metadata(subject)? {
            Ok(known) => (known, None),
            Err(reason) => (Map::new(), Some(reason)),
        };
        let name = match capture {
            Some(capture) if subject.captures.len() > 1 => format!("{}_{}", subject.id, word(capture)),
            _ => subject.id.clone(),
        };
        facts.insert("identity".to_owned(), json!(subject.id));
        facts.insert("subject".to_owned(), json!(subject.id));
        facts.insert("capture".to_owned(), json!(capture));
        let number = subject.id.parse().unwrap_or_default();
        let said = |sheet: &Sheet| Some((sheet.name.clone(), sheet.of(number, capture.as_deref())?));
        let sheets: Map<String, Value> = self.sheets.iter().filter_map(said).collect();
        if !sheets.is_empty() {
            facts.insert("sheets".to_owned(), Value::Object(sheets));
        }
        let content = match (capture, unread) {
            (None, _) => Content::LeftOut("no scan of it is there".to_owned()),
            (_, Some(reason)) => Content::LeftOut(reason),
            (Some(capture), None) => match self.members(codec, subject, capture)? {
                Ok(members) => Content::Whole(members),
                Err(reason) => Content::LeftOut(reason),
            },
        };
        Ok(Found { name, identity: subject.id.clone(), content, facts, unrecognised: Vec::new() })
    }

    fn release_name(&self, _: Option<ImageFacts>) -> String {
        format!("headspace{}{}", self.version.suffix(), if self.subset { "-subset" } else { "" })
    }

    fn describe(
        &self,
        _: u64,
        name: &str,
        mut facts: Map<String, Value>,
        members: &[Member],
    ) -> (String, Option<Vec<u8>>) {
        facts.insert("files".to_owned(), named(members));
        (name.to_owned(), Some(Value::Object(facts).to_string().into_bytes()))
    }
}
