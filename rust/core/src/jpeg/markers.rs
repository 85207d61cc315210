//! The segments of a JPEG up to its first scan, read the way Pillow reads them.
//!
//! What Pillow calls "cannot identify image file" is decided here, before libjpeg sees a byte, so that
//! both refuse the same files. Sizes come from here too: a limit can then refuse before libjpeg allocates.

use super::{exif, quality::quantisation_tables};
use crate::{
    error::{Error, Result},
    fault::ImageFault,
};

/// Marker codes, the byte after 0xFF.
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP1: u8 = 0xE1;
pub(crate) const APP2: u8 = 0xE2;
const APP13: u8 = 0xED;
const APP14: u8 = 0xEE;
/// The frame of a baseline image.
pub(crate) const BASELINE: u8 = 0xC0;
const DQT: u8 = 0xDB;
const DHP: u8 = 0xDE;
const SOS: u8 = 0xDA;

const EXIF_HEAD: &[u8] = b"Exif\0\0";
const ICC_HEAD: &[u8] = b"ICC_PROFILE\0";
const XMP_HEAD: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// One marker segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'d> {
    /// The marker's code, the byte after 0xFF.
    pub marker: u8,
    /// What follows the length field.
    pub payload: &'d [u8],
}

impl<'d> Segment<'d> {
    /// The TIFF structure of an EXIF segment.
    pub fn exif(self) -> Option<&'d [u8]> {
        if self.marker == APP1 { self.payload.strip_prefix(EXIF_HEAD) } else { None }
    }

    /// Whether this is a piece of an ICC profile.
    pub fn is_icc(self) -> bool {
        self.marker == APP2 && self.payload.starts_with(ICC_HEAD)
    }
}

/// The segments in front of the first scan, that scan's header included; ends there.
#[derive(Debug, Clone)]
pub struct Segments<'d> {
    data: &'d [u8],
    at: usize,
    /// A 0xFF was read whose code comes next.
    in_marker: bool,
    over: bool,
}

impl<'d> Segments<'d> {
    /// Starts behind the start-of-image marker.
    ///
    /// # Errors
    /// [`ImageFault::NotAnImage`] without such a marker.
    pub fn new(data: &'d [u8]) -> Result<Self> {
        if !data.starts_with(&[0xFF, 0xD8, 0xFF]) {
            return Err(Error::image(name_the_format(data)));
        }
        Ok(Self { data, at: 3, in_marker: true, over: false })
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.data.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn payload(&mut self) -> Result<&'d [u8]> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let length = rest.first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes)));
        let length = length.ok_or_else(|| Error::image(ImageFault::NotAnImage))?;
        // A length below two is no length; Pillow then goes on behind the field.
        let payload = rest.get(2..length.max(2)).ok_or_else(truncated_header)?;
        self.at += length.max(2);
        Ok(payload)
    }
}

impl<'d> Iterator for Segments<'d> {
    type Item = Result<Segment<'d>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over {
            if !self.in_marker {
                // Anything between segments is junk and passed over.
                self.in_marker = self.byte()? == 0xFF;
                continue;
            }
            let marker = self.byte()?;
            if marker == 0xFF {
                continue; // padding
            }
            self.in_marker = false;
            match marker {
                // An escaped 0xFF, and markers that have no length field (0xC8 has one, but not to Pillow).
                0x00 | 0xC8 | 0xD0..=0xD9 | 0xF0..=0xFD => {}
                0x01..=0xBF => {
                    self.over = true;
                    return Some(Err(Error::image(ImageFault::NotAnImage)));
                }
                _ => {
                    let payload = self.payload();
                    self.over = marker == SOS || payload.is_err();
                    return Some(payload.map(|payload| Segment { marker, payload }));
                }
            }
        }
        None
    }
}

fn truncated_header() -> Error {
    Error::image(ImageFault::Truncated { rows: 0, height: 0 })
}

