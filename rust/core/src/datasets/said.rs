//! What a layout has to say of a source besides its samples: to whoever packs it, in words, and to whoever audits the
//! release later, as findings that its manifest keeps.

use serde::Serialize;

use super::{
    files::{self, Files},
    path,
};

/// Names a finding keeps of those it is about.
const NAMED: usize = 20;

/// What a finding is. The codes are stable: manifests have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Files that are no part of the layout.
    NotRecognised,
    /// Subjects or folders of them that are called otherwise than most.
    NamedUnlike,
    /// Folders that are not called as the publisher calls them.
    FolderName,
    /// Files that name another subject than the one they were given to.
    OtherSubject,
    /// Numbers of the publisher's that no subject has.
    MissingNumber,
    /// Subjects of whom nothing is known, though there is of others.
    NoMetadata,
    /// Files or folders that the publisher has and the source has not.
    NotThere,
}

impl Reason {
    const ALL: [Self; 7] = [
        Self::NotRecognised,
        Self::NamedUnlike,
        Self::FolderName,
        Self::OtherSubject,
        Self::MissingNumber,
        Self::NoMetadata,
        Self::NotThere,
    ];

    /// The code in manifests and reports.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::NotRecognised => "not-recognised",
            Self::NamedUnlike => "named-unlike",
            Self::FolderName => "folder-name",
            Self::OtherSubject => "other-subject",
            Self::MissingNumber => "missing-number",
            Self::NoMetadata => "no-metadata",
            Self::NotThere => "not-there",
        }
    }

    /// What is counted, in words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::NotRecognised => "files of the source that were not recognised",
            Self::NamedUnlike => "names in the source unlike the others",
            Self::FolderName => "folders of the source not called as the publisher's",
            Self::OtherSubject => "files of the source that name another subject",
            Self::MissingNumber => "numbers that no subject of the source has",
            Self::NoMetadata => "subjects of the source without their metadata",
            Self::NotThere => "parts that the source has not",
        }
    }

    /// The reason of a code.
    pub(crate) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// What stands out in a source, and may mean that something of it was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    reason: &'static str,
    count: u64,
    names: Vec<String>,
}

impl Finding {
    pub(super) fn new(reason: Reason, count: u64, mut names: Vec<String>) -> Self {
        names.truncate(NAMED);
        Self { reason: reason.code(), count, names }
    }

    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.names.extend(other.names);
        self.names.truncate(NAMED);
    }
}

/// All that a layout says.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What in the source belongs to no sample.
    pub(super) unrecognised: Vec<String>,
    /// What whoever packs it must be told.
    pub(super) warnings: Vec<String>,
    /// What the manifest keeps.
    pub(super) findings: Vec<Finding>,
}

impl Said {
    pub(super) fn warn(&mut self, words: impl Into<String>) {
        self.warnings.push(words.into());
    }

    /// Warns of something that the manifest keeps, too.
    pub(super) fn find(&mut self, reason: Reason, names: Vec<String>, words: impl Into<String>) {
        let found = Finding::new(reason, names.len() as u64, names);
        match self.findings.iter_mut().find(|known| known.reason == found.reason) {
            Some(known) => known.join(found),
            None => self.findings.push(found),
        }
        self.warn(words);
    }

    /// Lists files that belong to no sample. Those that no sample can have lost are no finding: documents, what desktops
    /// leave, and what the layout knows to be something else.
    ///
    /// Findings have the paths of unpacked files: the same files give the same manifest, in an archive or not.
    pub(super) fn not_recognised(&mut self, files: &Files, list: &[usize], is_known: impl Fn(&str) -> bool) {
        self.unrecognised.extend(files::describe(list.iter().map(|&file| files.path(file))));
        let paths = list.iter().map(|&file| files.unpacked(file));
        let lost: Vec<&str> = paths.filter(|path| !path::is_aside(path) && !is_known(path)).collect();
        if !lost.is_empty() {
            let names = files::describe(lost.iter().copied());
            self.findings.push(Finding::new(Reason::NotRecognised, lost.len() as u64, names));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own_and_is_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::of(reason.code()), Some(reason));
            assert_eq!(Reason::ALL.iter().filter(|other| other.words() == reason.words()).count(), 1);
        }
        assert_eq!(Reason::of("nothing"), None);
    }

    #[test]
    fn what_is_said_of_two_things_is_one_finding() {
        let (mut said, names) = (Said::default(), |range: std::ops::Range<u64>| range.map(|n| n.to_string()));
        said.find(Reason::NamedUnlike, names(0..1).collect(), "one");
        said.find(Reason::FolderName, names(5..6).collect(), "another");
        said.find(Reason::NamedUnlike, names(1..25).collect(), "the others");
        let wanted = [
            Finding::new(Reason::NamedUnlike, 25, names(0..20).collect()),
            Finding::new(Reason::FolderName, 1, names(5..6).collect()),
        ];
        assert_eq!(said.findings, wanted);
        assert_eq!(said.warnings, ["one", "another", "the others"]);
    }
}
