//! What an expression changes: eyes, brows and mouth, drawn over the shared head.

use super::{
    build::{Build, Snout},
    canvas::{Canvas, Hair},
    chance::{Chance, noise},
    coat::inside,
    colour::{self, Rgb, mix, rgb},
    head::Head,
    identity::Style,
    path::{Path, Point, STEP},
};

/// One expression as positions, each out of 256.
#[derive(Debug, Clone, Copy)]
struct Pose {
    mouth: i32,
    eyes: i32,
    smile: i32,
    lift: i32,
    frown: i32,
}

/// In the order of [`crate::reghead::EXPRESSIONS`].
const POSES: [Pose; 10] = {
    const fn pose(mouth: i32, eyes: i32, smile: i32, lift: i32, frown: i32) -> Pose {
        Pose { mouth, eyes, smile, lift, frown }
    }
    [
        pose(256, 256, 0, 0, 0),
        pose(128, 256, 0, 0, 0),
        pose(0, 256, 0, 0, 0),
        pose(0, 128, 0, 0, 0),
        pose(0, 64, 0, 0, 0),
        pose(0, 192, 0, 0, 0),
        pose(0, 0, 0, 0, 0),
        pose(0, 226, 256, 40, 0),
        pose(0, 290, 0, 256, 0),
        pose(0, 190, -120, 0, 256),
    ]
};

/// Draws the face of one expression, a number below ten; others are drawn as the last.
pub(super) fn draw(head: &Head, canvas: &mut Canvas<'_>, expression: usize) {
    let pose = POSES[expression.min(POSES.len() - 1)];
    eyes(head, canvas, pose);
    brows(head, canvas, pose);
    match head.build.snout {
        Snout::Muzzle | Snout::Broad => muzzle(head, canvas, pose),
        Snout::Beak => beak(head, canvas, pose),
        Snout::Wide => wide(head, canvas, pose),
    }
}

fn eyes(head: &Head, canvas: &mut Canvas<'_>, pose: Pose) {
    let open = pose.eyes;
    let Build { eye, eye_radii: (rx, ry), .. } = head.build;
    let (lid_dark, lid) = (colour::gain(head.coat.dark, 130), mix(head.coat.dark, head.coat.ear(), 150));
    // upper and lower edge of the opening, from corner to corner; shut, both lie low on the eye
    let edge = |height: i32, scowl: i32| {
        (0..=16).map(move |n| {
            let across: i32 = n * 32 - 256;
            let arc = (65_536 - across * across).unsigned_abs().isqrt() as i32;
            eye.moved((rx * across) >> 8, ((height * arc) >> 8) - ((across * (ry / 8 + scowl)) >> 8))
        })
    };
    let scowl = (ry * pose.frown) >> 9;
    let shut = ry * 5 / 8;
    let upper = shut + (((-ry - shut) * open) >> 8);
    let lower = shut + (((ry - shut) * (open * 2).min(256)) >> 8);
    for flip in [false, true] {
        let side = |path: Path| if flip { path.mirrored() } else { path };
        let centre = if flip { eye.mirrored() } else { eye };
        let ball = Path::default().ellipse(eye, rx * 9 / 8, ry * 9 / 8, 0);
        canvas.fill(&side(ball), |x, y| {
            let crease = (noise(3, x / 2, y * 3, 8) - 128) / 6;
            head.light.lit(colour::add(lid, crease), x, y)
        });
        if open > 0 {
            let rim: Vec<Point> = edge(upper, scowl).chain(edge(lower, 0).rev()).collect();
            canvas.fill(&side(Path::default().polygon(&rim)), |x, y| eyeball(head, centre, x, y));
        }
        let line: Vec<Point> = edge(upper, scowl).collect();
        canvas.fill(&side(Path::default().ribbon(&line, 10 * STEP, 120)), |_, _| lid_dark);
        let line: Vec<Point> = edge(lower, 0).collect();
        canvas.fill_blended(&side(Path::default().ribbon(&line, 6 * STEP, 60)), 200, |_, _| lid_dark);
    }
}

