//! Which part of a face a file is, by its name and folders, and what members it gives.

use super::{ATTRIBUTE, LATENT, LIGHTS};
use crate::{
    codec::Codec,
    datasets::{
        files::File,
        layout::ImageFacts,
        picture,
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

/// Whether the folder that should be called after a face is called otherwise.
pub(super) fn lies_elsewhere(file: &File, id: &str, part: Part) -> bool {
    let views = matches!(part, Part::Left | Part::Front | Part::Right);
    let is_number = |folder: &str| folder.bytes().all(|byte| byte.is_ascii_digit());
    // `face-latents/000/000007/…`, with the folders of both kinds or without.
    let usual =
        |folder: &str| folder == id || folder == "face-latents" || (folder.len() < 6 && is_number(folder));
    views && file.folders().next().is_some_and(|folder| !usual(folder))
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
