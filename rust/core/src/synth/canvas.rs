//! Pixels being drawn on: paths filled with exact area coverage, and single hairs.
//!
//! All in integers, so that no compiler, processor or math library can change a byte.

use super::{
    colour::Rgb,
    path::{Path, Point, SIDE},
};

/// Coverage of the rows being filled; kept between fills, all zero in between.
#[derive(Debug, Default)]
pub(super) struct Coverage(Vec<i32>);

/// A square RGB picture of any size, addressed in drawing units.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    pixels: &'a mut [u8],
    size: usize,
    coverage: &'a mut Coverage,
}

/// A hair: where it grows, where it points, how it bends and tapers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hair {
    /// Root.
    pub(super) root: Point,
    /// Tip.
    pub(super) tip: Point,
    /// How far the middle is off the straight line, in units.
    pub(super) bend: Point,
    /// Width at the root, in units.
    pub(super) width: i32,
    /// Colour.
    pub(super) colour: Rgb,
    /// Opacity out of 256.
    pub(super) alpha: i32,
}

impl<'a> Canvas<'a> {
    /// A canvas over `size * size * 3` bytes; `None` if there are fewer.
    pub(super) fn new(pixels: &'a mut [u8], size: usize, coverage: &'a mut Coverage) -> Option<Self> {
        let pixels = pixels.get_mut(..size.checked_mul(size)?.checked_mul(3)?)?;
        Some(Self { pixels, size, coverage })
    }

    /// Everything white.
    pub(super) fn clear(&mut self) {
        self.pixels.fill(255);
    }

    /// Fills a path; `colour` is asked for each pixel, in units.
    pub(super) fn fill(&mut self, path: &Path, colour: impl Fn(i32, i32) -> Rgb) {
        self.fill_blended(path, 256, colour);
    }

    /// Fills a path at an opacity out of 256.
    pub(super) fn fill_blended(&mut self, path: &Path, alpha: i32, colour: impl Fn(i32, i32) -> Rgb) {
        self.fill_masked(path, |x, y| (colour(x, y), alpha));
    }

