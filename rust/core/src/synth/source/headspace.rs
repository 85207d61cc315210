//! Headspace's layout: scans with textures, landmarks, metadata, and FLAME registrations of most.

use super::{
    File, SourceOptions, picture,
    sheet::{Sheet, Skin, thousandths},
};
use crate::{
    datasets::headspace::NUM_LANDMARKS,
    error::Result,
    random::{Random, mix},
    synth::SynthScratch,
};

/// Every so many subjects there is one of two captures.
const TWICE: u64 = 7;
/// Every so many subjects there is one without registration: 1,211 of 1,519 have one.
const UNREGISTERED: u64 = 5;
const GENDERS: [&str; 2] = ["female", "male"];
const GROUPS: [&str; 4] = ["white british", "asian", "black", ""];
const AMOUNTS: [&str; 4] = ["none", "low", "medium", "high"];
const COLOURS: [&str; 4] = ["blue", "brown", "green", "grey"];
const QUALITIES: [&str; 4] = ["none", "hair bulge", "cap artefact", "cranial hole"];

/// The files of a subject.
pub(super) fn subject(scratch: &mut SynthScratch, options: &SourceOptions, number: u64) -> Result<Vec<File>> {
    let id = format!("{:05}", number + 1);
    let folder = format!("headspaceOnline/subjects/{id}");
    let mut random = Random::new(mix(options.seed ^ 0x4ead).wrapping_add(number));
    let mut files = vec![(format!("{folder}/subject.txt"), metadata(&id, &mut random))];
    for capture in 0..=u64::from(number % TWICE == TWICE - 1) {
        let root = format!("{:012}", 180_716_000_000 + number * 100 + capture);
        let scan = Sheet {
            across: 24,
            down: 30,
            origin: [-90_000, 130_000, 40_000],
            step: 8000,
            skin: Skin::Texture,
        };
        let text = scan.obj(&mut random, &format!("mtllib {root}.mtl\nusemtl {root}\n"));
        files.push((format!("{folder}/{root}.obj"), text));
        let materials = format!("newmtl {root}\nKd 1 1 1\nmap_Kd {root}.bmp\n");
        files.push((format!("{folder}/{root}.mtl"), materials.into_bytes()));
        let texture = picture(scratch, options, number, capture as usize)?;
        files.push((format!("{folder}/{root}.bmp"), bmp(texture.pixels, options.size)));
        let vertex = |_| format!("{}\n", 1 + random.below(scan.across * scan.down));
        let landmarks: String = (0..NUM_LANDMARKS).map(vertex).collect();
        files.push((format!("{folder}/ldmks{root}.txt"), landmarks.into_bytes()));
        if number % UNREGISTERED != UNREGISTERED - 1 && capture == 0 {
            files.push((format!("LYHM/registrations/{id}/{root}.obj"), registration(&mut random)));
        }
    }
    Ok(files)
}

/// A mesh of as many vertices as a FLAME head.
fn registration(random: &mut Random) -> Vec<u8> {
    let vertices = (0..5023).map(|_| {
        let xyz = [(); 3].map(|()| thousandths(random.below(300) as i64 - 150));
        format!("v {}\n", xyz.join(" "))
    });
    let faces = (1..5021).step_by(2).map(|first| format!("f {first} {} {}\n", first + 1, first + 2));
    vertices.chain(faces).collect::<String>().into_bytes()
}

fn metadata(id: &str, random: &mut Random) -> Vec<u8> {
    let mut one_of = |words: &[&'static str]| {
        words.get(random.below(words.len() as u64) as usize).copied().unwrap_or_default()
    };
    let mut lines = vec![
        format!("id:{id}"),
        format!("gender:{}", one_of(&GENDERS)),
        format!("declaredethnicGroup:{}", one_of(&GROUPS)),
        format!("eyeColour:{}", one_of(&COLOURS)),
        "expression:neutral".to_owned(),
        format!("beardDescriptor:{}", one_of(&AMOUNTS)),
        format!("moustacheDescriptor:{}", one_of(&AMOUNTS)),
        format!("spectaclesFlag:{}", one_of(&["0", "0", "0", "1"])),
        format!("qualityDescriptor:{}", one_of(&QUALITIES)),
        format!("underChinHoleFlag:{}", one_of(&["0", "1"])),
    ];
    let age = random.below(91);
    // Some do not say.
    let age = if age < 4 { String::new() } else { age.to_string() };
    lines.insert(2, format!("age:{age}"));
    lines.push(String::new());
    lines.join("\r\n").into_bytes()
}

/// A square of RGB as an uncompressed BMP of 24 bits, from the last row to the first.
fn bmp(pixels: &[u8], side: usize) -> Vec<u8> {
    let stride = (side * 3).next_multiple_of(4);
    let size = (54 + stride * side) as u32;
    let mut file = b"BM".to_vec();
    for number in [size, 0, 54, 40, side as u32, side as u32, (24 << 16) | 1, 0, 0, 2835, 2835, 0, 0] {
        file.extend(number.to_le_bytes());
    }
    for row in pixels.chunks_exact((side * 3).max(1)).rev() {
        file.extend(row.chunks_exact(3).flat_map(|pixel| pixel.iter().rev()));
        file.resize(file.len() + stride - side * 3, 0);
    }
    file
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::codec::{Codec, DecodeOptions};

    #[test]
    fn a_bmp_has_the_pixels_it_was_made_of() {
        for side in [1, 2, 3, 5, 8] {
            let pixels: Vec<u8> = (0..side * side * 3).map(|i| (i * 37 % 251) as u8).collect();
            let file = bmp(&pixels, side);
            let mut found = vec![0; pixels.len()];
            Codec::default().decode_into(&file, &DecodeOptions::default(), &mut found).unwrap();
            assert_eq!(found, pixels, "{side}");
            assert_eq!(file.len(), 54 + (side * 3).next_multiple_of(4) * side);
        }
    }
}
