//! An epoch decoded ahead: the same for any threads, in memory that is written once, ended at any time.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{path::Path, sync::Arc};

use turboshard::{
    catalog::Catalog,
    codec::{Codec, DecodeOptions, EncodeOptions},
    error::Kind,
    image::{Size, Subsampling, View},
    index::Policy,
    loader::{
        Bank, Batch, Deal, Draw, Hand, Iteration, Limits, Memory, Pick, Recipe, Taken, load, permutation,
    },
    pool::{Cancel, Pool, Stash},
    release::Release,
    tar::write::{Archive, LongNames},
};

const SAMPLES: usize = 7;
const SIDE: usize = 24;

/// Two shards of samples of two images and JSON; the last sample lacks its second image.
fn catalog_in(folder: &Path) -> Arc<Catalog> {
    let mut codec = Codec::default();
    for (shard, samples) in [(0, 0..3), (1, 3..SAMPLES)] {
        let mut tar = Archive::new(LongNames::Gnu);
        for sample in samples {
            for field in ["a", "b"].into_iter().take(if sample == SAMPLES - 1 { 1 } else { 2 }) {
                let pixels = vec![(sample * 30 + usize::from(field == "b") * 9) as u8; SIDE * SIDE * 3];
                let view = View { pixels: &pixels, size: Size::square(SIDE), channels: 3 };
                let mut jpeg = Vec::new();
                let options = EncodeOptions { quality: 95, subsampling: Subsampling::S444, optimize: false };
                codec.encode_into(view, options, &mut jpeg).unwrap();
                tar.member(format!("k{sample}.{field}.jpg"), &jpeg).unwrap();
            }
            tar.member(format!("k{sample}.json"), format!("{{\"n\":{sample}}}").as_bytes()).unwrap();
        }
        std::fs::write(folder.join(format!("r-{shard}.tar")), tar.finish()).unwrap();
    }
    let release = Release::open(&[folder.to_str().unwrap()]).unwrap();
    let pool = Pool::new(1).unwrap();
    Arc::new(Catalog::open(&release, Policy::default(), None, &pool, &Cancel::never()).unwrap())
}

fn recipe(catalog: &Catalog) -> Recipe {
    let mut recipe = Recipe {
        fields: vec![b"a.jpg".to_vec(), b"b.jpg".to_vec()],
        picks: vec![Pick::Field(0), Pick::Field(1)],
        decode: DecodeOptions::default(),
        size: Size::square(0),
        random_crop: false,
        hflip: 0.0,
        normalize: None,
    };
    recipe.settle(catalog, None).unwrap();
    recipe
}

fn taken(catalog: &Arc<Catalog>, ring: Vec<Memory>) -> Taken {
    Taken {
        catalog: Arc::clone(catalog),
        recipe: Arc::new(recipe(catalog)),
        order: permutation(3, 1, catalog.fingerprint(), SAMPLES as u32),
        draw: Draw { seed: 3, epoch: 1 },
        deal: Deal {
            samples: SAMPLES as u64,
            start: 0,
            rank: 0,
            world_size: 1,
            batch_size: 2,
            drop_last: false,
            worker: 0,
            workers: 1,
        },
        bank: Arc::new(Bank::of_batches()),
        ring,
    }
}

fn limits(threads: usize) -> Limits {
    Limits { threads, prefetch: 3, bytes: usize::MAX }
}

/// Samples, validity, failed places and pixels of each batch.
type Told = Vec<(Vec<(usize, bool, Vec<usize>)>, Vec<u8>)>;

fn told(batches: Vec<Batch>) -> Told {
    let tell = |mut batch: Batch| {
        let pixels = batch.memory.bytes().to_vec();
        let rows = batch.rows.into_iter().map(|(sample, valid, row)| {
            assert_eq!(row.json.unwrap(), format!("{{\"n\":{sample}}}").as_bytes());
            (sample, valid, row.errors.into_iter().map(|(place, _)| place).collect())
        });
        (rows.collect(), pixels)
    };
    batches.into_iter().map(tell).collect()
}

