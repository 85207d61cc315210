//! Which file of a source is what, and whose: by the folders it is in and its name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::path::{is_hidden, parts, stem_and_extension};

/// What a file is; the order is that of a sample's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Scan,
    Materials,
    Texture,
    Landmarks,
    FlameMesh,
    FlameParameters,
    Pose,
    PoseLandmarks,
    Metadata,
}

impl Kind {
    /// Its field in a sample.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Scan => "obj",
            Self::Materials => "mtl",
            Self::Texture => "bmp",
            Self::Landmarks => "ldmks.txt",
            Self::FlameMesh => "flame.obj",
            Self::FlameParameters => "flame.npz",
            Self::Pose => "pose.png",
            Self::PoseLandmarks => "pose_landmarks.png",
            Self::Metadata => "subject.txt",
        }
    }
}

/// Multi-view photographs that Headspace is made from; they are another data set.
pub(super) const PHOTOGRAPHS: &str = "headspacePngTka";
/// Digits of a subject's number.
const DIGITS: usize = 5;

/// A subject's files.
#[derive(Debug, Default)]
pub(super) struct Subject {
    pub(super) id: String,
    pub(super) metadata: Vec<usize>,
    /// By capture, files by kind; one, unless something is there twice.
    pub(super) captures: BTreeMap<String, BTreeMap<Kind, Vec<usize>>>,
}

/// All files, by subject, and those that are nobody's.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) subjects: BTreeMap<u64, Subject>,
    pub(super) unrecognised: Vec<usize>,
    /// Folders of photographs.
    pub(super) photographs: BTreeSet<String>,
}

/// What a path says.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    kind: Kind,
    subject: Option<String>,
    capture: Option<String>,
}

/// Sorts the files of a source, each a number and its path.
pub(super) fn sort<'p>(files: impl Iterator<Item = (usize, &'p str)>) -> Sorted {
    let mut sorted = Sorted::default();
    let mut later = Vec::new();
    for (file, path) in files {
        let parts = parts(path);
        if let Some(at) = parts.iter().position(|part| *part == PHOTOGRAPHS) {
            sorted.photographs.insert(format!("{}/", parts.get(..=at).unwrap_or_default().join("/")));
            continue;
        }
        match place(&parts).filter(|_| !parts.iter().any(|part| is_hidden(part))) {
            // Only scans say which captures there are; what lies beside them waits.
            Some(Place { kind: Kind::Scan, subject: Some(id), capture: Some(capture) }) => {
                let subject = sorted.subject(number(&id).unwrap_or_default(), &id);
                subject.captures.entry(capture).or_default().entry(Kind::Scan).or_default().push(file);
            }
            Some(place) => later.push((place, file)),
            None => sorted.unrecognised.push(file),
        }
    }
    sorted.assign(later);
    sorted
}

impl Sorted {
    /// Adds the subject of a folder that has nothing in it, and says whether it is one's.
    pub(super) fn empty_folder(&mut self, path: &str) -> bool {
        let id = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if path.contains(PHOTOGRAPHS) {
            return true;
        }
        number(id).map(|number| self.subject(number, id)).is_some()
    }

    fn subject(&mut self, number: u64, id: &str) -> &mut Subject {
        let subject = self.subjects.entry(number).or_default();
        if subject.id.is_empty() {
            id.clone_into(&mut subject.id);
        }
        subject
    }

    fn assign(&mut self, files: Vec<(Place, usize)>) {
        let whose: HashMap<String, u64> = self
            .subjects
            .iter()
            .flat_map(|(number, subject)| subject.captures.keys().map(|capture| (capture.clone(), *number)))
            .collect();
        for (Place { kind, subject, capture }, file) in files {
            let number = subject.as_deref().and_then(number);
            let number = number.or_else(|| whose.get(capture.as_deref()?).copied());
            let companion =
                matches!(kind, Kind::FlameMesh | Kind::FlameParameters | Kind::Pose | Kind::PoseLandmarks);
            let Some(number) = number.filter(|number| !companion || self.subjects.contains_key(number))
            else {
                self.unrecognised.push(file);
                continue;
            };
            let subject = self.subject(number, subject.as_deref().unwrap_or_default());
            if kind == Kind::Metadata {
                subject.metadata.push(file);
                continue;
            }
            let only =
                if subject.captures.len() == 1 { subject.captures.keys().next().cloned() } else { None };
            match capture.or(only) {
                Some(capture) if !companion || subject.captures.contains_key(&capture) => {
                    subject.captures.entry(capture).or_default().entry(kind).or_default().push(file);
                }
                _ => self.unrecognised.push(file),
            }
        }
        self.unrecognised.sort_unstable();
    }
}

