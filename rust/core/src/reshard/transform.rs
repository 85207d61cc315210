//! One sample: source members in, finished tar members out.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    codec::{Codec, MANY_PIXELS, TranscodeOptions, Transcoded},
    error::{Error, Kind, Result},
    image::OutputFormat,
    index::{Index, Policy},
    reshard::{
        options::Options,
        pick, plan,
        select::{self, Fields},
    },
    tar::write::{self, LongNames},
    verify::is_checked,
};

/// How every sample of a plan is changed.
#[derive(Debug)]
pub(super) struct Transform {
    fields: Fields,
    pictures: Option<TranscodeOptions>,
    format: LongNames,
    skip_bad: bool,
}

/// A worker's own things.
#[derive(Default)]
pub struct Scratch {
    pub(super) codec: Codec,
    pictures: [Vec<u8>; 2],
}

/// The bytes of one sample as read, and what the index said about them.
pub(super) struct Raw {
    /// From the first header to the last padding.
    pub bytes: Vec<u8>,
    /// Offset of `bytes` in the shard.
    pub offset: u64,
    /// Key the index had for it.
    pub key: Vec<u8>,
}

/// A sample as it goes into the new release.
#[derive(Default)]
pub(super) struct Made {
    /// Whole tar members.
    pub bytes: Vec<u8>,
    pub identity: String,
    pub images: u32,
    pub encoded: u64,
    pub resampled_chroma: u64,
    pub through_rgb: u64,
    /// Why the sample is not in the release, if it is not; the rest is empty then.
    pub left_out: Option<String>,
    /// The buffer the sample was read into, to be used again.
    pub spent: Vec<u8>,
}

impl Transform {
    pub(super) fn new(options: &Options) -> Result<Self> {
        Ok(Self {
            fields: Fields::parse(&options.select)?,
            pictures: options.transcode(),
            format: options.tar_format,
            skip_bad: options.skip_bad,
        })
    }

    /// Makes the new members. The span is parsed again from the bytes that were hashed, so a file that
    /// changed since it was indexed is an error and not a wrong picture.
    pub(super) fn apply(&self, scratch: &mut Scratch, raw: Raw) -> Result<Made> {
        let index = Index::of_bytes(&raw.bytes, raw.offset, Policy::default())?;
        if index.samples.len() != 1 || index.key(0) != raw.key {
            return Err(Error::data("the shard changed while it was being read").at_offset(raw.offset));
        }
        match self.members(scratch, &index, &raw) {
            Ok(made) => Ok(Made { spent: raw.bytes, ..made }),
            Err(error) if self.skip_bad && is_of_sample(&error) => {
                let left_out = Some(reason(&error));
                Ok(Made { left_out, spent: raw.bytes, ..Made::default() })
            }
            Err(error) => Err(error),
        }
    }

    fn members(&self, scratch: &mut Scratch, index: &Index, raw: &Raw) -> Result<Made> {
        let mut made = Made { bytes: Vec::with_capacity(raw.bytes.len()), ..Made::default() };
        let mut json = None;
        // What was made of a member together with the one before it.
        let mut ahead = None;
        for member in index.samples[0].clone().map(|member| member as usize) {
            let place =
                |error: Error| error.in_member(index.name(member)).at_offset(index.data_offset[member]);
            let payload = payload(index, raw, member).map_err(place)?;
            let Some(field) = plan::field_name(index, member) else { continue };
            if field.eq_ignore_ascii_case("json") {
                json = match pick::parse_json(payload) {
                    Err(error) if self.skip_bad => return Err(place(error)),
                    parsed => parsed.ok(),
                };
            }
            if !self.fields.keeps(&field) {
                continue;
            }
            made.images += u32::from(select::is_image(&field));
            let name = index.name(member);
            let Some(options) = self.options(&field) else {
                self.copy(scratch, name, &field, payload, &mut made).map_err(place)?;
                continue;
            };
            let done = match ahead.take() {
                Some(done) => {
                    scratch.pictures.swap(0, 1);
                    done
                }
                None => match self.next_picture(index, raw, member) {
                    None => scratch.picture(payload, options),
                    Some(next) => {
                        let [done, next] = scratch.pair([payload, next], options);
                        ahead = Some(next);
                        done
                    }
                },
            };
            self.picture(&scratch.pictures[0], name, options, &done.map_err(place)?, &mut made)
                .map_err(place)?;
        }
        let key = String::from_utf8_lossy(&raw.key);
        select::identity(json.as_ref().unwrap_or(&Value::Null).into(), &key).clone_into(&mut made.identity);
        Ok(made)
    }

