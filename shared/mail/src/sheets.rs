//! Attachments that hold a table: files of comma-separated values, and Excel workbooks.

use std::io::{Cursor, Read};

use calamine::{Data, DataRef, ExcelDateTime, Reader, Xlsx};
use zip::ZipArchive;

use crate::Reason;
use crate::html::Document;
use crate::limits::{MAX_SHEET_BYTES, MAX_SHEET_CELLS, MAX_SHEET_FILES};

/// An attached table.
#[derive(Debug)]
pub(crate) struct Sheet {
    /// The file's name, and the sheet's where it has several.
    pub(crate) name: String,
    pub(crate) document: Document,
}

/// Columns further right hold nothing that a notice needs.
const MAX_COLUMNS: usize = 256;

/// The table in comma-separated, semicolon-separated or tab-separated values. Rows that cannot be read are left out.
pub(crate) fn from_csv(name: &str, text: &str) -> Result<Sheet, Reason> {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: char| header.matches(separator).count();
    let delimiter = if count('\t') >= count(',').max(count(';')) && count('\t') > 0 {
        b'\t'
    } else if count(';') > count(',') {
        b';'
    } else {
        b','
    };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut cells = 0;
    for record in reader.records().flatten() {
        cells += record.len();
        if cells > MAX_SHEET_CELLS.value {
            return Err(Reason::TooMany { what: "cells in a sheet", limit: MAX_SHEET_CELLS });
        }
        rows.push(record.iter().map(|cell| cell.trim().to_owned()).collect());
    }
    Ok(Sheet { name: name.to_owned(), document: Document::from_rows(rows) })
}

/// The sheets of an Excel workbook; none where the file is damaged.
pub(crate) fn from_xlsx(name: &str, bytes: &[u8]) -> Result<Vec<Sheet>, Reason> {
    if !is_within_limits(bytes)? {
        return Ok(Vec::new());
    }
    let Ok(mut workbook) = Xlsx::new(Cursor::new(bytes)) else { return Ok(Vec::new()) };
    let mut sheets = Vec::new();
    let mut cells = 0;
    for sheet in workbook.sheet_names() {
        // Cell by cell: a range would take memory for every place up to the last cell, of which there may be
        // seventeen thousand million.
        let Ok(mut reader) = workbook.worksheet_cells_reader(&sheet) else { continue };
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut last = 0;
        while let Ok(Some(cell)) = reader.next_cell() {
            let (row, column) = (cell.get_position().0, cell.get_position().1 as usize);
            let text = text_of(cell.get_value());
            if text.is_empty() || column >= MAX_COLUMNS {
                continue;
            }
            cells += 1;
            if cells > MAX_SHEET_CELLS.value {
                return Err(Reason::TooMany { what: "cells in a sheet", limit: MAX_SHEET_CELLS });
            }
            // Blank rows between others are not kept, so that a cell far below takes no memory either.
            if rows.is_empty() || row != last {
                rows.push(Vec::new());
                last = row;
            }
            if let Some(row) = rows.last_mut() {
                row.resize(row.len().max(column + 1), String::new());
                if let Some(place) = row.get_mut(column) {
                    *place = text;
                }
            }
        }
        sheets.push(Sheet { name: format!("{name}, sheet {sheet}"), document: Document::from_rows(rows) });
    }
    Ok(sheets)
}

/// Unpacks every file of the workbook to see how large it really is: what the archive says of that may be wrong.
/// False where it cannot be unpacked.
fn is_within_limits(bytes: &[u8]) -> Result<bool, Reason> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return Ok(false) };
    if archive.len() > MAX_SHEET_FILES.value {
        return Err(Reason::TooMany { what: "files in a workbook", limit: MAX_SHEET_FILES });
    }
    let limit = MAX_SHEET_BYTES.value as u64;
    let mut total = 0;
    for index in 0..archive.len() {
        let Ok(file) = archive.by_index(index) else { return Ok(false) };
        let Ok(size) = std::io::copy(&mut file.take(limit + 1 - total), &mut std::io::sink()) else {
            return Ok(false);
        };
        total += size;
        if total > limit {
            return Err(Reason::TooLarge { what: "workbook", limit: MAX_SHEET_BYTES });
        }
    }
    Ok(true)
}

fn text_of(value: &DataRef<'_>) -> String {
    match Data::from(value.clone()) {
        Data::String(text) => text.trim().to_owned(),
        Data::Empty | Data::Error(_) => String::new(),
        Data::DateTime(time) if time.is_datetime() => written(&time),
        other @ (Data::Int(_)
        | Data::Float(_)
        | Data::Bool(_)
        | Data::DateTime(_)
        | Data::DateTimeIso(_)
        | Data::DurationIso(_)) => other.to_string(),
    }
}

/// A date, a time of day or both, as far as the cell holds them: a workbook keeps days since 1900.
fn written(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    match time.as_f64() {
        days if days < 1.0 => clock,
        days if days.fract() == 0.0 => date,
        _ => format!("{date} {clock}"),
    }
}
