//! Attached tables: the bytes are a workbook where they begin as one, the one sheet of a workbook where they begin as
//! XML, else comma-separated values.

#![no_main]

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const WORKBOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Circuits" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let raw = if bytes.starts_with(b"PK") {
        attached("circuits.xlsx", bytes)
    } else if bytes.starts_with(b"<") {
        attached("circuits.xlsx", &workbook(bytes).unwrap_or_default())
    } else {
        attached("circuits.csv", bytes)
    };
    noticeboard_mail_fuzz::read(&raw);
});

fn attached(name: &str, bytes: &[u8]) -> Vec<u8> {
    let headers = format!("Content-Type: application/octet-stream; name={name}\r\nContent-Disposition: attachment");
    noticeboard_mail_fuzz::mail_of(&headers, bytes)
}

fn workbook(sheet: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let files = [
        ("xl/workbook.xml", WORKBOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    for (name, content) in files {
        archive.start_file(name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}