    /// Fills a path; `paint` gives each pixel's colour and opacity out of 256.
    pub(super) fn fill_masked(&mut self, path: &Path, paint: impl Fn(i32, i32) -> (Rgb, i32)) {
        let (size, side) = (self.size as i32, self.size as i64);
        let scale = |units: i32| (i64::from(units) * side * 256 / i64::from(SIDE)) as i32;
        let (mut low, mut high) = ((i32::MAX, i32::MAX), (i32::MIN, i32::MIN));
        for point in path.rings().flatten() {
            let (x, y) = (scale(point.x), scale(point.y));
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        let (left, top) = ((low.0 >> 8).max(0), (low.1 >> 8).max(0));
        let (right, bottom) = (((high.0 >> 8) + 1).min(size), ((high.1 >> 8) + 1).min(size));
        if left >= right || top >= bottom {
            return;
        }
        let (columns, rows) = ((right - left) as usize, (bottom - top) as usize);
        // two cells more a row take what falls on the right edge
        let stride = columns + 2;
        let mut area =
            Area { cells: &mut self.coverage.0, stride, columns: columns as i32, rows: rows as i32 };
        if area.cells.len() < stride * rows {
            area.cells.resize(stride * rows, 0);
        }
        for ring in path.rings() {
            let at = |point: &Point| (scale(point.x) - left * 256, scale(point.y) - top * 256);
            let Some(last) = ring.last() else { continue };
            let mut from = at(last);
            for point in ring {
                let to = at(point);
                area.line(from, to);
                from = to;
            }
        }
        let step = (SIDE << 8) / size;
        let unit = |pixel: i32| ((2 * pixel + 1) * step) >> 9;
        let first = (top as usize * self.size + left as usize) * 3;
        let lines = self.pixels[first..].chunks_mut(self.size * 3);
        for (row, (cells, line)) in area.cells.chunks_exact_mut(stride).zip(lines).take(rows).enumerate() {
            let y = unit(top + row as i32);
            let mut sum = 0;
            for (column, (cell, pixel)) in
                cells.iter().zip(line.chunks_exact_mut(3)).take(columns).enumerate()
            {
                sum += cell;
                let cover = (sum.abs() >> 8).min(256);
                if cover > 0 {
                    let (colour, alpha) = paint(unit(left + column as i32), y);
                    blend(pixel, colour, (cover * alpha) >> 8);
                }
            }
            cells.fill(0);
        }
    }

    /// Draws one hair.
    pub(super) fn hair(&mut self, hair: &Hair) {
        let side = self.size as i64;
        let scale = |units: i32| (i64::from(units) * side * 256 / i64::from(SIDE)) as i32;
        let (x0, y0) = (scale(hair.root.x), scale(hair.root.y));
        let (dx, dy) = (scale(hair.tip.x) - x0, scale(hair.tip.y) - y0);
        let (bend_x, bend_y) = (scale(hair.bend.x), scale(hair.bend.y));
        let width = scale(hair.width).max(24);
        let tall = dy.abs() > dx.abs();
        let (major, minor) = if tall { (dy, dx) } else { (dx, dy) };
        let (from_major, from_minor) = if tall { (y0, x0) } else { (x0, y0) };
        // one pixel a step along the longer way: none twice, none left out
        let way = major.signum();
        let bend = if tall { bend_x } else { bend_y };
        let steps = (major.abs() >> 8).max(1);
        for n in 0..=steps {
            let t = (n << 8) / steps;
            let along = (from_major >> 8) + n * way;
            // the bend is a parabola, full in the middle
            let off = (((t * (256 - t)) >> 6) * bend) >> 8;
            let centre = from_minor + ((minor * t) >> 8) + off;
            let half = ((width * (288 - t)) >> 9).max(10);
            // tips are thin and faint
            let alpha = (hair.alpha * (256 - ((t * t * 150) >> 16))) >> 8;
            let (low, high) = (centre - half, centre + half);
            for across in low >> 8..=high >> 8 {
                let cover = (high.min((across + 1) << 8) - low.max(across << 8)).min(256);
                let (x, y) = if tall { (across, along) } else { (along, across) };
                self.dab(x, y, hair.colour, (cover * alpha) >> 8);
            }
        }
    }

    fn dab(&mut self, x: i32, y: i32, colour: Rgb, cover: i32) {
        let size = self.size as i32;
        if (0..size).contains(&x) && (0..size).contains(&y) {
            let at = (y as usize * self.size + x as usize) * 3;
            if let Some(pixel) = self.pixels.get_mut(at..at + 3) {
                blend(pixel, colour, cover);
            }
        }
    }
}

fn blend(pixel: &mut [u8], colour: Rgb, cover: i32) {
    for (byte, value) in pixel.iter_mut().zip(colour) {
        let old = i32::from(*byte);
        *byte = (old + (((value.clamp(0, 255) - old) * cover + 128) >> 8)) as u8;
    }
}

/// Signed area accumulation: each edge adds, to the cells of each row it crosses, by how much coverage
/// rises from there to the right; the running sum along a row is the coverage, 65536 being full.
struct Area<'a> {
    cells: &'a mut Vec<i32>,
    stride: usize,
    columns: i32,
    rows: i32,
}

