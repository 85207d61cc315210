//! What lies in an archive, as columns.

use std::{collections::HashSet, sync::OnceLock};

use crate::{
    error::{Error, Result},
    fault::ArchiveFault,
};

/// Names and sizes of files, and the way from a name to its place.
#[derive(Debug, Default)]
pub struct Names {
    blob: Vec<u8>,
    end: Vec<usize>,
    sizes: Vec<u64>,
    /// Places by ascending name; made when somebody asks for a name.
    order: OnceLock<Vec<u32>>,
}

impl Names {
    /// Appends a file.
    ///
    /// # Errors
    /// `Archive(UnsafeName)` if unpacking it would write outside of a folder.
    pub(super) fn push(&mut self, name: &[u8], size: u64) -> Result<()> {
        if !is_safe(name) {
            return Err(Error::archive(ArchiveFault::UnsafeName).in_member(name));
        }
        self.blob.extend_from_slice(name);
        self.end.push(self.blob.len());
        self.sizes.push(size);
        if self.sizes.len() > u32::MAX as usize {
            return Err(Error::archive(ArchiveFault::Unsupported("more files than can be numbered".into())));
        }
        Ok(())
    }

    /// Refuses a name that comes twice: which of the two is meant differs from reader to reader.
    pub(super) fn check_unique(&self) -> Result<()> {
        let mut seen = HashSet::with_capacity(self.len());
        match (0..self.len()).map(|file| self.name(file)).find(|&name| !seen.insert(name)) {
            Some(twice) => Err(Error::archive(ArchiveFault::Duplicate).in_member(twice)),
            None => Ok(()),
        }
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// Name of a file, bytes as in the archive; a zip's in UTF-8. Empty if there is no such file.
    pub fn name(&self, file: usize) -> &[u8] {
        let end = self.end.get(file).copied().unwrap_or_default();
        let start = file.checked_sub(1).and_then(|before| self.end.get(before)).copied().unwrap_or_default();
        self.blob.get(start..end).unwrap_or_default()
    }

    /// Unpacked bytes of a file.
    pub fn size(&self, file: usize) -> Option<u64> {
        self.sizes.get(file).copied()
    }

    /// Unpacked bytes of each file.
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// The file of that name.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        let order = self.order.get_or_init(|| {
            let mut order: Vec<u32> = (0..self.len() as u32).collect();
            order.sort_by(|&a, &b| self.name(a as usize).cmp(self.name(b as usize)));
            order
        });
        let place = order.binary_search_by(|&file| self.name(file as usize).cmp(name)).ok()?;
        order.get(place).map(|&file| file as usize)
    }
}

/// Whether a name stays in the folder it is unpacked to, on any system.
fn is_safe(name: &[u8]) -> bool {
    let separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let drive = matches!(name, [letter, b':', ..] if letter.is_ascii_alphabetic());
    !name.is_empty()
        && !name.first().is_some_and(separator)
        && !drive
        && !name.contains(&0)
        && name.split(|byte| separator(byte)).all(|part| part != b"..")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["a", "a/b.c", "./a", "a..b/..c", ".hidden", "ä/ö"] {
            assert!(is_safe(name.as_bytes()), "{name}");
        }
        for name in
            ["", "/etc/passwd", "../a", "a/../../b", "a/..", "..", "\\a", "a\\..\\b", "C:\\a", "c:a", "a\0b"]
        {
            assert!(!is_safe(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_name_is_found_wherever_it_stands() {
        let mut names = Names::default();
        for (size, name) in ["b", "a", "", "c"].iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            names.push(name.as_bytes(), size as u64).unwrap();
        }
        let found: Vec<_> = ["a", "b", "c", "d", ""].iter().map(|name| names.find(name.as_bytes())).collect();
        assert_eq!(found, [Some(1), Some(0), Some(2), None, None]);
        assert_eq!(names.sizes(), [0, 1, 3]);
        names.check_unique().unwrap();
        names.push(b"a", 0).unwrap();
        assert!(names.check_unique().is_err());
    }
}
