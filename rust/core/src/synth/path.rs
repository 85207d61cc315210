//! Outlines: closed polygons in drawing units, curves flattened as they are added.
//!
//! A drawing is [`SIDE`] units wide whatever its size in pixels; code writes points on a 1024 grid with [`pt`].

/// Units along one side of every drawing.
pub(super) const SIDE: i32 = 1 << 14;

/// Units in one step of the 1024 grid.
pub(super) const STEP: i32 = SIDE / 1024;

/// A point in units; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    /// To the right.
    pub(super) x: i32,
    /// Down.
    pub(super) y: i32,
}

/// A point on the 1024 grid.
pub(super) const fn pt(x: i32, y: i32) -> Point {
    Point { x: x * STEP, y: y * STEP }
}

impl Point {
    /// The point `t` / 256 of the way to `other`.
    pub(super) const fn towards(self, other: Self, t: i32) -> Self {
        Self { x: self.x + (((other.x - self.x) * t) >> 8), y: self.y + (((other.y - self.y) * t) >> 8) }
    }

    /// Moved by units.
    pub(super) const fn moved(self, x: i32, y: i32) -> Self {
        Self { x: self.x + x, y: self.y + y }
    }

    /// Turned about `centre` by `angle` / 1024 of a full turn, clockwise on the screen.
    pub(super) fn turned(self, centre: Self, angle: i32) -> Self {
        let (sin, cos) = (sine(angle), sine(angle + 256));
        let (x, y) = (self.x - centre.x, self.y - centre.y);
        centre.moved((x * cos - y * sin) >> 12, (x * sin + y * cos) >> 12)
    }

    /// Mirrored at the drawing's vertical axis.
    pub(super) const fn mirrored(self) -> Self {
        Self { x: SIDE - self.x, y: self.y }
    }
}

/// Sine of `angle` / 1024 of a turn, scaled to 4096: Bhaskara's rational approximation, within 0.2 %.
pub(super) fn sine(angle: i32) -> i32 {
    let half = angle & 511;
    let p = half * (512 - half);
    let value = (((p as i64 * 4) << 14) / (5 * 512 * 512 - 4 * p) as i64) as i32;
    if angle & 512 == 0 { value } else { -value }
}

/// Closed polygons that are filled together; where they overlap in opposite sense they leave a hole.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    points: Vec<Point>,
    ends: Vec<usize>,
}

impl Path {
    /// The closed polygons.
    pub(super) fn rings(&self) -> impl Iterator<Item = &[Point]> {
        self.ends.iter().scan(0, |start, end| {
            let ring = self.points.get(*start..*end);
            *start = *end;
            ring
        })
    }

    /// Corners joined by straight lines.
    #[must_use]
    pub(super) fn polygon(mut self, corners: &[Point]) -> Self {
        self.points.extend_from_slice(corners);
        self.close()
    }

    /// A smooth closed curve drawn towards the corners: a quadratic B-spline.
    #[must_use]
    pub(super) fn smooth(mut self, corners: &[Point]) -> Self {
        for (n, corner) in corners.iter().enumerate() {
            let before = corners[(n + corners.len() - 1) % corners.len()];
            let after = corners[(n + 1) % corners.len()];
            let (start, end) = (before.towards(*corner, 128), corner.towards(after, 128));
            for t in 0..10 {
                let t = t * 256 / 10;
                self.points.push(start.towards(*corner, t).towards(corner.towards(end, t), t));
            }
        }
        self.close()
    }

    /// An ellipse of radii `rx`, `ry` units, turned by `angle` / 1024 of a turn.
    #[must_use]
    pub(super) fn ellipse(mut self, centre: Point, rx: i32, ry: i32, angle: i32) -> Self {
        for n in 0..48 {
            let turn = n * 1024 / 48;
            let point = centre.moved((rx * sine(turn + 256)) >> 12, (ry * sine(turn)) >> 12);
            self.points.push(point.turned(centre, angle));
        }
        self.close()
    }

    /// A ring between two ellipses of one centre.
    #[must_use]
    pub(super) fn ring(self, centre: Point, rx: i32, ry: i32, width: i32) -> Self {
        let mut path = self.ellipse(centre, rx, ry, 0).ellipse(centre, rx - width, ry - width, 0);
        let inner = path.ends.len().checked_sub(2).map_or(0, |n| path.ends[n]);
        path.points[inner..].reverse();
        path
    }

