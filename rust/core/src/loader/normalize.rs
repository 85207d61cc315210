//! Bytes to normalised floats, as torchvision computes them: `(value / 255 - mean) / std`, each step rounded.
//!
//! A byte has 256 values, so that a table of the results defines them. Reading it takes as long as half the decoding, and
//! dividing longer; so the vector twin multiplies by the reciprocal and adds what a fused multiplication says is missing. That
//! this gives the very same floats is not argued but looked up: all 256 values of each channel are tried when the constants
//! are known, and the table is read where one differs (deviations of zero, for one).
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // the same loop, compiled for another kind of CPU

use crate::{image::Layout, isa::Isa};

/// A float in the machine's order.
type Float = [u8; 4];

/// Values at a time: whole pixels of one, three or four channels, and whole vectors.
const STEP: usize = 48;

/// Mean and standard deviation of each channel, in units of the brightest.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalize {
    channels: Vec<Channel>,
    /// Whether products give what divisions do.
    by_products: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Channel {
    mean: f32,
    std: f32,
    results: Box<[Float; 256]>,
}

/// What a step's values are reckoned with.
struct Constants {
    mean: [f32; STEP],
    std: [f32; STEP],
    reciprocal: [f32; STEP],
}

impl Normalize {
    /// A mean that is taken away from each channel, and a deviation that the rest is divided by.
    pub fn new(mean: &[f32], std: &[f32]) -> Self {
        let channels: Vec<_> = mean.iter().zip(std).map(|(&mean, &std)| Channel::new(mean, std)).collect();
        let by_products = channels.iter().all(Channel::by_products);
        Self { channels, by_products }
    }

    /// Normalises pixels of as many channels as there are means; `out` has four bytes a value.
    pub(super) fn apply(&self, pixels: &[u8], layout: Layout, out: &mut [u8]) {
        self.apply_with(Isa::current(), pixels, layout, out);
    }

    fn apply_with(&self, isa: Isa, pixels: &[u8], layout: Layout, out: &mut [u8]) {
        let out = out.as_chunks_mut().0;
        let count = self.channels.len().max(1);
        match layout {
            Layout::Hwc => self.run(isa, &self.channels, pixels, out),
            Layout::Chw => {
                let plane = (pixels.len() / count).max(1);
                let planes = out.chunks_exact_mut(plane).zip(pixels.chunks_exact(plane));
                for ((out, pixels), channel) in planes.zip(&self.channels) {
                    self.run(isa, std::slice::from_ref(channel), pixels, out);
                }
            }
        }
    }

    /// Values of these channels in turn.
    fn run(&self, isa: Isa, channels: &[Channel], pixels: &[u8], out: &mut [Float]) {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut done = 0;
        #[cfg(target_arch = "x86_64")]
        if self.by_products
            && isa >= Isa::Avx2
            && STEP.is_multiple_of(channels.len().max(1))
            && std::is_x86_feature_detected!("fma")
        {
            // SAFETY: the CPU has these instructions.
            unsafe { products_avx2(&Constants::of(channels), pixels, out) };
            done = pixels.len().min(out.len()) / STEP * STEP;
        }
        let _ = isa;
        let rest = out.iter_mut().zip(pixels).skip(done);
        for ((out, &value), channel) in rest.zip(channels.iter().cycle()) {
            *out = channel.results[usize::from(value)];
        }
    }
}

impl Channel {
    fn new(mean: f32, std: f32) -> Self {
        let result = |value: usize| ((value as f32 / 255.0 - mean) / std).to_ne_bytes();
        Self { mean, std, results: Box::new(std::array::from_fn(result)) }
    }

    fn by_products(&self) -> bool {
        let constants = (self.mean, self.std, self.std.recip());
        let mut all = (0..=u8::MAX).zip(self.results.iter());
        all.all(|(value, &result)| product(value, constants) == result)
    }
}

