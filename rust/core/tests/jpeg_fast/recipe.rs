//! JPEGs of many kinds, made by TurboJPEG.

use std::{ffi::c_int, ptr};

use turbojpeg_sys as tj;

/// An integer generator, so that every run sees the same files.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}

/// How a file is made. The names are TurboJPEG's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) subsampling: tj::TJSAMP,
    pub(crate) quality: c_int,
    pub(crate) optimize: c_int,
    pub(crate) progressive: c_int,
    pub(crate) restart_blocks: c_int,
    pub(crate) restart_rows: c_int,
    pub(crate) kind: usize,
}

impl Recipe {
    pub(crate) fn random(chance: &mut Chance, most: usize) -> Self {
        let subsampling = [
            tj::TJSAMP_TJSAMP_420,
            tj::TJSAMP_TJSAMP_420,
            tj::TJSAMP_TJSAMP_422,
            tj::TJSAMP_TJSAMP_444,
            tj::TJSAMP_TJSAMP_GRAY,
            tj::TJSAMP_TJSAMP_440,
        ][chance.below(6)];
        Self {
            width: 1 + chance.below(most),
            height: 1 + chance.below(most),
            subsampling,
            quality: 1 + chance.below(100) as c_int,
            optimize: c_int::from(chance.below(3) == 0),
            progressive: c_int::from(chance.below(20) == 0),
            restart_blocks: [0, 0, 0, 1, 2, 5][chance.below(6)],
            restart_rows: [0, 0, 0, 1, 2, 3][chance.below(6)],
            kind: chance.below(5),
        }
    }

    fn pixels(&self, chance: &mut Chance) -> Vec<u8> {
        let mut pixels = Vec::with_capacity(self.width * self.height * 3);
        for y in 0..self.height {
            for x in 0..self.width {
                for channel in 0..3 {
                    pixels.push(match self.kind {
                        0 => chance.below(256) as u8,
                        1 => 255,
                        2 => (x * (channel + 1) + y * 2) as u8,
                        3 if (x / 20 + y / 17) % 2 == 0 => 255,
                        3 => (chance.below(60) + 40 * channel) as u8,
                        _ => [0, 255][(x / 3 + y / 5 + channel) % 2],
                    });
                }
            }
        }
        pixels
    }

    pub(crate) fn encode(&self, chance: &mut Chance) -> Vec<u8> {
        let pixels = self.pixels(chance);
        // SAFETY: TurboJPEG's documented order of calls; the buffer it makes is copied and freed.
        unsafe {
            let handle = tj::tj3Init(tj::TJINIT_TJINIT_COMPRESS as c_int);
            assert!(!handle.is_null());
            let restart = if self.restart_rows > 0 {
                (tj::TJPARAM_TJPARAM_RESTARTROWS, self.restart_rows)
            } else {
                (tj::TJPARAM_TJPARAM_RESTARTBLOCKS, self.restart_blocks)
            };
            for (parameter, value) in [
                (tj::TJPARAM_TJPARAM_SUBSAMP, self.subsampling as c_int),
                (tj::TJPARAM_TJPARAM_QUALITY, self.quality),
                (tj::TJPARAM_TJPARAM_OPTIMIZE, self.optimize),
                (tj::TJPARAM_TJPARAM_PROGRESSIVE, self.progressive),
                restart,
            ] {
                assert_eq!(tj::tj3Set(handle, parameter as c_int, value), 0, "{self:?}");
            }
            let (mut data, mut size) = (ptr::null_mut(), 0);
            let code = tj::tj3Compress8(
                handle,
                pixels.as_ptr(),
                self.width as c_int,
                0,
                self.height as c_int,
                tj::TJPF_TJPF_RGB as c_int,
                &raw mut data,
                &raw mut size,
            );
            assert_eq!(code, 0, "{self:?}");
            let jpeg = std::slice::from_raw_parts(data, size as usize).to_vec();
            tj::tj3Free(data.cast());
            tj::tj3Destroy(handle);
            jpeg
        }
    }
}
