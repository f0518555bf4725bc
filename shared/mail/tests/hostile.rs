//! Mail that is meant to hurt, or merely broken: nothing panics, nothing takes long, and nothing wrong comes out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::fmt::Write;
use std::time::Duration;

use noticeboard_mail::{Context, Mail, Outcome, Reading, Reason, limits, read};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rustix::time::{ClockId, clock_gettime};

/// For each mail, in a build without optimisation. It is the processor's time: what else the machine does is left out.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// The processor time that this thread has used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

#[track_caller]
fn timed(raw: &[u8]) -> Reading {
    let start = processor_time();
    let reading = read(raw, &Context { received: chrono::DateTime::UNIX_EPOCH, hint: None });
    let taken = processor_time() - start;
    assert!(taken < TIME_LIMIT, "took {taken:?}");
    reading
}

#[track_caller]
fn check(raw: impl AsRef<[u8]>, expected: &str) {
    match timed(raw.as_ref()).outcome {
        Outcome::Notices { notices, .. } => panic!("{notices:#?}"),
        Outcome::NotUnderstood(reason) => assert_eq!(reason.to_string(), expected),
    }
}

const FOREIGN: &str = "No known format reads this mail; by its words alone, it speaks neither of work nor of a fault.";
const ANONYMOUS: &str = "No known format reads this mail; by its words alone, its sender says nothing of whose it is.";
const NO_EVENT: &str = "No known format reads this mail; maintnote comes nearest, but its calendar has no event with X-MAINTNOTE properties.";

fn html(body: &str) -> String {
    format!("From: a@b.example\nContent-Type: text/html\n\n{body}")
}

fn calendar(body: &str) -> String {
    format!("From: a@b.example\nContent-Type: text/calendar\n\n{body}")
}

#[test]
fn a_mail_of_nothing_or_of_too_much_is_refused() {
    check("", "The mail is empty.");
    let mut large = b"From: a@b.example\nSubject: Large\n\n".to_vec();
    large.resize(40_000_000, b'x');
    check(&large, "The text is larger than 4194304 bytes (MAX_TEXT_BYTES).");
    large.fill(b'<');
    large[..33].copy_from_slice(b"Subject: S\nContent-Type:text/html");
    large[33..35].copy_from_slice(b"\n\n");
    check(&large, "The text is larger than 4194304 bytes (MAX_TEXT_BYTES).");
    large.resize(limits::MAX_MAIL_BYTES.value + 1, b'x');
    let reading = timed(&large);
    assert_eq!(reading.mail.subject, "S", "a refused mail keeps its envelope");
    assert_eq!(
        reading.outcome,
        Outcome::NotUnderstood(Reason::TooLarge { what: "mail", limit: limits::MAX_MAIL_BYTES })
    );
    check(vec![b'x'; 2_000_000], "The header is larger than 1048576 bytes (MAX_HEADER_BYTES).");
    check(["X: y\n"; 300_000].concat(), "The header is larger than 1048576 bytes (MAX_HEADER_BYTES).");
}

#[test]
fn a_large_attachment_is_no_obstacle() {
    let mut raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\nContent-Type: application/pdf\n\
                    Content-Transfer-Encoding: base64\n\n"
        .to_vec();
    raw.resize(40_000_000, b'A');
    raw.extend_from_slice(b"\n--b--\n");
    assert_eq!(timed(&raw).mail.body_text, "Hello");
    check(&raw, &ANONYMOUS.replace("it is.", "it is; a PDF in it is not read."));
}

#[test]
fn blank_lines_below_a_columns_name_cost_no_more_than_others() {
    for gap in ["\n", ">\n", "\n \n", "Impact\n\n", "Circuit\n\n"] {
        for count in [14_000, 400_000] {
            timed(format!("From: a@b.example\n\nCircuit\n{}", gap.repeat(count)).as_bytes());
        }
    }
}

