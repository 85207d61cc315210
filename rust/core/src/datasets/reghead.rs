//! RegHead's frames: `identity_dir/<expression>.jpg`, ten to an identity.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{
    layout::{Content, Found, ImageFacts, Layout, Member, list, reason},
    naming, picture,
    said::Said,
};
use crate::{
    codec::Codec,
    error::{Error, Kind, Result},
    fault::ImageFault,
    manifest::Resolution,
    reghead::{self, EXPRESSIONS, FIELDS},
};

/// The identities' folders, by their number and then by name.
pub(super) struct Frames {
    src: PathBuf,
    folders: Vec<Folder>,
    said: Said,
}

struct Folder {
    name: String,
    identity: String,
    /// Another folder that gives the same identity.
    twin: Option<String>,
}

impl Frames {
    pub(super) fn list(src: &Path) -> Result<Self> {
        let (mut names, mut said) = (Vec::new(), Said::default());
        for entry in list(src)? {
            match entry.into_string() {
                Ok(name) if !name.starts_with('.') && src.join(&name).is_dir() => names.push(name),
                Ok(name) => said.unrecognised.push(name),
                Err(name) => said.unrecognised.push(name.to_string_lossy().into_owned()),
            }
        }
        // `id%03d` sorts by name only up to id999.
        names.sort_by(|a, b| (number(a), a).cmp(&(number(b), b)));
        let mut first_of: HashMap<String, String> = HashMap::new();
        let mut folders = Vec::with_capacity(names.len());
        for name in names {
            let identity = identity(&name);
            let twin = first_of.get(&identity).cloned();
            first_of.entry(identity.clone()).or_insert_with(|| name.clone());
            folders.push(Folder { name, identity, twin });
        }
        if folders.is_empty() {
            return Err(Error::data("there are no folders of identities")
                .with_hint("each holds ten images, such as id000/frown.jpg")
                .in_shard(src));
        }
        let named =
            |folder: &&Folder| number(&folder.name).is_some() || has_expressions(&src.join(&folder.name));
        let names: Vec<&str> = folders.iter().filter(named).map(|folder| folder.name.as_str()).collect();
        naming::unlike(&mut said, names.iter().copied(), |name| Some(("id", number(name)?)));
        naming::gaps(&mut said, None, names.into_iter().filter_map(number));
        Ok(Self { src: src.to_owned(), folders, said })
    }

    /// The ten images, if they are there and sound.
    fn content(&self, codec: &mut Codec, folder: &Folder, files: &[Vec<String>; 10]) -> Result<Content> {
        if let Some(twin) = &folder.twin {
            return Ok(Content::LeftOut(format!("{twin} and {} are one identity", folder.name)));
        }
        if let Some(reason) = incomplete(files) {
            return Ok(Content::LeftOut(reason));
        }
        let mut members = Vec::with_capacity(FIELDS.len());
        for (field, file) in FIELDS.into_iter().zip(files.iter().flatten()) {
            let path = self.src.join(&folder.name).join(file);
            let bytes = fs::read(&path).map_err(|e| Error::io(&path, e))?;
            let checked = if bytes.starts_with(b"\xff\xd8") {
                picture::check(codec, &bytes)
            } else {
                Err(Error::image(ImageFault::NotAnImage))
            };
            let image = match checked {
                Ok(image) => Some(image),
                Err(error) if matches!(error.kind(), Kind::Image(_)) => {
                    return Ok(Content::LeftOut(reason(file, &error)));
                }
                Err(error) => return Err(error.in_shard(&path)),
            };
            let path = format!("{}/{file}", folder.name);
            members.push(Member { image, ..Member::of_file(field, path, bytes) });
        }
        Ok(Content::Whole(members))
    }
}

impl Layout for Frames {
    fn len(&self) -> usize {
        self.folders.len()
    }

    fn said(&self) -> &Said {
        &self.said
    }

