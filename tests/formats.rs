//! Formats and senders of users' own, in the data folder of a program that runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::time::Duration;

use noticeboard_app::{Outcome, Settings, Trust, Verdict, Verdicts};
use noticeboard_local::Storage;
use noticeboard_tests::{Client, HandClock, Process, Server, program};

/// A mail of a provider that nobody has described.
fn mail(number: u32) -> Vec<u8> {
    format!(
        "From: NOC <works@lantern.example>\r\nMessage-ID: <{number}@lantern.example>\r\nSubject: Lantern job {number}\r\n\
         Date: Tue, 24 Nov 2026 09:15:00 +0000\r\n\r\nJob sheet: LJ-{number}\r\nLamps out: 09/12/2026 22:00\r\n\
         Lamps on: 10/12/2026 02:00\r\nFibres: LF-1, LF-2\r\n"
    )
    .into_bytes()
}

const FORMAT: &str = r#"
name = "lantern"
provider = "Lantern"
names = ["lantern job"]
marks = ["job sheet", "lamps out"]
[id]
labels = ["Job sheet"]
[window]
start = ["Lamps out"]
end = ["Lamps on"]
zone = "Europe/Riga"
[circuits]
labels = ["Fibres"]
"#;

fn put(data: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(data.join("formats")).unwrap();
    std::fs::write(data.join("formats").join(name), text).unwrap();
}

/// Hands in a mail and checks what becomes of it; where it is understood, the event's provider, name and start.
#[track_caller]
fn check(client: &Client, number: u32, expected: Result<[&str; 3], &str>) {
    let answer = client.ingest(&mail(number)).json();
    match expected {
        Ok(expected) => {
            let id = answer["events"][0]["id"].as_u64().unwrap_or_else(|| panic!("{answer}"));
            let event = client.get(&format!("/api/plugins/notices/maintenance/{id}/")).expect(200);
            let found = [&event["provider"]["slug"], &event["name"], &event["start"]];
            assert_eq!(found.map(|value| value.as_str().unwrap()), expected);
        }
        Err(expected) => {
            assert_eq!(answer["outcome"], "review", "{answer}");
            assert!(answer.to_string().contains(expected), "{answer}");
        }
    }
}

#[test]
fn a_format_put_into_the_folder_is_used_within_a_minute_and_one_that_is_taken_away_no_more() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::default());
    let storage = Storage::Folder(folder.path().to_owned());
    let server = Server::with_storage(storage, Settings::default(), clock.clock());
    check(&server, 1, Err("it speaks neither of work nor of a fault"));

    put(folder.path(), "lantern.toml", FORMAT);
    check(&server, 2, Err("it speaks neither of work nor of a fault"));
    clock.advance(60);
    check(&server, 3, Ok(["lantern", "LJ-3", "2026-12-09T20:00:00Z"]));

    // A mail that waits is read by what is known when it is handed in again.
    check(&server, 1, Ok(["lantern", "LJ-1", "2026-12-09T20:00:00Z"]));

    // A file that is wrong is left out, and the others stay.
    put(folder.path(), "broken.toml", "name = ");
    put(folder.path(), "lantern.toml", &FORMAT.replace("Europe/Riga", "Asia/Tokyo"));
    clock.advance(60);
    check(&server, 4, Ok(["lantern", "LJ-4", "2026-12-09T13:00:00Z"]));

    std::fs::remove_file(folder.path().join("formats/lantern.toml")).unwrap();
    clock.advance(60);
    check(&server, 5, Err("it speaks neither of work nor of a fault"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_received_mail_is_believed_of_a_sender_that_the_folder_names() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HandClock::default());
    put(folder.path(), "lantern.toml", FORMAT);
    let storage = Storage::Folder(folder.path().to_owned());
    let server = Server::with_storage(storage, Settings::default(), clock.clock());
    let verdicts = Verdicts {
        spam: Verdict::Pass,
        virus: Verdict::Pass,
        spf: Verdict::Pass,
        dmarc: Verdict::Pass,
        envelope_from: None,
    };
    let ingest = async |number| {
        server.app.ingest("r", mail(number), None, Trust::Received(verdicts.clone())).await.unwrap().outcome
    };
    match ingest(1).await {
        Outcome::Review(review) => {
            assert!(
                review.explanation.contains("works@lantern.example is not known to write"),
                "{}",
                review.explanation
            );
        }
        other @ (Outcome::Applied { .. } | Outcome::Duplicate { .. }) => panic!("{other:?}"),
    }
    put(folder.path(), "senders.toml", "\"lantern.example\" = \"Lantern\"");
    clock.advance(60);
    assert!(matches!(ingest(2).await, Outcome::Applied { .. }));
}

#[test]
fn a_file_that_is_wrong_is_one_line_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.toml", &FORMAT.replace("marks", "signs"));
    put(folder.path(), "b.toml", &FORMAT.replace("Europe/Riga", "Europe/Rigaa"));
    put(folder.path(), "senders.toml", "\"ok.example\" = \"Lantern\"\n\"nowhere\" = \"Lantern\"\n");
    put(folder.path(), "lantern.toml", FORMAT);
    put(folder.path(), "notes.txt", "not a format");
    let process = Process::start(folder.path(), &[]);
    check(&process, 1, Ok(["lantern", "LJ-1", "2026-12-09T20:00:00Z"]));
    for expected in [
        "formats/a.toml is not used. Line 5: unknown field `signs`",
        "formats/b.toml is not used. Line 11: the zone \"Europe/Rigaa\" is unknown: use names such as Europe/Paris.",
        "formats/senders.toml is not used. Line 2: The sender \"nowhere\" is neither an address nor a domain.",
    ] {
        let line = process.errors.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(line.contains(expected), "{line}");
    }
    assert!(process.kill().iter().all(|line| !line.contains("is not used")));

    // The command without a server reads them too.
    let file = folder.path().join("mail.eml");
    std::fs::write(&file, mail(2)).unwrap();
    let mut command = std::process::Command::new(program());
    let output = command.args(["ingest", "--data"]).arg(folder.path()).arg(&file).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"applied\""), "{output:?}");
}
