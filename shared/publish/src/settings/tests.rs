use super::*;

/// 24 bytes.
const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

/// The environment.
fn variable(name: &str) -> Option<String> {
    match name {
        "HOOK" => Some(SECRET.to_owned()),
        "REDIS" => Some("redis://:hunter2@cache.example:6379/0".to_owned()),
        _ => None,
    }
}

#[track_caller]
fn check(text: &str, expected: Result<&[&str], &str>) {
    let found = BrokerSettings::read(text, &variable);
    match expected {
        Ok(names) => {
            let found: Vec<String> = found.unwrap().iter().map(|broker| broker.name.to_string()).collect();
            assert_eq!(found, names);
        }
        Err(part) => {
            let error = found.unwrap_err();
            assert!(error.starts_with("NOTICEBOARD_BROKERS: ") && error.contains(part), "{text}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}

#[test]
fn settings_are_read_or_refused_by_name() {
    check("", Ok(&[]));
    check("{}", Ok(&[]));
    check(r#"{"log": {"type": "log"}}"#, Ok(&["log"]));
    let all = r#"{"a": {"type": "log", "topics": {"include": ["*"], "exclude": []}, "payload": "bare",
        "pauses": [0.5, 60]}, "b": {"type": "sns", "topic": "arn:aws:sns:eu-west-1:1:t"}}"#;
    check(all, Ok(&["a", "b"]));
    check("log", Err("not a JSON object of brokers"));
    check("[]", Err("not a JSON object of brokers"));
    check("@/no/such/file", Err("cannot read /no/such/file: "));
    check(r#"{"x": {"type": "pigeon"}}"#, Err("x: type 'pigeon' is not a kind of broker; use one of log, sns, syslog"));
    check(r#"{"x": {}}"#, Err("x: type '' is not a kind of broker"));
    check(r#"{"a b": {"type": "log"}}"#, Err("a b: a name is "));
    check(r#"{"x": {"type": "log", "colour": 1}}"#, Err("x: colour: unknown field `colour`"));
    check(r#"{"x": {"type": "log", "topics": {"only": []}}}"#, Err("x: topics.only: unknown field `only`"));
    check(r#"{"x": {"type": "log", "topics": {"include": "*"}}}"#, Err("x: topics.include: invalid type: string"));
    check(r#"{"x": {"type": "log", "topics": {"include": ["["]}}}"#, Err("x: topics.include: '[' is not a glob"));
    check(r#"{"x": {"type": "log", "payload": "xml"}}"#, Err("x: payload: unknown variant `xml`"));
    check(r#"{"x": {"type": "log", "pauses": [-1]}}"#, Err("x: pauses: -1 is not a number of seconds"));
    check(r#"{"x": {"type": "sns"}}"#, Err("x: missing field `topic`"));
    for arn in
        ["t", "arn:aws:sqs:eu-west-1:1:t", "arn:aws:sns:eu-west-1:1", "arn:aws:sns::1:t", "arn:aws:sns:eu-west-1:1:"]
    {
        let expected = format!("x: topic: '{arn}' is not the ARN of a topic, arn:aws:sns:REGION:ACCOUNT:NAME");
        check(&format!(r#"{{"x": {{"type": "sns", "topic": "{arn}"}}}}"#), Err(&expected));
    }
    for topics in ["[]", r#"["noticeboard.status.*"]"#, r#""*""#, "null"] {
        let expected = r#"x: topics: not an object such as {"include": ["noticeboard.status.*"]}"#;
        check(&format!(r#"{{"x": {{"type": "log", "topics": {topics}}}}}"#), Err(expected));
    }
    check(r#"{"x": {"type": "log", "pauses": "5"}}"#, Err("x: pauses: invalid type: string"));
    check(r#"{"x": {"type": "log", "pauses": [1, "5"]}}"#, Err("x: pauses[1]: invalid type: string"));
    check(r#"{"x": {"type": "syslog", "url": 514}}"#, Err("x: url: invalid type: integer `514`"));
    check(r#"{"x": "log"}"#, Err("x: not an object of settings"));
}

#[test]
fn a_broker_that_is_wrong_leaves_the_others_alone() {
    let text = r#"{"a": {"type": "log", "topics": {"include": ["noticeboard.status.*"]}}, "b": {"type": "redis"},
        "c": {"type": "webhook", "topics": ["*"]}, "d": {"type": "pigeon"}, "e e": {"type": "log"}}"#;
    let found = BrokerSettings::read_each(text, &|_| None).unwrap();
    assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, false, false]);
    assert!(found[1].as_ref().unwrap_err().starts_with("NOTICEBOARD_BROKERS: b: missing field `url`"));

    // Messages are kept for each of which the queue is known; where it is not known for what, all of them.
    let found = Subscription::read_each(text).unwrap();
    let wants = |one: &Subscription| one.topics.wants("noticeboard.create.notices.outage");
    let kept = found.iter().flatten().map(|one| (one.name.as_str(), one.queue_variable(), wants(one)));
    let queue = |kind: &str| format!("NOTICEBOARD_QUEUE_{kind}");
    let expected = [("a", queue("LOG"), false), ("b", queue("REDIS"), true), ("c", queue("WEBHOOK"), true)];
    assert_eq!(kept.collect::<Vec<_>>(), expected);
    assert!(found[3].as_ref().unwrap_err().starts_with("NOTICEBOARD_BROKERS: d: type 'pigeon' is not a kind"));
    assert!(found[4].as_ref().unwrap_err().starts_with("NOTICEBOARD_BROKERS: e e: a name is "));
}

/// A broker `x` of these settings is right, or wrong as `expected` says; no secret is shown in either case.
#[track_caller]
fn check_one(settings: &str, expected: Result<(), &str>) {
    let settings = settings.replace("SECRET", SECRET);
    let text = format!(r#"{{"x": {settings}}}"#);
    let expected = expected.map(|()| ["x"]).map_err(|part| format!("x: {part}"));
    check(&text, expected.as_ref().map(<[_; 1]>::as_slice).map_err(String::as_str));
    let found = BrokerSettings::read(&text, &variable);
    let shown = format!("{found:?}");
    assert!(!shown.contains("whsec_MDE") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn syslog_goes_to_a_socket_or_a_host() {
    check_one(r#"{"type": "syslog"}"#, Ok(()));
    check_one(r#"{"type": "syslog", "facility": "authpriv", "severity": "warning"}"#, Ok(()));
    for url in ["unix:/run/log", "udp://logs:514", "udp://[::1]:514", "tcp://192.0.2.1:601"] {
        check_one(&format!(r#"{{"type": "syslog", "url": "{url}"}}"#), Ok(()));
    }
    let wrong = ["", "/dev/log", "unix:log", "udp://logs", "udp://:514", "udp://logs:0", "udp://logs:x"];
    for url in wrong.into_iter().chain(["tcp://::1:514", "tls://logs:6514", "tcp://logs:514/x", "tcp://a@logs:1"]) {
        let expected = format!("url: '{url}' is not unix:/path, udp://host:port or tcp://host:port");
        check_one(&format!(r#"{{"type": "syslog", "url": "{url}"}}"#), Err(&expected));
    }
    check_one(
        r#"{"type": "syslog", "severity": "loud"}"#,
        Err("severity: unknown variant `loud`, expected one of `emerg`"),
    );
    check_one(
        r#"{"type": "syslog", "facility": "local8"}"#,
        Err("facility: unknown variant `local8`, expected one of "),
    );
    check_one(r#"{"type": "syslog", "level": "info"}"#, Err("level: unknown field `level`"));
}

#[test]
fn redis_has_an_address_that_is_not_told() {
    for url in ["redis://localhost", "redis://:hunter2@[::1]:6380/0", "rediss://noc:hunter2@cache.example:6379"] {
        check_one(&format!(r#"{{"type": "redis", "url": "{url}"}}"#), Ok(()));
    }
    check_one(r#"{"type": "redis"}"#, Err("missing field `url`"));
    let wrong = ["cache:6379", "http://:hunter2@cache", "redis://", "redis://:hunter2@cache:port", "unix:/tmp/redis"];
    for url in wrong.into_iter().chain(["redis://:hunter2@cache/one", "rediss://cache/#insecure"]) {
        let expected = "url: not redis://[user:password@]host[:port], rediss:// for TLS, or env:NAME";
        check_one(&format!(r#"{{"type": "redis", "url": "{url}"}}"#), Err(expected));
    }
    check_one(r#"{"type": "redis", "url": "env:REDIS"}"#, Ok(()));
    check_one(r#"{"type": "redis", "url": "env:HOOK"}"#, Err("url: not redis://"));
    check_one(r#"{"type": "redis", "url": "env:OTHER"}"#, Err("url: the environment variable OTHER is not set"));
}

#[test]
fn a_webhook_is_signed_and_goes_to_the_public() {
    #[track_caller]
    fn check_url(url: &str, also: &str, expected: Result<(), &str>) {
        check_one(&format!(r#"{{"type": "webhook", "url": "{url}", "secrets": ["SECRET"]{also}}}"#), expected);
    }
    let private = r#", "allow_private": true"#;
    check_url("https://hooks.example/a?b", "", Ok(()));
    check_url("https://1.1.1.1:8443/", "", Ok(()));
    check_url("https://[2606:4700::1111]/", "", Ok(()));
    check_url("http://hooks.internal/", private, Ok(()));
    check_url("https://127.0.0.1/", private, Ok(()));
    check_url("hooks.example", "", Err("url: not https://host/path: "));
    check_url("ftp://hooks.example/", "", Err("url: ftp: is not https:"));
    check_url("http://hooks.example/", "", Err("url: http:// is for private addresses"));
    check_url("https://noc:hunter2@hooks.example/", "", Err("url: a user or password in it is not sent"));
    check_url("https://127.0.0.1/", "", Err("url: 127.0.0.1 is a private address: set \"allow_private\""));
    check_url("https://0x7f.1/", "", Err("url: 127.0.0.1 is a private address"));
    check_url("https://2130706433/", "", Err("url: 127.0.0.1 is a private address"));
    check_url("https://[::ffff:10.0.0.1]/", "", Err("url: ::ffff:10.0.0.1 is a private address"));
    check_url("http://1.1.1.1/", private, Err("url: 1.1.1.1 is a public address: use https://"));
    check_url("https://169.254.169.254/", private, Err("url: 169.254.169.254 is an address that webhooks are never"));

    #[track_caller]
    fn check_secrets(secrets: &str, expected: Result<(), &str>) {
        let settings = format!(r#"{{"type": "webhook", "url": "https://hooks.example", "secrets": {secrets}}}"#);
        check_one(&settings, expected);
    }
    check_secrets(r#"["SECRET", "env:HOOK"]"#, Ok(()));
    check_secrets("[]", Err("secrets: there must be 1 to 10"));
    check_secrets(r#"["SECRET", "env:OTHER"]"#, Err("secrets: the environment variable OTHER is not set"));
    let wrong = |at| format!("secrets: number {at} is not whsec_ and the base64 of 24 to 64 random bytes");
    check_secrets(r#"["SECRET", "hunter2"]"#, Err(&wrong(2)));
    check_secrets(r#"["whsec_hunter2!"]"#, Err(&wrong(1)));
    // 64, 23 and 65 bytes.
    check_secrets(&format!(r#"["whsec_{}=="]"#, "MDEy".repeat(21) + "MA"), Ok(()));
    check_secrets(&format!(r#"["whsec_{}="]"#, "MDEy".repeat(7) + "MDE"), Err(&wrong(1)));
    check_secrets(&format!(r#"["whsec_{}="]"#, "MDEy".repeat(21) + "MDE"), Err(&wrong(1)));
    check_one(r#"{"type": "webhook", "url": "https://hooks.example"}"#, Err("missing field `secrets`"));
    check_secrets("[1]", Err("secrets: not a list of texts"));
    check_secrets(r#""SECRET""#, Err("secrets: not a list of texts"));
}