fn eyeball(head: &Head, centre: Point, x: i32, y: i32) -> Rgb {
    let (rx, ry) = head.build.eye_radii;
    let lively = matches!(head.identity.style, Style::AnimatedFilm | Style::PlasticToy);
    // more white shows in drawn eyes
    let iris_radius = if lively { (rx.min(ry) * 215) >> 8 } else { (rx.max(ry) * 250) >> 8 };
    let out = inside(x, y, centre, (iris_radius, iris_radius));
    let soft = |out: i32, edge: i32| ((edge - out) >> 5).clamp(0, 256);
    let pupil_radii = if head.coat.slit {
        (iris_radius / 4, iris_radius * 7 / 8)
    } else {
        (iris_radius * 9 / 16, iris_radius * 9 / 16)
    };
    let pupil = soft(inside(x, y, centre, pupil_radii), 1 << 16);
    let streaks = (noise(11, (x - centre.x) * 3, (y - centre.y) * 3, 8) - 128) / 5;
    let deep = colour::gain(head.coat.iris, 300 - (out.min(65_536) >> 9) + (y - centre.y) * 50 / ry.max(1));
    let iris = mix(colour::add(deep, streaks), rgb(0x100c0a), pupil);
    let white = mix(rgb(0xf4f0ec), rgb(0xb4a8a4), ((centre.y - y) * 256 / ry.max(1)).clamp(0, 256));
    let ring = mix(rgb(0x1c1410), white, ((out - 70_000) >> 5).clamp(0, 256));
    let eye = mix(ring, iris, soft(out, 62_000));
    let glint = inside(x, y, centre.moved(-rx * 5 / 16, -ry * 3 / 8), (rx * 7 / 32, ry * 7 / 32));
    let second = inside(x, y, centre.moved(rx / 4, ry * 3 / 8), (rx / 9, ry / 10));
    mix(mix(eye, [255, 255, 255], soft(glint, 1 << 16)), [230, 236, 244], soft(second, 1 << 16) * 5 / 8)
}

fn brows(head: &Head, canvas: &mut Canvas<'_>, pose: Pose) {
    let Build { eye, eye_radii: (rx, ry), brow, .. } = head.build;
    let lift = 18 * STEP + ry * 11 / 8 + ((32 * STEP * pose.lift) >> 8) - ((20 * STEP * pose.frown) >> 8);
    let tilt = ((34 * STEP * pose.frown) >> 8) - ((10 * STEP * pose.lift) >> 8);
    let inner = eye.moved(-rx * 5 / 4 - ((10 * STEP * pose.frown) >> 8), -lift + tilt);
    let middle = eye.moved(0, -lift - 14 * STEP - ((16 * STEP * pose.lift) >> 8));
    let outer = eye.moved(rx * 3 / 2, -lift + 14 * STEP - ((6 * STEP * pose.frown) >> 8));
    let line = [inner, middle, outer];
    let tone = mix(head.coat.dark, rgb(0x201814), 60);
    canvas.fill_blended(&Path::default().ribbon(&line, brow, 70).and_mirrored(), 200, |_, _| tone);
    if head.identity.style != Style::PlasticToy {
        // the same hairs in every expression, moved with the brow
        let mut random = Chance::named(&[head.identity.seed, head.identity.number, 3]);
        let spine = super::path::spline(&line);
        for _ in 0..70 {
            let at = random.below(spine.len() as u32) as usize;
            let root = spine[at].moved(0, random.within(-brow / 2, brow / 2));
            let reach = random.within(12, 26) * STEP;
            let tip = root.moved(reach, -random.within(0, reach / 2));
            let colour = colour::gain(tone, random.within(150, 400));
            for (root, tip) in [(root, tip), (root.mirrored(), tip.mirrored())] {
                canvas.hair(&Hair { root, tip, bend: Point { x: 0, y: 0 }, width: 40, colour, alpha: 220 });
            }
        }
    }
    if pose.frown > 0 {
        let deep = colour::gain(head.coat.dark, 150);
        let fold = [eye.moved(-rx * 7 / 4, -lift + 6 * STEP), eye.moved(-rx * 13 / 8, -lift - 20 * STEP)];
        let fold = Path::default().ribbon(&[fold[0], fold[0].towards(fold[1], 128), fold[1]], 7 * STEP, 30);
        canvas.fill_blended(&fold.and_mirrored(), 170, |_, _| deep);
    }
    if pose.lift > 128 {
        let y = eye.y - lift - 44 * STEP;
        for n in 0..2 {
            let wide = 70 * STEP - n * 18 * STEP;
            let at = |x: i32, up: i32| Point { x: head.build.centre.x + x, y: y - n * 22 * STEP - up };
            let fold = Path::default().ribbon(&[at(-wide, 0), at(0, 10 * STEP), at(wide, 0)], 6 * STEP, 20);
            canvas.fill_blended(&fold, 120, |_, _| colour::gain(head.coat.dark, 190));
        }
    }
}

