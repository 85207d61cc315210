//! REALY: the regions of a face scan, 85 keypoints, images and the scan's metrical scale.
//!
//! `REALY_scan_region/ID/{nose,mouth,forehead,cheek}.obj`, `REALY_HIFI3D_keypoints/ID.obj`, `REALY_image/…`,
//! `metrical_scale.txt`, each wherever it lies below the source, in folders or archives: the evaluation's code wants them in
//! `data/`.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value, json};

use super::{
    files::Files,
    geometry,
    layout::{Content, Found, ImageFacts, Layout, Member, files, reason},
    naming,
    path::{is_hidden, parts, stem_and_extension, word},
    picture,
    said::{Reason, Said},
};
use crate::{
    codec::Codec,
    error::{Error, Kind, Result},
    pool::Cancel,
};

/// Fields that every sample has, in their order.
const FIELDS: [&str; 5] = ["nose.obj", "mouth.obj", "forehead.obj", "cheek.obj", "keypoints.obj"];
const KEYPOINTS: &str = "keypoints.obj";
/// Points in `keypoints.obj`.
pub(crate) const NUM_KEYPOINTS: usize = 85;
const REGION_FOLDER: &str = "REALY_scan_region";
const KEYPOINT_FOLDER: &str = "REALY_HIFI3D_keypoints";
const IMAGE_FOLDER: &str = "REALY_image";
const SCALES: &str = "metrical_scale.txt";

/// The subjects, by number.
pub(super) struct Scans {
    files: Files,
    subjects: Vec<Subject>,
    /// Of subject 1, 2 and so on.
    scales: Option<Vec<f64>>,
    ply: bool,
    said: Said,
}

#[derive(Default)]
struct Subject {
    /// As folders and files spell it.
    id: String,
    number: u64,
    /// Files by field; one, unless something is there twice.
    files: BTreeMap<String, Vec<usize>>,
}

impl Scans {
    pub(super) fn list(src: &Path, ply: bool, cancel: &Cancel<'_>) -> Result<Self> {
        let (files, mut said) = Files::list(src, |_| false, cancel)?;
        let mut subjects: BTreeMap<u64, Subject> = BTreeMap::new();
        let (mut scales, mut others) = (Vec::new(), Vec::new());
        let mut seen = [false; 3];
        for (file, found) in files.iter() {
            let Some((kind, id, number, field)) = place(&found.unpacked) else {
                if found.name() == SCALES {
                    scales.push(file);
                } else {
                    others.push(file);
                }
                continue;
            };
            seen[kind] = true;
            let subject = subjects.entry(number).or_default();
            if subject.id.is_empty() {
                (subject.id, subject.number) = (id, number);
            }
            subject.files.entry(field).or_default().push(file);
        }
        said.not_recognised(&files, &others, |_| false);
        said.unrecognised.extend_from_slice(files.empty());
        for (there, folder) in seen.into_iter().zip([REGION_FOLDER, KEYPOINT_FOLDER]) {
            if !there {
                return Err(missing(folder, src, &said.unrecognised));
            }
        }
        naming::gaps(&mut said, Some(1), subjects.keys().copied());
        if !seen[2] {
            let words = format!("there is nothing in {IMAGE_FOLDER}: the samples have no images");
            said.find(Reason::NotThere, vec![IMAGE_FOLDER.to_owned()], words);
        }
        let scales = match &*scales {
            [] => {
                let words = format!("there is no {SCALES}: the samples have no metrical scale");
                said.find(Reason::NotThere, vec![SCALES.to_owned()], words);
                None
            }
            [file] => {
                let read = |(bytes, _): (Vec<u8>, _)| read_scales(&bytes);
                let placed = |e: Error| e.in_member(files.path(*file).as_bytes()).in_shard(src);
                Some(files.read(*file).and_then(read).map_err(placed)?)
            }
            several => {
                let words = format!("more than one {SCALES}: {}", files.all_unpacked(several));
                return Err(Error::data(words).in_shard(src));
            }
        };
        let subjects = subjects.into_values().collect();
        Ok(Self { files, subjects, scales, ply, said })
    }