#[test]
fn nesting_is_refused_by_name() {
    let mut multiparts = String::from("Content-Type: multipart/mixed; boundary=b0\n\n");
    for i in 0..10_000 {
        let _ = write!(multiparts, "--b{i}\nContent-Type: multipart/mixed; boundary=b{}\n\n", i + 1);
    }
    check(&multiparts, "The parts are nested deeper than 32 levels (MAX_PART_DEPTH).");
    check(
        "Content-Type: message/rfc822\n\n".repeat(10_000),
        "The parts are nested deeper than 32 levels (MAX_PART_DEPTH).",
    );
    let siblings = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(10_000));
    check(siblings, "The mail has more than 1000 parts (MAX_PARTS).");
    let same_boundary = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(10_000);
    timed(same_boundary.as_bytes());
    let begins = "BEGIN:X\n".repeat(100_000);
    let too_deep = "The calendar's components are nested deeper than 16 levels (MAX_CALENDAR_DEPTH).";
    check(calendar(&format!("BEGIN:VCALENDAR\n{begins}")), too_deep);
    check(calendar(&"BEGIN:VEVENT\n".repeat(100_000)), NO_EVENT);
    check(calendar(&"BEGIN:VCALENDAR\n".repeat(250_000)), NO_EVENT);
    let too_large = "The text is larger than 4194304 bytes (MAX_TEXT_BYTES).";
    check(calendar(&"BEGIN:VCALENDAR\n".repeat(1_000_000)), too_large);
}

#[test]
fn html_is_read_in_linear_time() {
    for tag in [
        "<div>",
        "<b>",
        "<table>",
        "<table><tr><td>",
        "<s>",
        "<pre>",
        "<style>",
        "</p>",
        "<!--",
        "<a b='",
        "<",
        "&",
        "&#",
        "&#x",
        "&a",
        "&Counter",
        "<!",
    ] {
        check(html(&tag.repeat(100_000)), FOREIGN);
        check(html(&format!("{}text", tag.repeat(100_000))), FOREIGN);
    }
    let mut attributes = String::from("<a");
    for i in 0..100_000 {
        let _ = write!(attributes, " a{i}=1");
    }
    check(html(&format!("{attributes}>text")), FOREIGN);
    check(html(&"x".repeat(1_000_000)), FOREIGN);
    let encoded = "PGI+".repeat(1_000_000);
    check(
        format!("From: a@b.example\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n{encoded}"),
        FOREIGN,
    );
    check(
        html(&"<td>Maintenance Ticket #: 1</td> zayo ".repeat(10_000)),
        "This is a zayo mail, but it has no window under an \"Activity Date\".",
    );
}

/// A mail from a provider whose formats look for labels, tables, sentences and windows.
fn from_provider(from: &str, content_type: &str, body: &str) -> String {
    format!(
        "From: {from}\nSubject: Planned maintenance T-12345\nDate: Tue, 24 Nov 2026 09:15:00 +0000\n\
         Content-Type: {content_type}\n\n{body}"
    )
}