    fn read(&self, codec: &mut Codec, sample: usize) -> Result<Found> {
        let folder = self.folders.get(sample).ok_or_else(|| Error::invalid("no such sample"))?;
        let path = self.src.join(&folder.name);
        let mut unrecognised = Vec::new();
        let mut files: [Vec<String>; 10] = Default::default();
        for file in list(&path)? {
            let file = file.into_string().unwrap_or_else(|name| name.to_string_lossy().into_owned());
            match expression(&file).and_then(|number| files.get_mut(number)) {
                Some(place) => place.push(file),
                None => unrecognised.push(format!("{}/{file}", folder.name)),
            }
        }
        let mut found = Found { unrecognised, ..Found::new(&folder.identity, Content::None) };
        if number(&folder.name).is_none() && files.iter().all(Vec::is_empty) {
            // Not an identity, but a folder beside them.
            found.unrecognised = vec![format!("{}/", folder.name)];
            return Ok(found);
        }
        found.content = self.content(codec, folder, &files)?;
        Ok(found)
    }

    fn release_name(&self, first: Option<ImageFacts>) -> String {
        match first.map(|image| image.resolution) {
            Some(Resolution::Square(side)) => format!("reghead-v1-{side}"),
            Some(Resolution::HeightWidth([height, width])) => format!("reghead-v1-{height}x{width}"),
            None => "reghead-v1".to_owned(),
        }
    }

    fn describe(
        &self,
        number: u64,
        identity: &str,
        _: Map<String, Value>,
        members: &[Member],
    ) -> (String, Option<Vec<u8>>) {
        let key = reghead::key(number, identity);
        let mut files = FIELDS;
        let mut folder = identity;
        for (file, member) in files.iter_mut().zip(members) {
            let path = member.path.as_deref().unwrap_or_default();
            (folder, *file) = path.rsplit_once('/').unwrap_or((identity, &member.field));
        }
        let json = reghead::json(identity, folder, &key, &files);
        (key, Some(json))
    }
}

/// The identity of a folder: a key ends at its first dot, and a path at a slash, so that neither can be in it.
fn identity(folder: &str) -> String {
    folder.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

/// The number behind `id`.
fn number(folder: &str) -> Option<u64> {
    let rest = folder.strip_prefix("id")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

/// Whether a folder has a picture by an expression's name.
fn has_expressions(folder: &Path) -> bool {
    let names = list(folder).unwrap_or_default();
    names.iter().any(|name| name.to_str().is_some_and(|name| expression(name).is_some()))
}

/// Which expression a file shows, by its name.
fn expression(file: &str) -> Option<usize> {
    let (stem, extension) = file.rsplit_once('.')?;
    let jpeg = ["jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known));
    EXPRESSIONS.iter().position(|name| jpeg && *name == stem)
}

fn incomplete(files: &[Vec<String>; 10]) -> Option<String> {
    let named = |wanted: fn(usize) -> bool| -> Vec<&str> {
        EXPRESSIONS
            .iter()
            .zip(files)
            .filter(|(_, files)| wanted(files.len()))
            .map(|(name, _)| *name)
            .collect()
    };
    let (missing, twice) = (named(|n| n == 0), named(|n| n > 1));
    if !missing.is_empty() {
        return Some(format!("{} of 10 images, without {}", 10 - missing.len(), missing.join(", ")));
    }
    (!twice.is_empty()).then(|| format!("more than one file of {}", twice.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_identities_that_can_be_in_a_key() {
        assert_eq!(
            identity("id000_Cat_Plastic_Toy_big_eyes_a_halo"),
            "id000_Cat_Plastic_Toy_big_eyes_a_halo"
        );
        assert_eq!(identity("id1 St. Bernard/ä"), "id1_St__Bernard_ä");
        assert_eq!(
            (number("id000"), number("id31_A"), number("x"), number("id")),
            (Some(0), Some(31), None, None)
        );
    }

    #[test]
    fn expressions_are_known_by_their_names() {
        assert_eq!(expression("open_m_open_e.jpg"), Some(0));
        assert_eq!(expression("frown.JPEG"), Some(9));
        for other in ["frown.png", "frown", "Frown.jpg", ".jpg", "x_frown.jpg"] {
            assert_eq!(expression(other), None, "{other}");
        }
    }
}
