//! What publishers say of their data sets, in numbers.

use crate::{
    datasets::NUM_KEYPOINTS,
    error::{Error, Result},
    manifest::Listing,
    reghead,
};

/// What a release is expected to hold; `None` is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Whose figures they are.
    pub name: String,
    /// Samples, or subjects where one has several samples.
    pub samples: Option<u64>,
    /// Image members.
    pub images: Option<u64>,
    /// Shards.
    pub shards: Option<u64>,
    /// MiB of all shards, rounded by the publisher in a way that is not known.
    pub mebibytes: Option<u64>,
    /// Fields that every sample has, and whether there may be others.
    pub fields: Vec<String>,
    /// True if samples have no other fields.
    pub closed: bool,
    /// Samples of each RegHead style.
    pub styles: Vec<(&'static str, u64)>,
    /// True if what a key has in front of its first underscore counts as a subject.
    pub by_subject: bool,
    /// How subjects are numbered, if their keys say nothing else.
    pub numbering: Option<Numbering>,
    /// A field that is an OBJ, and the number of vertices it has in every sample.
    pub points: Option<(&'static str, usize)>,
    /// Samples that the publisher left out, where the manifest lists who was.
    pub left_out: u64,
    /// What `pack` counted in the source: its name in the manifest, in words, and what the publisher says.
    pub noted: Vec<Noted>,
}

/// A number of the source that no sample shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// Its name in the manifest's `provenance.pack`.
    pub name: &'static str,
    /// In words.
    pub words: &'static str,
    /// The publisher's figure.
    pub expected: u64,
    /// How far off it may be, where the publisher says "about".
    pub about: u64,
}

/// Subjects 1 to so many, each its own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbering {
    /// Digits of a key, with zeros in front.
    pub digits: usize,
    /// The last subject.
    pub last: u64,
}

impl Numbering {
    /// The key of a subject.
    pub fn key(self, number: u64) -> String {
        format!("{number:0digits$}", digits = self.digits)
    }
}

/// Names that figures are built in for.
pub const NAMES: [&str; 9] = [
    "reghead-v1-512",
    "reghead-v1-1024",
    "headspace-v01",
    "headspace-v02",
    "headspace-lyhm",
    "geogen",
    "ffhq-uv",
    "ffhq-uv-interpolate",
    "realy",
];

/// Expressions of a head and the number of each style, from RegHead's site and README.
const REGHEAD_STYLES: [(&str, u64); 4] = [
    ("Video_Game_NPC", 8600),
    ("Plastic_Toy", 8427),
    ("Photorealistic", 8426),
    ("Computer_Animated_Film_3D", 8271),
];

impl Figures {
    /// The publisher's figures.
    ///
    /// # Errors
    /// `Invalid` for a name that is none of [`NAMES`].
    pub fn of(name: &str) -> Result<Self> {
        let figures = |samples, images, fields: &[&str]| Self {
            name: name.to_owned(),
            samples: Some(samples),
            images,
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
            ..Self::default()
        };
        let reghead = |shards, mebibytes| Self {
            name: name.to_owned(),
            samples: Some(33_724),
            images: Some(337_240),
            shards: Some(shards),
            mebibytes: Some(mebibytes),
            fields: reghead_fields(),
            closed: true,
            styles: REGHEAD_STYLES.to_vec(),
            left_out: 33_735 - 33_724,
            ..Self::default()
        };
        let headspace = |subjects, numbering| Self {
            by_subject: true,
            numbering,
            ..figures(subjects, None, &["obj", "json"])
        };
        Ok(match name {
            "reghead-v1-512" => reghead(11, 19_412),
            "reghead-v1-1024" => reghead(34, 60_200),
            "headspace-v01" => headspace(1518, Some(Numbering { digits: 5, last: 1518 })),
            "headspace-v02" => headspace(1519, Some(Numbering { digits: 5, last: 1519 })),
            // The subjects that the Liverpool-York Head Model was built of.
            "headspace-lyhm" => headspace(1212, None),
            "geogen" => {
                let views = ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png", "6.png", "json"];
                let zips =
                    Noted { name: "image_archives", words: "archives with views", expected: 7, about: 0 };
                Self { noted: vec![zips], ..figures(10_000, Some(70_000), &views) }
            }
            "ffhq-uv" => {
                let (name, words) = ("projected_faces", "faces in dataset_project");
                // 380 of 70,000 could not be inverted.
                let projected = Noted { name, words, expected: 70_000 - 380, about: 0 };
                let (name, words) = ("rows_without_index", "rows of meta-info.json without an index in FFHQ");
                let unindexed = Noted { name, words, expected: 1000, about: 500 };
                Self {
                    noted: vec![projected, unindexed],
                    ..figures(54_165, Some(54_165), &["uv.png", "json"])
                }
            }
            "ffhq-uv-interpolate" => figures(100_000, Some(100_000), &["uv.png", "json"]),
            "realy" => {
                let regions = ["nose.obj", "mouth.obj", "forehead.obj", "cheek.obj", "keypoints.obj", "json"];
                Self {
                    numbering: Some(Numbering { digits: 1, last: 100 }),
                    points: Some(("keypoints.obj", NUM_KEYPOINTS)),
                    ..figures(100, None, &regions)
                }
            }
            _ => {
                let known = NAMES.join(", ");
                return Err(
                    Error::invalid(format!("no figures of {name}")).with_hint(format!("known: {known}"))
                );
            }
        })
    }

    /// What a manifest says of its own release.
    pub fn of_manifest(listing: &Listing) -> Self {
        let number = |key: &str| listing.document.get(key).and_then(serde_json::Value::as_u64);
        let reghead = listing.document.get("contract").and_then(|c| c.as_str()) == Some("reghead");
        Self {
            name: "its own manifest".to_owned(),
            samples: number("num_samples"),
            images: number("num_images"),
            shards: (!listing.shards.is_empty()).then_some(listing.shards.len() as u64),
            fields: if reghead { reghead_fields() } else { Vec::new() },
            closed: reghead,
            ..Self::default()
        }
    }
}

fn reghead_fields() -> Vec<String> {
    reghead::FIELDS.iter().chain([&reghead::JSON_FIELD]).map(|&field| field.to_owned()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn figures_agree_with_themselves() {
        for name in NAMES {
            let figures = Figures::of(name).unwrap();
            assert!(figures.samples.unwrap() > 0 && !figures.fields.is_empty(), "{name}");
        }
        let figures = Figures::of("reghead-v1-512").unwrap();
        assert_eq!(figures.styles.iter().map(|(_, count)| count).sum::<u64>(), 33_724);
        assert_eq!(figures.images, figures.samples.map(|samples| samples * 10));
        for (style, _) in figures.styles {
            assert!(reghead::pools::STYLES.contains(&style), "{style}");
        }
        assert!(Figures::of("reghead").is_err());
    }
}