fn all(iteration: &Iteration) -> Vec<Batch> {
    std::iter::from_fn(|| iteration.next(None, &Cancel::never()).unwrap()).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_batches() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog_in(folder.path());
    let one = told(all(&Iteration::begin(taken(&catalog, Vec::new()), limits(1)).unwrap()));
    assert_eq!(one.len(), 4);
    let order = permutation(3, 1, catalog.fingerprint(), SAMPLES as u32);
    let seen: Vec<_> = one.iter().flat_map(|(rows, _)| rows).map(|row| row.0 as u32).collect();
    assert_eq!((&seen[..SAMPLES], seen[SAMPLES]), (&order[..], order[0]));
    for (number, (rows, pixels)) in one.iter().enumerate() {
        for (row, (sample, valid, failed)) in rows.iter().enumerate() {
            assert_eq!(*valid, number * 2 + row < SAMPLES);
            assert_eq!(*failed, if *sample == SAMPLES - 1 { vec![1] } else { vec![] });
            let image = &pixels[row * 2 * SIDE * SIDE * 3..][..SIDE * SIDE * 3];
            let wanted = (sample * 30) as u8;
            assert!(image.iter().all(|&value| value.abs_diff(wanted) <= 1), "sample {sample}");
        }
    }
    for threads in [2, 5] {
        let iteration = Iteration::begin(taken(&catalog, Vec::new()), limits(threads)).unwrap();
        assert_eq!(told(all(&iteration)), one);
        assert_eq!(iteration.stats().batches, 4);
        assert!(iteration.next(None, &Cancel::never()).unwrap().is_none());
    }
}

#[test]
fn rows_by_number_are_the_rows_of_an_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog_in(folder.path());
    let recipe = recipe(&catalog);
    let draw = Draw { seed: 3, epoch: 1 };
    let mut out = vec![9; recipe.row_bytes() * 3];
    let (pool, stash, cancel) = (Pool::new(2).unwrap(), Stash::<Hand>::new(), Cancel::never());
    let rows = load(&catalog, &recipe, &[6, 0, 3], draw, (&pool, &stash, &cancel), &mut out).unwrap();
    assert_eq!(rows.iter().map(|row| row.errors.len()).collect::<Vec<_>>(), [1, 0, 0]);
    let missing = &rows[0].errors[0].1;
    assert!(matches!(missing.kind(), Kind::Data(_)) && missing.place().member.as_deref() == Some("k6"));
    assert!(out[recipe.image_bytes()..recipe.row_bytes()].iter().all(|&value| value == 0));
    assert!(out[recipe.row_bytes() * 2] > 80);
    assert!(load(&catalog, &recipe, &[0], draw, (&pool, &stash, &cancel), &mut out).is_err());
    assert!(
        load(&catalog, &recipe, &[99, 0, 1], draw, (&pool, &stash, &cancel), &mut out).unwrap()[0]
            .errors
            .len()
            == 2
    );
}

#[test]
fn lent_memory_is_filled_in_turn_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog_in(folder.path());
    let expected = told(all(&Iteration::begin(taken(&catalog, Vec::new()), limits(1)).unwrap()));
    for threads in [1, 3] {
        let length = recipe(&catalog).row_bytes() * 2;
        let mut buffers = vec![vec![7_u8; length]; 2];
        // SAFETY: the buffers outlive the iteration and nobody else looks at them meanwhile.
        #[allow(unsafe_code)]
        let ring = buffers.iter_mut().map(|b| unsafe { Memory::lent(b.as_mut_ptr(), length) }).collect();
        let iteration = Iteration::begin(taken(&catalog, ring), limits(threads)).unwrap();
        let mut returned = None;
        for (number, (_, pixels)) in expected.iter().enumerate() {
            let mut batch = iteration.next(returned.take(), &Cancel::never()).unwrap().unwrap();
            assert!(batch.memory.is_lent());
            assert_eq!(batch.memory.bytes(), pixels, "batch {number}");
            returned = Some(batch.memory);
        }
        drop(iteration);
    }
    let small = Iteration::begin(taken(&catalog, vec![Memory::new(3)]), limits(1));
    assert!(small.is_err());
}

#[test]
fn it_can_be_ended_at_any_time() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = catalog_in(folder.path());
    for taken_before in 0..4 {
        let iteration = Iteration::begin(taken(&catalog, Vec::new()), limits(3)).unwrap();
        for _ in 0..taken_before {
            iteration.next(None, &Cancel::never()).unwrap().unwrap();
        }
        iteration.close();
        assert!(iteration.next(None, &Cancel::never()).is_err());
        iteration.close();
    }
    let stopped = Cancel::never();
    stopped.set();
    let iteration = Iteration::begin(taken(&catalog, Vec::new()), limits(1)).unwrap();
    assert!(iteration.next(None, &stopped).err().unwrap().is_cancelled());
}
