//! A release in its publisher's words: licence, citation, origin; and whether it may be passed on at all.

use serde::Serialize;
use serde_json::Value;

/// What a publisher says of a release in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// Name of the licence, such as `CC-BY-4.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// How to cite it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// Where it comes from, such as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl About {
    /// What a manifest says.
    pub fn of_manifest(document: &Value) -> Self {
        let text = |key: &str| document.get(key)?.as_str().map(str::to_owned);
        Self { license: text("license"), citation: text("citation"), source: text("source") }
    }

    /// Adds what another says that goes into the same release, unless it says the same.
    pub fn join(&mut self, other: Self) {
        let join = |mine: &mut Option<String>, other: Option<String>| match (mine.as_mut(), other) {
            (Some(mine), Some(other)) if !mine.split("; ").any(|part| part == other) && *mine != other => {
                *mine = format!("{mine}; {other}");
            }
            (Some(_), _) => {}
            (None, other) => *mine = other,
        };
        join(&mut self.license, other.license);
        join(&mut self.citation, other.citation);
        join(&mut self.source, other.source);
    }

    /// What is said here, and else what `other` says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            license: self.license.or(other.license),
            citation: self.citation.or(other.citation),
            source: self.source.or(other.source),
        }
    }
}

/// What whoever makes a release of a data set must be told, if its licence forbids to pass it on.
pub fn forbidden(dataset: &str) -> Option<&'static str> {
    match dataset {
        "headspace" => Some(
            "Headspace is had on request only, under an agreement: this release may be used, but not published or \
             passed on",
        ),
        "realy" => Some(
            "REALY is Headspace's data and under its agreement: this release may be used, but not published or \
             passed on",
        ),
        _ => None,
    }
}

/// The data sets that a release was made of, by its manifest.
pub fn datasets_of(manifest: &Value) -> Vec<&str> {
    let Some(provenance) = manifest.get("provenance") else { return Vec::new() };
    let packed = provenance.get("pack").and_then(|pack| pack.get("dataset"));
    let carried = provenance.get("datasets").and_then(Value::as_array);
    carried.into_iter().flatten().chain(packed).filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_several_are_joined_once() {
        let said = |license: Option<&str>, source: Option<&str>| About {
            license: license.map(str::to_owned),
            citation: None,
            source: source.map(str::to_owned),
        };
        let mut about = said(None, Some("a"));
        for other in [said(Some("MIT"), Some("a")), said(Some("NC"), None), said(Some("MIT"), Some("b"))] {
            about.join(other);
        }
        assert_eq!(about, said(Some("MIT; NC"), Some("a; b")));
        assert_eq!(said(Some("x"), None).or(about), said(Some("x"), Some("a; b")));
    }
}