#[test]
fn labels_sentences_and_windows_are_read_in_linear_time() {
    const PIECES: [&str; 18] = [
        "Start time: ",
        "Start time:\n",
        "from 1 May 2026 ",
        "from ",
        "1 May 2026 22:00 - ",
        "22:00 to ",
        "03/04/2026 ",
        "GMT+",
        "( ",
        "a, ",
        "On x wrote:\n",
        "From: a@b.example\nTo: x\nSubject: y\n",
        "---------- Forwarded message ---------\n",
        "> ",
        ">\n",
        "Circuit ID: A-1\n",
        "Circuit ID\tA-1\n",
        "Planned Work Notification: 1 - ",
    ];
    let marks = "Work order number: 1\nEvent ID: 1\nCustomer Impact Description: x\nPlanned Work Notification: 1 - New\n\
                 Ticket: 1\nMaintenance Number: 1\nDirect Connect maintenance from x\nGoogle Neighbor Address(es): 1\n";
    let senders = [
        "g31654@att.com",
        "support@cogentco.com",
        "infraco.cm@exainfra.net",
        "noc-noreply@google.com",
        "aws-account-notifications@amazon.com",
        "no-reply@retn.net",
        "inoc@superonline.net",
        "noc@isp.example",
    ];
    // One line that says everything at once.
    for word in ["if cancelled ", "complete loss of service ", "no impact, outage ", "rescheduled until completion "] {
        timed(
            from_provider("gpen@team.telstra.com", "text/html", &format!("{marks}{}", word.repeat(10_000))).as_bytes(),
        );
    }
    for (i, piece) in PIECES.iter().enumerate() {
        let body = format!("{marks}{}", piece.repeat(60_000 / piece.len()));
        timed(from_provider(senders[i % senders.len()], "text/plain", &body).as_bytes());
        let html = format!("{}<table>{}", marks.replace('\n', "<br>"), format!("<tr><td>{piece}<td>x").repeat(3_000));
        timed(from_provider(senders[(i + 3) % senders.len()], "text/html", &html).as_bytes());
    }
    let cells = "<td colspan=64>Circuit ID".repeat(20_000);
    let too_many = "The mail has more than 200000 cells (MAX_CELLS).";
    check(from_provider("no-reply@retn.net", "text/html", &format!("Ticket: 1<table><tr>{cells}")), too_many);
    let too_many = "The mail has more than 30000 lines (MAX_LINES).";
    check(from_provider("no-reply@retn.net", "text/plain", &"a\n".repeat(2_000_000)), too_many);
    check(from_provider("no-reply@retn.net", "text/html", &"a<p>".repeat(1_000_000)), too_many);
}

