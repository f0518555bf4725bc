//! What `dynoxide-rs` 3.2.0 lacks, done beside it on connections of our own to its file. Look here first when that
//! version changes: each item says what would make it unnecessary.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dynoxide::actions::get_records::GetRecordsResponse;
use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::EngineError;

/// How long AWS keeps a stream record.
pub const STREAM_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How many records one batch of trimming deletes at most: a few milliseconds of work.
pub(super) const TRIM_BATCH: u64 = 500;

/// What sequence numbers in the API are above the ones in the file (`streams::format_sequence_number`).
const SEQUENCE_OFFSET: u128 = 100_000_000_000_000_000_000;

/// The engine finds the next sequence number of a stream as `MAX(CAST(sequence_number AS INTEGER)) + 1` over a table
/// without any index (`storage.rs`, `next_stream_sequence_number`), that is by reading the whole stream at each write.
/// The index answers that, and `GetRecords`, from one place in it. `shard_id` is there for `DescribeStream` and `LATEST`
/// iterators, which ask for the first and last number of a shard: SQLite walks the stream for that, but the index alone.
///
/// To be dropped when the engine has an index of its own.
const SEQUENCE_INDEX: &str = "CREATE INDEX IF NOT EXISTS noticeboard_stream_sequence \
     ON _stream_records (table_name, CAST(sequence_number AS INTEGER), shard_id)";

/// Makes the file, once the engine has opened it and its tables are there, fit for use.
pub(super) fn prepare(location: &str) -> Result<(), EngineError> {
    Connection::open(location)
        .and_then(|connection| connection.execute_batch(SEQUENCE_INDEX))
        .map_err(|source| EngineError::Maintain { task: "index the streams", location: location.to_owned(), source })
}

/// Trimming of one stream. The engine never deletes a stream record; AWS does so after [`STREAM_RETENTION`].
///
/// The newest record stays in any case, because the engine numbers the next one after it.
///
/// To be dropped when the engine trims by itself.
#[derive(Clone, Debug)]
pub(super) struct Trim {
    table: String,
    last_consumed: i64,
    made_before: i64,
}

impl Trim {
    /// Records of `table` up to the sequence number `consumed_up_to`, as the API gives it, made before `made_before`.
    pub(super) fn new(table: &str, consumed_up_to: &str, made_before: SystemTime) -> Result<Self, EngineError> {
        let number: Option<u128> = consumed_up_to.parse().ok();
        let last_consumed = number
            .and_then(|number| number.checked_sub(SEQUENCE_OFFSET))
            .and_then(|number| i64::try_from(number).ok())
            .ok_or_else(|| EngineError::SequenceNumber(consumed_up_to.to_owned()))?;
        let made_before = made_before.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let made_before = i64::try_from(made_before).unwrap_or(i64::MAX);
        Ok(Self { table: table.to_owned(), last_consumed, made_before })
    }

    /// Deletes the oldest of them, at most [`TRIM_BATCH`], and returns how many.
    pub(super) fn batch(&self, location: &str) -> Result<u64, EngineError> {
        // The age is tested on the oldest batch alone, not in the search for it: else each call on a stream with
        // nothing to delete would read all of it.
        const DELETE: &str = "DELETE FROM _stream_records WHERE created_at < ?3 AND id IN (
            SELECT id FROM _stream_records
            WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2
              AND CAST(sequence_number AS INTEGER) <
                  (SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?1)
            ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?4)";
        Connection::open(location)
            .and_then(|connection| {
                connection.execute(DELETE, params![self.table, self.last_consumed, self.made_before, TRIM_BATCH as i64])
            })
            .map(|deleted| deleted as u64)
            .map_err(|source| EngineError::Maintain { task: "trim the stream", location: location.to_owned(), source })
    }
}

/// Answers of `GetRecords` with `userIdentity` as the API has it. It tells the deletions of items whose time to live has
/// passed from all others; the engine writes its members (`type`, `principalId`) as in the events that Lambda gets, so
/// that the SDK reads none.
///
/// To be dropped when the engine writes `Type` and `PrincipalId`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Records {
    AsGiven(GetRecordsResponse),
    Corrected(Value),
}

pub(super) fn with_api_identities(answer: GetRecordsResponse) -> Records {
    if answer.records.iter().all(|record| record.user_identity.is_none()) {
        return Records::AsGiven(answer);
    }
    let mut corrected = json!(answer);
    for record in corrected["Records"].as_array_mut().into_iter().flatten() {
        if let Some(identity) = record.get_mut("userIdentity") {
            *identity = json!({ "Type": identity["type"], "PrincipalId": identity["principalId"] });
        }
    }
    Records::Corrected(corrected)
}