/// The opening of a mouth: dark above, tongue below, teeth at the upper edge.
fn cavity(head: &Head, canvas: &mut Canvas<'_>, top: Point, half: i32, depth: i32, teeth: bool) {
    let at = |x: i32, y: i32| top.moved(x, y);
    let shape = |grow: i32| {
        Path::default().smooth(&[
            at(-half / 2 - grow, -grow),
            at(half / 2 + grow, -grow),
            at(half * 5 / 4 + grow, depth / 6),
            at(half * 3 / 4 + grow, depth + grow),
            at(0, depth * 5 / 4 + grow * 2),
            at(-half * 3 / 4 - grow, depth + grow),
            at(-half * 5 / 4 - grow, depth / 6),
        ])
    };
    let lip = colour::gain(head.coat.nose, 170);
    // the lower jaw comes down with the lip and lies in its shade
    let jaw = (top.moved(0, depth * 5 / 8), (half * 7 / 4, depth * 5 / 4 + 30 * STEP));
    canvas.fill_masked(&Path::default().ellipse(jaw.0, jaw.1.0, jaw.1.1, 0), |x, y| {
        let near = (65_536 - inside(x, y, jaw.0, jaw.1)).clamp(0, 40_000) >> 8;
        let shade = colour::gain(mix(head.skin(x, y), head.coat.dark, 60), 200);
        (shade, if head.covers(x, y) { near } else { 0 })
    });
    canvas.fill(&shape(7 * STEP), |_, _| lip);
    let tongue = (top.moved(0, depth), (half * 11 / 16, depth * 9 / 16));
    canvas.fill(&shape(0), |x, y| {
        let deep = mix(rgb(0x2a0c10), rgb(0x6a2028), ((y - top.y) * 200 / depth.max(1)).clamp(0, 256));
        let out = inside(x, y, tongue.0, tongue.1);
        let groove = 256 - (((x - top.x).abs() < 3 * STEP) as i32) * 30;
        let flesh =
            colour::gain(rgb(0xd87278), (groove - (out >> 11)).max(0) + (noise(21, x, y, 6) - 128) / 12);
        mix(deep, flesh, ((65_536 - out) >> 5).clamp(0, 256))
    });
    if teeth && depth > 30 * STEP {
        for (x, width, length) in [(half * 9 / 16, half / 7, depth / 3), (half / 4, half / 6, depth / 8)] {
            let tooth = [at(x - width, depth / 24), at(x + width, depth / 24), at(x, length), at(x, length)];
            canvas.fill(&Path::default().smooth(&tooth).and_mirrored(), |_, _| rgb(0xf2ecdc));
        }
    }
}

fn muzzle(head: &Head, canvas: &mut Canvas<'_>, pose: Pose) {
    let Build { nose, nose_radii: (_, nose_height), mouth, mouth_width: wide, snout, .. } = head.build;
    let dark = colour::gain(mix(head.coat.dark, rgb(0x181010), 128), 190);
    if pose.mouth > 0 {
        let depth = (wide * pose.mouth) >> 8;
        cavity(head, canvas, mouth, (wide * (150 + pose.mouth / 5)) >> 8, depth, snout == Snout::Muzzle);
    }
    let corner = mouth.moved(
        wide + ((26 * STEP * pose.smile.max(0)) >> 8),
        8 * STEP - ((wide * pose.smile) >> 9) - ((wide * pose.mouth) >> 10),
    );
    let sag = 26 * STEP + ((6 * STEP * pose.smile.max(0)) >> 8) - ((pose.mouth * 20 * STEP) >> 8);
    let lip = [mouth, mouth.moved(wide / 4, sag), mouth.moved(wide * 3 / 4, sag), corner];
    let width = if pose.smile > 0 { 11 * STEP } else { 9 * STEP };
    let mut lines = Path::default().ribbon(&lip, width, 110).and_mirrored();
    if snout == Snout::Muzzle {
        lines = lines.ribbon(&[nose.moved(0, nose_height), mouth.moved(0, 4 * STEP)], 8 * STEP, 200);
    }
    canvas.fill(&lines, |_, _| dark);
    if pose.smile > 0 {
        let dimple = [
            corner.moved(8 * STEP, -18 * STEP),
            corner.moved(16 * STEP, 2 * STEP),
            corner.moved(2 * STEP, 18 * STEP),
        ];
        canvas.fill_blended(&Path::default().ribbon(&dimple, 8 * STEP, 40).and_mirrored(), 190, |_, _| dark);
    }
}

