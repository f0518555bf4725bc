//! Notices as the JSON that `noticeboard parse` prints.

use noticeboard_domain::notice::{Notice, NoticeState};
use serde_json::{Value, json};

/// An array with one object for each notice. Times are Unix seconds, UTC.
pub fn notices(notices: &[Notice]) -> Value {
    notices.iter().map(notice).collect()
}

/// `sequence` is 1 where the format has none, as the peers' parsers print it; `backup` is there only when true,
/// `kind` and `estimated_time_to_repair` only of an outage.
fn notice(notice: &Notice) -> Value {
    let circuits: Vec<Value> = (notice.circuits.iter())
        .map(|circuit| json!({ "circuit_id": circuit.circuit_id, "impact": circuit.impact.as_str() }))
        .collect();
    let mut object = json!({
        "provider": notice.announced_by,
        "maintenance_id": notice.maintenance_id,
        "account": notice.account,
        "status": notice.status_text(),
        "start": notice.start.timestamp(),
        "end": notice.end.map(|end| end.timestamp()),
        "stamp": notice.stamp.timestamp(),
        "sequence": notice.sequence.unwrap_or(1),
        "summary": notice.summary,
        "circuits": circuits,
    });
    if let NoticeState::Outage { estimated_time_to_repair, .. } = notice.state {
        object["kind"] = "outage".into();
        object["estimated_time_to_repair"] = json!(estimated_time_to_repair.map(|time| time.timestamp()));
    }
    if notice.backup {
        object["backup"] = Value::Bool(true);
    }
    object
}
