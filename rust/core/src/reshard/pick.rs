//! Which samples: keys, conditions, counts and splits applied to the sources' indexes.

use std::collections::HashSet;

use serde_json::Value;

use crate::{
    error::{Error, Result},
    manifest::LeftOut,
    pool::{Cancel, Pool, Stash},
    reshard::{
        options::Options,
        plan::{Picked, Source, field_name},
        select::{self, Fields},
    },
};

/// All fields of the sources, in order of first appearance.
pub(super) fn fields_of(sources: &[Source]) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for source in sources {
        for field in source.shard.index().fields() {
            let field = String::from_utf8_lossy(&field).into_owned();
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
    }
    fields
}

/// The samples to keep, in source order, and those that keep no member or were lost.
pub(super) fn pick(
    sources: &[Source],
    fields: &Fields,
    options: &Options,
    pool: &Pool,
    cancel: &Cancel<'_>,
) -> Result<(Vec<Picked>, Vec<LeftOut>)> {
    let mut wanted: Option<HashSet<&[u8]>> =
        options.keys.as_ref().map(|keys| keys.iter().map(String::as_bytes).collect());
    let mut candidates = Vec::new();
    let mut left_out = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let asked = |lost: &&LeftOut| wanted.as_mut().is_none_or(|wanted| wanted.remove(lost.key.as_bytes()));
        left_out.extend(source.lost.iter().filter(asked).cloned());
        let index = source.shard.index();
        for (sample, members) in index.samples.iter().enumerate() {
            if wanted.as_mut().is_some_and(|wanted| !wanted.remove(index.key(sample))) {
                continue;
            }
            let keeps = |member: u32| field_name(index, member as usize).is_some_and(|f| fields.keeps(&f));
            if members.clone().any(keeps) {
                candidates.push(Picked { source: number, sample, split: 0 });
            } else {
                let key = String::from_utf8_lossy(index.key(sample)).into_owned();
                left_out.push(LeftOut { key, reason: "it has none of the selected fields".to_owned() });
            }
        }
    }
    if let Some(key) = wanted.and_then(|wanted| wanted.into_iter().min()) {
        let key = String::from_utf8_lossy(key);
        return Err(Error::data(format!("keys: the source has no sample {key}")));
    }
    if !options.conditions.is_empty() || !options.split.is_empty() {
        candidates = judge(sources, &candidates, options, pool, cancel)?;
    }
    candidates.truncate(options.first.unwrap_or(usize::MAX));
    if candidates.is_empty() {
        return Err(Error::invalid("the selection leaves no sample"));
    }
    Ok((candidates, left_out))
}

/// Reads each candidate's JSON, applies the conditions and assigns the split.
fn judge(
    sources: &[Source],
    candidates: &[Picked],
    options: &Options,
    pool: &Pool,
    cancel: &Cancel<'_>,
) -> Result<Vec<Picked>> {
    let weights: Vec<f64> = options.split.iter().map(|(_, weight)| *weight).collect();
    let judge_one = |buffer: &mut Vec<u8>, mut picked: Picked| {
        let shard = &sources[picked.source].shard;
        let index = shard.index();
        let json = match index.member_of(picked.sample, b"json") {
            None => Value::Null,
            Some(member) => {
                shard.read_member(member, buffer)?;
                parse_json(buffer).map_err(|error| {
                    error
                        .in_shard(shard.path())
                        .in_member(index.name(member))
                        .at_offset(index.data_offset[member])
                })?
            }
        };
        let key = String::from_utf8_lossy(index.key(picked.sample));
        let identity = select::identity(Some(&json), &key);
        if !options.conditions.iter().all(|condition| condition.holds(&json, identity)) {
            return Ok(None);
        }
        if !weights.is_empty() {
            picked.split = select::split_of(identity, &weights);
        }
        Ok(Some(picked))
    };
    let judged = pool.map(candidates.iter().copied(), &Stash::new(), cancel, judge_one)?;
    Ok(judged.into_iter().flatten().collect())
}

/// Parses a sample's JSON.
pub(super) fn parse_json(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|e| Error::data(format!("the sample's JSON cannot be read: {e}")))
}
