//! Hats, helmets and crowns.

use super::{
    build::Build,
    canvas::Canvas,
    coat::inside,
    colour::{self, Rgb, mix, rgb},
    head::Head,
    light::round,
    path::{Path, Point, STEP, sine},
    worn::{Form, Worn},
};

/// True for what leaves no room for another hat.
pub(super) fn covers(form: Form) -> bool {
    use Form::{Beanie, Bicorne, Bubble, Cap, Cone, Crown, Hat, Helmet, Mortarboard, Soft};
    matches!(
        form,
        Hat { .. }
            | Cone { .. }
            | Cap { .. }
            | Soft { .. }
            | Beanie
            | Bicorne
            | Helmet { .. }
            | Bubble
            | Crown { .. }
            | Mortarboard
    )
}

/// The place where hats sit: the middle of the hat line, 256 steps being half the head's width there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) middle: Point,
    pub(super) half: i32,
    /// What 256 steps upwards are; less than `half` where a tall hat would leave the picture.
    rise: i32,
}

impl Seat {
    pub(super) fn of(build: &Build) -> Self {
        let middle = build.centre.moved(0, -build.top * 3 / 4);
        let half = build.widths[0] * 15 / 16;
        Self { middle, half, rise: half.min((middle.y - 8 * STEP) * 256 / 520) }
    }

    pub(super) fn at(self, across: i32, up: i32) -> Point {
        let scale = if up > 0 { self.rise } else { self.half };
        self.middle.moved((across * self.half) >> 8, -((up * scale) >> 8))
    }

    pub(super) fn units(self, part: i32) -> i32 {
        (part * self.half) >> 8
    }

    /// A closed curve symmetrical about the axis, given its right side from top to bottom.
    fn symmetrical(self, right: &[(i32, i32)]) -> Path {
        let left = right.iter().rev().map(|(across, up)| self.at(-across, *up));
        Path::default()
            .smooth(&right.iter().map(|(across, up)| self.at(*across, *up)).chain(left).collect::<Vec<_>>())
    }

    /// A band about the head from one height to another, bent as the head is round.
    pub(super) fn band(self, half: i32, low: i32, high: i32, sag: i32) -> Path {
        let arc = |up: i32| {
            (0..=16).map(move |n| {
                let across = n * 32 - 256;
                let drop = sag - ((across * across * sag) >> 16);
                self.at((across * half) >> 8, up - drop)
            })
        };
        Path::default().polygon(&arc(high).chain(arc(low).rev()).collect::<Vec<_>>())
    }
}

