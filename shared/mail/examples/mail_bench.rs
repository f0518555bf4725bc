//! How many mails a second one thread reads: the project's samples and, where it is there, the corpus.
//!
//! `cargo run --release -p noticeboard-mail --example mail_bench [FOLDER …]`

#![allow(clippy::unwrap_used, reason = "an example")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use noticeboard_mail::{Context, Outcome, read};

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let folders =
        if given.is_empty() { vec![here.join("samples"), here.join("../../../shared/corpus/mail")] } else { given };
    for folder in folders {
        let mails = mails(&folder);
        if mails.is_empty() {
            println!("{}: no mails", folder.display());
        } else {
            bench(&folder, &mails);
        }
    }
}

fn mails(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mails = paths.filter(|path| path.extension().is_some_and(|extension| extension == "eml"));
    mails.map(|path| (path.file_name().unwrap().to_string_lossy().into(), std::fs::read(&path).unwrap())).collect()
}

fn bench(folder: &Path, mails: &[(String, Vec<u8>)]) {
    const LENGTH: Duration = Duration::from_secs(2);
    let context = Context { received: chrono::DateTime::UNIX_EPOCH, hint: None };
    let bytes: usize = mails.iter().map(|(_, raw)| raw.len()).sum();
    let (mut rounds, mut understood) = (0, 0);
    let mut best = vec![Duration::MAX; mails.len()];
    let start = Instant::now();
    while start.elapsed() < LENGTH {
        understood = 0;
        for ((_, raw), best) in mails.iter().zip(&mut best) {
            let start = Instant::now();
            let reading = read(raw, &context);
            *best = start.elapsed().min(*best);
            understood += usize::from(matches!(reading.outcome, Outcome::Notices { .. }));
        }
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    let rate = |amount: usize| (amount * rounds) as f64 / seconds;
    let slowest = best.iter().zip(mails).max_by_key(|(time, _)| **time).map(|(time, (name, _))| (name, time));
    println!(
        "{}: {} mails, {understood} understood; {:.0} mails/s, {:.0} MB/s; slowest {slowest:?}",
        folder.display(),
        mails.len(),
        rate(mails.len()),
        rate(bytes) / 1e6,
    );
}
