//! What is worn before the eyes, on the ears and about the neck.

use super::{
    build::{Build, Ears},
    canvas::Canvas,
    coat::inside,
    colour::{self, mix, rgb},
    head::Head,
    headbands::bow,
    light::round,
    path::{Path, Point, STEP, sine},
    worn::{Form, Worn},
};

/// Draws an accessory of neck or ears.
pub(super) fn draw_about(head: &Head, canvas: &mut Canvas<'_>, item: Worn) {
    let Build { top, chin, widths: [crown, eyes, jaw, chin_width], ears, .. } = head.build;
    let Worn { main, second, form } = item;
    let half = i32::midpoint(jaw, chin_width);
    let neck = head.at(0, chin * 15 / 16);
    // what hangs down must stay in the picture
    let neck = Point { y: neck.y.min(880 * STEP), ..neck };
    let at = |across: i32, down: i32| neck.moved(across, down * STEP);
    let (cloth, trim) = (round(main, half * 5 / 4, 30), round(second, half * 5 / 4, 24));
    match form {
        Form::Scarf => {
            let wrap = [at(-half, -50), at(-half / 2, 46), at(half / 2, 46), at(half, -50)];
            let tail = [at(half / 3, 10), at(half / 2, 60), at(half / 2, 110)];
            let stripes = |x: i32, y: i32| if sine(x / 2 + y / 4) > 1800 { trim(x, y) } else { cloth(x, y) };
            canvas.fill(&Path::default().ribbon(&tail, 80 * STEP, 220), stripes);
            canvas.fill(&Path::default().ribbon(&wrap, 84 * STEP, 210), stripes);
        }
        Form::BowTie => bow(canvas, at(0, 26), 92 * STEP, item),
        Form::Tie => {
            let blade =
                [at(-18 * STEP, 20), at(18 * STEP, 20), at(44 * STEP, 96), at(0, 132), at(-44 * STEP, 96)];
            canvas.fill(&Path::default().polygon(&blade), |x, y| {
                if sine(i32::midpoint(x, y)) > 2600 { trim(x, y) } else { cloth(x, y) }
            });
            let knot = [at(-34 * STEP, -14), at(34 * STEP, -14), at(20 * STEP, 26), at(-20 * STEP, 26)];
            canvas.fill(&Path::default().polygon(&knot), round(colour::add(main, 14), half, 24));
        }
        Form::Bandana => {
            let shape = [
                at(-half, -60),
                at(-half / 2, 10),
                at(half / 2, 10),
                at(half, -60),
                at(half / 2, 50),
                at(0, 120),
                at(0, 120),
                at(-half / 2, 50),
            ];
            canvas.fill(&Path::default().smooth(&shape), |x, y| {
                if sine(x / 2) > 3000 && sine(y / 2) > 2400 { trim(x, y) } else { cloth(x, y) }
            });
        }
        Form::Beads { small } => {
            let (size, count) = if small { (11, 27) } else { (26, 15) };
            for n in 0..count {
                let turn = n * 512 / (count - 1) + 256;
                let bead = neck
                    .moved((half * sine(turn)) >> 12, -(34 * STEP) - ((84 * STEP * sine(turn + 256)) >> 12));
                let tone = if n % 2 == 0 { main } else { second };
                canvas.fill(&Path::default().ellipse(bead, size * STEP, size * STEP, 0), |x, y| {
                    let out = inside(x, y, bead.moved(-50, -60), (size * STEP, size * STEP));
                    colour::gain(tone, 290 - (out >> 9).min(200))
                });
            }
        }
        Form::Pendant => {
            let collar = [at(-half, -50), at(-half / 2, 24), at(half / 2, 24), at(half, -50)];
            canvas.fill(&Path::default().ribbon(&collar, 30 * STEP, 220), cloth);
            let disc = at(0, 44);
            canvas.fill(&Path::default().ellipse(disc, 34 * STEP, 34 * STEP, 0), |x, y| {
                let out = inside(x, y, disc.moved(-9 * STEP, -11 * STEP), (34 * STEP, 34 * STEP));
                colour::gain(second, 310 - (out >> 9).min(180))
            });
            let slot = Path::default().ellipse(disc.moved(0, 10 * STEP), 16 * STEP, 4 * STEP, 0);
            canvas.fill_blended(&slot, 190, |_, _| colour::gain(second, 110));
        }
        Form::Headphones => {
            let side = head.at(eyes, -top / 8);
            let arc =
                [side, side.moved(0, -top), head.at(crown * 5 / 8, -top * 5 / 4), head.at(0, -top * 5 / 4)];
            canvas.fill(
                &Path::default().ribbon(&arc, 40 * STEP, 256).and_mirrored(),
                round(main, eyes * 9 / 8, 20),
            );
            let cup = Path::default().ellipse(side, 44 * STEP, 72 * STEP, 0);
            canvas.fill(&cup.clone().and_mirrored(), round(main, eyes * 5 / 4, 20));
            canvas.fill(&cup.shrunk(160).and_mirrored(), round(second, eyes * 5 / 4, 20));
        }
        Form::Earrings => {
            let lobe = match ears {
                Ears::Droopy => head.at(crown + 70 * STEP, 40 * STEP),
                Ears::Sideways => head.at(crown + 100 * STEP, -top * 3 / 8),
                _ => head.at(eyes * 15 / 16, 0),
            };
            let hoop = Path::default().ring(lobe.moved(0, 26 * STEP), 26 * STEP, 30 * STEP, 8 * STEP);
            canvas.fill(&hoop.and_mirrored(), |x, y| mix(main, second, (sine(x + y) >> 5) + 128));
        }
        _ => {}
    }
}

