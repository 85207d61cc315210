//! Two images at a time: while one is made, the next is read beside it, and made as far as that goes.

use std::mem;

use super::{Codec, DecodeOptions, Report, TranscodeOptions, Transcoded, geometry::Plan};
use crate::{
    error::Result,
    image::{Layout, Mode},
    jpeg::markers::Header,
    resize::{Halving, Resizer},
};

/// The image that is decoded after another one.
pub(super) struct Next<'a> {
    pub(super) data: &'a [u8],
    pub(super) out: &'a mut [u8],
}

/// What the rows of an image read beside become as they come.
pub(super) enum Rows<'a> {
    /// They are the result, rows of so many bytes.
    Result { out: &'a mut [u8], stride: usize },
    /// They are halved into the result.
    Halved(&'a mut Halving, &'a mut [u8]),
}

impl Codec {
    /// Two images as [`Codec::decode_into`] decodes each of them, in less time where both are JPEGs of the usual kinds: they
    /// are read together.
    ///
    /// # Errors
    /// Each image's own, whatever became of the other.
    pub fn decode_pair(
        &mut self,
        [first, second]: [&[u8]; 2],
        options: &DecodeOptions,
        [first_out, second_out]: [&mut [u8]; 2],
    ) -> [Result<Report>; 2] {
        let next = Next { data: second, out: second_out };
        let first = self.decode_beside(first, options, first_out, Some(next));
        self.turn_to_next();
        let second = self.decode_beside(second, options, second_out, None);
        self.decoder.forget();
        [first, second]
    }

    /// Two images as [`Codec::transcode`] makes each of them anew, in less time where both are JPEGs of the usual kinds.
    ///
    /// # Errors
    /// Each image's own, whatever became of the other.
    pub fn transcode_pair(
        &mut self,
        [first, second]: [&[u8]; 2],
        options: &TranscodeOptions,
        [first_out, second_out]: [&mut Vec<u8>; 2],
    ) -> [Result<Transcoded>; 2] {
        let first = self.transcode_beside(first, Some(second), options, first_out);
        self.turn_to_next();
        let second = self.transcode_beside(second, None, options, second_out);
        self.decoder.forget();
        [first, second]
    }

    /// Takes into hand what was begun of the image read beside.
    fn turn_to_next(&mut self) {
        mem::swap(&mut self.now, &mut self.beside);
    }
}

impl<'a> Next<'a> {
    /// What its rows become as they come, if nothing else need be done to them, and the same is done to the one `before`.
    pub(super) fn rows(
        self,
        before: &Header<'_>,
        plan_before: &Plan,
        options: &DecodeOptions,
        resizer: &'a mut Resizer,
    ) -> Option<Rows<'a>> {
        let header = Header::parse(self.data).ok()?;
        let plan = Plan::new(&header, options).ok()?;
        let is_whole = plan.window.height == plan.decoded.height && plan.window.width == plan.decoded.width;
        let is_last_form = match options.mode {
            Mode::Rgb => {
                options.layout == Layout::Hwc
                    && [before, &header].iter().all(|header| header.frame.count == 3)
            }
            Mode::Y => true,
            Mode::L | Mode::Rgba => false,
        };
        let channels = options.mode.channels();
        let stride = plan.output.width * channels;
        if !is_last_form || !is_whole || self.out.len() != stride * plan.output.height {
            return None;
        }
        if plan.is_plain() && plan_before.is_plain() {
            return Some(Rows::Result { out: self.out, stride });
        }
        if !plan.is_halved(options.filter) || !plan_before.is_halved(options.filter) {
            return None;
        }
        let halving = resizer.by_rows(plan.turned, plan.output, channels, options.filter, false)?;
        Some(Rows::Halved(halving, self.out))
    }
}
