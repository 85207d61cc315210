//! The ways data can be wrong, each with a reason code that reports and tests can rely on.

use std::fmt;

/// A way in which a tar is unsound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TarFault {
    /// The first block is no tar header at all.
    NotTar,
    /// A header's checksum fits neither the unsigned nor the signed sum.
    Checksum,
    /// A number field is not octal, not base-256, negative, or too large.
    Number,
    /// The file ends inside a header, a payload or its padding.
    Truncated,
    /// The file ends without a zero block.
    NoEndMarker,
    /// One zero block where two are due.
    LoneEndMarker,
    /// Bytes other than zero follow the end marker.
    TrailingGarbage,
    /// A PAX record is malformed.
    PaxRecord,
    /// A PAX global header sets what only a member may have (path, linkpath, size).
    PaxGlobal,
    /// A name or PAX header describes no member, or two of a kind describe one.
    DanglingHeader,
    /// Headers in front of a member ask for more than the limit.
    HeaderLimit,
    /// A symbolic or hard link, which has no bytes of its own.
    Link,
    /// A sparse member, whose bytes are not contiguous.
    Sparse,
    /// A device, fifo, directory or other thing that is no file.
    NotAFile,
    /// A type flag nobody defined.
    UnknownType,
    /// An empty name.
    EmptyName,
    /// The same name, or the same field of one sample, twice.
    Duplicate,
    /// The members of one sample are not next to each other.
    Scattered,
    /// A gzip, bzip2, xz or zstd stream where a plain tar is due.
    Compressed,
}

impl TarFault {
    /// Stable reason code, as `verify --deep --json` prints it.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotTar => "not-tar",
            Self::Checksum => "header-checksum",
            Self::Number => "header-number",
            Self::Truncated => "truncated",
            Self::NoEndMarker => "no-end-marker",
            Self::LoneEndMarker => "lone-end-marker",
            Self::TrailingGarbage => "trailing-garbage",
            Self::PaxRecord => "pax-record",
            Self::PaxGlobal => "pax-global",
            Self::DanglingHeader => "dangling-header",
            Self::HeaderLimit => "header-limit",
            Self::Link => "link",
            Self::Sparse => "sparse",
            Self::NotAFile => "not-a-file",
            Self::UnknownType => "unknown-type",
            Self::EmptyName => "empty-name",
            Self::Duplicate => "duplicate",
            Self::Scattered => "scattered-sample",
            Self::Compressed => "compressed",
        }
    }
}

impl fmt::Display for TarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotTar => "not a tar archive",
            Self::Checksum => "header checksum does not match",
            Self::Number => "a number in the header is malformed or out of range",
            Self::Truncated => "the archive is truncated",
            Self::NoEndMarker => "the archive ends without its end marker",
            Self::LoneEndMarker => "the end marker is one zero block instead of two",
            Self::TrailingGarbage => "bytes other than zero follow the end marker",
            Self::PaxRecord => "malformed PAX record",
            Self::PaxGlobal => "a PAX global header sets path, linkpath or size",
            Self::DanglingHeader => "an extension header belongs to no member, or comes twice",
            Self::HeaderLimit => "extension headers exceed the limit",
            Self::Link => "a link is not a file",
            Self::Sparse => "sparse members are not supported",
            Self::NotAFile => "the member is not a regular file",
            Self::UnknownType => "unknown member type",
            Self::EmptyName => "the member has no name",
            Self::Duplicate => "the same name or field comes twice",
            Self::Scattered => "the members of one sample are not next to each other",
            Self::Compressed => "the archive is compressed",
        })
    }
}

/// A way in which an image cannot be decoded, or is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageFault {
    /// The bytes are no image of a supported format.
    NotAnImage,
    /// The decoder gave up; its own words.
    Corrupt(String),
    /// The data end before the picture does.
    Truncated {
        /// Rows that were decoded completely.
        rows: u32,
        /// Rows of the picture.
        height: u32,
    },
    /// `strict` was asked and the decoder warned; its own words.
    Warning(String),
    /// A kind of image that is refused by name.
    Unsupported(String),
    /// More pixels than the limit; refused before anything was allocated.
    TooManyPixels {
        /// Pixels the header declares.
        pixels: u64,
        /// The limit.
        limit: u64,
    },
}