impl Area<'_> {
    /// An edge in 1/256 pixel.
    fn line(&mut self, from: (i32, i32), to: (i32, i32)) {
        if from.1 == to.1 {
            return;
        }
        let (sign, (x0, y0), (x1, y1)) = if from.1 < to.1 { (1, from, to) } else { (-1, to, from) };
        let (dx, dy) = (i64::from(x1 - x0), i64::from(y1 - y0));
        let x_at = |y: i32| x0 + (i64::from(y - y0) * dx).div_euclid(dy) as i32;
        for row in (y0 >> 8).max(0)..=((y1 - 1) >> 8).min(self.rows - 1) {
            let (top, bottom) = (y0.max(row << 8), y1.min((row + 1) << 8));
            if bottom > top {
                self.span(row, x_at(top), x_at(bottom), sign * (bottom - top));
            }
        }
    }

    /// One row's part of an edge, from `xa` to `xb`, `height` / 256 of the row high, signed.
    fn span(&mut self, row: i32, xa: i32, xb: i32, height: i32) {
        let limit = self.columns << 8;
        let (left, right) = (xa.min(xb).clamp(0, limit), xa.max(xb).clamp(0, limit));
        let cells = &mut self.cells[row as usize * self.stride..][..self.stride];
        let mut done = 0;
        let mut x = left;
        loop {
            let cell = x >> 8;
            let end = right.min((cell + 1) << 8);
            let until = if end == right { height } else { height * (end - left) / (right - left) };
            let part = until - done;
            let middle = i32::midpoint(x, end) - (cell << 8);
            cells[cell as usize] += part * (256 - middle);
            cells[cell as usize + 1] += part * middle;
            if end == right {
                return;
            }
            (done, x) = (until, end);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::synth::path::pt;

    fn drawn(size: usize, draw: impl Fn(&mut Canvas<'_>)) -> Vec<u8> {
        let mut pixels = vec![0; size * size * 3];
        let mut coverage = Coverage::default();
        let mut canvas = Canvas::new(&mut pixels, size, &mut coverage).unwrap();
        canvas.clear();
        draw(&mut canvas);
        assert!(coverage.0.iter().all(|cell| *cell == 0));
        pixels
    }

    fn ink(pixels: &[u8]) -> u64 {
        pixels.iter().step_by(3).map(|byte| u64::from(255 - byte)).sum()
    }

    #[test]
    fn coverage_is_area() {
        // 256 pixels of 4 grid steps each: a box of 403 × 201 steps covers 5062.7 pixels
        let corners = [pt(101, 77), pt(504, 77), pt(504, 278), pt(101, 278)];
        let pixels = drawn(256, |canvas| canvas.fill(&Path::default().polygon(&corners), |_, _| [0, 0, 0]));
        let area = ink(&pixels) * 16 / 255;
        assert!(area.abs_diff(403 * 201) < 200, "{area}");
        // a circle of radius 100 steps
        let circle = Path::default().ellipse(pt(500, 500), 1600, 1600, 0);
        let area = ink(&drawn(256, |canvas| canvas.fill(&circle, |_, _| [0, 0, 0]))) * 16 / 255;
        assert!(area.abs_diff(31_416) < 200, "{area}");
        let ring = Path::default().ring(pt(500, 500), 1600, 1600, 800);
        let area = ink(&drawn(256, |canvas| canvas.fill(&ring, |_, _| [0, 0, 0]))) * 16 / 255;
        assert!(area.abs_diff(23_562) < 200, "{area}");
    }

    #[test]
    fn shapes_may_leave_the_picture_on_every_side() {
        for (x, y) in [(0, 0), (1024, 0), (0, 1024), (1024, 1024), (512, -900), (3000, 512)] {
            let shape = Path::default().ellipse(pt(x, y), 6400, 6400, 100);
            let pixels = drawn(64, |canvas| {
                canvas.fill(&shape, |_, _| [0, 0, 0]);
                canvas.hair(&Hair {
                    root: pt(x, y),
                    tip: pt(512, 512),
                    bend: pt(20, 20),
                    width: 100,
                    colour: [0, 0, 0],
                    alpha: 256,
                });
            });
            if x % 1024 == 0 {
                let quarter = ink(&pixels) * 256 / 255;
                assert!(quarter.abs_diff(125_664) < 9000, "{quarter}");
            }
        }
    }

    #[test]
    fn odd_sizes_and_small_ones_work() {
        for size in [1, 3, 17, 333] {
            let shape = Path::default().ellipse(pt(512, 512), 16 * 400, 16 * 300, 50).and_mirrored();
            assert!(ink(&drawn(size, |canvas| canvas.fill(&shape, |x, _| [x >> 7, 0, 0]))) > 0);
        }
        assert!(Canvas::new(&mut [0; 11], 2, &mut Coverage::default()).is_none());
    }
}
