//! `release_manifest.json`: what a release says of itself and of its shards.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{
    about::About,
    digest::Digest,
    error::{Error, Kind, Result},
};

/// Name of the manifest in a release's metadata.
pub const MANIFEST_NAME: &str = "release_manifest.json";
/// How deep the list of shards is looked for in a manifest of unknown form.
const MAX_DEPTH: usize = 3;

/// One shard as a manifest lists it; each fact as far as it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShardEntry {
    /// Name or path as listed.
    pub filename: String,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256, written under that key.
    #[serde(rename = "sha256", skip_serializing_if = "Option::is_none", serialize_with = "hex")]
    pub digest: Option<Digest>,
    /// Samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_samples: Option<u64>,
}

// serde hands fields over by reference.
#[allow(clippy::ref_option)]
fn hex<S: Serializer>(digest: &Option<Digest>, serializer: S) -> Result<S::Ok, S::Error> {
    match digest {
        Some(digest) => serializer.collect_str(digest),
        None => serializer.serialize_none(),
    }
}

/// Height and width of a release's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Resolution {
    /// Both are this.
    Square(u32),
    /// Height, then width.
    HeightWidth([u32; 2]),
}

/// A sample that is not in the release, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its key.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// A manifest to be written; keys come in the order of the fields.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Manifest {
    /// Always 1.
    pub schema_version: u32,
    /// The release's name, which starts the names of its shards.
    pub name: String,
    /// Size of every image, if it is one.
    pub resolution: Option<Resolution>,
    /// `jpeg`, `png`, `mixed` or `none`.
    pub image_format: String,
    /// JPEG quality of every image, if it is one and known.
    pub quality: Option<u8>,
    /// Samples in all shards.
    pub num_samples: u64,
    /// Images in all shards.
    pub num_images: u64,
    /// Fields of the samples, in order of first appearance.
    pub fields: Vec<String>,
    /// False, and only written then, if some sample lacks some of the fields.
    #[serde(skip_serializing_if = "is_true")]
    pub complete: bool,
    /// Name of the rule that samples obey, `reghead` for instance.
    pub contract: Option<String>,
    /// The shards, in order.
    pub shards: Vec<ShardEntry>,
    /// Where the bytes come from: source digests, options, versions.
    pub provenance: Map<String, Value>,
    /// What its licence, citation and origin are, as far as the publisher says.
    #[serde(flatten)]
    pub about: About,
    /// Samples of the source that are not in the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Vec<LeftOut>>,
    /// Shards of each split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splits: Option<Map<String, Value>>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands fields over by reference
fn is_true(value: &bool) -> bool {
    *value
}

impl Manifest {
    /// The file's text: JSON, two spaces a level, a line feed at the end.
    ///
    /// # Errors
    /// `Internal`, which no manifest can cause.
    pub fn render(&self) -> Result<Vec<u8>> {
        let mut json =
            serde_json::to_vec_pretty(self).map_err(|e| Error::new(Kind::Internal(e.to_string())))?;
        json.push(b'\n');
        Ok(json)
    }
}

/// A manifest as read: all of it, and its shards as far as they were understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The whole document.
    pub document: Value,
    /// The shards it lists, in order.
    pub shards: Vec<ShardEntry>,
}

impl Listing {
    /// Reads a manifest whose key names are not known for sure: `shards` or `files`, as a list of names, a list of
    /// objects, or an object by name; `filename`, `name`, `path`, `url` or `shard`; `size`, `bytes`, `size_bytes` or
    /// `filesize`; `sha256` or `digest`, with or without `sha256:`.
    ///
    /// # Errors
    /// `Data` if it is no JSON, or lists a shard without a name, with a malformed digest or with a malformed size.
    pub fn parse(json: &[u8]) -> Result<Self> {
        // Windows tools put a mark in front that JSON does not know.
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let document: Value =
            serde_json::from_slice(json).map_err(|e| Error::data(format!("{MANIFEST_NAME}: {e}")))?;
        let shards = match find_list(&document, 0) {
            Some(Value::Array(list)) => list.iter().map(|row| entry(None, row)).collect::<Result<_>>()?,
            Some(Value::Object(map)) => {
                map.iter().map(|(name, row)| entry(Some(name), row)).collect::<Result<_>>()?
            }
            _ => Vec::new(),
        };
        Ok(Self { document, shards })
    }

