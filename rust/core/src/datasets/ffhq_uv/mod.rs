//! FFHQ-UV and FFHQ-UV-Interpolate: a texture of a face as a UV map, the latents of its three views, and what is known of
//! each face in `meta-info.json` and `dataset_project`.
//!
//! A face is a number of six digits. It is whole if it has a UV map, a row in `meta-info.json` (where there is one), and
//! everything that its kind of download has: a part that some faces have is due of all, since a zip that was not downloaded
//! shows in nothing else. `dataset_project` is of the faces of FFHQ, which are numbered otherwise: a row's `Index-in-FFHQ`
//! says which of them a face was made of.

mod parts;
mod rows;

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};

use parts::{PARTS, Part};
use rows::Rows;

use super::{
    files::{Files, describe},
    layout::{Content, Found, ImageFacts, Layout, Member, reason},
    said::{Reason, Said},
};
use crate::{
    codec::Codec,
    error::{Error, Kind, Result},
    pool::Cancel,
};

/// Shape of the latents of a view: W+ of StyleGAN2.
pub const LATENT: [usize; 3] = [1, 18, 512];
/// Shape of a view's attributes: nine coefficients of light, then gender, glasses, yaw, pitch, baldness, beard, age, expression.
pub const ATTRIBUTE: [usize; 4] = [1, 17, 1, 1];
/// Shape of a face's light: spherical harmonics.
pub const LIGHTS: [usize; 4] = [1, 9, 1, 1];

/// The faces, by their numbers.
pub(super) struct FfhqUv {
    name: &'static str,
    files: Files,
    faces: Vec<Face>,
    /// Parts that at least one face has.
    due: Vec<Part>,
    rows: Option<Rows>,
    /// Faces of FFHQ in `dataset_project`.
    projected: usize,
    said: Said,
}

/// Files by part; one, unless something is there twice.
type Parts = BTreeMap<Part, Vec<usize>>;

/// A face, and which files are its.
struct Face {
    id: String,
    files: Parts,
    /// Which face of FFHQ it was made of, as far as its row says.
    index: Option<String>,
}

impl FfhqUv {
    pub(super) fn list(src: &Path, name: &'static str, cancel: &Cancel<'_>) -> Result<Self> {
        let (files, mut said) = Files::list(src, |_| false, cancel)?;
        let (mut faces, mut projected) = (BTreeMap::<String, Parts>::new(), BTreeMap::<String, Parts>::new());
        let (mut unrecognised, mut rows, mut placed) = (Vec::new(), None, Vec::new());
        for (number, file) in files.iter() {
            if file.name() == "meta-info.json" {
                if rows.is_some() {
                    return Err(Error::data("more than one meta-info.json")
                        .in_shard(src)
                        .with_hint("pack ffhq-uv and ffhq-uv-interpolate one by one"));
                }
                rows = Some(
                    Rows::parse(&files.read(number)?.0)
                        .map_err(|e| e.in_member(file.path.as_bytes()).in_shard(src))?,
                );
            } else if let Some((id, part)) = parts::of(file) {
                let whose = if part.is_projected() { &mut projected } else { &mut faces };
                whose.entry(id.to_owned()).or_default().entry(part).or_default().push(number);
                placed.push((number, id));
            } else {
                unrecognised.push(number);
            }
        }
        for id in rows.iter().flat_map(Rows::ids) {
            faces.entry(id.to_owned()).or_default();
        }
        // Pickled objects, which nobody reads.
        said.not_recognised(&files, &unrecognised, |path| path.contains("attributes_ms_api"));
        if rows.is_none() {
            let words = if projected.is_empty() {
                "there is no meta-info.json: the samples have no rows of it"
            } else {
                "without meta-info.json nobody knows whose the files of dataset_project are"
            };
            said.find(Reason::NotThere, vec!["meta-info.json".to_owned()], words);
            let nobodys = projected.values().flat_map(BTreeMap::values).flatten();
            said.unrecognised.extend(describe(nobodys.map(|&file| files.path(file))));
        }
        parts::find_strange_folders(&files, &placed, &mut said);
        let faces: Vec<Face> = faces
            .into_iter()
            .map(|(id, mut files)| {
                let index = rows.as_ref().and_then(|rows| rows.index_in_ffhq(&id));
                let more = index.as_ref().and_then(|index| projected.get(index)).cloned();
                files.extend(more.unwrap_or_default());
                Face { id, files, index }
            })
            .collect();
        let due: Vec<Part> = PARTS
            .into_iter()
            .filter(|part| *part == Part::UvMap || faces.iter().any(|face| face.files.contains_key(part)))
            .collect();
        if faces.is_empty() {
            return Err(Error::data("there is no face")
                .with_hint("each has a UV map, such as uv-maps/000.zip with 000000.png")
                .in_shard(src));
        }
        Ok(Self { name, files, faces, due, rows, projected: projected.len(), said })
    }

