//! `shim.h` in Rust, field by field.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int};

/// Length of the texts in [`Notes`].
pub(super) const WORDS: usize = 200;

pub(super) const DONE: c_int = 0;
pub(super) const ENDED: c_int = 1;

pub(super) const IN_GRAY: i32 = 1;
pub(super) const IN_RGB: i32 = 2;
pub(super) const IN_YCBCR: i32 = 3;
pub(super) const IN_CMYK: i32 = 4;
pub(super) const IN_YCCK: i32 = 5;

#[repr(C)]
pub(super) struct Notes {
    pub(super) failure: [c_char; WORDS],
    pub(super) warning: [c_char; WORDS],
    pub(super) warning_code: i32,
    pub(super) warnings: u32,
    pub(super) ended_at: u32,
    pub(super) ended: i32,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RawHeader {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) restart_interval: u32,
    pub(super) components: i32,
    pub(super) precision: i32,
    pub(super) colour: i32,
    pub(super) progressive: i32,
    pub(super) arithmetic: i32,
    pub(super) adobe: i32,
}

#[repr(C)]
pub(super) struct RawMarker {
    pub(super) data: *const u8,
    pub(super) size: usize,
    pub(super) code: i32,
}

#[repr(C)]
pub(super) struct RawPicture {
    pub(super) pixels: *const u8,
    pub(super) stride: usize,
    pub(super) planes: [*const u8; 3],
    pub(super) plane_strides: [usize; 3],
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) channels: i32,
    pub(super) quality: i32,
    pub(super) horizontal: i32,
    pub(super) vertical: i32,
    pub(super) optimize: i32,
    pub(super) markers: *const RawMarker,
    pub(super) marker_count: usize,
}

/// A decoder as C knows it.
#[repr(C)]
pub(super) struct RawDecoder {
    _opaque: [u8; 0],
}

/// An encoder as C knows it.
#[repr(C)]
pub(super) struct RawEncoder {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    pub(super) fn ts_decoder_new() -> *mut RawDecoder;
    pub(super) fn ts_decoder_free(decoder: *mut RawDecoder);
    pub(super) fn ts_decoder_notes(decoder: *const RawDecoder) -> *const Notes;
    pub(super) fn ts_decoder_open(
        decoder: *mut RawDecoder,
        data: *const u8,
        size: usize,
        fill: c_int,
        max_scans: u32,
        header: *mut RawHeader,
    ) -> c_int;
    pub(super) fn ts_decoder_start(
        decoder: *mut RawDecoder,
        colour: c_int,
        denominator: u32,
        width: *mut u32,
        height: *mut u32,
    ) -> c_int;
    pub(super) fn ts_decoder_rows(
        decoder: *mut RawDecoder,
        out: *mut u8,
        stride: usize,
        want: u32,
        done: *mut u32,
    ) -> c_int;
    pub(super) fn ts_decoder_planes(
        decoder: *mut RawDecoder,
        planes: *const *mut u8,
        strides: *const usize,
        sizes: *const usize,
        rows: *mut u32,
    ) -> c_int;
    pub(super) fn ts_decoder_finish(decoder: *mut RawDecoder) -> c_int;
    pub(super) fn ts_decoder_close(decoder: *mut RawDecoder);

    pub(super) fn ts_encoder_new() -> *mut RawEncoder;
    pub(super) fn ts_encoder_free(encoder: *mut RawEncoder);
    pub(super) fn ts_encoder_failure(encoder: *const RawEncoder) -> *const c_char;
    pub(super) fn ts_encoder_run(
        encoder: *mut RawEncoder,
        picture: *const RawPicture,
        out: *mut *const u8,
        size: *mut usize,
    ) -> c_int;
    pub(super) fn ts_encoder_optimize(
        encoder: *mut RawEncoder,
        data: *const u8,
        data_size: usize,
        out: *mut *const u8,
        size: *mut usize,
    ) -> c_int;
}
