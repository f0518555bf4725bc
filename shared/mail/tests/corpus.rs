//! The corpus of real mails, where it lies beside the project: `../shared/corpus`, seen from the workspace's root.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::io::Write;
use std::path::{Path, PathBuf};

use noticeboard_mail::{Context, Outcome, json, read};
use serde_json::Value;

fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
    let corpus = root.join("shared/corpus/mail");
    corpus.join("manifest.json").is_file().then_some(corpus)
}

/// What the corpus' scorer compares, sorted.
fn compared(notices: &Value) -> Vec<String> {
    let mut found: Vec<String> = (notices.as_array().into_iter().flatten())
        .map(|notice| {
            let mut circuits: Vec<String> = (notice["circuits"].as_array().into_iter().flatten())
                .map(|circuit| format!("{}={}", circuit["circuit_id"], circuit["impact"]))
                .collect();
            circuits.sort();
            let fields = ["maintenance_id", "status", "start", "end"].map(|field| notice[field].to_string());
            format!("{} {}", fields.join(" "), circuits.join(" "))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn every_corpus_mail_is_read_right_or_not_at_all() {
    let Some(corpus) = corpus() else {
        // Not `eprintln!`, which a test that passes keeps to itself.
        let _ = writeln!(std::io::stderr(), "skipped: no corpus of real mails at ../shared/corpus");
        return;
    };
    let manifest = std::fs::read_to_string(corpus.join("manifest.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&manifest).unwrap();
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for case in &cases {
        let [file] = case["files"].as_array().unwrap().as_slice() else { continue };
        let raw = std::fs::read(corpus.join(file.as_str().unwrap())).unwrap();
        for hint in [None, case["provider"].as_str()] {
            let reading = read(&raw, &Context { received: chrono::DateTime::UNIX_EPOCH, hint });
            let name = case["name"].as_str().unwrap();
            match reading.outcome {
                Outcome::Notices { notices, .. } => {
                    let found = compared(&json::notices(&notices));
                    let expected = compared(&case["expected"]);
                    if found == expected {
                        right.push(name)
                    } else {
                        wrong.push(format!("{name}\n  want {expected:#?}\n  have {found:#?}"))
                    }
                }
                Outcome::NotUnderstood(reason) if hint.is_none() => println!("{name}: {reason}"),
                Outcome::NotUnderstood(_) => {}
            }
        }
    }
    right.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let expected = [
        "genericprovider-1",
        "arelion-2",
        "eunetworks-1",
        "ntt-1",
        "packetfabric-1",
        "pccw-2",
        "zayo-1",
        "zayo-2",
        "zayo-3",
        "zayo-5",
        "zayo-7",
    ];
    assert_eq!(right, expected);
}
