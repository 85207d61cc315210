//! A release described in Croissant 1.0, the JSON-LD that data set search engines and `mlcroissant` read: its shards with
//! their digests, a set of files and of records for each field.

use std::{collections::BTreeSet, fs};

use serde_json::{Map, Value, json};

use crate::{
    digest::Digest,
    disk,
    error::{Error, Kind, Result},
    release::Release,
    samples::{SAMPLES_NAME, SampleRow},
    shard::Shard,
    tar::Policy,
};

/// Croissant 1.0's own terms, as its specification has them; all others are schema.org's.
const TERMS: [&str; 26] = [
    "citeAs",
    "column",
    "equivalentProperty",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "format",
    "includes",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
];

/// The document, ending in a line break. Paths in it are relative to the release's root, where it is to be kept.
///
/// # Errors
/// `Data` if a shard lies outside of the root, or its digest is listed nowhere: the format asks for one; those of
/// indexing a shard, where no manifest says which fields there are; `Io`.
pub fn describe(release: &Release) -> Result<String> {
    let rows = release.samples()?.unwrap_or_default();
    let fields = fields(release)?;
    let mut files = Vec::new();
    let mut ids = Vec::new();
    for (path, expected) in release.shards.iter().zip(&release.expected) {
        let Some(sha256) = expected.digest else {
            return Err(Error::data("no digest is listed, and Croissant asks for one")
                .with_hint("a release made by turboshard has checksums/SHA256SUMS")
                .in_shard(path));
        };
        let relative = path
            .strip_prefix(release.root())
            .map_err(|_| Error::data("it lies outside of the release's folder").in_shard(path))?;
        let size = fs::metadata(path).map_err(|e| Error::io(path, e))?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push(file(&name, &relative.to_string_lossy(), size, "application/x-tar", sha256));
        ids.push(json!({"@id": name}));
    }
    let mut records = Vec::new();
    records.extend(samples(release, &rows, &mut files)?);
    for field in &fields {
        let format = format_of(field);
        let id = format!("files/{field}");
        files.push(json!({
            "@type": "cr:FileSet", "@id": id, "name": field, "containedIn": ids, "encodingFormat": format,
            "includes": includes(field, &fields, &rows)?,
        }));
        records.push(records_of(field, &id, format));
    }
    let document = json!({
        "@context": context(), "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": release.name(),
    });
    let Value::Object(mut document) = document else {
        return Err(Error::new(Kind::Internal("no object".into())));
    };
    document.extend(words(release, rows.len(), &fields));
    document.insert("distribution".to_owned(), Value::Array(files));
    document.insert("recordSet".to_owned(), Value::Array(records));
    let text =
        serde_json::to_string_pretty(&document).map_err(|e| Error::new(Kind::Internal(e.to_string())))?;
    Ok(text + "\n")
}

fn context() -> Value {
    let mut context = Map::from_iter([
        ("@language".to_owned(), json!("en")),
        ("@vocab".to_owned(), json!("https://schema.org/")),
        ("cr".to_owned(), json!("http://mlcommons.org/croissant/")),
        ("dct".to_owned(), json!("http://purl.org/dc/terms/")),
        ("sc".to_owned(), json!("https://schema.org/")),
        ("conformsTo".to_owned(), json!("dct:conformsTo")),
        ("rai".to_owned(), json!("http://mlcommons.org/croissant/RAI/")),
        ("data".to_owned(), json!({"@id": "cr:data", "@type": "@json"})),
        ("examples".to_owned(), json!({"@id": "cr:examples", "@type": "@json"})),
        ("dataType".to_owned(), json!({"@id": "cr:dataType", "@type": "@vocab"})),
    ]);
    context.extend(TERMS.map(|term| (term.to_owned(), json!(format!("cr:{term}")))));
    Value::Object(context)
}

/// What the publisher says, as far as the manifest has it.
fn words(release: &Release, num_samples: usize, fields: &[String]) -> Map<String, Value> {
    let said =
        |key: &str| release.manifest().and_then(|listing| listing.document.get(key)).and_then(Value::as_str);
    let described = format!("{num_samples} samples as WebDataset shards; fields: {}.", fields.join(", "));
    let mut words = Map::from_iter([("description".to_owned(), json!(described))]);
    for (term, key) in [("license", "license"), ("citeAs", "citation"), ("url", "source")] {
        words.extend(said(key).map(|text| (term.to_owned(), json!(text))));
    }
    words
}

