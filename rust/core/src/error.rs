//! The crate's one error: what went wrong, and where, as data.
//!
//! A position is three facts that every layer can add to as the error passes: the shard's path, the
//! member's name and the byte offset in the shard. Words are made only when somebody looks.

use std::{fmt, io, path::Path};

use crate::fault::{ArchiveFault, ImageFault, TarFault};

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong and where. One pointer wide, so that `Result` stays cheap.
#[derive(Debug)]
pub struct Error(Box<Detail>);

#[derive(Debug)]
struct Detail {
    kind: Kind,
    at: Place,
    hint: Option<String>,
}

/// Where in the data an error lies; each part as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Path of the shard, or of the file that takes its place.
    pub shard: Option<String>,
    /// Name of the member, lossily decoded where it is not UTF-8.
    pub member: Option<String>,
    /// Byte offset in the shard.
    pub offset: Option<u64>,
}

/// The kinds of error; each is one Python exception class (see `rust/py/src/error.rs`).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Kind {
    /// The operating system refused; keeps the file it refused.
    #[error("{source}")]
    Io {
        /// File or folder the call was about.
        path: Option<String>,
        /// What the operating system said.
        source: io::Error,
    },
    /// The archive is not a sound tar.
    #[error("{0}")]
    Tar(TarFault),
    /// An archive that is no shard is unsound, or refused.
    #[error("{0}")]
    Archive(ArchiveFault),
    /// The image cannot be decoded, or is refused.
    #[error("{0}")]
    Image(ImageFault),
    /// Bytes differ from their published digest.
    #[error("SHA-256 is {found}, expected {expected}")]
    Digest {
        /// Digest from `SHA256SUMS` or the manifest, in hex.
        expected: String,
        /// Digest of the bytes that were read, in hex.
        found: String,
    },
    /// A release, manifest, sums file or sample breaks its own rules.
    #[error("{0}")]
    Data(String),
    /// An argument or a combination of options makes no sense; the caller's to mend.
    #[error("{0}")]
    Invalid(String),
    /// The caller asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// A defect of this library, caught before it left the library.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// An error of that kind, with no position yet.
    pub fn new(kind: Kind) -> Self {
        Self(Box::new(Detail { kind, at: Place::default(), hint: None }))
    }

    /// The operating system's error about `path`.
    pub fn io(path: &Path, source: io::Error) -> Self {
        Self::new(Kind::Io { path: Some(path.display().to_string()), source })
    }

    /// A tar fault at `offset`.
    pub fn tar(fault: TarFault, offset: u64) -> Self {
        Self::new(Kind::Tar(fault)).at_offset(offset)
    }

    /// A fault of an archive that is no shard.
    pub fn archive(fault: ArchiveFault) -> Self {
        Self::new(Kind::Archive(fault))
    }

    /// An image fault.
    pub fn image(fault: ImageFault) -> Self {
        Self::new(Kind::Image(fault))
    }

    /// Data that breaks its own rules.
    pub fn data(what: impl Into<String>) -> Self {
        Self::new(Kind::Data(what.into()))
    }

    /// An argument that makes no sense.
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::new(Kind::Invalid(what.into()))
    }

    /// Adds the shard, unless a deeper layer already named one.
    #[must_use]
    pub fn in_shard(mut self, shard: &Path) -> Self {
        self.0.at.shard.get_or_insert_with(|| shard.display().to_string());
        self
    }

    /// Adds the member, unless a deeper layer already named one.
    #[must_use]
    pub fn in_member(mut self, member: &[u8]) -> Self {
        self.0.at.member.get_or_insert_with(|| String::from_utf8_lossy(member).into_owned());
        self
    }

    /// Adds the offset, unless a deeper layer already knew it.
    #[must_use]
    pub fn at_offset(mut self, offset: u64) -> Self {
        self.0.at.offset.get_or_insert(offset);
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// Where it went wrong.
    pub fn place(&self) -> &Place {
        &self.0.at
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// True if the caller asked to stop.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.kind, Kind::Cancelled)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        if let Some(shard) = &self.shard {
            write!(f, "shard {shard}")?;
            gap = ", ";
        }
        if let Some(member) = &self.member {
            write!(f, "{gap}member {member}")?;
            gap = ", ";
        }
        if let Some(offset) = self.offset {
            write!(f, "{gap}offset {offset}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        if self.0.at != Place::default() {
            write!(f, " ({})", self.0.at)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.kind.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_layer_places_the_error() {
        let error = Error::tar(TarFault::Checksum, 512)
            .in_member(b"a.jpg")
            .in_shard(Path::new("x.tar"))
            .in_shard(Path::new("outer.tar"))
            .at_offset(9);
        assert_eq!(error.place().offset, Some(512));
        assert_eq!(
            error.to_string(),
            "header checksum does not match (shard x.tar, member a.jpg, offset 512)"
        );
    }

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
