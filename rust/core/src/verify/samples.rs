//! Whether samples are complete: by their release's contract and fields, its list of samples, and their own JSON.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::{
    digest::Digest,
    fault::TarFault,
    index::{lower, split_key},
    reghead,
    reshard::select::is_image,
    samples::SampleRow,
    sums::base_name,
    verify::{
        deep::{Card, Surveyed},
        problem::{Problem, reason},
        survey::{Member, is_json, lossy},
    },
};

/// What a release promises of each of its samples.
#[derive(Debug, Clone, Default)]
pub(super) struct Promise {
    /// Fields of every sample, lower-cased; empty if none is named.
    fields: Vec<String>,
    /// Rows of the sample list, by key.
    rows: Option<HashMap<String, SampleRow>>,
}

impl Promise {
    /// Reads it from a manifest and a list of samples.
    pub(super) fn of(manifest: Option<&Value>, rows: Option<Vec<SampleRow>>) -> Self {
        let mut fields: Vec<String> = Vec::new();
        if let Some(manifest) = manifest {
            if manifest["contract"] == "reghead" {
                fields.extend(reghead::FIELDS.iter().chain([&reghead::JSON_FIELD]).map(|f| (*f).to_owned()));
            }
            let listed = manifest["fields"].as_array().filter(|_| manifest["complete"] != Value::Bool(false));
            for field in listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase) {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        let by_key =
            |rows: Vec<SampleRow>| rows.into_iter().map(|row| (row.sample_key.clone(), row)).collect();
        Self { fields, rows: rows.map(by_key) }
    }

    /// What a shard is held against, as a digest; `None` if that of one shard depends on the others: a listed sample that
    /// names no shard may be in any.
    pub(super) fn context(&self, lenient: bool) -> Option<Digest> {
        let mut rows: Vec<&SampleRow> = self.rows.iter().flat_map(HashMap::values).collect();
        if rows.iter().any(|row| row.shard.is_empty()) {
            return None;
        }
        rows.sort_unstable_by(|a, b| a.sample_key.cmp(&b.sample_key));
        let all = serde_json::json!([lenient, self.fields, self.rows.is_some(), rows]);
        Some(Digest::of(all.to_string().as_bytes()))
    }
}

/// A shard of a release.
pub(super) struct Part<'a> {
    /// Number of its line in the report.
    pub(super) line: usize,
    /// Its file's name, without folders.
    pub(super) name: String,
    pub(super) surveyed: &'a Surveyed,
    /// Samples that the manifest says it has.
    pub(super) num_samples: Option<u64>,
}

/// A run of members with one key.
struct Sample {
    key: String,
    members: Vec<usize>,
}

/// The keys of a shard, each once, in order.
pub(super) fn keys(surveyed: &Surveyed) -> Vec<String> {
    let mut seen = HashSet::new();
    let keys = runs(surveyed).into_iter().map(|sample| sample.key);
    keys.filter(|key| seen.insert(key.clone())).collect()
}

/// What is wrong with the samples of a release's shards. With `all`, a listed sample that is in none of them is missing;
/// else only one that is listed in one of them.
pub(super) fn check(promise: &Promise, parts: &[Part<'_>], all: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen: HashMap<String, &str> = HashMap::new();
    for part in parts {
        let samples = runs(part.surveyed);
        if let Some(said) = part.num_samples.filter(|&said| said != samples.len() as u64) {
            let words = format!("{} samples, the manifest says {said}", samples.len());
            problems.push(Problem::new(part.line, reason::SAMPLE_COUNT, words));
        }
        let mut own: HashSet<&str> = HashSet::new();
        for sample in &samples {
            let first = sample.members.first().copied();
            if !own.insert(&sample.key) {
                let fault = TarFault::Scattered;
                problems.push(part.problem(sample, first, fault.code(), fault.to_string()));
                continue;
            }
            if let Some(other) = seen.insert(sample.key.clone(), &part.name) {
                let words = format!("{other} has a sample of this key too");
                problems.push(part.problem(sample, first, reason::DUPLICATE_KEY, words));
            }
            part.check_sample(promise, sample, &mut problems);
        }
    }
    let Some(rows) = &promise.rows else { return problems };
    let mut missing: Vec<(usize, &str, &SampleRow)> = Vec::new();
    for (key, row) in rows.iter().filter(|(key, _)| !seen.contains_key(*key)) {
        let there = parts.iter().find(|part| part.name == base_name(&row.shard));
        // A row without a shard can only be missed where all shards were read.
        match (there, parts.first()) {
            (Some(part), _) => missing.push((part.line, key, row)),
            (None, Some(part)) if all && row.shard.is_empty() => missing.push((part.line, key, row)),
            _ => {}
        }
    }
    missing.sort_unstable_by_key(|&(line, key, _)| (line, key));
    problems.extend(missing.into_iter().map(|(line, key, _)| Problem {
        key: Some(key.to_owned()),
        ..Problem::new(line, reason::MISSING_SAMPLE, format!("listed in {}", crate::samples::SAMPLES_NAME))
    }));
    problems
}

fn runs(surveyed: &Surveyed) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for (number, member) in surveyed.members.iter().enumerate() {
        let Some((key, _)) = split_key(&member.name) else { continue };
        match samples.last_mut() {
            Some(sample) if sample.key.as_bytes() == key => sample.members.push(number),
            _ => samples.push(Sample { key: lossy(key), members: vec![number] }),
        }
    }
    samples
}

