//! `meta-info.json`: an object of a row a face, kept as it is spelled.

use std::{collections::HashMap, fmt};

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

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
