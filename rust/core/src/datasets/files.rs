//! A data set's files as they were downloaded: in a folder, in the archives in that folder, or in one archive.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    archive::{Archive, Form, Options},
    digest::Digest,
    error::Result,
    pool::Cancel,
};

/// Endings of archives that are looked into.
const ARCHIVES: [&str; 4] = [".zip", ".tar", ".tar.gz", ".tgz"];
/// Files of one folder that are named one by one when nobody knows them.
const NAMED: usize = 20;

/// All files, sorted by path.
pub(super) struct Files {
    archives: Vec<Archive>,
    list: Vec<File>,
}

/// One of them.
pub(super) struct File {
    archive: usize,
    number: usize,
    /// Path below the source; a file in an archive lies below the archive's.
    pub(super) path: String,
}

impl File {
    /// The name without its folders.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folders it lies in, innermost first; an archive is one too, without its ending.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        self.path
            .rsplit('/')
            .skip(1)
            .map(|folder| ARCHIVES.iter().find_map(|ending| folder.strip_suffix(ending)).unwrap_or(folder))
    }
}

impl Files {
    pub(super) fn list(src: &Path, cancel: &Cancel<'_>) -> Result<Self> {
        let go_on = || cancel.check();
        let outer = Archive::open(src, Options::default(), &go_on)?;
        let mut files = Self { archives: Vec::new(), list: Vec::new() };
        let mut inner: Vec<(PathBuf, String)> = Vec::new();
        let lies_in_folder = outer.form() == Form::Folder;
        files.add(outer, "", &mut |path| {
            let archive = lies_in_folder && ARCHIVES.iter().any(|ending| path.ends_with(ending));
            if archive {
                inner.push((src.join(path), format!("{path}/")));
            }
            archive
        });
        for (path, prefix) in inner {
            files.add(Archive::open(&path, Options::default(), &go_on)?, &prefix, &mut |_| false);
        }
        files.list.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    fn add(&mut self, archive: Archive, prefix: &str, is_taken: &mut dyn FnMut(&str) -> bool) {
        let place = self.archives.len();
        for number in 0..archive.names().len() {
            let name = String::from_utf8_lossy(archive.names().name(number));
            if !is_taken(&name) {
                let path = format!("{prefix}{}", name.strip_prefix("./").unwrap_or(&name));
                self.list.push(File { archive: place, number, path });
            }
        }
        self.archives.push(archive);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &File)> {
        self.list.iter().enumerate()
    }

    pub(super) fn path(&self, file: usize) -> &str {
        self.list.get(file).map_or("", |file| &file.path)
    }

    /// Its bytes, and their digest.
    pub(super) fn read(&self, file: usize) -> Result<(Vec<u8>, Digest)> {
        let mut bytes = Vec::new();
        if let Some(file) = self.list.get(file)
            && let Some(archive) = self.archives.get(file.archive)
        {
            archive.read(file.number, &mut bytes)?;
        }
        let digest = Digest::of(&bytes);
        Ok((bytes, digest))
    }

    /// Paths of files that nobody knows; of a folder with many, how many.
    pub(super) fn describe(&self, files: impl Iterator<Item = usize>) -> Vec<String> {
        let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for file in files {
            let path = self.path(file);
            folders.entry(path.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default().push(path);
        }
        let mut lines = Vec::new();
        for (folder, paths) in folders {
            if paths.len() > NAMED {
                lines.push(format!("{folder}/ ({} files)", paths.len()));
            } else {
                lines.extend(paths.into_iter().map(str::to_owned));
            }
        }
        lines
    }
}