fn name_the_format(data: &[u8]) -> ImageFault {
    let named: [(&[u8], &str); 5] = [
        (b"\x89PNG\r\n", "PNG"),
        (b"GIF8", "GIF"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    ];
    let found = named.iter().find(|(magic, _)| data.starts_with(magic));
    found.map_or(ImageFault::NotAnImage, |(_, name)| ImageFault::Unsupported(format!("{name}, not JPEG")))
}

/// One component of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Component {
    /// Identifier.
    pub id: u8,
    /// Horizontal sampling factor.
    pub horizontal: u8,
    /// Vertical sampling factor.
    pub vertical: u8,
    /// Which quantisation table.
    pub table: u8,
}

/// The frame header: how large the picture is, and how it is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The SOF marker's code: 0xC0 baseline, 0xC2 progressive, 0xC9 arithmetic, …
    pub marker: u8,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// How many components: 1, 3 or 4.
    pub count: u8,
    components: [Component; 4],
}

impl Frame {
    /// The components.
    pub fn components(&self) -> &[Component] {
        self.components.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// Whether the file is refined in several passes.
    pub fn is_progressive(&self) -> bool {
        matches!(self.marker, 0xC2 | 0xC6 | 0xCA | 0xCE)
    }

    /// Columns and rows of luma for one of chroma; `None` for grey and for what has no such ratio.
    pub fn chroma_ratio(&self) -> Option<(u8, u8)> {
        let [luma, blue, red, ..] = self.components() else { return None };
        let whole = |a: u8, b: u8| (b != 0 && a.is_multiple_of(b)).then(|| a / b);
        let ratio = |chroma: &Component| {
            Some((whole(luma.horizontal, chroma.horizontal)?, whole(luma.vertical, chroma.vertical)?))
        };
        ratio(blue).filter(|_| ratio(blue) == ratio(red))
    }

    /// How chroma is sampled in the usual notation, such as "4:2:0"; "gray" for one component; the bare
    /// sampling factors where there is no name.
    pub fn subsampling_name(&self) -> String {
        let name = match self.chroma_ratio() {
            _ if self.count == 1 => "gray",
            Some((1, 1)) => "4:4:4",
            Some((2, 1)) => "4:2:2",
            Some((2, 2)) => "4:2:0",
            Some((1, 2)) => "4:4:0",
            Some((4, 1)) => "4:1:1",
            Some((1, 4)) => "4:4:1",
            Some((4, 2)) => "4:1:0",
            _ => {
                let factors = self.components().iter().map(|c| format!("{}x{}", c.horizontal, c.vertical));
                return factors.collect::<Vec<_>>().join(",");
            }
        };
        name.to_owned()
    }

    fn parse(marker: u8, payload: &[u8]) -> Result<Self> {
        let none = || Error::image(ImageFault::NotAnImage);
        let [precision, h1, h0, w1, w0, count, rest @ ..] = payload else { return Err(none()) };
        if *precision != 8 {
            return Err(Error::image(ImageFault::Unsupported(format!("{precision}-bit JPEG"))));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(Error::image(ImageFault::Unsupported(format!("JPEG with {count} components"))));
        }
        if rest.len() % 3 != 0 {
            return Err(none());
        }
        let mut components = [Component::default(); 4];
        for (component, bytes) in components.iter_mut().zip(rest.as_chunks().0) {
            let [id, sampling, table] = *bytes;
            *component = Component { id, horizontal: sampling >> 4, vertical: sampling & 15, table };
        }
        let width = u16::from_be_bytes([*w1, *w0]);
        let height = u16::from_be_bytes([*h1, *h0]);
        Ok(Self { marker, width, height, count: *count, components })
    }
}

/// What the segments in front of the first scan say.
#[derive(Debug, Clone, Copy)]
pub struct Header<'d> {
    /// Size and components.
    pub frame: Frame,
    /// The TIFF structure of the EXIF segment, if there is one.
    pub exif: Option<&'d [u8]>,
    /// Whether there is an ICC profile.
    pub has_icc: bool,
    /// The colour transform an Adobe segment declares.
    pub adobe_transform: Option<u8>,
    xmp: Option<&'d [u8]>,
}