/// A workbook with one sheet of this XML.
fn workbook(sheet: &[u8]) -> Vec<u8> {
    let parts: [(&str, &[u8]); 4] = [
        ("_rels/.rels", br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        archive.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut archive, bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn with_attachment(name: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=zzz\n\n--zzz\n\nHello\n--zzz\n\
         Content-Type: application/octet-stream; name=\"{name}\"\nContent-Transfer-Encoding: binary\n\n"
    );
    [head.as_bytes(), bytes, b"\n--zzz--\n"].concat()
}

#[test]
fn sheets_are_bounded_by_name() {
    let bomb = workbook(&vec![b' '; 200_000_000]);
    assert!(bomb.len() < 1_000_000);
    check(with_attachment("a.xlsx", &bomb), "The workbook is larger than 8388608 bytes (MAX_SHEET_BYTES).");
    let cell = |at: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>x</t></is></c>");
    let sheet = |rows: &str| {
        format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
        )
    };
    // A cell at the end of the world takes no memory for what lies before it.
    let far = sheet(&format!("<row r=\"1\">{}</row><row r=\"1048576\">{}</row>", cell("A1"), cell("XFD1048576")));
    check(with_attachment("a.xlsx", &workbook(far.as_bytes())), FOREIGN);
    let mut rows = String::new();
    for row in 1..=60_000 {
        let _ = write!(rows, "<row r=\"{row}\"><c r=\"A{row}\"><v>1</v></c></row>");
    }
    let too_many = "The mail has more than 50000 cells in a sheet (MAX_SHEET_CELLS).";
    check(with_attachment("a.xlsx", &workbook(sheet(&rows).as_bytes())), too_many);
    check(with_attachment("a.csv", &b"a,".repeat(20_000)), FOREIGN);
    check(with_attachment("a.csv", "a,b\n".repeat(60_000).as_bytes()), too_many);
    check(with_attachment("a.csv", &b"\"".repeat(1_000_000)), FOREIGN);
    for damaged in [b"PK\x03\x04".as_slice(), b"", b"not a workbook"] {
        check(with_attachment("a.xlsx", damaged), FOREIGN);
    }
}

#[test]
fn calendars_are_read_in_linear_time() {
    check(calendar(&"x".repeat(1_000_000)), NO_EVENT);
    check(calendar(&format!("SUMMARY:{}", "x".repeat(1_000_000))), NO_EVENT);
    check(calendar(&format!("SUMMARY{}:x", ";A=\"".repeat(250_000))), NO_EVENT);
    check(calendar(&format!("DESCRIPTION:x{}", "\n y".repeat(300_000))), NO_EVENT);
    check(calendar(&format!("DESCRIPTION:x{}", "\ny".repeat(300_000))), NO_EVENT);
    let objects = "X-MAINTNOTE-OBJECT-ID:A\n".repeat(50_000);
    check(
        calendar(&format!("BEGIN:VEVENT\n{objects}END:VEVENT")),
        "This is a maintnote mail, but VEVENT 1 has no X-MAINTNOTE-MAINTENANCE-ID.",
    );
    let whole =
        "DTSTART:20240101T000000Z\nDTEND:20240101T000000Z\nX-MAINTNOTE-PROVIDER:p\nX-MAINTNOTE-MAINTENANCE-ID:m\n";
    let mut many = String::new();
    for i in 0..10_000 {
        let _ = writeln!(many, "X-MAINTNOTE-OBJECT-ID:{i}");
    }
    let too_many = "The mail has more than 5000 circuits in one notice (MAX_CIRCUITS).";
    check(calendar(&format!("BEGIN:VEVENT\n{whole}{many}END:VEVENT")), too_many);
    let mut events = String::new();
    for i in 0..2_000 {
        let _ = write!(events, "BEGIN:VEVENT\n{whole}UID:{i}\nEND:VEVENT\n");
    }
    check(calendar(&events), "The mail has more than 500 notices (MAX_NOTICES).");
}

#[test]
fn headers_are_read_in_linear_time() {
    for (start, repeated) in [
        ("From: ", "a@b.example, "),
        ("From: ", "("),
        ("From: ", "<"),
        ("From: \"", "\\\""),
        ("From: ", "x:"),
        ("X-Original-Sender: ", "=?utf-8?q?a?= "),
        ("Subject: ", "=?utf-8?b?YQ==?= "),
        ("Subject: ", "=?utf-8?q?"),
        ("Subject: ", "\n "),
        ("Message-ID: ", "<a@b> "),
        ("Date: ", "1 "),
        ("Date: ", "(("),
        ("Content-Type: text/plain", "; a=b"),
        ("Content-Type: text/plain", "; name*0*=utf-8''a"),
        ("Content-Type: text/plain; ", "("),
        ("Content-Type: ", "/"),
        ("Content-Disposition: attachment", "; filename*1=a"),
        ("Content-Type: text/plain\n", "Content-Type: text/plain\n"),
        ("From: a@b.example\n", "From: a@b.example\n"),
        ("Content-Transfer-Encoding: ", "base64 "),
    ] {
        let raw = format!("{start}{}\n\nx", repeated.repeat(1_000_000 / repeated.len()));
        timed(raw.as_bytes());
    }
    let mut continued = String::from("Content-Type: text/plain");
    for i in 0..50_000 {
        let _ = write!(continued, "; name*{i}=a");
    }
    timed(continued.as_bytes());
}

#[test]
fn headers_may_be_missing_or_broken() {
    let reading = timed(b"To: x\n\nJust text");
    let expected = Mail { body_text: "Just text".into(), ..Mail::default() };
    assert_eq!(reading.mail, expected);
    for raw in ["no header at all", ":", "\0\0\0", "From: \nDate: yesterday\nMessage-ID: <>\nSubject:\n\nx"] {
        let mail = timed(raw.as_bytes()).mail;
        assert_eq!((mail.from, mail.date, mail.message_id), (None, None, None), "{raw:?}");
    }
    let text = |head: &str, body: &[u8]| timed(&[head.as_bytes(), b"\n\n", body].concat()).mail.body_text;
    assert_eq!(text("Content-Type: text/plain; charset=no-such", b"M\xFCnchen"), "München");
    assert_eq!(text("Content-Type: text/plain; charset=utf-8", b"a\xFFb"), "a\u{fffd}b");
    assert_eq!(text("Content-Type: text/plain; charset=koi8-r", b"\xF2\xEF"), "РО");
    assert_eq!(text("X: 1", b"a\0b"), "ab");
    assert_eq!(text("X: 1", b"\xFF\xFEa\0b\0"), "ab");
    assert_eq!(text("Content-Transfer-Encoding: base64", b"!!SGVsbG8=!!"), "Hello");
    assert_eq!(text("Content-Transfer-Encoding: quoted-printable", b"a=3Db=zz=\r\nc=  \nd="), "a=b=zzcd");
    assert_eq!(text("Content-Type: multipart/mixed", b"no boundary"), "no boundary");
    assert_eq!(text("Content-Type: multipart/mixed; boundary=b", b"never found"), "never found");
    let long = timed(
        &[b"Subject: ".as_slice(), "é".repeat(50_000).as_bytes(), b"\n\n", "é".repeat(100_000).as_bytes()].concat(),
    );
    assert!(long.mail.subject.len() <= limits::MAX_SUBJECT_BYTES && long.mail.subject.ends_with('…'));
    assert!(long.mail.body_text.len() <= limits::MAX_BODY_TEXT_BYTES && long.mail.body_text.ends_with('…'));
}

fn samples() -> Vec<Vec<u8>> {
    let folder = format!("{}/samples", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// The same cases in every run, so that a failure is one of the change at hand.
fn same_each_time() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(2_026), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(same_each_time())]

    #[test]
    fn any_bytes_are_read_without_panic(raw in prop::collection::vec(any::<u8>(), 0..2_000)) {
        timed(&raw);
    }

    /// Lines of one sample among those of another: labels without values, tables that are cut, two formats in one mail.
    #[test]
    fn mixed_samples_are_read_without_panic(
        which in 0usize..1_000, other in 0usize..1_000,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0usize..12), 1..6),
    ) {
        let samples = samples();
        let lines = |which: usize| -> Vec<Vec<u8>> {
            samples[which % samples.len()].split(|c| *c == b'\n').map(<[u8]>::to_vec).collect()
        };
        let (mut mail, other) = (lines(which), lines(other));
        for (at, from, count) in cuts {
            let (at, from) = (at.index(mail.len()), from.index(other.len()));
            let taken = other[from..(from + count).min(other.len())].to_vec();
            mail.splice(at..(at + count / 2).min(mail.len()), taken);
        }
        timed(&mail.join(&b'\n'));
    }

    #[test]
    fn any_pieces_of_mail_are_read_without_panic(raw in
        "(Content-Type: |multipart/mixed; boundary=b|message/rfc822|text/html|text/calendar|\n|\n\n|--b|--|<b>|<td>|<!--|>|&|BEGIN:VEVENT|DTSTART:|20240101|Zayo|Maintenance Ticket #:|Activity Date|24-Oct-2021 00:01 to |( GMT )|=|é|.){0,80}"
    ) {
        timed(raw.as_bytes());
    }

    #[test]
    fn damaged_samples_are_read_without_panic(
        which in 0usize..1_000,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..8),
    ) {
        let samples = samples();
        let mut raw = samples[which % samples.len()].clone();
        for (at, byte, kind) in damage {
            if raw.is_empty() {
                break;
            }
            let at = at.index(raw.len());
            match kind {
                0 => raw[at] = byte,
                1 => raw.insert(at, byte),
                2 => drop(raw.remove(at)),
                _ => raw.truncate(at),
            }
        }
        if let Outcome::Notices { notices, .. } = timed(&raw).outcome {
            for notice in notices {
                prop_assert!(notice.end.is_none_or(|end| notice.start <= end));
                prop_assert!(!notice.maintenance_id.is_empty() && !notice.provider.slug.is_empty());
            }
        }
    }
}
