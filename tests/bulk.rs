//! Several objects in one request: all or none, also where they are more than one transaction holds; and bodies that
//! say too much.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use noticeboard_tests::Server;
use serde_json::{Value, json};

const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";
const IMPACT: &str = "/api/plugins/notices/impact/";

struct World {
    server: Server,
    provider: u64,
}

impl World {
    fn new() -> Self {
        let server = Server::memory();
        let provider = server.provider("Zayo", "zayo");
        Self { server, provider }
    }

    fn body(&self, name: &str) -> Value {
        json!({
            "name": name, "summary": "splice", "provider": self.provider, "status": "CONFIRMED",
            "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z",
        })
    }

    fn count(&self, query: &str) -> u64 {
        self.server.get(&format!("{MAINTENANCE}?{query}")).expect(200)["count"].as_u64().unwrap()
    }

    fn send(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let answer = self.server.send(method, path, &[("content-type", "application/json")], body.as_bytes());
        let body = if answer.text.is_empty() { Value::Null } else { answer.json() };
        (answer.status, body)
    }
}

#[test]
fn more_objects_than_a_transaction_holds_are_written_together() {
    const MANY: usize = 130;
    let w = World::new();
    let bodies: Vec<Value> = (0..MANY).map(|n| w.body(&format!("M-{n}"))).collect();
    let (status, made) = w.send("POST", MAINTENANCE, &json!(bodies).to_string());
    assert_eq!((status, made.as_array().unwrap().len()), (201, MANY));
    assert_eq!(w.count("name__isw=M-&limit=1"), MANY as u64);

    let changes: Vec<Value> =
        made.as_array().unwrap().iter().map(|one| json!({"id": one["id"], "internal_ticket": "INC-1"})).collect();
    let (status, changed) = w.send("PATCH", MAINTENANCE, &json!(changes).to_string());
    assert_eq!(status, 200, "{changed}");
    assert!(changed.as_array().unwrap().iter().all(|one| one["internal_ticket"] == "INC-1"));
    assert_eq!(w.count("internal_ticket=INC-1&limit=1"), MANY as u64);

    let ids: Vec<Value> = made.as_array().unwrap().iter().map(|one| json!({"id": one["id"]})).collect();
    assert_eq!(w.send("DELETE", MAINTENANCE, &json!(ids).to_string()), (204, Value::Null));
    assert_eq!(w.count("internal_ticket=INC-1&limit=1"), 0);
}

#[test]
fn one_wrong_element_leaves_nothing_written() {
    let w = World::new();
    let mut bodies: Vec<Value> = (0..60).map(|n| w.body(&format!("M-{n}"))).collect();
    bodies[59]["end"] = json!("2026-11-01T00:00:00Z");
    let (status, errors) = w.send("POST", MAINTENANCE, &json!(bodies).to_string());
    assert_eq!(status, 400);
    assert_eq!(errors[58], json!({}));
    assert_eq!(errors[59], json!({"end": ["The end time must be after the start time."]}));
    assert_eq!(w.count("name__isw=M-"), 0);

    let (_, made) = w.send("POST", MAINTENANCE, &json!([w.body("A"), w.body("B")]).to_string());
    let changes = json!([
        {"id": made[0]["id"], "internal_ticket": "INC-1"}, {"id": made[1]["id"], "status": "OPEN"},
    ]);
    let (status, error) = w.send("PATCH", MAINTENANCE, &changes.to_string());
    assert_eq!((status, error.as_object().unwrap().contains_key("status")), (400, true), "{error}");
    assert_eq!(w.count("internal_ticket=INC-1"), 0);

    let circuit = json!({"cid": "IC-1", "provider": w.provider});
    let circuit = w.server.post("/api/circuits/circuits/", &circuit).expect(201)["id"].clone();
    let impact = json!({"maintenance": made[0]["id"], "content_type": "circuits.circuit", "object_id": circuit});
    let (status, errors) = w.send("POST", IMPACT, &json!([impact, impact]).to_string());
    assert_eq!((status, &errors[0]), (400, &json!({})), "{errors}");
    assert!(errors[1].as_object().unwrap().contains_key("__all__"), "{errors}");
    assert_eq!(w.server.get(IMPACT).expect(200)["count"], 0);
}

