//! `ldmks*.txt`: the vertices of a scan that are the 68 landmarks of a face.

use crate::error::{Error, Result};

/// Landmarks of a face.
pub const NUM_LANDMARKS: usize = 68;

/// The first 68 lines as vertices, counted from 0: the file counts them from 1.
///
/// # Errors
/// `Data` with the line: fewer of them, no number, or none of `vertices`.
pub fn landmarks(text: &[u8], vertices: usize) -> Result<Vec<u32>> {
    let text = String::from_utf8_lossy(text);
    let lines = text.trim_start_matches('\u{feff}').lines().take(NUM_LANDMARKS);
    let found: Vec<u32> = lines
        .enumerate()
        .map(|(at, line)| {
            let vertex: Option<u32> = line.trim().parse().ok();
            let vertex = vertex.and_then(|vertex| vertex.checked_sub(1));
            vertex.filter(|&vertex| (vertex as usize) < vertices).ok_or_else(|| {
                Error::data(format!("line {}: {:?} is none of {vertices} vertices", at + 1, line.trim()))
            })
        })
        .collect::<Result<_>>()?;
    if found.len() < NUM_LANDMARKS {
        return Err(Error::data(format!("{} landmarks, not {NUM_LANDMARKS}", found.len())));
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_vertices_from_one() {
        let lines: Vec<String> = (1..=70).map(|line| format!("{}\r\n", line * 2)).collect();
        let text = lines.concat();
        let found = landmarks(text.as_bytes(), 136).unwrap();
        assert_eq!((found.len(), found[0], found[67]), (68, 1, 135));
        for (bad, words) in [
            (text.clone().replacen("10\r", "0\r", 1), "line 5: \"0\" is none of 136 vertices"),
            (text.clone().replacen("10\r", "x\r", 1), "line 5: \"x\" is none"),
            (text.replacen("10\r", "-3\r", 1), "line 5: \"-3\" is none"),
            ("1\n2\n".to_owned(), "2 landmarks, not 68"),
            ("137\n".repeat(68), "line 1: \"137\" is none of 136 vertices"),
        ] {
            let error = landmarks(bad.as_bytes(), 136).unwrap_err().to_string();
            assert!(error.starts_with(words), "{error}");
        }
    }
}
