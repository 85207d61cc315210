//! Colours as three integers, nominally 0 to 255; out-of-range values are clamped where they become pixels.

/// Red, green, blue.
pub(super) type Rgb = [i32; 3];

/// `0xRRGGBB` as a colour.
pub(super) const fn rgb(hex: u32) -> Rgb {
    [(hex >> 16 & 255) as i32, (hex >> 8 & 255) as i32, (hex & 255) as i32]
}

/// `a` at `t` = 0, `b` at `t` = 256.
pub(super) const fn mix(a: Rgb, b: Rgb, t: i32) -> Rgb {
    [a[0] + (((b[0] - a[0]) * t) >> 8), a[1] + (((b[1] - a[1]) * t) >> 8), a[2] + (((b[2] - a[2]) * t) >> 8)]
}

/// Brightness times `gain` / 256.
pub(super) const fn gain(a: Rgb, gain: i32) -> Rgb {
    [(a[0] * gain) >> 8, (a[1] * gain) >> 8, (a[2] * gain) >> 8]
}

/// `amount` added to every channel.
pub(super) const fn add(a: Rgb, amount: i32) -> Rgb {
    [a[0] + amount, a[1] + amount, a[2] + amount]
}

/// Distance from grey times `amount` / 256.
pub(super) const fn saturate(a: Rgb, amount: i32) -> Rgb {
    let grey = luma(a);
    mix([grey, grey, grey], a, amount)
}

/// Brightness, weighted as the eye does.
pub(super) const fn luma(a: Rgb) -> i32 {
    (a[0] * 77 + a[1] * 151 + a[2] * 28) >> 8
}