#[test]
fn a_large_change_and_other_writers_lose_nothing_of_each_other() {
    const MANY: usize = 130;
    let w = World::new();
    let bodies: Vec<Value> = (0..MANY).map(|n| w.body(&format!("M-{n}"))).collect();
    let (_, made) = w.send("POST", MAINTENANCE, &json!(bodies).to_string());
    let ids: Vec<u64> = made.as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for ticket in 1..=4 {
                let changes: Vec<Value> =
                    ids.iter().map(|id| json!({"id": id, "internal_ticket": format!("INC-{ticket}")})).collect();
                assert_eq!(w.send("PATCH", MAINTENANCE, &json!(changes).to_string()).0, 200);
            }
        });
        scope.spawn(|| {
            for id in ids.iter().rev() {
                let body = json!({"comments": "seen"}).to_string();
                assert_eq!(w.send("PATCH", &format!("{MAINTENANCE}{id}/"), &body).0, 200);
            }
        });
    });
    assert_eq!(w.count("internal_ticket=INC-4&limit=1"), MANY as u64);
    assert_eq!(w.count("comments=seen&limit=1"), MANY as u64);
}

#[test]
fn a_large_creation_that_another_writer_makes_impossible_leaves_nothing() {
    const MANY: usize = 90;
    let w = World::new();
    let event = w.server.post(MAINTENANCE, &w.body("M")).expect(201)["id"].as_u64().unwrap();
    let circuits: Vec<Value> = (0..MANY).map(|n| json!({"cid": format!("IC-{n}"), "provider": w.provider})).collect();
    let (_, circuits) = w.send("POST", "/api/circuits/circuits/", &json!(circuits).to_string());
    let impact =
        |circuit: &Value| json!({"maintenance": event, "content_type": "circuits.circuit", "object_id": circuit["id"]});
    let impacts: Vec<Value> = circuits.as_array().unwrap().iter().map(impact).collect();
    let (mut whole, mut nothing) = (0, 0);
    for _ in 0..6 {
        let (many, one) = std::thread::scope(|scope| {
            let many = scope.spawn(|| w.send("POST", IMPACT, &json!(impacts).to_string()).0);
            let one = scope.spawn(|| w.send("POST", IMPACT, &impacts[MANY - 1].to_string()).0);
            (many.join().unwrap(), one.join().unwrap())
        });
        let list = w.server.get(&format!("{IMPACT}?event_object_id={event}&limit=0")).expect(200);
        let there = list["results"].as_array().unwrap();
        match (many, one) {
            (201, 400) => {
                assert_eq!(there.len(), MANY);
                whole += 1;
            }
            (400, 201) => {
                assert_eq!(there.len(), 1);
                nothing += 1;
            }
            other => panic!("{other:?}"),
        }
        let found: Vec<Value> = there.iter().map(|one| json!({"id": one["id"]})).collect();
        assert_eq!(w.send("DELETE", IMPACT, &json!(found).to_string()).0, 204);
    }
    assert_eq!(whole + nothing, 6);
    assert_eq!(w.server.get(&format!("{MAINTENANCE}{event}/")).expect(200)["impact_count"], 0);
}

#[test]
fn bodies_that_say_too_much_are_refused() {
    let w = World::new();
    let many = format!("[{}]", vec!["{}"; 1001].join(","));
    for method in ["POST", "PATCH", "PUT", "DELETE"] {
        let (status, body) = w.send(method, MAINTENANCE, &many);
        assert_eq!(status, 413, "{method}: {body}");
        assert!(body["detail"].as_str().unwrap().contains("MAX_BULK"), "{body}");
    }
    let twice = r#"{"name": "A", "summary": "x", "name": "B"}"#;
    let (status, body) = w.send("POST", MAINTENANCE, twice);
    assert_eq!(status, 400);
    assert!(body["detail"].as_str().unwrap().contains("\"name\" occurs twice"), "{body}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(w.send("POST", MAINTENANCE, &deep).0, 400);
    for (field, text) in [("name", "a\u{0}"), ("name", "a\u{7}b"), ("summary", "a\nb"), ("comments", "a\u{1b}[2J")] {
        let mut body = w.body("M");
        body[field] = json!(text);
        let (status, error) = w.send("POST", MAINTENANCE, &body.to_string());
        assert_eq!((status, error.as_object().unwrap().keys().next().unwrap().as_str()), (400, field), "{text:?}");
    }
    for (method, body) in [("PATCH", "{}"), ("DELETE", "{}"), ("PATCH", "[1]"), ("DELETE", "[{}]")] {
        assert_eq!(w.send(method, MAINTENANCE, body).0, 400, "{method} {body}");
    }
    assert_eq!(w.count(""), 0);
}
