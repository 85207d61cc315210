//! A data set's files as they were downloaded: in a folder, in the archives in that folder, or in one archive.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use super::said::Said;
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
    empty: Vec<String>,
}

/// One of them.
pub(super) struct File {
    archive: usize,
    number: usize,
    /// Path below the source; a file in an archive lies below the archive's.
    pub(super) path: String,
    /// The path it has once the archives are unpacked where they lie: those of one folder as they are, others into a
    /// folder that is called after them.
    pub(super) unpacked: String,
    packed: bool,
}

impl File {
    /// The name without its folders.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folders it lies in, innermost first; an archive is one too, without its ending.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        self.path.rsplit('/').skip(1).map(|folder| stem(folder).unwrap_or(folder))
    }

    /// Number of the archive it is packed in.
    pub(super) fn lies_in_archive(&self) -> Option<usize> {
        self.packed.then_some(self.archive)
    }
}

impl Files {
    /// Lists them, and begins what is to be said of them; archives are looked into unless they are `foreign` by their
    /// name.
    pub(super) fn list(src: &Path, foreign: fn(&str) -> bool, cancel: &Cancel<'_>) -> Result<(Self, Said)> {
        let go_on = || cancel.check();
        let open = |path: &Path| Archive::open(path, Options::default(), &go_on);
        let outer = open(src)?;
        let mut files = Self { archives: Vec::new(), list: Vec::new(), empty: Vec::new() };
        let mut said = Said::default();
        files.empty.extend(outer.empty_folders().iter().map(|name| format!("{}/", text(name))));
        let mut inner: Vec<(PathBuf, String)> = Vec::new();
        let lies_in_folder = outer.form() == Form::Folder;
        files.add(outer, "", |path| {
            let archive = lies_in_folder && stem(path).is_some() && !foreign(path);
            if archive {
                inner.push((src.join(path), path.to_owned()));
            }
            archive
        });
        let known: HashMap<String, Option<u64>> =
            files.list.iter().map(|file| (file.path.clone(), files.size(file))).collect();
        for (path, name) in inner {
            let begin = files.list.len();
            files.add(open(&path)?, &name, |_| false);
            // Whoever unpacked an archive and kept it has its files once, if they are those.
            let added = files.list.split_off(begin);
            let count = added.len();
            let (twice, once): (Vec<File>, Vec<File>) =
                added.into_iter().partition(|file| known.get(&file.unpacked) == Some(&files.size(file)));
            files.list.extend(once);
            if !twice.is_empty() {
                let words = format!(
                    "{} of {count} files of {name} are unpacked beside it: these are read",
                    twice.len()
                );
                said.warn(words);
            }
        }
        files.list.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((files, said))
    }

    /// Adds the files of an archive that lies at `at` below the source; the source itself has no name.
    fn add(&mut self, archive: Archive, at: &str, mut is_taken: impl FnMut(&str) -> bool) {
        let place = self.archives.len();
        let names: Vec<String> = (0..archive.names().len())
            .map(|number| {
                let name = text(archive.names().name(number));
                name.strip_prefix("./").map(str::to_owned).unwrap_or(name)
            })
            .collect();
        let (within, aside) = if at.is_empty() {
            (String::new(), String::new())
        } else {
            let top = |name: &str| name.split_once('/').map(|(top, _)| top.to_owned());
            let first = names.first().and_then(|name| top(name));
            let alone = first.is_some() && names.iter().all(|name| top(name) == first);
            let beside = if alone { at.rsplit_once('/').map(|(folder, _)| folder) } else { stem(at) };
            let folder = beside.filter(|folder| !folder.is_empty()).map(|folder| format!("{folder}/"));
            (format!("{at}/"), folder.unwrap_or_default())
        };
        for (number, name) in names.into_iter().enumerate() {
            if !is_taken(&name) {
                let (path, unpacked) = (format!("{within}{name}"), format!("{aside}{name}"));
                self.list.push(File { archive: place, number, path, unpacked, packed: !at.is_empty() });
            }
        }
        self.archives.push(archive);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &File)> {
        self.list.iter().enumerate()
    }

    /// Folders without anything in them, with a slash behind; those in archives do not show.
    pub(super) fn empty(&self) -> &[String] {
        &self.empty
    }

    pub(super) fn path(&self, file: usize) -> &str {
        self.list.get(file).map_or("", |file| &file.path)
    }

    /// The path once archives are unpacked.
    pub(super) fn unpacked(&self, file: usize) -> &str {
        self.list.get(file).map_or("", |file| &file.unpacked)
    }

    /// The paths of several, one behind the other.
    pub(super) fn all_unpacked(&self, files: &[usize]) -> String {
        files.iter().map(|&file| self.unpacked(file)).collect::<Vec<_>>().join(", ")
    }

    fn size(&self, file: &File) -> Option<u64> {
        self.archives.get(file.archive)?.names().size(file.number)
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

    /// Of these, unpacked, the folders that not all of them lie in: where a source lies within its folder is nobody's
    /// choice but its owner's.
    pub(super) fn folders_apart<'f>(&'f self, files: &[usize]) -> Vec<Vec<&'f str>> {
        let folders_of = |&file: &usize| -> Vec<&str> {
            let mut folders: Vec<&str> = self.unpacked(file).split('/').collect();
            folders.pop();
            folders
        };
        let mut all: Vec<Vec<&str>> = files.iter().map(folders_of).collect();
        let Some(first) = all.first().cloned() else { return all };
        let shared = |one: &Vec<&str>| one.iter().zip(&first).take_while(|(a, b)| a == b).count();
        let common = all.iter().map(shared).min().unwrap_or_default();
        for folders in &mut all {
            folders.drain(..common);
        }
        all
    }
}

/// Paths as they are to be listed; of a folder with many, how many.
pub(super) fn describe<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<String> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in paths {
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

/// An archive's name without its ending.
fn stem(name: &str) -> Option<&str> {
    ARCHIVES.iter().find_map(|ending| name.strip_suffix(ending))
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