    /// The members, or why there are not all of them.
    fn members(&self, codec: &mut Codec, subject: &Subject) -> Result<Result<Vec<Member>, String>> {
        let missing: Vec<&str> =
            FIELDS.into_iter().filter(|field| !subject.files.contains_key(*field)).collect();
        if !missing.is_empty() {
            return Ok(Err(format!("without {}", missing.join(", "))));
        }
        let pictures = subject.files.keys().map(String::as_str).filter(|field| !FIELDS.contains(field));
        let mut members = Vec::new();
        for field in FIELDS.into_iter().chain(pictures) {
            let file = match subject.files.get(field).map(Vec::as_slice) {
                Some(&[file]) => file,
                Some(several) => {
                    return Ok(Err(format!("more than one {field}: {}", self.files.all_unpacked(several))));
                }
                None => continue,
            };
            let path = self.files.unpacked(file);
            let read = self.files.read(file);
            match read.and_then(|(bytes, _)| self.checked(codec, field, path, bytes)) {
                Ok(made) => members.extend(made),
                Err(error) => match error.kind() {
                    Kind::Data(_) | Kind::Image(_) | Kind::Invalid(_) | Kind::Archive(_) => {
                        return Ok(Err(reason(path, &error)));
                    }
                    _ => return Err(error.in_member(path.as_bytes())),
                },
            }
        }
        Ok(Ok(members))
    }

    fn checked(&self, codec: &mut Codec, field: &str, path: &str, bytes: Vec<u8>) -> Result<Vec<Member>> {
        if !FIELDS.contains(&field) {
            let image = if is_picture(field) { Some(picture::check(codec, &bytes)?) } else { None };
            return Ok(vec![Member { image, ..Member::of_file(field.to_owned(), path.to_owned(), bytes) }]);
        }
        let (member, mesh) = geometry::member(field, path.to_owned(), bytes)?;
        let points = mesh.num_vertices();
        if field == KEYPOINTS && points != NUM_KEYPOINTS {
            return Err(Error::data(format!("{points} keypoints, not {NUM_KEYPOINTS}")));
        }
        if points == 0 {
            return Err(Error::data("a mesh without vertices"));
        }
        let mut members = vec![member];
        if self.ply && field != KEYPOINTS {
            members.push(geometry::ply(field, &mesh, None)?);
        }
        Ok(members)
    }
}

impl Layout for Scans {
    fn len(&self) -> usize {
        self.subjects.len()
    }

    fn said(&self) -> &Said {
        &self.said
    }

    fn files(&self) -> Option<&Files> {
        Some(&self.files)
    }

    fn read(&self, codec: &mut Codec, sample: usize) -> Result<Found> {
        let subject = self.subjects.get(sample).ok_or_else(|| Error::invalid("no such sample"))?;
        let place = usize::try_from(subject.number).ok().and_then(|number| number.checked_sub(1));
        let scale = self.scales.as_ref().map(|scales| place.and_then(|place| scales.get(place)));
        let content = if scale == Some(None) {
            Content::LeftOut(format!("{SCALES} has no line {}", subject.number))
        } else {
            match self.members(codec, subject)? {
                Ok(members) => Content::Whole(members),
                Err(reason) => Content::LeftOut(reason),
            }
        };
        let id = &subject.id;
        let facts = Map::from_iter([
            ("identity".to_owned(), json!(id)),
            ("metrical_scale".to_owned(), json!(scale.flatten())),
        ]);
        Ok(Found { name: id.clone(), identity: id.clone(), content, facts, unrecognised: Vec::new() })
    }

    fn release_name(&self, _: Option<ImageFacts>) -> String {
        "realy".to_owned()
    }

    fn describe(
        &self,
        _: u64,
        name: &str,
        mut facts: Map<String, Value>,
        members: &[Member],
    ) -> (String, Option<Vec<u8>>) {
        facts.insert("files".to_owned(), files(members));
        (name.to_owned(), Some(Value::Object(facts).to_string().into_bytes()))
    }
}

