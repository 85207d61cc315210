//! A release in its publisher's words: licence, citation, origin.

use serde::Serialize;

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