/// Draws an accessory if it is a hat.
pub(super) fn draw(head: &Head, canvas: &mut Canvas<'_>, item: Worn) {
    let seat = Seat::of(&head.build);
    let Worn { form, main, second } = item;
    let cloth = round(main, seat.units(300), 26);
    let trim = round(second, seat.units(300), 20);
    match form {
        Form::Hat { brim, foot, top, height } => {
            let crown = [
                (top * 3 / 4, height + 14),
                (top * 9 / 8, height - 10),
                (i32::midpoint(top, foot), height / 2),
                (foot, 30),
                (foot, -40),
            ];
            if brim > 0 {
                canvas.fill(
                    &Path::default().ellipse(seat.at(0, 6), seat.units(brim), seat.units(brim / 6 + 16), 0),
                    round(colour::gain(main, 210), seat.units(brim), 26),
                );
            }
            canvas.fill(&seat.symmetrical(&crown), round(main, seat.units(foot), 26));
            canvas.fill(&seat.band(foot - 4, -4, 46, 40), round(second, seat.units(foot), 20));
            if brim > 0 {
                let front = [(brim - 30, 18), (brim, 4), (brim * 3 / 4, -34), (brim / 4, -66)];
                canvas.fill(&seat.symmetrical(&front), round(colour::add(main, 8), seat.units(brim), 26));
            }
        }
        Form::Cone { brim, height } => cone(canvas, seat, item, brim, height),
        Form::Cap { peak } => {
            let dome = [(120, 176), (236, 150), (278, 60), (262, -30), (120, -44)];
            canvas.fill(&seat.symmetrical(&dome), |x, y| {
                let weave = if peak { 0 } else { (sine((x + y) * 2) * sine((x - y) * 2)) >> 21 };
                colour::add(cloth(x, y), weave)
            });
            if peak {
                let seam = [seat.at(0, 168), seat.at(-4, 60), seat.at(0, -30)];
                canvas.fill_blended(&Path::default().ribbon(&seam, 5 * STEP, 200), 120, |_, _| {
                    colour::gain(main, 160)
                });
            }
            let shade = if peak { second } else { main };
            let front = [(60, 10), (200, 2), (270, -44), (180, -74), (60, -60)];
            canvas.fill(&seat.symmetrical(&front), round(colour::gain(shade, 236), seat.units(280), 22));
            canvas.fill(&Path::default().ellipse(seat.at(0, 172), 13 * STEP, 9 * STEP, 0), trim);
        }
        Form::Soft { height } => {
            let puff = [(150, height + 10), (290, height), (350, height * 5 / 8), (290, 40), (230, -10)];
            canvas.fill(&seat.symmetrical(&puff), |x, y| {
                let fold = sine(
                    ((x - seat.middle.x) / 3).abs() * (seat.units(height) * 2 + y - seat.middle.y).max(0)
                        / seat.units(height).max(1),
                ) >> 8;
                colour::add(cloth(x, y), fold)
            });
            canvas.fill(&seat.band(252, -50, 40, 40), trim);
        }
        Form::Beanie => {
            let dome = [(110, 216), (226, 180), (266, 60), (256, -10), (120, -20)];
            let knit = move |tone: Rgb| {
                let lit = round(tone, seat.units(300), 20);
                move |x: i32, y: i32| colour::add(lit(x, y), (sine(x * 3) >> 8) + (sine(x * 3 + y * 4) >> 8))
            };
            canvas.fill(&seat.symmetrical(&dome), knit(main));
            canvas.fill(&seat.band(262, -54, 30, 36), knit(second));
            canvas.fill(
                &Path::default().ellipse(seat.at(0, 226), seat.units(64), seat.units(58), 0),
                knit(second),
            );
        }
        Form::Bicorne => {
            let shape =
                [(50, 300), (190, 270), (260, 150), (390, 60), (480, 30), (440, -60), (240, -40), (80, 0)];
            canvas.fill(&seat.symmetrical(&shape), cloth);
            let edge: Vec<Point> = [(-450, -30), (-200, -40), (0, 20), (200, -40), (450, -30)]
                .iter()
                .map(|(x, y)| seat.at(*x, *y))
                .collect();
            canvas.fill(&Path::default().ribbon(&edge, 14 * STEP, 200), |x, y| {
                mix(cloth(x, y), rgb(0x9c7c40), 150)
            });
            skull(canvas, seat, second);
        }
        Form::Helmet { horns } => {
            if horns {
                let horn = [seat.at(220, 60), seat.at(380, 50), seat.at(420, 150), seat.at(370, 260)];
                canvas.fill(
                    &Path::default().ribbon(&horn, seat.units(110), 30).and_mirrored(),
                    round(second, seat.units(520), 18),
                );
            }
            let dome = [(120, 230), (250, 190), (284, 60), (278, -40), (130, -40)];
            canvas.fill(&seat.symmetrical(&dome), |x, y| {
                let glint = inside(x, y, seat.at(-90, 130), (seat.units(60), seat.units(80)));
                colour::add(cloth(x, y), (65_536 - glint).max(0) >> 10)
            });
            canvas.fill(
                &seat.band(284, -52, 16, 30),
                round(colour::gain(if horns { main } else { second }, 210), seat.units(290), 16),
            );
            let ridge = [seat.at(0, 226), seat.at(0, 100), seat.at(0, -30)];
            canvas.fill_blended(&Path::default().ribbon(&ridge, 16 * STEP, 200), 140, |_, _| {
                colour::gain(main, 300)
            });
        }
        Form::Bubble => {
            let Build { centre, top, chin, widths, .. } = head.build;
            let (rx, ry) = (widths[1] * 5 / 4, (top + chin) * 10 / 16);
            let middle = centre.moved(0, (chin - top) / 2);
            canvas.fill_masked(&Path::default().ellipse(middle, rx, ry, 0), |x, y| {
                let out = inside(x, y, middle, (rx, ry));
                let shine = inside(x, y, middle.moved(-rx * 7 / 16, -ry / 2), (rx / 4, ry / 3));
                let alpha = 12 + (out >> 11) + ((65_536 - shine).max(0) >> 9);
                (mix(second, [255, 255, 255], 128), alpha)
            });
            canvas.fill(&Path::default().ring(middle, rx, ry, 22 * STEP), round(main, rx, 16));
            // long faces reach the lower edge of the picture
            let foot = Point { y: (middle.y + ry * 15 / 16).min(985 * STEP), ..middle };
            let collar = Path::default().ellipse(foot, rx * 3 / 4, ry / 8, 0);
            canvas.fill(&collar, round(colour::gain(main, 236), rx, 16));
        }
        Form::Crown { height } => {
            let mut corners = Vec::new();
            for n in 0..=10 {
                let across: i32 = n * 46 - 230;
                let tall = if n % 2 == 1 { height - (across.abs() / 4) } else { height / 2 - 20 };
                corners.push(seat.at((across * (256 + tall / 4)) >> 8, tall));
            }
            for n in (0..=10).rev() {
                let across: i32 = n * 46 - 230;
                corners.push(seat.at(across, -30 + across * across / 1500));
            }
            canvas.fill(&Path::default().polygon(&corners), |x, y| {
                colour::add(cloth(x, y), sine((x - seat.middle.x) * 2 / 3) >> 7)
            });
            canvas.fill(&seat.band(228, -34, 4, 34), round(colour::gain(main, 200), seat.units(250), 14));
            for across in [-184, -92, 0, 92, 184] {
                let jewel = seat.at(across * 15 / 16, 16 - (34 - across * across / 1900) / 2);
                canvas.fill(&Path::default().ellipse(jewel, 12 * STEP, 12 * STEP, 0), |x, y| {
                    let glint = inside(x, y, jewel.moved(-60, -60), (90, 90));
                    colour::add(second, (65_536 - glint).max(0) >> 9)
                });
            }
        }
        Form::Mortarboard => {
            canvas
                .fill(&seat.symmetrical(&[(150, 120), (230, 110), (240, 20), (236, -40), (110, -50)]), cloth);
            let board = [seat.at(0, 210), seat.at(360, 140), seat.at(0, 60), seat.at(-360, 140)];
            canvas.fill(&Path::default().polygon(&board), round(colour::add(main, 16), seat.units(380), 20));
            let string = [seat.at(0, 140), seat.at(250, 132), seat.at(290, 120), seat.at(290, 0)];
            let tassel = Path::default().ribbon(&string, 8 * STEP, 256).ellipse(
                seat.at(290, -20),
                14 * STEP,
                30 * STEP,
                0,
            );
            canvas.fill(&tassel, trim);
        }
        _ => {}
    }
}

