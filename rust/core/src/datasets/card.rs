//! What a release says of itself to people: its licence's text, and a README that Hugging Face reads, too.

use std::{fs, path::Path};

use crate::{
    error::{Error, Result},
    publish::Facts,
};

/// Names a licence's text has.
const LICENSES: [&str; 6] = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md"];
/// Bytes of it: no licence is longer.
const MAX_LICENSE: u64 = 4 << 20;

/// Whether a file's name says that it is the licence.
pub(super) fn is_license(name: &str) -> bool {
    LICENSES.contains(&name)
}

/// Name and text of the licence in a folder.
pub(super) fn license(folder: &Path) -> Result<Option<(String, Vec<u8>)>> {
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

/// The README: Hugging Face's card, then words, with what is forbidden first.
pub(super) fn readme(
    facts: &Facts,
    num_samples: usize,
    license_file: Option<&str>,
    forbidden: Option<&str>,
) -> String {
    let name = &facts.name;
    let about = &facts.about;
    let quoted = |text: &str| serde_json::Value::from(text).to_string(); // a JSON string is a YAML one
    let mut lines = vec!["---".to_owned()];
    if about.license.is_some() || license_file.is_some() {
        // Only the hub's own identifiers may stand under `license`.
        lines.push("license: other".to_owned());
    }
    lines.extend(about.license.as_ref().map(|license| format!("license_name: {}", quoted(license))));
    lines.extend(license_file.map(|file| format!("license_link: {file}")));
    lines.push(format!("pretty_name: {}", quoted(name)));
    let configs = ["tags:", "- webdataset", "configs:", "- config_name: default", "  data_files:"];
    lines.extend(configs.map(str::to_owned));
    lines.extend(["  - split: train", "    path: \"data/*.tar\"", "---", ""].map(str::to_owned));
    let fields: Vec<String> = facts.fields.iter().map(|field| format!("`{field}`")).collect();
    lines.push(format!("# {name}\n"));
    lines.extend(forbidden.map(|words| format!("**{words}.**\n")));
    lines.push(format!("{num_samples} samples, {} images, as WebDataset shards.", facts.num_images));
    lines.push(format!("Fields: {}.", fields.join(", ")));
    if !facts.left_out.is_empty() {
        let left = facts.left_out.len();
        lines.push(format!("Left out of the source: {left} samples; the manifest says why."));
    }
    lines.push("\n```console\n$ sha256sum -c checksums/SHA256SUMS\n$ turboshard verify .\n```".to_owned());
    for (title, words) in
        [("Licence", &about.license), ("Source", &about.source), ("Citation", &about.citation)]
    {
        lines.extend(words.as_ref().map(|words| format!("\n## {title}\n{words}")));
    }
    lines.push(String::new());
    lines.join("\n")
}
