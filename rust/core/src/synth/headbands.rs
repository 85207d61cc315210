//! What is worn on the head and leaves room for a hat: bands, wreaths, ears on a hoop, bows.

use super::{
    canvas::Canvas,
    coat::inside,
    colour::{self, mix, rgb},
    hats::Seat,
    head::Head,
    light::round,
    path::{Path, Point, STEP, sine},
    worn::{Form, Worn},
};

/// Draws an accessory if it is one of these.
pub(super) fn draw(head: &Head, canvas: &mut Canvas<'_>, item: Worn) {
    let seat = Seat::of(&head.build);
    let Worn { form, main, second } = item;
    match form {
        Form::Band => {
            canvas.fill(&seat.band(264, -24, 36, 40), round(main, seat.units(300), 26));
            canvas.fill(&seat.band(264, -2, 14, 40), round(second, seat.units(300), 20));
        }
        Form::Halo => {
            let ring = Path::default().ring(seat.at(0, 270), seat.units(210), seat.units(62), 20 * STEP);
            canvas.fill(&ring, |x, y| mix(main, second, (sine((x + y) / 4) >> 5) + 128));
        }
        Form::Wreath { flowers } => wreath(canvas, seat, item, flowers),
        Form::Bunny | Form::CatEars | Form::Antlers | Form::Devil => ears(canvas, seat, item),
        Form::Bow => bow(canvas, seat.at(130, 170), seat.units(120), item),
        _ => {}
    }
}

fn wreath(canvas: &mut Canvas<'_>, seat: Seat, item: Worn, flowers: bool) {
    for n in 0..26 {
        let across = n * 44 - 550;
        let turn = across * 256 / 550;
        let place =
            seat.at((290 * sine(turn)) >> 12, 20 - ((60 * sine(turn + 256)) >> 12) + (n * 37 % 23) - 8);
        let angle = n * 173 % 1024;
        let tone = if n % 3 == 0 { item.second } else { item.main };
        if flowers && n % 3 == 0 {
            let tones = [item.second, rgb(0xf4d860), rgb(0xf4f0f4), rgb(0xb888d8)];
            let petal = tones[n as usize / 3 % 4];
            for leaf in 0..5 {
                let turn = leaf * 1024 / 5 + angle;
                let at = place.moved((sine(turn + 256) * 17 * STEP) >> 12, (sine(turn) * 17 * STEP) >> 12);
                canvas.fill(&Path::default().ellipse(at, 15 * STEP, 12 * STEP, turn), |x, y| {
                    colour::gain(petal, 262 - (inside(x, y, place, (30 * STEP, 30 * STEP)) >> 11))
                });
            }
            canvas.fill(&Path::default().ellipse(place, 9 * STEP, 9 * STEP, 0), |_, _| rgb(0xd89828));
        } else {
            let leaf = Path::default().ellipse(place, 38 * STEP, 14 * STEP, angle);
            canvas.fill(&leaf, |x, y| {
                let out = inside(x, y, place, (40 * STEP, 40 * STEP));
                colour::gain(tone, 300 - (out >> 10) + ((x - y) >> 5).clamp(-40, 40))
            });
            let vein = [
                place.moved(-36 * STEP, 0).turned(place, angle),
                place,
                place.moved(36 * STEP, 0).turned(place, angle),
            ];
            canvas.fill_blended(&Path::default().ribbon(&vein, 4 * STEP, 60), 150, |_, _| {
                colour::gain(tone, 180)
            });
        }
    }
}

fn ears(canvas: &mut Canvas<'_>, seat: Seat, item: Worn) {
    let Worn { form, main, second } = item;
    let plush = round(main, seat.units(420), 60);
    let lining = round(second, seat.units(420), 40);
    let (outer, inner) = match form {
        Form::Bunny => {
            let at = seat.at(150, 300);
            let ear = |rx: i32, ry: i32| Path::default().ellipse(at, seat.units(rx), seat.units(ry), 34);
            (ear(78, 220), Some(ear(44, 170)))
        }
        Form::CatEars => {
            let ear = Path::default().smooth(&[
                seat.at(80, 130),
                seat.at(226, 330),
                seat.at(236, 330),
                seat.at(290, 40),
            ]);
            (ear.clone(), Some(ear.shrunk(150)))
        }
        Form::Devil => {
            let horn = [seat.at(130, 120), seat.at(210, 170), seat.at(250, 230), seat.at(200, 320)];
            (Path::default().ribbon(&horn, seat.units(90), 10), None)
        }
        _ => {
            let beam = [seat.at(110, 120), seat.at(150, 240), seat.at(260, 260), seat.at(270, 400)];
            let tine = [seat.at(215, 270), seat.at(330, 280), seat.at(350, 350)];
            (Path::default().ribbon(&beam, seat.units(46), 180).ribbon(&tine, seat.units(38), 160), None)
        }
    };
    canvas.fill(&outer.and_mirrored(), plush);
    if let Some(inner) = inner {
        canvas.fill(&inner.and_mirrored(), lining);
    }
    let arc = [seat.at(-262, -10), seat.at(-210, 210), seat.at(210, 210), seat.at(262, -10)];
    let band =
        if form == Form::Antlers { lining } else { round(colour::gain(main, 226), seat.units(420), 30) };
    canvas.fill(&Path::default().ribbon(&arc, 26 * STEP, 220), band);
}

/// A bow `half` units wide on each side; also used as a tie.
pub(super) fn bow(canvas: &mut Canvas<'_>, middle: Point, half: i32, item: Worn) {
    let at = |x: i32, y: i32| middle.moved(x, y);
    for side in [-1, 1] {
        let wing = [
            at(0, -half / 6),
            at(side * half, -half * 3 / 4),
            at(side * half * 5 / 4, 0),
            at(side * half, half * 3 / 4),
            at(0, half / 6),
        ];
        canvas.fill(&Path::default().smooth(&wing), |x, y| {
            let fold = sine((y - middle.y) * 700 / ((x - middle.x).abs() + half / 2)) >> 7;
            colour::add(colour::gain(item.main, 230 + (x - middle.x).abs() * 40 / half), fold)
        });
    }
    let knot = Path::default().ellipse(middle, half / 4, half / 3, 0);
    canvas.fill(&knot, |x, _| colour::gain(item.second, 270 - (x - middle.x) * 60 / half));
}
