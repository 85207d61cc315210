//! Every file of a source, as relative paths, so that what no layout knows can be listed.

use std::{fs, path::Path};

use super::layout::list;
use crate::error::{Error, Result};

/// Folders within folders; more are a link that leads back.
const DEPTH: usize = 12;

/// The files below a folder, by name, and the folders that have none, with a slash behind; both relative, with `/` between.
///
/// What is hidden is not looked into.
///
/// # Errors
/// `Io`; `Data` where folders are nested too deeply.
pub(super) fn walk(src: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    descend(src, "", 0, &mut found)?;
    Ok(found)
}

fn descend(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<String>) -> Result<()> {
    if depth > DEPTH {
        return Err(Error::data(format!(
            "folders are nested more than {DEPTH} deep: is a link in a circle?"
        ))
        .in_shard(folder));
    }
    let names = list(folder)?;
    if names.is_empty() && !prefix.is_empty() {
        found.push(prefix.to_owned());
    }
    for name in names {
        let path = folder.join(&name);
        let relative = format!("{prefix}{}", name.to_string_lossy());
        // A link to nowhere is still listed.
        if !fs::metadata(&path).is_ok_and(|meta| meta.is_dir()) {
            found.push(relative);
        } else if relative.rsplit('/').next().is_some_and(|name| name.starts_with('.')) {
            found.push(format!("{relative}/"));
        } else {
            descend(&path, &format!("{relative}/"), depth + 1, found)?;
        }
    }
    Ok(())
}

/// The path as its folders and its name.
pub(super) fn parts(path: &str) -> Vec<&str> {
    path.split('/').collect()
}

/// Stem and extension of a file name, the latter in lower case.
pub(super) fn stem_and_extension(name: &str) -> (&str, String) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension.to_lowercase()),
        _ => (name, String::new()),
    }
}

/// Names as part of a field or a key: dots would end the key, slashes the name.
pub(super) fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_and_every_folder_without_any() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/c/d.obj", "b/a.txt", "z", ".git/x"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        fs::create_dir(folder.path().join("empty")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
        assert_eq!(walk(folder.path()).unwrap(), [".git/", "b/a.txt", "b/c/d.obj", "empty/", "link", "z"]);
        std::os::unix::fs::symlink("..", folder.path().join("b/up")).unwrap();
        assert!(walk(folder.path()).unwrap_err().to_string().contains("in a circle"));
    }

    #[test]
    fn names_come_apart() {
        assert_eq!(stem_and_extension("a.b.OBJ"), ("a.b", "obj".to_owned()));
        assert_eq!(stem_and_extension(".obj"), (".obj", String::new()));
        assert_eq!(word("a.b c/é-1"), "a_b_c_é-1");
    }
}