/// Draws an accessory of the eyes.
pub(super) fn draw_before_eyes(head: &Head, canvas: &mut Canvas<'_>, item: Worn) {
    let Build { eye, eye_radii: (rx, ry), widths: [_, eyes, ..], centre, .. } = head.build;
    let Worn { main, second, form } = item;
    let lens = (rx.max(ry) * 13 / 8).min((eye.x - centre.x) * 15 / 16);
    let frame = round(main, eyes, 16);
    let glass = |middle: Point, strength: i32| {
        move |x: i32, y: i32| {
            let streak = (x - middle.x) + (y - middle.y);
            let shine = if (-lens / 2..-lens / 5).contains(&streak) { 70 } else { 0 };
            (mix(second, [255, 255, 255], shine * 2), strength + shine)
        }
    };
    let bridge = {
        let inner = Point { x: eye.x - lens, y: eye.y };
        Path::default().ribbon(
            &[inner, inner.moved(-(inner.x - centre.x), -14 * STEP), inner.mirrored()],
            10 * STEP,
            256,
        )
    };
    let arm = Path::default()
        .ribbon(
            &[
                eye.moved(lens, 0),
                eye.moved(lens + 20 * STEP, -6 * STEP),
                Point { x: centre.x + eyes, y: eye.y - 20 * STEP },
            ],
            11 * STEP,
            256,
        )
        .and_mirrored();
    match form {
        Form::Glasses { dark, hearts } => {
            let shape = |size: i32| {
                let at = |x: i32, y: i32| eye.moved((size * x) >> 8, (size * y) >> 8);
                if hearts {
                    Path::default().smooth(&[
                        at(0, -150),
                        at(130, -330),
                        at(330, -180),
                        at(230, 130),
                        at(0, 320),
                        at(0, 320),
                        at(-230, 130),
                        at(-330, -180),
                        at(-130, -330),
                    ])
                } else if dark {
                    Path::default().smooth(&[
                        at(-330, -190),
                        at(0, -230),
                        at(330, -190),
                        at(310, 150),
                        at(0, 320),
                        at(-310, 150),
                    ])
                } else {
                    Path::default().ellipse(eye, size, size, 0)
                }
            };
            let strength = if dark {
                216
            } else if hearts {
                90
            } else {
                26
            };
            canvas.fill_masked(&shape(lens), glass(eye, strength));
            canvas.fill_masked(&shape(lens).mirrored(), glass(eye.mirrored(), strength));
            for path in [shape(lens), shape(lens).mirrored()] {
                let line: Vec<Point> = path.rings().flatten().copied().collect();
                let closed: Vec<Point> = line.iter().chain(line.iter().take(2)).copied().collect();
                canvas.fill(&Path::default().ribbon(&closed, 12 * STEP, 256), frame);
            }
            canvas.fill(&bridge, frame);
            canvas.fill(&arm, frame);
        }
        Form::Goggles => {
            let strap = [
                Point { x: centre.x - eyes, y: eye.y - 30 * STEP },
                Point { x: centre.x, y: eye.y },
                Point { x: centre.x + eyes, y: eye.y - 30 * STEP },
            ];
            canvas.fill(&Path::default().ribbon(&strap, 34 * STEP, 256), frame);
            for middle in [eye, eye.mirrored()] {
                canvas.fill_masked(&Path::default().ellipse(middle, lens, lens, 0), glass(middle, 70));
                let rim = Path::default().ring(middle, lens * 9 / 8, lens * 9 / 8, 26 * STEP);
                canvas.fill(&rim, |x, y| {
                    colour::gain(rgb(0xb89458), 280 - (x - middle.x + y - middle.y) * 60 / lens.max(1))
                });
            }
        }
        Form::Monocle => {
            canvas.fill_masked(&Path::default().ellipse(eye, lens, lens, 0), glass(eye, 26));
            let chain =
                [eye.moved(lens, lens / 4), eye.moved(lens * 5 / 4, lens * 2), eye.moved(lens, lens * 4)];
            let path = Path::default().ring(eye, lens * 9 / 8, lens * 9 / 8, 13 * STEP).ribbon(
                &chain,
                5 * STEP,
                256,
            );
            canvas.fill(&path, |x, y| colour::gain(main, 300 - (x - eye.x + y - eye.y) * 40 / lens.max(1)));
        }
        Form::Patch => {
            let strap = [
                Point { x: centre.x - eyes, y: eye.y + 60 * STEP },
                eye.moved(-rx, 0),
                eye,
                Point { x: centre.x + eyes * 7 / 8, y: eye.y - 90 * STEP },
            ];
            canvas.fill(&Path::default().ribbon(&strap, 12 * STEP, 256), frame);
            let cover = [
                eye.moved(-lens, -lens * 3 / 4),
                eye.moved(0, -lens),
                eye.moved(lens, -lens * 3 / 4),
                eye.moved(lens, lens / 2),
                eye.moved(0, lens * 3 / 2),
                eye.moved(-lens, lens / 2),
            ];
            canvas.fill(&Path::default().smooth(&cover), |x, y| {
                colour::add(frame(x, y), ((eye.y - y) / 90).clamp(-10, 24))
            });
        }
        Form::Mask => {
            let hole = Path::default().ellipse(eye, rx * 11 / 8, ry * 11 / 8, 0);
            let at = |across: i32, down: i32| Point { x: centre.x + across, y: eye.y + down };
            let right = [
                at(0, -ry),
                at(eyes / 2, -ry * 5 / 2),
                at(eyes, -ry * 3 / 2),
                at(eyes * 15 / 16, ry),
                at(eyes / 2, ry * 5 / 2),
                at(eyes / 8, ry),
            ];
            let corners: Vec<Point> =
                right.iter().copied().chain(right.iter().rev().map(|point| point.mirrored())).collect();
            let mut mask = Path::default().smooth(&corners);
            // against the mask's sense, so that they are cut out
            for ring in hole.and_mirrored().rings() {
                mask = mask.polygon(&ring.iter().rev().copied().collect::<Vec<_>>());
            }
            canvas.fill(&mask, |x, y| mix(frame(x, y), second, ((y - eye.y) * 60 / ry.max(1)).clamp(0, 90)));
        }
        _ => {}
    }
}
