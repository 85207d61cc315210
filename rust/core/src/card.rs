//! What a release says of itself to people: its licence's text, and a README that Hugging Face reads, too.

use std::{fs, path::Path};

use crate::{
    error::{Error, Result},
    publish::Facts,
    writer,
};

/// Names a licence's text has.
const LICENSES: [&str; 6] = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md"];
/// Bytes of it: no licence is longer.
const MAX_LICENSE: u64 = 4 << 20;
const README: &str = "README.md";

/// A licence's file name and text.
pub type License = (String, Vec<u8>);

/// What a release tells people, besides its facts.
#[derive(Debug, Clone, Default)]
pub struct Card {
    /// Texts of licences, each under a name of its own.
    pub licenses: Vec<License>,
    /// What it may not be used for, in words that come first.
    pub forbidden: Vec<&'static str>,
    /// Names of its splits; none is all in one.
    pub splits: Vec<String>,
}

/// Whether a file's name says that it is the licence.
pub fn is_license(name: &str) -> bool {
    LICENSES.contains(&name)
}

/// The licence in a folder.
///
/// # Errors
/// `Io`; `Data` if it is too long for one.
pub fn license_in(folder: &Path) -> Result<Option<License>> {
    for name in LICENSES {
        let path = folder.join(name);
        let size = match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => meta.len(),
            _ => continue,
        };
        if size > MAX_LICENSE {
            return Err(Error::data(format!("{size} bytes are too many for a licence")).in_shard(&path));
        }
        let text = fs::read(&path).map_err(|e| Error::io(&path, e))?;
        return Ok(Some((name.to_owned(), text)));
    }
    Ok(None)
}

impl Card {
    /// Adds a licence, unless it is there.
    pub fn add_license(&mut self, (name, text): License) {
        if self.licenses.iter().any(|(_, known)| *known == text) {
            return;
        }
        let taken = |name: &str| self.licenses.iter().any(|(known, _)| known == name);
        let numbered = |number: usize| match name.split_once('.') {
            Some((stem, ending)) => format!("{stem}-{number}.{ending}"),
            None => format!("{name}-{number}"),
        };
        let other = (2..self.licenses.len() + 3).map(numbered).find(|name| !taken(name));
        let name = if taken(&name) { other.unwrap_or_default() } else { name };
        self.licenses.push((name, text));
    }

    /// Writes licences and README into a release's folder.
    ///
    /// # Errors
    /// `Io`.
    pub fn write(&self, dst: &Path, facts: &Facts, num_samples: usize) -> Result<()> {
        for (name, text) in &self.licenses {
            writer::write_atomic(&dst.join(name), text)?;
        }
        writer::write_atomic(&dst.join(README), self.readme(facts, num_samples).as_bytes()).map(drop)
    }

    /// The README: Hugging Face's card, then words, with what is forbidden first.
    fn readme(&self, facts: &Facts, num_samples: usize) -> String {
        let Facts { name, about, .. } = facts;
        let quoted = |text: &str| serde_json::Value::from(text).to_string(); // a JSON string is a YAML one
        let mut lines = vec!["---".to_owned()];
        if about.license.is_some() || !self.licenses.is_empty() {
            // Only the hub's own identifiers may stand under `license`.
            lines.push("license: other".to_owned());
        }
        lines.extend(about.license.as_ref().map(|license| format!("license_name: {}", quoted(license))));
        lines.extend(self.licenses.first().map(|(file, _)| format!("license_link: {file}")));
        lines.push(format!("pretty_name: {}", quoted(name)));
        let configs = ["tags:", "- webdataset", "configs:", "- config_name: default", "  data_files:"];
        lines.extend(configs.map(str::to_owned));
        let files = |split: &str, shards: &str| {
            [format!("  - split: {split}"), format!("    path: {}", quoted(&format!("data/{shards}.tar")))]
        };
        if self.splits.is_empty() {
            lines.extend(files("train", "*"));
        }
        lines.extend(self.splits.iter().flat_map(|split| files(split, &format!("{name}-{split}-*"))));
        lines.extend(["---", ""].map(str::to_owned));
        let fields: Vec<String> = facts.fields.iter().map(|field| format!("`{field}`")).collect();
        lines.push(format!("# {name}\n"));
        lines.extend(self.forbidden.iter().map(|words| format!("**{words}.**\n")));
        lines.push(format!("{num_samples} samples, {} images, as WebDataset shards.", facts.num_images));
        lines.push(format!("Fields: {}.", fields.join(", ")));
        if !facts.left_out.is_empty() {
            let left = facts.left_out.len();
            lines.push(format!("Left out of the source: {left} samples; the manifest says why."));
        }
        lines
            .push("\n```console\n$ sha256sum -c checksums/SHA256SUMS\n$ turboshard verify .\n```".to_owned());
        for (title, words) in
            [("Licence", &about.license), ("Source", &about.source), ("Citation", &about.citation)]
        {
            lines.extend(words.as_ref().map(|words| format!("\n## {title}\n{words}")));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

/// Removes what [`Card::write`] wrote.
///
/// # Errors
/// `Io`.
pub fn remove(dst: &Path) -> Result<()> {
    let entries = fs::read_dir(dst).map_err(|e| Error::io(dst, e))?;
    for entry in entries {
        let path = entry.map_err(|e| Error::io(dst, e))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let numbered = name.strip_prefix("LICENSE-").or_else(|| name.strip_prefix("LICENCE-"));
        if name == README || is_license(name) || numbered.is_some() {
            fs::remove_file(&path).map_err(|e| Error::io(&path, e))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_keep_their_names_unless_two_have_one() {
        let mut card = Card::default();
        for (name, text) in [("LICENSE", "a"), ("LICENSE", "b"), ("LICENSE.txt", "c"), ("LICENSE", "a")] {
            card.add_license((name.to_owned(), text.as_bytes().to_vec()));
        }
        card.add_license(("LICENSE.txt".to_owned(), b"d".to_vec()));
        let names: Vec<_> = card.licenses.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["LICENSE", "LICENSE-2", "LICENSE.txt", "LICENSE-2.txt"]);
    }
}
