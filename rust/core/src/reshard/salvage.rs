//! What can still be had of a shard whose tar structure is damaged: its whole samples, and the names of the others.
//!
//! A sample is whole if no damage lies inside it. One that lies beside damage may have lost members to it: it counts as
//! whole if it has every field that any sample away from damage has.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
    path::Path,
    sync::Arc,
};

use crate::{
    disk,
    error::{Error, Kind, Result},
    fault::TarFault,
    index::{Index, lower, split_key},
    manifest::LeftOut,
    samples::{SAMPLES_NAME, SampleRow},
    shard::{self, Shard},
    stamp::Stamp,
    sums::base_name,
    tar::read::Entry,
    verify::survey::{Damage, Member, Survey, lossy},
};

/// Bytes read at a time: whole blocks.
const CHUNK: usize = 1 << 20;
/// Key of what was lost and has no name.
const NAMELESS: &str = "-";

/// A run of members with one key.
struct Run<'a> {
    key: &'a [u8],
    members: Range<usize>,
    span: Range<u64>,
    fields: BTreeSet<Vec<u8>>,
    /// Why it is left out.
    bad: Option<String>,
}

/// Opens a shard that strict reading refused with `refused`; beside it what is left out of it.
///
/// # Errors
/// `refused` if it is not about the structure, or if this is no tar at all; `Io`; those of `go_on`.
pub(super) fn open(
    path: &Path,
    refused: Error,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<(Shard, Vec<LeftOut>)> {
    if !matches!(refused.kind(), Kind::Tar(fault) if !matches!(fault, TarFault::NotTar | TarFault::Compressed))
    {
        return Err(refused);
    }
    let stamp = Stamp::of_path(path)?;
    let (size, mut survey) = survey(path, go_on)?;
    if let Some(error) = survey.failed.take() {
        return Err(error);
    }
    let (members, damage) = (survey.members, survey.damage);
    let mut runs = runs(&members);
    let mut left_out = Vec::new();
    mark_repeated(&mut runs, &members);
    for damage in &damage {
        mark_damaged(&mut runs, damage, &mut left_out);
    }
    mark_unproved(&mut runs, &damage);
    let whole = runs.iter().filter(|run| run.bad.is_none()).flat_map(|run| run.members.clone());
    let entries = whole.filter_map(|number| members.get(number)).map(|member| Entry {
        header_offset: member.span.start,
        data_offset: member.data.start,
        size: member.data.end - member.data.start,
        name: &member.name,
    });
    let index = Index::of_entries(size, entries).map_err(|e| e.in_shard(path))?;
    let bad = runs.iter().filter_map(|run| Some(LeftOut { key: lossy(run.key), reason: run.bad.clone()? }));
    let mut named: Vec<LeftOut> = Vec::new();
    for lost in bad.chain(left_out) {
        if lost.key == NAMELESS || !named.iter().any(|other| other.key == lost.key) {
            named.push(lost);
        }
    }
    Ok((Shard::with_index(path, Arc::new(index), stamp)?, named))
}

/// Adds the samples that are listed for the damaged shard and are not in it any more. The list then tells by name what was
/// lost, as damage itself cannot.
pub(super) fn name_the_lost(filename: &str, shard: &Shard, rows: &[SampleRow], left_out: &mut Vec<LeftOut>) {
    let known: BTreeSet<String> = left_out.iter().map(|lost| lost.key.clone()).collect();
    let gone = |row: &&SampleRow| {
        base_name(&row.shard) == filename
            && !known.contains(&row.sample_key)
            && shard.index().find(row.sample_key.as_bytes()).is_none()
    };
    let gone: Vec<LeftOut> = rows
        .iter()
        .filter(gone)
        .map(|row| LeftOut {
            key: row.sample_key.clone(),
            reason: format!("missing-sample: {SAMPLES_NAME} lists it in {filename}, which is damaged"),
        })
        .collect();
    if rows.iter().any(|row| base_name(&row.shard) == filename) {
        left_out.retain(|lost| lost.key != NAMELESS);
    }
    left_out.extend(gone);
}

/// The walk over the whole file, with resynchronisation behind damage.
fn survey(path: &Path, go_on: &dyn Fn() -> Result<()>) -> Result<(u64, Survey)> {
    let (file, size) = shard::open_regular(path)?;
    let file = Arc::new(file);
    let mut survey = Survey::of_structure(path, Arc::clone(&file), size);
    let (mut chunk, mut offset) = (vec![0; CHUNK], 0);
    loop {
        go_on()?;
        let got = disk::pread(&file, &mut chunk, offset).map_err(|e| Error::io(path, e))?;
        survey.take(chunk.get(..got).unwrap_or_default(), offset, &mut Vec::new(), drop);
        offset += got as u64;
        if got < chunk.len() {
            break;
        }
    }
    survey.finish();
    Ok((size, survey))
}

fn runs(members: &[Member]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    for (number, member) in members.iter().enumerate() {
        let Some((key, field)) = split_key(&member.name) else { continue };
        if runs.last().is_none_or(|run| run.key != key) {
            let (members, span, fields) = (number..number, member.span.clone(), BTreeSet::new());
            runs.push(Run { key, members, span, fields, bad: None });
        }
        if let Some(run) = runs.last_mut() {
            (run.members.end, run.span.end) = (number + 1, member.span.end);
            if !run.fields.insert(lower(field).to_vec()) {
                let error = Error::tar(TarFault::Duplicate, member.span.start).in_member(&member.name);
                run.bad = Some(format!("{}: {error}", TarFault::Duplicate.code()));
            }
        }
    }
    runs
}

/// A key that comes again after another: which of the runs is the sample nobody knows.
fn mark_repeated(runs: &mut [Run<'_>], members: &[Member]) {
    let mut counts: HashMap<&[u8], usize> = HashMap::new();
    for run in runs.iter() {
        *counts.entry(run.key).or_default() += 1;
    }
    for run in runs.iter_mut().filter(|run| counts.get(run.key).is_some_and(|&count| count > 1)) {
        let name = members.get(run.members.start).map_or(&[][..], |member| &member.name);
        let error = Error::tar(TarFault::Scattered, run.span.start).in_member(name);
        run.bad.get_or_insert(format!("{}: {error}", TarFault::Scattered.code()));
    }
}

/// Marks the samples that damage lies in or that it names; adds what else was lost by it.
fn mark_damaged(runs: &mut [Run<'_>], damage: &Damage, left_out: &mut Vec<LeftOut>) {
    let key = split_key(damage.member.as_deref().unwrap_or_default().as_bytes()).map(|(key, _)| key);
    let (mut inside, mut named) = (false, false);
    for run in runs {
        let is_inside = run.span.start < damage.offset && damage.offset < run.span.end;
        if is_inside || key == Some(run.key) {
            run.bad.get_or_insert(reason(damage, ""));
        }
        (inside, named) = (inside || is_inside, named || key == Some(run.key));
    }
    if let Some(key) = key.filter(|_| !named) {
        left_out.push(LeftOut { key: lossy(key), reason: reason(damage, "") });
    }
    // Between two members of one sample lies nothing but members of it; elsewhere there can have been anything.
    if !inside && may_hide(damage) {
        let reason = reason(damage, "; samples that no list names may be lost by it");
        left_out.push(LeftOut { key: NAMELESS.to_owned(), reason });
    }
}

/// Marks the samples on both sides of damage that are not provably whole.
fn mark_unproved(runs: &mut [Run<'_>], damage: &[Damage]) {
    let mut beside: HashMap<usize, &Damage> = HashMap::new();
    for damage in damage.iter().filter(|damage| takes_members(damage)) {
        let behind = runs.partition_point(|run| run.span.start < damage.offset);
        for number in [behind.checked_sub(1), Some(behind)].into_iter().flatten() {
            beside.entry(number).or_insert(damage);
        }
    }
    let away =
        runs.iter().enumerate().filter(|(number, run)| run.bad.is_none() && !beside.contains_key(number));
    let mut due: Option<BTreeSet<Vec<u8>>> = None;
    for (_, run) in away {
        due.get_or_insert_default().extend(run.fields.iter().cloned());
    }
    for (number, damage) in beside {
        if let Some(run) = runs.get_mut(number)
            && !due.as_ref().is_some_and(|due| due.is_subset(&run.fields))
        {
            run.bad.get_or_insert(reason(damage, "; the sample lies beside it and may lack members"));
        }
    }
}

/// True for damage in which members that belong to a neighbour can have got lost.
fn takes_members(damage: &Damage) -> bool {
    !matches!(
        damage.fault,
        TarFault::Link
            | TarFault::Sparse
            | TarFault::NotAFile
            | TarFault::UnknownType
            | TarFault::EmptyName
            | TarFault::LoneEndMarker
            | TarFault::TrailingGarbage
    )
}

/// True for damage in which samples can be hidden that nothing names.
fn may_hide(damage: &Damage) -> bool {
    damage.range.is_some() || matches!(damage.fault, TarFault::EmptyName | TarFault::NoEndMarker)
}

fn reason(damage: &Damage, more: &str) -> String {
    let error = Error::tar(damage.fault, damage.offset);
    let error = match &damage.member {
        Some(member) => error.in_member(member.as_bytes()),
        None => error,
    };
    format!("{}: {error}{more}", damage.fault.code())
}