    fn incomplete(&self, face: &Face) -> Option<String> {
        // Who was made of no face of FFHQ has no part of one.
        let due = self.due.iter().filter(|part| face.index.is_some() || !part.is_projected());
        let missing: Vec<&str> =
            due.filter(|part| !face.files.contains_key(part)).map(|part| part.name()).collect();
        if !missing.is_empty() {
            return Some(format!("without {}", missing.join(", ")));
        }
        if let Some((part, _)) = face.files.iter().find(|(_, files)| files.len() > 1) {
            return Some(format!("more than one file of {}", part.name()));
        }
        match self.rows.as_ref().map(|rows| rows.times(&face.id)) {
            Some(0) => Some("without a row in meta-info.json".to_owned()),
            Some(2..) => Some("more than one row in meta-info.json".to_owned()),
            _ => None,
        }
    }

    fn content(&self, codec: &mut Codec, face: &Face) -> Result<Content> {
        if let Some(reason) = self.incomplete(face) {
            return Ok(Content::LeftOut(reason));
        }
        let mut members = Vec::new();
        for (part, &file) in
            face.files.iter().flat_map(|(part, files)| files.iter().map(move |file| (part, file)))
        {
            let path = self.files.path(file).to_owned();
            let read = self
                .files
                .read(file)
                .and_then(|(bytes, digest)| part.members(bytes, codec).map(|found| (found, digest)));
            let (found, digest) = match read {
                Err(error) if matches!(error.kind(), Kind::Archive(_) | Kind::Image(_) | Kind::Data(_)) => {
                    return Ok(Content::LeftOut(reason(&path, &error)));
                }
                read => read?,
            };
            members.extend(found.into_iter().map(|(field, bytes, image)| Member {
                field: field.into(),
                path: Some(path.clone()),
                bytes,
                digest,
                image,
            }));
        }
        Ok(Content::Whole(members))
    }
}

impl Layout for FfhqUv {
    fn len(&self) -> usize {
        self.faces.len()
    }

    fn said(&self) -> &Said {
        &self.said
    }

    fn files(&self) -> Option<&Files> {
        Some(&self.files)
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        let projected = Some(("projected_faces", self.projected as u64)).filter(|(_, count)| *count > 0);
        let unindexed = self.rows.as_ref().map(|rows| ("rows_without_index", rows.unindexed()));
        projected.into_iter().chain(unindexed).collect()
    }

    fn read(&self, codec: &mut Codec, sample: usize) -> Result<Found> {
        let face = self.faces.get(sample).ok_or_else(|| Error::invalid("no such sample"))?;
        Ok(Found::new(&face.id, self.content(codec, face)?))
    }

    fn release_name(&self, _: Option<ImageFacts>) -> String {
        self.name.to_owned()
    }

    fn describe(&self, _: u64, name: &str, _: Map<String, Value>, _: &[Member]) -> (String, Option<Vec<u8>>) {
        let row = self.rows.as_ref().and_then(|rows| rows.get(name));
        (name.to_owned(), Some(row.unwrap_or("{}").as_bytes().to_vec()))
    }
}
