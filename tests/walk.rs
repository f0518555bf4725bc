//! README's walk, through the program's own interfaces: a mail goes in, and comes out as an event, an impact, a
//! timeline, an event notification and a calendar entry.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;
use std::time::Duration;

use noticeboard_tests::{Process, TOKEN, eventually, program, root};
use serde_json::Value;

fn noticeboard(process: &Process, arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(program())
        .args(arguments)
        .current_dir(root())
        .env("NOTICEBOARD_URL", &process.url)
        .env("NOTICEBOARD_TOKEN", TOKEN)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_mail_goes_from_the_inbox_to_a_calendar() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--demo"]);

    let answers = noticeboard(&process, &["ingest", "samples/maintenance.eml", "samples/maintenance.eml"]);
    assert_eq!(answers[0]["outcome"], "applied", "{answers:?}");
    assert_eq!(answers[0]["events"][0]["effect"], "created");
    assert_eq!(answers[1]["outcome"], "duplicate");

    let list = process.get("/api/plugins/notices/maintenance/?name=EC-2030-0042").expect(200);
    assert_eq!(list["count"], 1);
    let event = &list["results"][0];
    let id = event["id"].as_u64().unwrap();
    assert_eq!(event["status"], "CONFIRMED");
    assert_eq!(event["provider"]["name"], "Example Carrier");
    assert_eq!(event["start"], "2030-03-14T22:00:00Z");
    assert_eq!(event["unmatched_circuits"][0]["circuit_id"], "EC-1099");

    let impacts = process.get(&format!("/api/plugins/notices/impact/?event_object_id={id}")).expect(200);
    assert_eq!(impacts["count"], 1);
    assert_eq!(impacts["results"][0]["target"]["cid"], "EC-1001");
    assert_eq!(impacts["results"][0]["impact"], "OUTAGE");

    let path = format!("/api/plugins/notices/maintenance/{id}/timeline/");
    let titles = eventually("the timeline", || {
        let timeline = process.get(&path).expect(200);
        let entries = timeline["results"].as_array().unwrap();
        (entries.len() == 3)
            .then(|| entries.iter().map(|e| e["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    });
    assert_eq!(
        titles,
        [
            "Notification received: Planned work EC-2030-0042: fibre splice on the ring Riga",
            "Impact added: EC-2030-0042 - EC-1001",
            "Maintenance created",
        ]
    );

    let published = loop {
        let line = process.errors.recv_timeout(Duration::from_secs(20)).expect("the change is published");
        if line.contains(&format!("\"notices.maintenance:{id}:1\"")) {
            break serde_json::from_str::<Value>(&line).unwrap();
        }
    };
    assert_eq!(published["type"], "noticeboard.create.notices.maintenance");
    assert_eq!(published["data"]["context"]["user_name"], "noc@carrier.example");
    assert_eq!(published["data"]["postchange"]["status"], "CONFIRMED");

    let feed = process.with_token(None).get(&format!("/plugins/notices/ical/maintenances.ics?token={TOKEN}"));
    assert_eq!((feed.status, feed.header("content-type")), (200, "text/calendar; charset=utf-8"));
    let feed = feed.text.replace("\r\n ", "");
    for line in [
        format!("UID:maintenance-{id}@noticeboard"),
        "DTSTART:20300314T220000Z".into(),
        "SUMMARY:EC-2030-0042 - Fibre splice on the ring Riga".into(),
        "STATUS:CONFIRMED".into(),
    ] {
        assert!(feed.contains(&format!("\r\n{line}\r\n")), "{line} is not in {feed}");
    }
    assert!(feed.contains("Affected Objects:\\n- EC-1001 (OUTAGE)"), "{feed}");

    let cancelled = noticeboard(&process, &["ingest", "samples/maintenance-cancelled.eml"]);
    assert_eq!(cancelled[0]["events"][0]["effect"], "updated");
    let event = process.get(&format!("/api/plugins/notices/maintenance/{id}/")).expect(200);
    assert_eq!(event["status"], "CANCELLED");
    assert_eq!(event["notifications"].as_array().unwrap().len(), 2);

    let unreadable = noticeboard(&process, &["ingest", "samples/unreadable.eml"]);
    assert_eq!(unreadable[0]["outcome"], "review");
    let raw = unreadable[0]["review"]["raw_url"].as_str().unwrap().strip_prefix(&process.url).unwrap();
    assert_eq!(process.get(raw).text.as_bytes(), std::fs::read(root().join("samples/unreadable.eml")).unwrap());
}