impl Member {
    /// Its field, lower-cased; empty if it belongs to no sample.
    pub(super) fn field(&self) -> String {
        split_key(&self.name).map_or_else(String::new, |(_, field)| lossy(&lower(field)))
    }
}

impl Part<'_> {
    fn problem(
        &self,
        sample: &Sample,
        member: Option<usize>,
        code: &'static str,
        words: impl Into<String>,
    ) -> Problem {
        let found = member.and_then(|member| self.surveyed.members.get(member));
        Problem {
            key: Some(sample.key.clone()),
            field: found.map(Member::field),
            member: found.map(|member| lossy(&member.name)),
            offset: found.map(|member| member.span.start),
            range: found.map(|member| member.span.clone()),
            ..Problem::new(self.line, code, words)
        }
    }

    fn check_sample(&self, promise: &Promise, sample: &Sample, problems: &mut Vec<Problem>) {
        let mut fields: Vec<String> = Vec::with_capacity(sample.members.len());
        let mut card = None;
        for &number in &sample.members {
            let Some(member) = self.surveyed.members.get(number) else { continue };
            let field = member.field();
            if fields.contains(&field) {
                let fault = TarFault::Duplicate;
                problems.push(self.problem(sample, Some(number), fault.code(), fault.to_string()));
                continue;
            }
            if member.too_large {
                let words =
                    format!("{} bytes are too many to be looked into", member.span.end - member.span.start);
                problems.push(self.problem(sample, Some(number), reason::TOO_LARGE, words));
            }
            let Some(inside) = self.surveyed.inside.get(number) else { continue };
            if let Some((code, words)) = &inside.objection {
                problems.push(self.problem(sample, Some(number), code, words.clone()));
            }
            if is_json(&field) {
                card = inside.card.as_ref();
                if let Some(other) =
                    card.and_then(|card| card.sample_key.as_ref()).filter(|key| **key != sample.key)
                {
                    let words = format!("the JSON is that of {other}");
                    problems.push(self.problem(sample, Some(number), reason::JSON_KEY, words));
                }
            }
            fields.push(field);
        }
        self.check_complete(promise, sample, &fields, card, problems);
    }

    fn check_complete(
        &self,
        promise: &Promise,
        sample: &Sample,
        fields: &[String],
        card: Option<&Card>,
        problems: &mut Vec<Problem>,
    ) {
        let no_card = Card::default();
        let card = card.unwrap_or(&no_card);
        // What a release left out of its fields, its JSON still lists.
        let told = |field: &&String| promise.fields.is_empty() || promise.fields.contains(*field);
        let mut due: Vec<&String> = promise.fields.iter().collect();
        due.extend(card.fields.iter().filter(told).filter(|field| !promise.fields.contains(*field)));
        let mut missing = 0;
        for field in due.into_iter().filter(|field| !fields.contains(*field)) {
            let first = sample.members.first().copied();
            let words = format!("the sample has no {field}");
            let mut problem = self.problem(sample, first, reason::MISSING_FIELD, words);
            problem.member = Some(format!("{}.{field}", sample.key));
            (problem.field, problem.range) = (Some(field.clone()), None);
            problems.push(problem);
            missing += 1;
        }
        let row = promise.rows.as_ref().map(|rows| rows.get(&sample.key));
        let images = fields.iter().filter(|field| is_image(field)).count() as u64;
        let by_row = row.flatten().map(|row| u64::from(row.num_expressions)).filter(|&said| said > 0);
        let by_json = card.num_expressions.filter(|_| promise.fields.is_empty());
        if let Some(said) = by_row.or(by_json).filter(|&said| images < said && missing == 0) {
            let words = format!("{images} images of {said}");
            problems.push(self.problem(
                sample,
                sample.members.first().copied(),
                reason::MISSING_IMAGE,
                words,
            ));
        }
        let wrong = match row {
            Some(None) => Some((reason::UNLISTED_SAMPLE, "no row of the sample list names it".to_owned())),
            Some(Some(row)) if !row.shard.is_empty() && base_name(&row.shard) != self.name => {
                Some((reason::WRONG_SHARD, format!("the sample list has it in {}", base_name(&row.shard))))
            }
            _ => None,
        };
        if let Some((code, words)) = wrong {
            problems.push(self.problem(sample, sample.members.first().copied(), code, words));
        }
    }
}