impl ImageFault {
    /// Stable reason code, as `verify --deep --json` prints it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnImage => "not-an-image",
            Self::Corrupt(_) => "image-corrupt",
            Self::Truncated { .. } => "image-truncated",
            Self::Warning(_) => "image-warning",
            Self::Unsupported(_) => "image-unsupported",
            Self::TooManyPixels { .. } => "image-too-large",
        }
    }
}

impl fmt::Display for ImageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage => f.write_str("not an image this library can decode"),
            Self::Corrupt(words) => write!(f, "corrupt image: {words}"),
            Self::Truncated { rows, height } => {
                write!(f, "the image is truncated: {rows} of {height} rows could be decoded")
            }
            Self::Warning(words) => write!(f, "the decoder warned: {words}"),
            Self::Unsupported(words) => write!(f, "unsupported image: {words}"),
            Self::TooManyPixels { pixels, limit } => {
                write!(f, "the image has {pixels} pixels, more than the limit of {limit}")
            }
        }
    }
}

/// A way in which an archive that is no shard is unsound, or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveFault {
    /// Neither folder, tar, gzipped tar nor zip.
    Unknown,
    /// A zip or gzip stream breaks its format; what of it.
    Corrupt(String),
    /// The file ends before the archive does.
    Truncated,
    /// Bytes do not have the checksum that is stored with them.
    Checksum,
    /// A zip's local header says something else than its central directory.
    Mismatch(String),
    /// Two entries of a zip share bytes.
    Overlap,
    /// Two files have one name.
    Duplicate,
    /// A name that leads out of the folder it is unpacked to.
    UnsafeName,
    /// A symbolic link.
    Link,
    /// A compression or encryption that is not supported.
    Unsupported(String),
    /// Unpacks to more than the limit.
    TooLarge {
        /// Bytes it unpacks to, as far as is known.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// Unpacks to more times its size than the limit.
    Bomb {
        /// Bytes it unpacks to, as far as is known.
        size: u64,
        /// Bytes it is packed in.
        packed: u64,
    },
    /// An index that belongs to another archive.
    ForeignIndex,
}

impl ArchiveFault {
    /// Stable reason code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "not-an-archive",
            Self::Corrupt(_) => "archive-corrupt",
            Self::Truncated => "archive-truncated",
            Self::Checksum => "archive-checksum",
            Self::Mismatch(_) => "zip-mismatch",
            Self::Overlap => "zip-overlap",
            Self::Duplicate => "duplicate",
            Self::UnsafeName => "unsafe-name",
            Self::Link => "link",
            Self::Unsupported(_) => "archive-unsupported",
            Self::TooLarge { .. } => "too-large",
            Self::Bomb { .. } => "bomb",
            Self::ForeignIndex => "foreign-index",
        }
    }
}

impl fmt::Display for ArchiveFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("neither a folder nor a tar, tar.gz or zip"),
            Self::Corrupt(words) => write!(f, "corrupt archive: {words}"),
            Self::Truncated => f.write_str("the archive is truncated"),
            Self::Checksum => f.write_str("the CRC-32 does not match"),
            Self::Mismatch(words) => write!(f, "the local header and the central directory differ: {words}"),
            Self::Overlap => f.write_str("two entries of the archive share bytes"),
            Self::Duplicate => f.write_str("the same name comes twice"),
            Self::UnsafeName => f.write_str("the name leads out of its folder"),
            Self::Link => f.write_str("a link is not a file"),
            Self::Unsupported(words) => write!(f, "unsupported archive: {words}"),
            Self::TooLarge { size, limit } => {
                write!(f, "unpacks to {size} bytes, more than the limit of {limit}")
            }
            Self::Bomb { size, packed } => {
                write!(f, "{packed} bytes unpack to {size} or more, which looks like a bomb")
            }
            Self::ForeignIndex => f.write_str("the index belongs to another archive"),
        }
    }
}