/// Which folder a path is in (0 regions, 1 keypoints, 2 images), whom it belongs to, spelled and as a number, and its field.
fn place(path: &str) -> Option<(usize, String, u64, String)> {
    let parts = parts(path);
    if parts.iter().any(|part| is_hidden(part)) {
        return None;
    }
    let folders = [REGION_FOLDER, KEYPOINT_FOLDER, IMAGE_FOLDER];
    let (at, kind) = parts
        .iter()
        .enumerate()
        .find_map(|(at, part)| Some((at, folders.iter().position(|folder| folder == part)?)))?;
    let inside = parts.get(at + 1..)?;
    let (file, between) = inside.split_last()?;
    let (stem, extension) = stem_and_extension(file);
    let (id, field) = match (kind, between) {
        (0, [id]) if extension == "obj" => {
            let field = format!("{stem}.obj");
            (*id, FIELDS.iter().take(4).any(|known| *known == field).then_some(field)?)
        }
        (1, []) if extension == "obj" => (stem, KEYPOINTS.to_owned()),
        (2, _) if !extension.is_empty() => {
            // `cropped/7_frontal.png` or `7/frontal.png`: the first number is whose it is, the rest its field.
            let words: Vec<&str> =
                between.iter().copied().chain(stem.split('_')).filter(|word| !word.is_empty()).collect();
            let at = words.iter().position(|word| number(word).is_some())?;
            let mut names: Vec<String> =
                words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, name)| word(name)).collect();
            if names.is_empty() {
                names.push("image".to_owned());
            }
            (*words.get(at)?, format!("{}.{extension}", names.join("_").to_lowercase()))
        }
        _ => return None,
    };
    Some((kind, id.to_owned(), number(id)?, field))
}

fn number(id: &str) -> Option<u64> {
    id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.parse().ok()).flatten()
}

/// Whether the name says that it is an image that can be decoded; depth may be in files that cannot.
fn is_picture(field: &str) -> bool {
    matches!(stem_and_extension(field).1.as_str(), "png" | "jpg" | "jpeg" | "bmp")
}

fn read_scales(text: &[u8]) -> Result<Vec<f64>> {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let scale = line.trim().parse().ok().filter(|scale: &f64| scale.is_finite() && *scale > 0.0);
            scale.ok_or_else(|| Error::data(format!("line {}: {line:?} is no scale", at + 1)))
        })
        .collect()
}

/// What a source lacks, and what it has instead.
fn missing(folder: &str, src: &Path, others: &[String]) -> Error {
    let mut there: Vec<&str> = others.iter().filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
    there.dedup();
    there.truncate(5);
    let error = Error::data(format!("there is nothing in a folder called {folder}")).in_shard(src);
    if there.is_empty() { error } else { error.with_hint(format!("there is {}", there.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(path: &str) -> Option<(u64, String)> {
        place(path).map(|(_, _, number, field)| (number, field))
    }

    #[test]
    fn files_are_known_by_their_folders() {
        for (path, number, field) in [
            ("REALY_scan_region/7/nose.obj", 7, "nose.obj"),
            ("data/REALY_scan_region/007/cheek.OBJ", 7, "cheek.obj"),
            ("REALY_HIFI3D_keypoints/100.obj", 100, "keypoints.obj"),
            ("REALY_image/7.png", 7, "image.png"),
            ("REALY_image/7_frontal.jpg", 7, "frontal.jpg"),
            ("REALY_image/cropped/7_left_1.png", 7, "cropped_left_1.png"),
            ("REALY_image/7/Depth map.npy", 7, "depth_map.npy"),
        ] {
            assert_eq!(placed(path), Some((number, field.to_owned())), "{path}");
        }
        for path in [
            "nose.obj",
            "REALY_scan_region/7/ear.obj",
            "REALY_scan_region/7/sub/nose.obj",
            "REALY_scan_region/x/nose.obj",
            "REALY_HIFI3D_keypoints/7.txt",
            "REALY_image/readme.txt",
            "REALY_image/7",
            "metrical_scale.txt",
        ] {
            assert_eq!(placed(path), None, "{path}");
        }
    }
}