    /// The release's name, if the manifest says it.
    pub fn name(&self) -> Option<&str> {
        first(&self.document, &["name", "release", "release_name", "dataset"])?.as_str()
    }
}

fn first<'a>(object: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().filter_map(|key| object.get(key)).find(|value| !value.is_null())
}

/// The list of shards, at the top or a little below.
fn find_list(value: &Value, depth: usize) -> Option<&Value> {
    let object = value.as_object()?;
    let mut lists = ["shards", "files"].iter().filter_map(|key| object.get(*key));
    let list = lists.find(|value| value.is_array() || value.is_object());
    if list.is_some() || depth == MAX_DEPTH {
        return list;
    }
    object.values().find_map(|value| find_list(value, depth + 1))
}

fn entry(name: Option<&str>, row: &Value) -> Result<ShardEntry> {
    // The shortest forms: a name alone, or a name with its digest or its size.
    let listed = match (name, row) {
        (Some(name), _) => Some(name),
        (None, Value::String(name)) => Some(&**name),
        (None, row) => first(row, &["filename", "file_name", "name", "path", "url", "shard", "file"])
            .and_then(Value::as_str),
    };
    let Some(filename) = listed.filter(|name| !name.is_empty()) else {
        return Err(Error::data(format!("{MANIFEST_NAME} lists a shard without a name: {}", brief(row))));
    };
    let wrong = |what: &str, value: &Value| {
        Error::data(format!("{MANIFEST_NAME} has a malformed {what} for {filename}: {}", brief(value)))
    };
    let digest = match (name, row) {
        (Some(_), Value::String(_)) => Some(row),
        _ => first(row, &["sha256", "digest", "sha_256", "sha256sum", "checksum"]),
    };
    let digest = digest.map(|value| {
        let text = value.as_str().map(str::trim).ok_or_else(|| wrong("digest", value))?;
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        hex.parse::<Digest>().map_err(|_| wrong("digest", value))
    });
    let size = match (name, row) {
        (Some(_), Value::Number(_)) => Some(row),
        _ => first(row, &["size", "bytes", "size_bytes", "filesize", "file_size", "num_bytes"]),
    };
    let size = size.map(|value| whole(value).ok_or_else(|| wrong("size", value)));
    let num_samples = first(row, &["num_samples", "samples", "sample_count", "nsamples", "count"]);
    Ok(ShardEntry {
        filename: filename.to_owned(),
        size: size.transpose()?,
        digest: digest.transpose()?,
        num_samples: num_samples.and_then(whole),
    })
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|f| f.fract() == 0.0 && *f >= 0.0).map(|f| f as u64)),
        _ => None,
    }
}

