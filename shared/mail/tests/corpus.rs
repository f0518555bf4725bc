//! The corpus of real mails, where it lies beside the project: `../shared/corpus`, seen from the workspace's root.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::io::Write;
use std::path::{Path, PathBuf};

use noticeboard_mail::{Context, Formats, json, read_thread};
use serde_json::Value;

fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
    let corpus = root.join("shared/corpus/mail");
    corpus.join("manifest.json").is_file().then_some(corpus)
}

/// The fields that the corpus' scorer compares.
const FIELDS: [&str; 5] = ["maintenance_id", "status", "start", "end", "circuits"];

/// The expected notices with what the manifest corrects, and the fields that it takes out of the comparison.
fn expectation(case: &Value) -> (Vec<Value>, Vec<String>) {
    let mut expected: Vec<Value> = case["expected"].as_array().unwrap().clone();
    let mut skipped = Vec::new();
    for correction in case["corrections"].as_array().into_iter().flatten() {
        let fields: Vec<&str> = correction["field"].as_str().unwrap().split(',').map(str::trim).collect();
        match &correction["corrected"] {
            Value::Null => {
                let field =
                    |field: &&str| if matches!(*field, "impact" | "account") { "circuits" } else { *field }.to_owned();
                skipped.extend(fields.iter().map(field));
            }
            Value::Array(windows) => {
                if windows.len() != expected.len() {
                    expected = vec![expected[0].clone(); windows.len()];
                }
                for (notice, window) in expected.iter_mut().zip(windows) {
                    for field in ["start", "end"] {
                        notice[field] = window[field].clone();
                    }
                }
            }
            value @ (Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Object(_)) => {
                expected.iter_mut().for_each(|notice| notice[fields[0]] = value.clone())
            }
        }
    }
    (expected, skipped)
}

/// What is compared, sorted.
fn compared(notices: &[Value], skipped: &[String]) -> Vec<String> {
    let circuits = |notice: &Value| {
        let circuit = |circuit: &Value| format!("{}={}", circuit["circuit_id"], circuit["impact"]);
        let mut circuits: Vec<String> = notice["circuits"].as_array().into_iter().flatten().map(circuit).collect();
        circuits.sort();
        circuits.join(" ")
    };
    let field = |notice: &Value, field: &str| match field {
        "circuits" => circuits(notice),
        field => notice[field].to_string(),
    };
    let fields: Vec<&str> =
        FIELDS.into_iter().filter(|field| !skipped.iter().any(|skipped| skipped == field)).collect();
    let mut found: Vec<String> = notices
        .iter()
        .map(|notice| fields.iter().map(|name| field(notice, name)).collect::<Vec<_>>().join(" "))
        .collect();
    found.sort();
    found
}

#[test]
fn every_corpus_mail_is_read_right() {
    let Some(corpus) = corpus() else {
        // Not `eprintln!`, which a test that passes keeps to itself.
        let _ = writeln!(std::io::stderr(), "skipped: no corpus of real mails at ../shared/corpus");
        return;
    };
    let manifest = std::fs::read_to_string(corpus.join("manifest.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&manifest).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let files = case["files"].as_array().unwrap().iter();
        let raws: Vec<Vec<u8>> =
            files.map(|file| std::fs::read(corpus.join(file.as_str().unwrap())).unwrap()).collect();
        let raws: Vec<&[u8]> = raws.iter().map(Vec::as_slice).collect();
        for hint in [None, case["provider"].as_str()] {
            let context = Context { received: chrono::DateTime::UNIX_EPOCH, hint };
            let thread = read_thread(&raws, &context, &Formats::new());
            let found = json::notices(&thread.notices());
            let found = found.as_array().unwrap();
            let (expected, skipped) = expectation(case);
            let is = |field: &str| skipped.iter().any(|skipped| skipped == field);
            let (want, have) = (compared(&expected, &skipped), compared(found, &skipped));
            let is_right = match (is("all"), is("windows")) {
                (true, _) => !found.is_empty(),
                // One of the windows is a backup, which the expectation does not know.
                (false, true) => want.iter().filter(|notice| have.contains(notice)).count() + 1 >= want.len(),
                (false, false) => want == have,
            };
            if !is_right {
                wrong.push(format!("{}\n  want {want:#?}\n  have {have:#?}", case["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