fn beak(head: &Head, canvas: &mut Canvas<'_>, pose: Pose) {
    let Build { nose, nose_radii: (rx, ry), muzzle_radii: (_, length), .. } = head.build;
    let horn = |shade: i32| {
        move |x: i32, y: i32| {
            let side = (x - nose.x) * 50 / rx.max(1);
            let grain = (noise(31, x, y * 2, 7) - 128) / 10;
            colour::add(colour::gain(head.coat.nose, shade - side - (y - nose.y) * 24 / ry.max(1)), grain)
        }
    };
    let at = |x: i32, y: i32| nose.moved(x, y);
    let drop = (length * pose.mouth * 3 / 4) >> 8;
    let tip = ry / 4 + length;
    let curl = (ry * pose.smile / 2) >> 8;
    if pose.mouth > 0 {
        let gape = [
            at(-rx, ry / 3),
            at(rx, ry / 3),
            at(rx * 5 / 8, ry / 3 + drop),
            at(0, tip + drop),
            at(-rx * 5 / 8, ry / 3 + drop),
        ];
        canvas.fill(&Path::default().smooth(&gape), |_, _| rgb(0x381014));
        let tongue = Path::default().ellipse(at(0, ry / 2 + drop * 5 / 8), rx / 3, drop / 2, 0);
        canvas.fill(&tongue, |_, _| rgb(0xc8686c));
    }
    let lower = [
        at(-rx * 7 / 8, ry / 3 + drop / 3),
        at(0, ry * 3 / 4 + drop),
        at(rx * 7 / 8, ry / 3 + drop / 3),
        at(rx * 9 / 16, ry + drop),
        at(0, tip + ry / 6 + drop),
        at(0, tip + ry / 6 + drop),
        at(-rx * 9 / 16, ry + drop),
    ];
    canvas.fill(&Path::default().smooth(&lower), horn(196));
    let upper = [
        at(-rx / 2, -ry),
        at(rx / 2, -ry),
        at(rx * 9 / 8, ry / 4 - curl),
        at(rx, ry / 2 - curl),
        at(rx / 2, ry * 5 / 8),
        at(0, tip),
        at(0, tip),
        at(-rx / 2, ry * 5 / 8),
        at(-rx, ry / 2 - curl),
        at(-rx * 9 / 8, ry / 4 - curl),
    ];
    canvas.fill(&Path::default().smooth(&upper), horn(270));
    let dark = colour::gain(head.coat.nose, 110);
    let corner = at(rx * 17 / 16, ry * 3 / 8 - curl * 3 / 2 - ((pose.smile.min(0) * 10 * STEP) >> 8));
    let seam = [at(rx / 2, ry * 9 / 16), at(rx * 7 / 8, ry / 2 - curl / 2), corner];
    let nostrils = Path::default().ellipse(at(rx / 3, -ry / 8), rx / 10, ry / 7, 80);
    canvas.fill(&nostrils.ribbon(&seam, 6 * STEP, 100).and_mirrored(), |_, _| dark);
    if pose.smile > 0 {
        let up = |x: i32, y: i32| corner.moved(x * STEP, y * STEP);
        let cheek = Path::default().ribbon(&[up(-4, 4), up(26, 6), up(40, -30)], 9 * STEP, 60);
        canvas.fill(&cheek.and_mirrored(), |_, _| colour::gain(head.coat.dark, 150));
    }
}

fn wide(head: &Head, canvas: &mut Canvas<'_>, pose: Pose) {
    let Build { mouth, mouth_width: wide, .. } = head.build;
    let dark = colour::gain(head.coat.dark, 130);
    if pose.mouth > 0 {
        let depth = (wide * pose.mouth) >> 9;
        cavity(head, canvas, mouth.moved(0, 4 * STEP), wide * 5 / 8, depth, false);
    }
    let rise = ((wide * pose.smile) >> 10) + ((wide * pose.mouth) >> 12);
    let (corner, bend) = (mouth.moved(wide, -rise), mouth.moved(wide * 5 / 8, 14 * STEP + rise / 2));
    let line = [corner.mirrored(), bend.mirrored(), mouth.moved(0, 8 * STEP + rise / 3), bend, corner];
    canvas.fill(&Path::default().ribbon(&line, 9 * STEP, 80), |_, _| dark);
    if pose.smile > 0 {
        let dimple =
            [corner.moved(-4 * STEP, -20 * STEP), corner.moved(14 * STEP, 0), corner.moved(0, 18 * STEP)];
        canvas.fill(&Path::default().ribbon(&dimple, 7 * STEP, 60).and_mirrored(), |_, _| dark);
    }
}