fn brief(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shards(json: &str) -> Result<Vec<ShardEntry>> {
        Listing::parse(json.as_bytes()).map(|listing| listing.shards)
    }

    #[test]
    fn every_spelling_is_understood() {
        let digest = Digest::of(b"abc");
        let spelled = |name: &str, size: &str, sha: &str, prefix: &str| {
            format!(r#"{{"{name}": "a.tar", "{size}": 7, "{sha}": "{prefix}{digest}", "num_samples": 3}}"#)
        };
        let whole = ShardEntry {
            filename: "a.tar".into(),
            size: Some(7),
            digest: Some(digest),
            num_samples: Some(3),
        };
        let mut seen = 0;
        for list in ["shards", "files"] {
            for name in ["filename", "name", "path", "url", "shard"] {
                for size in ["size", "bytes", "size_bytes", "filesize"] {
                    for (sha, prefix) in
                        [("sha256", ""), ("sha256", "sha256:"), ("digest", "sha256:"), ("digest", "")]
                    {
                        let json =
                            format!(r#"{{"name": "r", "{list}": [{}]}}"#, spelled(name, size, sha, prefix));
                        assert_eq!(shards(&json).unwrap().first(), Some(&whole), "{json}");
                        seen += 1;
                    }
                }
            }
        }
        assert_eq!(seen, 160);
        let by_name =
            format!(r#"{{"release": {{"shards": {{"a.tar": {}}}}}}}"#, spelled("x", "size", "sha256", ""));
        assert_eq!(shards(&by_name).unwrap(), [whole]);
        let short = format!("\u{feff}{{\"files\": {{\"a.tar\": \"{digest}\", \"b.tar\": 9}}}}");
        let short = shards(&short).unwrap();
        assert_eq!((short[0].digest, short[1].size), (Some(digest), Some(9)));
        assert_eq!(shards(r#"{"shards": ["a.tar"]}"#).unwrap()[0].filename, "a.tar");
        assert_eq!(shards(r#"{"shards": [{"name": null, "path": "b.tar"}]}"#).unwrap()[0].filename, "b.tar");
        assert!(shards(r#"{"name": "no list"}"#).unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        for bad in [
            "",
            "[",
            r#"{"shards": [{"size": 1}]}"#,
            r#"{"shards": [{"name": "a", "sha256": "abc"}]}"#,
            r#"{"shards": [{"name": "a", "sha256": 1}]}"#,
            r#"{"shards": [{"name": "a", "size": -1}]}"#,
            r#"{"shards": [{"name": "a", "size": "big"}]}"#,
            r#"{"shards": [3]}"#,
        ] {
            assert!(matches!(shards(bad).unwrap_err().kind(), Kind::Data(_)), "{bad}");
        }
    }

    #[test]
    fn what_is_written_has_a_fixed_form_and_reads_back() {
        let entry = ShardEntry {
            filename: "r-000000.tar".into(),
            size: Some(10),
            digest: Some(Digest([0xab; 32])),
            num_samples: Some(1),
        };
        let mut manifest = Manifest {
            schema_version: 1,
            name: "r".into(),
            resolution: Some(Resolution::Square(512)),
            image_format: "jpeg".into(),
            quality: None,
            num_samples: 1,
            num_images: 10,
            fields: vec!["frown.jpg".into(), "json".into()],
            complete: true,
            contract: Some("reghead".into()),
            shards: vec![entry.clone()],
            provenance: Map::from_iter([("z".into(), 1.into()), ("a".into(), 2.into())]),
            about: About::default(),
            left_out: None,
            splits: None,
        };
        let text = String::from_utf8(manifest.render().unwrap()).unwrap();
        let sha = "ab".repeat(32);
        let expected = format!(
            r#"{{
  "schema_version": 1,
  "name": "r",
  "resolution": 512,
  "image_format": "jpeg",
  "quality": null,
  "num_samples": 1,
  "num_images": 10,
  "fields": [
    "frown.jpg",
    "json"
  ],
  "contract": "reghead",
  "shards": [
    {{
      "filename": "r-000000.tar",
      "size": 10,
      "sha256": "{sha}",
      "num_samples": 1
    }}
  ],
  "provenance": {{
    "z": 1,
    "a": 2
  }}
}}
"#
        );
        assert_eq!(text, expected);
        let listing = Listing::parse(text.as_bytes()).unwrap();
        assert_eq!((listing.name(), &listing.shards), (Some("r"), &vec![entry]));
        manifest.resolution = Some(Resolution::HeightWidth([3, 4]));
        manifest.left_out = Some(vec![LeftOut { key: "k".into(), reason: "no json".into() }]);
        let text = String::from_utf8(manifest.render().unwrap()).unwrap();
        assert!(text.contains("\"left_out\": [") && text.contains("3,\n    4"));
    }
}