impl<'d> Header<'d> {
    /// Reads up to the first scan.
    ///
    /// # Errors
    /// [`ImageFault::NotAnImage`], `Unsupported` or `Truncated`, for the files Pillow refuses to open.
    pub fn parse(data: &'d [u8]) -> Result<Self> {
        let none = || Error::image(ImageFault::NotAnImage);
        let (mut frame, mut scan) = (None, false);
        let (mut exif, mut xmp, mut adobe_transform) = (None, None, None);
        let (mut has_icc, mut icc_is_short) = (false, false);
        for segment in Segments::new(data)? {
            let segment = segment?;
            let Segment { marker, payload } = segment;
            match marker {
                0xC4 | 0xCC => {}
                0xC0..=0xCF | DHP => {
                    frame = Some(Frame::parse(marker, payload)?);
                    if icc_is_short {
                        return Err(none());
                    }
                }
                APP0 if payload.starts_with(b"JFIF") && payload.len() < 7 => return Err(none()),
                APP1 if segment.exif().is_some() => exif = exif.or(segment.exif()),
                APP1 => xmp = payload.strip_prefix(XMP_HEAD).or(xmp),
                APP2 if segment.is_icc() => {
                    has_icc = true;
                    icc_is_short |= payload.len() < 14;
                }
                APP13 if !photoshop_can_be_walked(payload) => return Err(none()),
                APP14 if payload.starts_with(b"Adobe") => {
                    if payload.len() < 7 {
                        return Err(none());
                    }
                    adobe_transform = payload.get(11).copied();
                }
                DQT if quantisation_tables(payload).any(|table| table.is_none()) => return Err(none()),
                SOS => scan = true,
                _ => {}
            }
        }
        let frame = frame.ok_or_else(none)?;
        if frame.width == 0 || frame.height == 0 {
            return Err(none());
        }
        if !scan {
            return Err(Error::image(ImageFault::Truncated { rows: 0, height: u32::from(frame.height) }));
        }
        Ok(Self { frame, exif, has_icc, adobe_transform, xmp })
    }

    /// The EXIF orientation, 1 to 8; 1 if there is none. Falls back to XMP's, as Pillow does.
    pub fn orientation(&self) -> u8 {
        let in_exif = self.exif.and_then(exif::orientation);
        in_exif.or_else(|| self.xmp.and_then(xmp_orientation)).unwrap_or(1)
    }
}

fn xmp_orientation(xmp: &[u8]) -> Option<u8> {
    const NAME: &[u8] = b"tiff:Orientation";
    xmp.windows(NAME.len() + 3).find_map(|window| {
        let digit = match window.strip_prefix(NAME)? {
            [b'=', b'"', digit] | [b'>', digit, _] => *digit,
            _ => return None,
        };
        digit.is_ascii_digit().then_some(digit - b'0').filter(|n| (1..=8).contains(n))
    })
}

/// Pillow opens no file whose image resource block ends in the middle of a name.
fn photoshop_can_be_walked(payload: &[u8]) -> bool {
    const HEAD: &[u8] = b"Photoshop 3.0\0";
    if !payload.starts_with(HEAD) {
        return true;
    }
    let mut at = HEAD.len();
    while payload.get(at..at + 4) == Some(b"8BIM") {
        if payload.len() < at + 6 {
            return true; // ends in a number, which Pillow forgives
        }
        let Some(&name) = payload.get(at + 6) else { return false };
        at += 7 + usize::from(name);
        at += at & 1;
        let Some(size) = payload.get(at..).and_then(<[u8]>::first_chunk) else { return true };
        let size = u32::from_be_bytes(*size) as usize;
        at = at.saturating_add(4).saturating_add(size);
        at = at.saturating_add(at & 1);
        if at >= payload.len() {
            return true;
        }
    }
    true
}