    /// A band along a smooth open curve, `width` units wide at the ends' `taper` / 256 and full in between.
    #[must_use]
    pub(super) fn ribbon(mut self, along: &[Point], width: i32, taper: i32) -> Self {
        let spine = spline(along);
        let last = spine.len().saturating_sub(1).max(1) as i32;
        let mut back = Vec::with_capacity(spine.len());
        for (n, point) in spine.iter().enumerate() {
            let before = spine[n.saturating_sub(1)];
            let after = spine[(n + 1).min(spine.len() - 1)];
            let (dx, dy) = (after.x - before.x, after.y - before.y);
            let length = i64::from(dx).pow(2) + i64::from(dy).pow(2);
            let length = (length as u64).isqrt().max(1) as i64;
            let t = n as i32 * 512 / last;
            let full = sine(t);
            let half = i64::from(width * (taper + (((256 - taper) * full) >> 12))) / 512;
            let (nx, ny) = (-(i64::from(dy) * half / length) as i32, (i64::from(dx) * half / length) as i32);
            self.points.push(point.moved(nx, ny));
            back.push(point.moved(-nx, -ny));
        }
        self.points.extend(back.iter().rev());
        self.close()
    }

    /// The same, shrunk about each ring's middle to `by` / 256.
    #[must_use]
    pub(super) fn shrunk(mut self, by: i32) -> Self {
        let mut start = 0;
        for end in &self.ends {
            let ring = &mut self.points[start..*end];
            let count = ring.len().max(1) as i32;
            let middle = Point {
                x: ring.iter().map(|point| point.x).sum::<i32>() / count,
                y: ring.iter().map(|point| point.y).sum::<i32>() / count,
            };
            for point in ring {
                *point = middle.towards(*point, by);
            }
            start = *end;
        }
        self
    }

    /// The mirror image.
    #[must_use]
    pub(super) fn mirrored(mut self) -> Self {
        for point in &mut self.points {
            *point = point.mirrored();
        }
        self
    }

    /// The same and its mirror image.
    #[must_use]
    pub(super) fn and_mirrored(mut self) -> Self {
        let rings: Vec<Vec<Point>> = self.rings().map(<[Point]>::to_vec).collect();
        for ring in rings {
            // reversed, so that both wind the same way and may overlap
            self.points.extend(ring.iter().rev().map(|point| point.mirrored()));
            self = self.close();
        }
        self
    }

    fn close(mut self) -> Self {
        self.ends.push(self.points.len());
        self
    }
}

/// A smooth open curve from the first to the last point, drawn towards those between.
pub(super) fn spline(along: &[Point]) -> Vec<Point> {
    let [first, .., last] = along else { return along.to_vec() };
    let mut points = vec![*first];
    let mut start = *first;
    for n in 1..along.len() - 1 {
        let corner = along[n];
        let end = if n + 2 == along.len() { *last } else { corner.towards(along[n + 1], 128) };
        for t in 1..=10 {
            let t = t * 256 / 10;
            points.push(start.towards(corner, t).towards(corner.towards(end, t), t));
        }
        start = end;
    }
    if along.len() == 2 {
        points.push(*last);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_is_close_and_odd() {
        assert_eq!((sine(0), sine(256), sine(512), sine(768)), (0, 4096, 0, -4096));
        for angle in 0..1024 {
            let exact = (f64::from(angle) * std::f64::consts::TAU / 1024.0).sin() * 4096.0;
            assert!((f64::from(sine(angle)) - exact).abs() < 8.0, "{angle}");
        }
        assert_eq!(sine(-256), -4096);
    }

    #[test]
    fn curves_end_where_they_should() {
        let curve = spline(&[pt(0, 0), pt(100, 0), pt(100, 100)]);
        assert_eq!((curve[0], curve[curve.len() - 1]), (pt(0, 0), pt(100, 100)));
        assert_eq!(spline(&[pt(1, 1), pt(2, 2)]), [pt(1, 1), pt(2, 2)]);
        let ring = Path::default().ellipse(pt(512, 512), 100, 50, 0);
        assert_eq!(ring.rings().map(<[Point]>::len).collect::<Vec<_>>(), [48]);
        assert_eq!(ring.and_mirrored().rings().count(), 2);
    }
}
