//! `meta-info.json`: an object of a row a face, kept as it is spelled.

use std::{collections::HashMap, fmt};

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use crate::error::{Error, Result};

/// Rows by the face's number.
#[derive(Debug, Default)]
pub(super) struct Rows(HashMap<String, (Box<RawValue>, usize)>);

impl Rows {
    pub(super) fn parse(json: &[u8]) -> Result<Self> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let rows = reader.deserialize_map(Collect).and_then(|rows| reader.end().map(|()| rows));
        rows.map_err(|e| Error::data(format!("not an object of a row a face: {e}")))
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(|(row, _)| row.get())
    }

    /// Which face of FFHQ a face was made of, in six digits; `None` where its row does not say.
    pub(super) fn index_in_ffhq(&self, id: &str) -> Option<String> {
        let row: Value = serde_json::from_str(self.get(id)?).ok()?;
        let index = match row.get("Index-in-FFHQ")? {
            Value::Number(index) => index.as_u64()?,
            Value::String(index) => index.parse().ok()?,
            _ => return None,
        };
        Some(format!("{index:06}"))
    }

    /// Rows that do not say which face of FFHQ theirs was made of.
    pub(super) fn unindexed(&self) -> u64 {
        self.ids().filter(|id| self.index_in_ffhq(id).is_none()).count() as u64
    }

    /// How many rows a face has: a parser of dictionaries would keep the last one and say nothing.
    pub(super) fn times(&self, id: &str) -> usize {
        self.0.get(id).map_or(0, |(_, times)| *times)
    }
}

/// Takes row after row, without a tree of the whole.
struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Rows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rows, A::Error> {
        let mut rows = Rows::default();
        while let Some((id, row)) = map.next_entry::<String, Box<RawValue>>()? {
            rows.0.entry(id).and_modify(|(_, times)| *times += 1).or_insert((row, 1));
        }
        Ok(rows)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_which_face_of_ffhq_it_is() {
        let json = br#"{"000000": {"Index-in-FFHQ": 41}, "000001": {"Index-in-FFHQ": "00042"},
            "000002": {"Index-in-FFHQ": null}, "000003": {}, "000004": 7, "000005": {"Index-in-FFHQ": -1}}"#;
        let rows = Rows::parse(json).unwrap();
        let found: Vec<_> = (0..7).map(|id| rows.index_in_ffhq(&format!("{id:06}"))).collect();
        assert_eq!(found[..2], [Some("000041".to_owned()), Some("000042".to_owned())]);
        assert!(found[2..].iter().all(Option::is_none));
        assert_eq!(rows.unindexed(), 4);
    }
}
