//! How many mails a second one thread reads, which mail is the slowest, whether memory stays flat, and how long mail
//! that is meant to hurt takes.
//!
//! `cargo run --release -p noticeboard-mail --example mail_bench [FOLDER …]`: folders of `*.eml`, else those of
//! `MAIL_CORPUS`, else the project's samples and, where it lies beside the project, the corpus.

#![allow(clippy::unwrap_used, reason = "an example")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use noticeboard_mail::{Context, Outcome, read};

/// How often each mail is read before its fastest reading is taken.
const REPEATS: usize = 20;
/// How long the rate is measured; the fastest round counts, in which nothing else ran.
const LENGTH: Duration = Duration::from_secs(3);
/// After how many mails the memory is looked at.
const MEMORY_AT: [usize; 2] = [100_000, 1_000_000];
/// What no mail may take, however hostile.
const HOSTILE_LIMIT: Duration = Duration::from_millis(100);

const CONTEXT: Context<'static> = Context { received: chrono::DateTime::UNIX_EPOCH, hint: None };

/// A mail with its name.
type Mail = (String, Vec<u8>);

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    folders.extend(std::env::var_os("MAIL_CORPUS").filter(|_| folders.is_empty()).map(PathBuf::from));
    if folders.is_empty() {
        folders = vec![here.join("samples"), here.join("../../../shared/corpus/mail")];
    }
    let mut all = Vec::new();
    for folder in folders {
        let mails = mails(&folder);
        if mails.is_empty() {
            println!("{}: no mails", folder.display());
        } else {
            speed(&folder, &mails);
            all.extend(mails);
        }
    }
    hostile();
    memory(&all);
}

fn mails(folder: &Path) -> Vec<Mail> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mails = paths.filter(|path| path.extension().is_some_and(|extension| extension == "eml"));
    mails.map(|path| (path.file_name().unwrap().to_string_lossy().into(), std::fs::read(&path).unwrap())).collect()
}

fn fastest(raw: &[u8], repeats: usize) -> Duration {
    let once = || {
        let start = Instant::now();
        black_box(read(raw, &CONTEXT));
        start.elapsed()
    };
    (0..repeats).map(|_| once()).min().unwrap_or_default()
}

fn speed(folder: &Path, mails: &[Mail]) {
    let is_understood = |(_, raw): &&Mail| matches!(read(raw, &CONTEXT).outcome, Outcome::Notices { .. });
    let understood = mails.iter().filter(is_understood).count();
    let bytes: usize = mails.iter().map(|(_, raw)| raw.len()).sum();
    let (start, mut best) = (Instant::now(), Duration::MAX);
    while start.elapsed() < LENGTH {
        let round = Instant::now();
        for (_, raw) in mails {
            black_box(read(raw, &CONTEXT));
        }
        best = best.min(round.elapsed());
    }
    let rate = |amount: usize| amount as f64 / best.as_secs_f64();
    let mut times: Vec<(Duration, &str)> =
        mails.iter().map(|(name, raw)| (fastest(raw, REPEATS), name.as_str())).collect();
    times.sort_unstable();
    println!(
        "{}: {} mails, {understood} understood; {:.0} mails/s, {:.0} MB/s; slowest {:?}",
        folder.display(),
        mails.len(),
        rate(mails.len()),
        rate(bytes) / 1e6,
        times.iter().rev().take(3).collect::<Vec<_>>(),
    );
}

/// The memory that this process holds, in MB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
}

fn memory(mails: &[Mail]) {
    for (number, (_, raw)) in mails.iter().cycle().take(MEMORY_AT[1]).enumerate() {
        black_box(read(raw, &CONTEXT));
        if MEMORY_AT.contains(&(number + 1)) {
            println!("memory after {} mails: {:.1} MB", number + 1, resident());
        }
    }
}

/// Mail that is meant to hurt, the slowest first.
fn hostile() {
    let html = |body: String| format!("From: mr@zayo.com\nContent-Type: text/html\n\n{body}").into_bytes();
    let text = |body: String| {
        format!(
            "From: gpen@team.telstra.com\nSubject: Maintenance\n\nChange Reference: 1\nMaintenance Window: x\n{body}"
        )
        .into_bytes()
    };
    let calendar = |body: String| format!("From: noc@us.ntt.net\nContent-Type: text/calendar\n\n{body}").into_bytes();
    let many = |text: &str, bytes: usize| text.repeat(bytes / text.len());
    const MB: usize = 1_000_000;
    let multiparts: String =
        (0..100_000).map(|i| format!("--b{i}\nContent-Type: multipart/mixed; boundary=b{}\n\n", i + 1)).collect();
    let mails: Vec<(&str, Vec<u8>)> = vec![
        ("HTML of 40 MB in one line", html(many("<td>Circuit Id</td>", 40 * MB))),
        ("HTML of 4 MB in one line", html(many("<td>Circuit Id</td>", 4 * MB))),
        ("nested tables", html(many("<table><tr><td>", 4 * MB))),
        ("nested bold", html(many("<b>", 4 * MB))),
        ("open tags", html(many("<", 4 * MB))),
        ("entities", html(many("&#", 4 * MB))),
        ("nested multiparts", format!("Content-Type: multipart/mixed; boundary=b0\n\n{multiparts}").into_bytes()),
        ("nested messages", many("Content-Type: message/rfc822\n\n", 4 * MB).into_bytes()),
        ("a million calendars", calendar("BEGIN:VCALENDAR\n".repeat(MB))),
        ("a quarter of a million calendars", calendar("BEGIN:VCALENDAR\n".repeat(MB / 4))),
        ("folded lines", calendar(format!("DESCRIPTION:x{}", many("\n y", 4 * MB)))),
        ("parameters", calendar(format!("SUMMARY{}:x", many(";A=\"", 4 * MB)))),
        ("base64 of 40 MB", format!("Content-Transfer-Encoding: base64\n\n{}", many("QUJD", 40 * MB)).into_bytes()),
        ("base64 of 4 MB", format!("Content-Transfer-Encoding: base64\n\n{}", many("QUJD", 4 * MB)).into_bytes()),
        ("headers", format!("{}\nx", many("From: a@b.example\n", MB)).into_bytes()),
        ("one header", format!("Subject: {}\n\nx", many("=?utf-8?b?YQ==?= ", MB)).into_bytes()),
        ("addresses", format!("From: {}\n\nx", many("a@b.example, ", MB)).into_bytes()),
        ("times", text(many("from 1 May 2026 22:00 to ", 4 * MB))),
        ("spans", text(many("1 May 2026 22:00 - ", 4 * MB))),
        ("conditions", text(many("if cancelled ", 4 * MB))),
        ("impacts", text(many("no impact, outage ", 4 * MB))),
        ("labels", text(many("Start time:\n", MB / 4))),
        ("quoted mails", text(many("From: a@b.example\nTo: x\nSubject: y\n", MB))),
        ("quotation marks", text(many("> ", 4 * MB))),
        ("long words", text(many("a", 4 * MB))),
        ("dashes", text(many("-", 4 * MB))),
    ];
    let mut times: Vec<(Duration, &str)> = mails.iter().map(|(name, raw)| (fastest(raw, 3), *name)).collect();
    times.sort_unstable();
    let over = times.iter().filter(|(time, _)| *time > HOSTILE_LIMIT).count();
    println!("hostile mails: {over} of {} over {HOSTILE_LIMIT:?}; slowest:", times.len());
    for (time, name) in times.iter().rev().take(8) {
        println!("  {:>6.1} ms  {name}", time.as_secs_f64() * 1e3);
    }
}
