//! Which samples and which of their fields: the meaning of `--select`, `--keys`, `--where`, `--first`, `--split`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    digest::Digest,
    error::{Error, Result},
    reghead,
};

/// Fields to keep. `frown` means `frown.jpg`; `!frown` leaves it out; JSON stays unless `!json`.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    only: Vec<String>,
    never: Vec<String>,
}

impl Fields {
    /// Reads the `--select` words.
    ///
    /// # Errors
    /// `Invalid` for an empty word.
    pub fn parse(words: &[String]) -> Result<Self> {
        let mut fields = Self::default();
        for word in words {
            let (list, name) = match word.strip_prefix('!') {
                Some(name) => (&mut fields.never, name),
                None => (&mut fields.only, word.as_str()),
            };
            if name.is_empty() {
                return Err(Error::invalid("select: an empty field name"));
            }
            list.push(name.to_lowercase());
        }
        Ok(fields)
    }

    /// True if every field is kept.
    pub fn keeps_all(&self) -> bool {
        self.only.is_empty() && self.never.is_empty()
    }

    /// True if this field is kept.
    pub fn keeps(&self, field: &str) -> bool {
        let field = field.to_lowercase();
        if self.never.iter().any(|name| means(name, &field)) {
            return false;
        }
        self.only.is_empty() || field == "json" || self.names(&field)
    }

    /// True if this field is selected by name, not merely let through.
    pub fn names(&self, field: &str) -> bool {
        let field = field.to_lowercase();
        self.only.iter().any(|name| means(name, &field))
    }

    /// Refuses words that mean no field at all, so that a slip of the pen is not an empty release.
    ///
    /// # Errors
    /// `Invalid` naming the word and the fields there are.
    pub fn check_against(&self, fields: &[String]) -> Result<()> {
        for name in self.only.iter().chain(&self.never) {
            if !fields.iter().any(|field| means(name, &field.to_lowercase())) {
                return Err(Error::invalid(format!("select: no sample has a field {name:?}"))
                    .with_hint(format!("the fields are {}", fields.join(", "))));
            }
        }
        Ok(())
    }
}

/// A name means the field itself, or the field without its extension.
fn means(name: &str, field: &str) -> bool {
    field == name || field.rsplit_once('.').is_some_and(|(stem, _)| stem == name)
}

/// True for a field whose name says that its pixels are data, not a picture: averaging would falsify them.
pub fn is_data_image(field: &str) -> bool {
    const DATA: [&str; 10] =
        ["depth", "mask", "masks", "seg", "segmentation", "normal", "normals", "uv", "alpha", "matte"];
    field.to_lowercase().split(['.', '_', '-']).any(|word| DATA.contains(&word))
}

/// True for a JPEG field, by its extension.
pub fn is_jpeg(field: &str) -> bool {
    matches!(extension(field).as_str(), "jpg" | "jpeg")
}

/// True for an image of any kind, by its extension.
pub fn is_image(field: &str) -> bool {
    matches!(
        extension(field).as_str(),
        "jpg" | "jpeg" | "png" | "webp" | "bmp" | "tif" | "tiff" | "gif" | "ppm"
    )
}

fn extension(field: &str) -> String {
    field.rsplit('.').next().unwrap_or(field).to_lowercase()
}

/// One `--where` condition: `NAME OP VALUE`.
///
/// NAME is a key of the sample's JSON, dots reaching into it, or a fact of a RegHead identity
/// (`animal`, `style`, `feature`, `accessories`). VALUE is JSON, or a bare word taken as a string. A list
/// holds a value if one of its items does. A sample without NAME fails every condition but `!=`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    text: String,
    name: String,
    op: Op,
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Op {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Condition {
    /// True if the sample with this JSON and identity meets the condition.
    pub fn holds(&self, json: &Value, identity: &str) -> bool {
        match self.look_up(json, identity) {
            None => self.op == Op::NotEqual,
            Some(Value::Array(items)) if self.op == Op::Equal => items.iter().any(|item| self.compare(item)),
            Some(Value::Array(items)) if self.op == Op::NotEqual => {
                items.iter().all(|item| self.compare(item))
            }
            Some(found) => self.compare(&found),
        }
    }

    fn look_up(&self, json: &Value, identity: &str) -> Option<Value> {
        if let Some(found) = json.get(&self.name) {
            return Some(found.clone());
        }
        if let Some(found) = self.name.split('.').try_fold(json, |value, part| value.get(part)) {
            return Some(found.clone());
        }
        let facts = reghead::split_identity(identity)?;
        match self.name.as_str() {
            "animal" => Some(facts.animal.into()),
            "style" => Some(facts.style.into()),
            "feature" => Some(facts.feature.into()),
            "accessories" => Some(facts.accessories.into()),
            _ => None,
        }
    }

    fn compare(&self, found: &Value) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let same_words = |a: &str, b: &str| a == b || a.replace('_', " ") == b.replace('_', " ");
        let order = match (found, &self.value) {
            (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
            // A bare number on the command line may mean a string such as "00017".
            (Value::String(a), Value::Number(b)) => Some(a.as_str().cmp(&b.to_string())),
            (Value::String(a), Value::String(b)) if same_words(a, b) => Some(Equal),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            (a, b) if a == b => Some(Equal),
            _ => None,
        };
        match self.op {
            Op::Equal => order == Some(Equal),
            Op::NotEqual => order != Some(Equal),
            Op::Less => order == Some(Less),
            Op::LessEqual => matches!(order, Some(Less | Equal)),
            Op::Greater => order == Some(Greater),
            Op::GreaterEqual => matches!(order, Some(Greater | Equal)),
        }
    }
}

impl TryFrom<String> for Condition {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        // Two-character operators first, or `!=` would be found as `=` after a name ending in `!`.
        const OPS: [(&str, Op); 7] = [
            ("!=", Op::NotEqual),
            ("<=", Op::LessEqual),
            (">=", Op::GreaterEqual),
            ("==", Op::Equal),
            ("=", Op::Equal),
            ("<", Op::Less),
            (">", Op::Greater),
        ];
        let at = text.find(['=', '!', '<', '>']).unwrap_or(0);
        let parsed =
            OPS.iter().find_map(|(sign, op)| text[at..].strip_prefix(sign).map(|value| (*op, value)));
        let (name, Some((op, value))) = (text[..at].trim(), parsed) else {
            return Err(Error::invalid(format!("where {text:?} is not NAME=VALUE"))
                .with_hint("for example --where 'style=\"Photorealistic\"'"));
        };
        if name.is_empty() {
            return Err(Error::invalid(format!("where {text:?} names nothing to compare")));
        }
        let value = value.trim();
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        Ok(Self { name: name.to_owned(), op, value, text })
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.text
    }
}