    /// How a field's pictures are made anew; `None` if they are not.
    fn options(&self, field: &str) -> Option<&TranscodeOptions> {
        self.pictures.as_ref().filter(|_| is_made(field, &self.fields))
    }

    /// The next picture of the sample that is made anew.
    fn next_picture<'a>(&self, index: &Index, raw: &'a Raw, member: usize) -> Option<&'a [u8]> {
        let end = index.samples[0].end as usize;
        let next = (member + 1..end).find(|&next| {
            plan::field_name(index, next)
                .is_some_and(|field| self.fields.keeps(&field) && self.options(&field).is_some())
        })?;
        payload(index, raw, next).ok()
    }

    /// A member as it is.
    fn copy(
        &self,
        scratch: &mut Scratch,
        name: &[u8],
        field: &str,
        payload: &[u8],
        made: &mut Made,
    ) -> Result<()> {
        if self.skip_bad && is_checked(field) {
            scratch.codec.check(payload, 2 * MANY_PIXELS)?;
        }
        write::member_into(name, payload, self.format, &mut made.bytes)
    }

    /// A member that was made anew.
    fn picture(
        &self,
        picture: &[u8],
        name: &[u8],
        options: &TranscodeOptions,
        done: &Transcoded,
        made: &mut Made,
    ) -> Result<()> {
        made.encoded += u64::from(!done.copied);
        made.resampled_chroma += u64::from(done.subsampling_changed);
        made.through_rgb += u64::from(done.through_rgb);
        let name = match options.format {
            OutputFormat::Png => Cow::Owned(renamed(name, "png")),
            OutputFormat::Jpeg | OutputFormat::Keep => Cow::Borrowed(name),
        };
        write::member_into(&name, picture, self.format, &mut made.bytes)
    }
}

impl Scratch {
    /// Makes a picture anew, to `pictures[0]`.
    fn picture(&mut self, jpeg: &[u8], options: &TranscodeOptions) -> Result<Transcoded> {
        self.pictures[0].clear();
        self.codec.transcode(jpeg, options, &mut self.pictures[0])
    }

    /// Makes two, to `pictures`.
    fn pair(&mut self, jpegs: [&[u8]; 2], options: &TranscodeOptions) -> [Result<Transcoded>; 2] {
        self.pictures.iter_mut().for_each(Vec::clear);
        self.codec.transcode_pair(jpegs, options, self.pictures.each_mut())
    }
}

/// A member's payload.
fn payload<'a>(index: &Index, raw: &'a Raw, member: usize) -> Result<&'a [u8]> {
    let start = (index.data_offset[member] - raw.offset) as usize;
    let bytes = raw.bytes.get(start..start + index.size[member] as usize);
    bytes.ok_or_else(|| Error::data("the member lies outside its sample"))
}

/// True for an error of what a member holds, not of the shard it lies in.
fn is_of_sample(error: &Error) -> bool {
    matches!(error.kind(), Kind::Image(_) | Kind::Data(_))
}

/// A stable code, the member, and the details in words.
fn reason(error: &Error) -> String {
    let code = match error.kind() {
        Kind::Image(fault) => fault.code(),
        _ => "json-invalid",
    };
    format!("{code}: {error}")
}

/// True for a field whose pictures are made anew: a JPEG, unless its pixels are data and nobody named it.
pub(super) fn is_made(field: &str, fields: &Fields) -> bool {
    select::is_jpeg(field) && (!select::is_data_image(field) || fields.names(field))
}

/// The name with its last extension replaced: a picture whose format changed.
pub(super) fn renamed(name: &[u8], extension: &str) -> Vec<u8> {
    let stem = name.iter().rposition(|&b| b == b'.').map_or(name, |dot| &name[..dot]);
    [stem, b".", extension.as_bytes()].concat()
}