fn place(parts: &[&str]) -> Option<Place> {
    let (file, folders) = parts.split_last()?;
    let (stem, extension) = stem_and_extension(file);
    let within = folders.last().copied().filter(|folder| number(folder).is_some()).map(str::to_owned);
    let is_in = |name: &str| folders.iter().any(|folder| folder.eq_ignore_ascii_case(name));
    let says = |words: &[&str]| {
        let path = parts.join("/").to_lowercase();
        words.iter().any(|word| path.contains(word))
    };
    let named = |kind| Some(Place { kind, subject: within.clone(), capture: Some(stem.to_owned()) });
    match &*extension {
        "obj" if is_in("registrations") => named(Kind::FlameMesh).filter(|_| within.is_some()),
        "npz" if is_in("FLAME_parameters") => named(Kind::FlameParameters).filter(|_| within.is_some()),
        "png" if says(&["pose"]) => {
            let kind = if says(&["ldmk", "landmark", "lmk"]) { Kind::PoseLandmarks } else { Kind::Pose };
            let digits: Vec<&str> = stem.split(|c: char| !c.is_ascii_digit()).collect();
            let subject = digits.iter().find(|word| word.len() == DIGITS).map(|word| (*word).to_owned());
            let capture = digits.iter().find(|word| word.len() > DIGITS).map(|word| (*word).to_owned());
            Some(Place { kind, subject: within.or(subject), capture })
        }
        "txt" if stem.to_lowercase().contains("person") || stem.eq_ignore_ascii_case("subject") => {
            // `person00001.txt` says whose it is wherever it lies.
            let tail = stem.len().checked_sub(DIGITS).and_then(|at| stem.get(at..));
            let subject = tail.filter(|tail| number(tail).is_some()).map(str::to_owned).or(within)?;
            Some(Place { kind: Kind::Metadata, subject: Some(subject), capture: None })
        }
        "txt" if stem.starts_with("ldmks") && within.is_some() => {
            let capture = stem.strip_prefix("ldmks").filter(|capture| !capture.is_empty());
            Some(Place { kind: Kind::Landmarks, subject: within, capture: capture.map(str::to_owned) })
        }
        "obj" if within.is_some() => named(Kind::Scan),
        "mtl" if within.is_some() => named(Kind::Materials),
        "bmp" if within.is_some() => named(Kind::Texture),
        _ => None,
    }
}

/// The number of a subject's folder: five digits.
fn number(id: &str) -> Option<u64> {
    (id.len() == DIGITS && id.bytes().all(|byte| byte.is_ascii_digit())).then(|| id.parse().ok()).flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sorted(paths: &[&str]) -> Sorted {
        sort(paths.iter().copied().enumerate())
    }

    #[test]
    fn files_are_known_by_folder_and_name() {
        let found = sorted(&[
            "LYHM/FLAME_parameters/00007/180716151617.npz",
            "LYHM/registrations/00007/180716151617.obj",
            "headspaceOnline/subjects/00007/180716151617.bmp",
            "headspaceOnline/subjects/00007/180716151617.mtl",
            "headspaceOnline/subjects/00007/180716151617.obj",
            "headspaceOnline/subjects/00007/ldmks180716151617.txt",
            "headspaceOnline/subjects/00007/subject.txt",
            "poseNormalised/00007.png",
            "poseNormalised/withLandmarks/180716151617.png",
        ]);
        assert!(found.unrecognised.is_empty());
        let subject = &found.subjects[&7];
        assert_eq!((subject.id.as_str(), subject.metadata.len(), subject.captures.len()), ("00007", 1, 1));
        let fields: Vec<_> = subject.captures["180716151617"].keys().map(|kind| kind.field()).collect();
        let wanted = "obj mtl bmp ldmks.txt flame.obj flame.npz pose.png pose_landmarks.png";
        assert_eq!(fields.join(" "), wanted);
    }

    #[test]
    fn captures_come_apart_and_nothing_is_guessed() {
        let paths = [
            "00001/._1.obj",
            "00001/1.bmp",
            "00001/1.obj",
            "00001/2.obj",
            "00001/2.txt",
            "00001/ldmks.txt",
            "00003/9.bmp",
            "LYHM/registrations/00001/3.obj",
            "LYHM/registrations/00009/3.obj",
            "__MACOSX/00004/1.obj",
            "headspacePngTka/subjects/00001/1/1A.png",
            "headspacePngTka/subjects/00002/1/1A.png",
            "person00001.txt",
            "pose/x.png",
        ];
        let mut found = sorted(&paths);
        assert!(found.empty_folder("headspaceOnline/subjects/00002/") && !found.empty_folder("notes/"));
        assert_eq!(found.subjects.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(found.subjects[&1].captures.len(), 2);
        assert_eq!(found.subjects[&1].metadata, [12]);
        assert_eq!(found.subjects[&1].captures["1"].keys().count(), 2);
        assert!(found.subjects[&2].captures.is_empty());
        assert!(!found.subjects[&3].captures["9"].contains_key(&Kind::Scan));
        assert_eq!(found.photographs.iter().collect::<Vec<_>>(), ["headspacePngTka/"]);
        let unrecognised: Vec<_> = found.unrecognised.iter().map(|&file| paths[file]).collect();
        assert_eq!(
            unrecognised,
            [
                "00001/._1.obj",
                "00001/2.txt",
                "00001/ldmks.txt",
                "LYHM/registrations/00001/3.obj",
                "LYHM/registrations/00009/3.obj",
                "__MACOSX/00004/1.obj",
                "pose/x.png",
            ]
        );
    }
}