impl Constants {
    fn of(channels: &[Channel]) -> Self {
        let of = |value: fn(&Channel) -> f32| {
            let mut values = [0.0; STEP];
            values.iter_mut().zip(channels.iter().cycle()).for_each(|(to, channel)| *to = value(channel));
            values
        };
        Self { mean: of(|c| c.mean), std: of(|c| c.std), reciprocal: of(|c| c.std.recip()) }
    }
}

/// `(value / 255 - mean) / std`, nearly always to the last bit, by products.
#[inline(always)]
fn product(value: u8, (mean, std, reciprocal): (f32, f32, f32)) -> Float {
    const PART: f32 = 1.0 / 255.0;
    let value = f32::from(value);
    let near = value * PART;
    let part = (-near).mul_add(255.0, value).mul_add(PART, near);
    let above = part - mean;
    let near = above * reciprocal;
    (-near).mul_add(std, above).mul_add(reciprocal, near).to_ne_bytes()
}

/// Whole steps; what is left over is not touched.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn products_avx2(constants: &Constants, pixels: &[u8], out: &mut [Float]) {
    let Constants { mean, std, reciprocal } = constants;
    let steps = out.as_chunks_mut::<STEP>().0.iter_mut().zip(pixels.as_chunks::<STEP>().0);
    for (out, pixels) in steps {
        for i in 0..STEP {
            out[i] = product(pixels[i], (mean[i], std[i], reciprocal[i]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Both layouts at every level against the formula, to the bit; how many values were compared.
    fn check(mean: &[f32], std: &[f32], pixels: usize) -> usize {
        let channels = mean.len();
        let by = Normalize::new(mean, std);
        let mut seen = 0;
        for layout in [Layout::Hwc, Layout::Chw] {
            let values: Vec<u8> = (0..pixels * channels).map(|i| (i / channels * 7 + i) as u8).collect();
            let channel = |i: usize| if layout == Layout::Hwc { i % channels } else { i / pixels };
            for isa in Isa::available() {
                let mut out = vec![0x55; values.len() * 4];
                by.apply_with(isa, &values, layout, &mut out);
                for (i, (&value, &found)) in values.iter().zip(out.as_chunks().0).enumerate() {
                    let wanted = (f32::from(value) / 255.0 - mean[channel(i)]) / std[channel(i)];
                    let same = f32::from_ne_bytes(found).to_bits() == wanted.to_bits();
                    assert!(
                        same || wanted.is_nan() && f32::from_ne_bytes(found).is_nan(),
                        "{isa:?} {mean:?} {std:?} {value}"
                    );
                    seen += 1;
                }
            }
        }
        seen
    }

    #[test]
    fn every_level_divides() {
        let mut seen = 0;
        for pixels in [1, 15, 16, 17, 300, 1024] {
            seen += check(&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225], pixels);
            seen += check(&[0.5], &[0.5], pixels);
            seen += check(&[0.1, 0.2, 0.3, 0.0], &[0.5, 1.0, 2.0, 1.0], pixels);
        }
        let mut random = Random::new(1);
        let mut number = || (random.next() >> 40) as f32 / (1 << 24) as f32;
        for _ in 0..300 {
            let mean = [number(), number() * 255.0, -number()];
            let std = [number(), number() * 70.0, number() * 1e-3];
            seen += check(&mean, &std, 300);
        }
        for strange in [0.0, -0.0, f32::MIN_POSITIVE, 1e-42, f32::MAX, f32::INFINITY, f32::NAN, -1.0] {
            seen += check(&[0.5, strange, 0.0], &[strange, 1.0, 0.25], 300);
        }
        assert!(seen > 500_000, "{seen}");
    }

    #[test]
    fn the_usual_constants_take_products() {
        for (mean, std) in
            [([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), ([0.5; 3], [0.5; 3]), ([0.0; 3], [1.0; 3])]
        {
            assert!(Normalize::new(&mean, &std).by_products);
        }
        assert!(!Normalize::new(&[0.5], &[0.0]).by_products);
    }
}