/// The identity of a sample: its JSON's own word, else what a RegHead key says, else the key.
pub fn identity<'a>(json: Option<&'a Value>, key: &'a str) -> &'a str {
    json.and_then(|json| json.get("identity")).and_then(Value::as_str).unwrap_or_else(|| identity_in_key(key))
}

/// `%08d_IDENTITY_<8 hex>` holds the identity; any other key is its own.
pub fn identity_in_key(key: &str) -> &str {
    let base = key.rsplit('/').next().unwrap_or(key);
    let inner = base.split_once('_').and_then(|(number, rest)| {
        let (identity, hash) = rest.rsplit_once('_')?;
        let numbered = number.len() == 8 && number.bytes().all(|b| b.is_ascii_digit());
        let hashed = hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        (numbered && hashed).then_some(identity)
    });
    inner.unwrap_or(key)
}

/// Which split an identity belongs to: the first 53 bits of the identity's SHA-256 as a fraction of the
/// weights' sum. The same identity goes to the same split in every release that has it.
pub fn split_of(identity: &str, weights: &[f64]) -> usize {
    let Digest(bytes) = Digest::of(identity.as_bytes());
    let head = bytes[..8].iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
    let point = (head >> 11) as f64 / (1_u64 << 53) as f64 * weights.iter().sum::<f64>();
    let mut end = 0.0;
    for (i, weight) in weights.iter().enumerate() {
        end += weight;
        if point < end {
            return i;
        }
    }
    weights.len().saturating_sub(1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn condition(text: &str) -> Condition {
        Condition::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_select_word_means_the_field_with_or_without_extension() {
        let fields = Fields::parse(&["frown".into(), "uv.png".into()]).unwrap();
        for (field, kept) in [
            ("frown.jpg", true),
            ("FROWN.JPG", true),
            ("uv.png", true),
            ("json", true),
            ("close_m_smile.jpg", false),
        ] {
            assert_eq!(fields.keeps(field), kept, "{field}");
        }
        assert!(!Fields::parse(&["!json".into()]).unwrap().keeps("json"));
        assert!(Fields::parse(&["!json".into()]).unwrap().keeps("frown.jpg"));
        assert!(fields.check_against(&["frown.jpg".into()]).is_err());
    }

    #[test]
    fn conditions_compare_json_and_facts() {
        let json: Value =
            serde_json::from_str(r#"{"age": 12, "camera": {"f": 50.5}, "tags": ["a", "b"]}"#).unwrap();
        for (text, holds) in [
            ("age=12", true),
            ("age>12", false),
            ("age>=12", true),
            ("camera.f<51", true),
            ("tags=b", true),
            ("tags!=b", false),
            ("missing=1", false),
            ("missing!=1", true),
        ] {
            assert_eq!(condition(text).holds(&json, "x"), holds, "{text}");
        }
        assert!(Condition::try_from("nonsense".to_owned()).is_err());
        assert!(Condition::try_from("=5".to_owned()).is_err());
    }

    #[test]
    fn an_identity_comes_out_of_a_published_key() {
        let key = "00000000_id000_Doberman_Dog_Photorealistic_round_eyes_a_wreath_a_pirate_hat_64896c31";
        assert_eq!(
            identity_in_key(key),
            "id000_Doberman_Dog_Photorealistic_round_eyes_a_wreath_a_pirate_hat"
        );
        assert_eq!(identity_in_key("plain"), "plain");
    }

    #[test]
    fn splits_follow_their_weights() {
        let counts = (0..10_000).fold([0_usize; 2], |mut counts, i| {
            counts[split_of(&format!("id{i}"), &[0.9, 0.1])] += 1;
            counts
        });
        assert!((8_800..9_200).contains(&counts[0]), "{counts:?}");
    }
}
