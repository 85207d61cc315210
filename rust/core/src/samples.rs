//! `webdataset_samples.jsonl`: one row a sample, saying in which shard it lies.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Name of the file in a release's metadata.
pub const SAMPLES_NAME: &str = "webdataset_samples.jsonl";

/// One sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleRow {
    /// The sample's key.
    pub sample_key: String,
    /// Whom it shows.
    #[serde(default)]
    pub identity: String,
    /// Base name of its shard.
    #[serde(default)]
    pub shard: String,
    /// How many expressions it has.
    #[serde(default)]
    pub num_expressions: u32,
}

/// Reads the rows; unknown keys are passed over, blank lines too.
///
/// # Errors
/// `Data` with the line's number.
pub fn parse(jsonl: &[u8]) -> Result<Vec<SampleRow>> {
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(jsonl.split(|&b| b == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let row = serde_json::from_slice(line)
            .map_err(|e| Error::data(format!("{SAMPLES_NAME} line {number}: {e}")))?;
        rows.push(row);
    }
    Ok(rows)
}

/// The text of the rows, each on its line.
///
/// # Errors
/// `Internal`, which no row can cause.
pub fn render(rows: &[SampleRow]) -> Result<Vec<u8>> {
    let mut jsonl = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut jsonl, row)
            .map_err(|e| Error::new(crate::error::Kind::Internal(e.to_string())))?;
        jsonl.push(b'\n');
    }
    Ok(jsonl)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_read_back_and_errors_name_the_line() {
        let row = SampleRow {
            sample_key: "k\"é".into(),
            identity: "id000".into(),
            shard: "a-000000.tar".into(),
            num_expressions: 10,
        };
        let text = render(&[row.clone(), row.clone()]).unwrap();
        assert!(text.starts_with(b"{\"sample_key\":\"k\\\"\xc3\xa9\",\"identity\":\"id000\",\"shard\""));
        assert_eq!(parse(&text).unwrap(), [row.clone(), row]);
        let loose = parse(b"\n{\"sample_key\": \"a\", \"extra\": [1]}\r\n\n").unwrap();
        assert_eq!((&*loose[0].sample_key, loose[0].num_expressions), ("a", 0));
        assert!(parse(b"{\"sample_key\":\"a\"}\n{]\n").unwrap_err().to_string().contains("line 2"));
    }
}