fn cone(canvas: &mut Canvas<'_>, seat: Seat, item: Worn, brim: i32, height: i32) {
    let Worn { main, second, .. } = item;
    // brims tell wizards from partygoers; without any it is a soft cap with a fur edge
    let foot = if brim == 1 { 150 } else { 226 };
    let lean = if brim == 0 { 120 } else { (brim - 1).min(40) };
    let shape = [
        seat.at(-foot, -20),
        seat.at(-foot * 3 / 4, height / 3),
        seat.at(-foot / 5 + lean / 2, height * 7 / 8),
        seat.at(lean, height),
        seat.at(lean, height),
        seat.at(foot / 4 + lean, height * 3 / 4),
        seat.at(foot * 3 / 4, height / 3),
        seat.at(foot, -20),
        seat.at(0, -60),
    ];
    if brim > 1 {
        let under = Path::default().ellipse(seat.at(0, 0), seat.units(brim), seat.units(brim / 6), 0);
        canvas.fill(&under, round(colour::gain(main, 220), seat.units(brim), 24));
    }
    let lit = round(main, seat.units(foot + 60), 24);
    let stripes = round(second, seat.units(foot + 60), 24);
    canvas.fill(&Path::default().smooth(&shape), |x, y| {
        if brim == 1 && sine((y * 2 + x) / 5) > 0 { stripes(x, y) } else { lit(x, y) }
    });
    let ball = |radius: i32| {
        Path::default().ellipse(seat.at(lean, height - 10), seat.units(radius), seat.units(radius), 0)
    };
    match brim {
        0 => {
            canvas.fill(&seat.band(256, -54, 40, 40), round(second, seat.units(300), 60));
            canvas.fill(&ball(54), round(second, seat.units(260), 60));
        }
        1 => canvas.fill(&ball(36), round(second, seat.units(60), 60)),
        _ => {
            canvas.fill(&seat.band(foot * 15 / 16, -6, 44, 40), stripes);
            let front = [(brim - 20, 16), (brim, 0), (brim * 3 / 4, -36), (brim / 4, -70)];
            canvas.fill(&seat.symmetrical(&front), round(colour::add(main, 8), seat.units(brim), 24));
            // the wizard's, whose brim is narrower, has stars
            let stars = [(-60, 130, 26), (70, 190, 20), (10, 280, 16), (-10, 80, 14)];
            for (across, up, size) in stars.into_iter().filter(|_| brim < 420) {
                canvas.fill(&star(seat.at(across, up), seat.units(size)), |_, _| second);
            }
        }
    }
}

fn star(middle: Point, radius: i32) -> Path {
    let corners: Vec<Point> = (0..10)
        .map(|n| {
            let reach = if n % 2 == 0 { radius } else { radius * 2 / 5 };
            let turn = n * 1024 / 10 - 256;
            middle.moved((reach * sine(turn + 256)) >> 12, (reach * sine(turn)) >> 12)
        })
        .collect();
    Path::default().polygon(&corners)
}

fn skull(canvas: &mut Canvas<'_>, seat: Seat, bone: Rgb) {
    let middle = seat.at(0, 150);
    let size = seat.units(62);
    let cross = [
        middle.moved(-size * 3 / 2, size),
        middle.moved(0, size * 5 / 4),
        middle.moved(size * 3 / 2, size * 3 / 2),
    ];
    let bones = Path::default().ribbon(&cross, size / 4, 256).and_mirrored();
    let face = Path::default().ellipse(middle, size, size * 7 / 8, 0).ellipse(
        middle.moved(0, size * 5 / 8),
        size / 2,
        size / 2,
        0,
    );
    canvas.fill(&bones, |_, _| bone);
    canvas.fill(&face, |_, _| bone);
    let eyes =
        Path::default().ellipse(middle.moved(size * 3 / 8, size / 8), size / 4, size / 4, 0).and_mirrored();
    canvas.fill(&eyes.ellipse(middle.moved(0, size / 2), size / 10, size / 8, 0), |_, _| rgb(0x242020));
}