fn file(id: &str, path: &str, size: u64, format: &str, sha256: Digest) -> Value {
    json!({
        "@type": "cr:FileObject", "@id": id, "name": id, "contentUrl": path, "contentSize": format!("{size} B"),
        "encodingFormat": format, "sha256": sha256,
    })
}

/// The manifest's, else those of the first shard.
fn fields(release: &Release) -> Result<Vec<String>> {
    let listed = release.manifest().and_then(|listing| listing.document.get("fields")?.as_array());
    if let Some(listed) = listed.filter(|listed| !listed.is_empty()) {
        return Ok(listed.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    let Some(first) = release.shards.first() else { return Ok(Vec::new()) };
    let shard = Shard::open(first, Policy::default())?;
    Ok(shard.index().fields().iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect())
}

/// The list of samples as a file and its records. Not where keys are numbers, which readers of JSON Lines make of them.
fn samples(release: &Release, rows: &[SampleRow], files: &mut Vec<Value>) -> Result<Option<Value>> {
    let relative = format!("metadata/{SAMPLES_NAME}");
    let path = release.root().join(&relative);
    let numbers = rows.iter().all(|row| row.sample_key.parse::<f64>().is_ok());
    if numbers || !path.is_file() {
        return Ok(None);
    }
    let text = disk::read(&path).map_err(|e| Error::io(&path, e))?;
    let size = text.len() as u64;
    files.push(file(SAMPLES_NAME, &relative, size, "application/jsonlines", Digest::of(&text)));
    let field = |column: &str| {
        json!({
            "@type": "cr:Field", "@id": format!("samples/{column}"), "name": column, "dataType": "sc:Text",
            "source": {"fileObject": {"@id": SAMPLES_NAME}, "extract": {"column": column}},
        })
    };
    let mut columns = vec![field("sample_key")];
    if rows.iter().all(|row| !row.identity.is_empty()) {
        columns.push(field("identity"));
    }
    if rows.iter().all(|row| !row.shard.is_empty()) {
        columns.push(field("shard"));
    }
    Ok(Some(json!({
        "@type": "cr:RecordSet", "@id": "samples", "name": "samples", "key": {"@id": "samples/sample_key"},
        "field": columns,
    })))
}

fn format_of(field: &str) -> &'static str {
    match field.rsplit('.').next().unwrap_or(field) {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "json" => "application/json",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}

/// Globs of the members of a field. A field that others end in needs one for each length that keys have.
fn includes(field: &str, fields: &[String], rows: &[SampleRow]) -> Result<Vec<String>> {
    let dotted = format!(".{field}");
    let longer: Vec<usize> = fields
        .iter()
        .filter(|other| other.ends_with(&dotted))
        .map(|other| other.chars().count() - field.chars().count())
        .collect();
    let lengths: BTreeSet<usize> = rows.iter().map(|row| row.sample_key.chars().count()).collect();
    if longer.is_empty() {
        return Ok(vec![format!("*.{field}")]);
    }
    if lengths.iter().any(|length| longer.iter().any(|more| lengths.contains(&(length + more)))) {
        let words = format!("no glob tells the members of {field} from those of a field that ends in it");
        return Err(Error::data(words).with_hint("keys of equal length would do"));
    }
    Ok(lengths.into_iter().map(|length| format!("{}.{field}", "?".repeat(length))).collect())
}

/// A record a member: its sample's key, its content.
fn records_of(field: &str, files: &str, format: &str) -> Value {
    let kind = if format.starts_with("image/") { "sc:ImageObject" } else { "sc:Text" };
    let key = format!("^(?:.*/)?([^./]+)\\.{}$", field.replace('.', "\\."));
    json!({
        "@type": "cr:RecordSet", "@id": field, "name": field, "key": {"@id": format!("{field}/key")},
        "field": [
            {
                "@type": "cr:Field", "@id": format!("{field}/key"), "name": "key", "dataType": "sc:Text",
                "source": {
                    "fileSet": {"@id": files}, "extract": {"fileProperty": "filename"}, "transform": {"regex": key},
                },
            },
            {
                "@type": "cr:Field", "@id": format!("{field}/content"), "name": "content", "dataType": kind,
                "source": {"fileSet": {"@id": files}, "extract": {"fileProperty": "content"}},
            },
        ],
    })
}
