//! Which part of a face a file is, by its name and folders, and what members it gives.

use std::collections::BTreeMap;

use super::{ATTRIBUTE, LATENT, LIGHTS};
use crate::{
    codec::Codec,
    datasets::{
        files::{File, Files},
        layout::ImageFacts,
        picture,
        said::{Reason, Said},
        tensor::{Dtype, Tensor, npy, torch},
    },
    error::{Error, Result},
};

/// A part of a face; the order is that of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    UvMap,
    Left,
    Front,
    Right,
    Latent,
    Lights,
    Attributes,
}

/// Folders of the publisher's, besides those that are numbers.
const FOLDERS: [&str; 8] = [
    "uv-maps",
    "face-latents",
    "dataset_project",
    "latents",
    "attributes",
    "lights",
    "ffhq-uv",
    "ffhq-uv-interpolate",
];

pub(super) const PARTS: [Part; 7] =
    [Part::UvMap, Part::Left, Part::Front, Part::Right, Part::Latent, Part::Lights, Part::Attributes];

/// A field, its bytes, and if it is an image.
type Field = (&'static str, Vec<u8>, Option<ImageFacts>);

/// Whose part a file is.
pub(super) fn of(file: &File) -> Option<(&str, Part)> {
    let (stem, extension) = file.name().rsplit_once('.')?;
    let (id, rest) = stem.split_at_checked(6)?;
    if !id.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let within = |folder: &str| file.folders().any(|name| name == folder);
    let part = match (rest, extension) {
        ("" | "_uv" | "_final_uv", "png") => Part::UvMap,
        ("_left_latent" | "_left", "pt" | "npy") => Part::Left,
        ("_front_latent" | "_front", "pt" | "npy") => Part::Front,
        ("_right_latent" | "_right", "pt" | "npy") => Part::Right,
        ("", "pt" | "npy") if within("latents") => Part::Latent,
        ("", "npy") if within("lights") => Part::Lights,
        ("", "json") if within("attributes") => Part::Attributes,
        _ => return None,
    };
    Some((id, part))
}

/// Says which folders are called otherwise than the publisher's, or after another face: of a folder that was renamed nothing
/// need be lost, as faces are known by the names of their files.
///
/// `placed` has the files that were recognised, and whose they are.
pub(super) fn find_strange_folders(files: &Files, placed: &[(usize, &str)], said: &mut Said) {
    let numbers: Vec<usize> = placed.iter().map(|(number, _)| *number).collect();
    let mut strange: BTreeMap<String, usize> = BTreeMap::new();
    let mut first = None;
    for (folders, (number, id)) in files.folders_apart(&numbers).into_iter().zip(placed) {
        // `face-latents/000/000007/…`, with the folders of both kinds or without.
        let usual = |folder: &&str| {
            let is_number = folder.bytes().all(|byte| byte.is_ascii_digit());
            folder == id
                || (folder.len() < id.len() && is_number)
                || FOLDERS.contains(&&*folder.to_lowercase())
        };
        if let Some(at) = folders.iter().position(|folder| !usual(folder)) {
            let path = files.unpacked(*number);
            let below: usize = folders.iter().skip(at + 1).map(|folder| folder.len() + 1).sum();
            let whole = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let folder = whole.get(..whole.len().saturating_sub(below)).unwrap_or(whole);
            *strange.entry(format!("{folder}/")).or_default() += 1;
            first.get_or_insert_with(|| files.path(*number));
        }
    }
    if let Some(first) = first {
        let count: usize = strange.values().sum();
        let names = strange.into_iter().map(|(folder, count)| format!("{folder} ({count} files)")).collect();
        let words = format!("{count} files lie in a folder that is not called as the publisher's: {first}");
        said.find(Reason::FolderName, names, words);
    }
}

impl Part {
    /// Whether it is of a face of FFHQ, and so numbered as that is.
    pub(super) const fn is_projected(self) -> bool {
        matches!(self, Self::Latent | Self::Lights | Self::Attributes)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::UvMap => "its UV map",
            Self::Left => "the latents of its left view",
            Self::Front => "the latents of its front view",
            Self::Right => "the latents of its right view",
            Self::Latent => "its projected latents",
            Self::Lights => "its lights",
            Self::Attributes => "its attributes",
        }
    }

    /// Field of the latents, and of the attributes saved with them.
    const fn fields(self) -> (&'static str, &'static str) {
        match self {
            Self::Left => ("left.npy", "left.attribute.npy"),
            Self::Front => ("front.npy", "front.attribute.npy"),
            Self::Right => ("right.npy", "right.attribute.npy"),
            _ => ("latent.npy", "latent.attribute.npy"),
        }
    }

    /// The members that a file of this part gives.
    pub(super) fn members(self, bytes: Vec<u8>, codec: &mut Codec) -> Result<Vec<Field>> {
        Ok(match self {
            Self::UvMap => {
                let image = picture::check(codec, &bytes)?;
                vec![("uv.png", bytes, Some(image))]
            }
            Self::Lights => {
                check("lights", &npy::read(&bytes)?, &LIGHTS)?;
                vec![("lights.npy", bytes, None)]
            }
            Self::Attributes => {
                let parsed = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes);
                parsed.map_err(|e| Error::data(format!("no JSON object: {e}")))?;
                vec![("attributes.json", bytes, None)]
            }
            Self::Left | Self::Front | Self::Right | Self::Latent => self.latents(bytes)?,
        })
    }

    fn latents(self, bytes: Vec<u8>) -> Result<Vec<Field>> {
        let (latent_field, attribute_field) = self.fields();
        if !bytes.starts_with(b"PK") {
            check("latent", &npy::read(&bytes)?, &LATENT)?;
            return Ok(vec![(latent_field, bytes, None)]);
        }
        let mut fields = Vec::new();
        for (name, tensor) in torch::read(&bytes)? {
            let (field, shape): (_, &[usize]) = match name.as_str() {
                "latent" | "" => (latent_field, &LATENT),
                "attribute" => (attribute_field, &ATTRIBUTE),
                _ => return Err(Error::data(format!("a tensor called {name}, which nobody knows"))),
            };
            check(field, &tensor, shape)?;
            fields.push((field, npy::write(&tensor), None));
        }
        if fields.iter().any(|(field, ..)| *field == latent_field) {
            Ok(fields)
        } else {
            Err(Error::data("no tensor called latent"))
        }
    }
}

fn check(what: &str, tensor: &Tensor, shape: &[usize]) -> Result<()> {
    if tensor.dtype == Dtype::F32 && tensor.shape == shape {
        return Ok(());
    }
    let found = (tensor.dtype.name(), &tensor.shape);
    Err(Error::data(format!("{what} is {} {:?}, where <f4 {shape:?} is due", found.0, found.1)))
}
