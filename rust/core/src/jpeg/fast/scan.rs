//! Which files the fast path takes on, and what their headers say.
//!
//! The walk is strict: whatever libjpeg would forgive with a warning, or read in a way of its own, is refused
//! here, so that it is libjpeg that reads it.

use crate::jpeg::{markers::Frame, quality::quantisation_tables};

/// libjpeg's limit of a side.
const MAX_SIDE: u16 = 65500;

/// How the components are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sampling {
    /// One component.
    Gray,
    /// Chroma as large as luma.
    S444,
    /// Chroma half as wide.
    S422,
    /// Chroma half as wide and half as high.
    S420,
}

impl Sampling {
    /// How many components there are.
    pub(super) const fn components(self) -> usize {
        if matches!(self, Self::Gray) { 1 } else { 3 }
    }

    /// Columns and rows of luma for one of chroma; also luma's blocks in an MCU, across and down.
    pub(super) const fn ratio(self) -> (usize, usize) {
        match self {
            Self::Gray | Self::S444 => (1, 1),
            Self::S422 => (2, 1),
            Self::S420 => (2, 2),
        }
    }
}

/// A Huffman table as a file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spec<'d> {
    /// How many codes there are of 1 to 16 bits.
    pub(super) counts: &'d [u8; 16],
    /// What they stand for, shortest codes first.
    pub(super) symbols: &'d [u8],
}

/// Everything said before the first bit of the picture.
#[derive(Debug, Clone)]
pub(super) struct Scan<'d> {
    /// Columns.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
    pub(super) sampling: Sampling,
    /// MCUs between restart markers; 0 if there are none.
    pub(super) restart_interval: usize,
    /// A component's quantisation table, in zigzag order.
    pub(super) quantisation: [[u16; 64]; 3],
    /// A component's Huffman tables: DC, AC.
    pub(super) huffman: [(Spec<'d>, Spec<'d>); 3],
    /// What follows the scan's header.
    pub(super) entropy: &'d [u8],
}

/// The tables seen so far, by their numbers.
#[derive(Default)]
struct Tables<'d> {
    quantisation: [Option<[u16; 64]>; 4],
    dc: [Option<Spec<'d>>; 4],
    ac: [Option<Spec<'d>>; 4],
}

impl<'d> Scan<'d> {
    /// Reads the headers; `frame` is what Pillow's parser made of them. `None` is no verdict about the file.
    pub(super) fn read(data: &'d [u8], frame: &Frame) -> Option<Self> {
        let mut rest = data.strip_prefix(&[0xFF, 0xD8])?;
        let mut tables = Tables::default();
        let (mut restart_interval, mut sof) = (0, None);
        let (mut jfif, mut adobe) = (false, None);
        loop {
            let (&[0xFF, marker, high, low], _) = rest.split_first_chunk()? else { return None };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let payload = rest.get(4..length.checked_add(2)?)?;
            rest = rest.get(length + 2..)?;
            match marker {
                0xC0 | 0xC1 if sof.is_none() => sof = Some(payload),
                0xC4 => tables.take_huffman(payload)?,
                0xDB => {
                    for table in quantisation_tables(payload) {
                        let (number, values) = table?;
                        *tables.quantisation.get_mut(usize::from(number))? = Some(values);
                    }
                }
                0xDD => {
                    restart_interval = usize::from(u16::from_be_bytes(payload.try_into().ok()?));
                }
                0xDA => {
                    let ycbcr = jfif || adobe == Some(1) || adobe.is_none();
                    let scan = Self::new(frame, sof?, payload, &tables, rest)?;
                    let named_rgb = !jfif && adobe.is_none() && is_rgb(frame);
                    let known = scan.sampling == Sampling::Gray || ycbcr && !named_rgb;
                    return known.then_some(Self { restart_interval, ..scan });
                }
                0xE0 if payload.len() >= 14 && payload.starts_with(b"JFIF\0") => {
                    jfif = payload.get(5) == Some(&1);
                    if !jfif {
                        return None;
                    }
                }
                0xEE if payload.len() >= 12 && payload.starts_with(b"Adobe") => {
                    adobe = payload.get(11).copied();
                }
                0xE0..=0xEF | 0xFE => {}
                _ => return None,
            }
        }
    }

    fn new(frame: &Frame, sof: &[u8], sos: &[u8], tables: &Tables<'d>, entropy: &'d [u8]) -> Option<Self> {
        let components = frame.components();
        let &[8, h1, h0, w1, w0, count, ref fields @ ..] = sof else { return None };
        let size = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
        if size != (frame.height, frame.width) || size.0.max(size.1) > MAX_SIDE || count != frame.count {
            return None;
        }
        let agree = fields.len() == components.len() * 3
            && fields.as_chunks().0.iter().zip(components).all(|(&[id, sampling, table], c)| {
                id == c.id && sampling == (c.horizontal << 4 | c.vertical) && table == c.table
            });
        let factors = |i: usize| components.get(i).map(|c| (c.horizontal, c.vertical));
        let sampling = match (factors(0)?, factors(1), factors(2)) {
            ((1..=4, 1..=4), None, None) => Sampling::Gray,
            ((1, 1), Some((1, 1)), Some((1, 1))) => Sampling::S444,
            ((2, 1), Some((1, 1)), Some((1, 1))) => Sampling::S422,
            ((2, 2), Some((1, 1)), Some((1, 1))) => Sampling::S420,
            _ => return None,
        };
        // One scan of all components in the frame's order, which is never to be mistaken.
        let (&in_scan, specs) = sos.split_first()?;
        let (specs, [0, 63, 0]) = specs.split_last_chunk()? else { return None };
        let distinct = components
            .iter()
            .enumerate()
            .all(|(i, c)| components.iter().skip(i + 1).all(|other| other.id != c.id));
        if !agree || !distinct || in_scan != count || specs.len() != components.len() * 2 {
            return None;
        }
        if components.len() != sampling.components() {
            return None;
        }
        let empty = Spec { counts: &[0; 16], symbols: &[] };
        let mut quantisation = [[0; 64]; 3];
        let mut huffman = [(empty, empty); 3];
        for (i, (component, &[id, numbers])) in components.iter().zip(specs.as_chunks().0).enumerate() {
            if id != component.id {
                return None;
            }
            *quantisation.get_mut(i)? = (*tables.quantisation.get(usize::from(component.table))?)?;
            let dc = (*tables.dc.get(usize::from(numbers >> 4))?)?;
            let ac = (*tables.ac.get(usize::from(numbers & 15))?)?;
            *huffman.get_mut(i)? = (dc, ac);
        }
        let (height, width) = (usize::from(size.0), usize::from(size.1));
        Some(Self { width, height, sampling, restart_interval: 0, quantisation, huffman, entropy })
    }
}

impl<'d> Tables<'d> {
    fn take_huffman(&mut self, mut payload: &'d [u8]) -> Option<()> {
        while let Some((&head, rest)) = payload.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let count: usize = counts.iter().map(|&n| usize::from(n)).sum();
            let (symbols, rest) = rest.split_at_checked(count)?;
            let of_class = if head & 0x10 == 0 { &mut self.dc } else { &mut self.ac };
            if count > 256 {
                return None;
            }
            *of_class.get_mut(usize::from(head & !0x10))? = Some(Spec { counts, symbols });
            payload = rest;
        }
        Some(())
    }
}

/// Without a JFIF or Adobe segment libjpeg takes components of these names for colours that were never
/// transformed.
fn is_rgb(frame: &Frame) -> bool {
    frame.components().iter().map(|c| c.id).eq(*b"RGB")
}
