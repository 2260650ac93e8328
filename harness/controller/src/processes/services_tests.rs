//! The services keep exactly the promises in their names.

use super::*;

fn read(services: &mut Services, service: u8, client: &str) -> Value {
    let answer =
        services.answer(service, client, &json!({"type": "read", "msg_id": 1, "key": "x"}));
    answer.get("value").cloned().unwrap_or(Value::Null)
}

fn write(services: &mut Services, service: u8, client: &str, value: u64) {
    let request = json!({"type": "write", "msg_id": 1, "key": "x", "value": value});
    assert_eq!(services.answer(service, client, &request)["type"], "write_ok");
}

#[test]
fn lin_kv_answers_like_maelstrom() {
    let mut services = Services::new(1);
    let mut ask = |request: Value| services.answer(0, "n0", &request);
    assert_eq!(
        ask(json!({"type": "read", "msg_id": 4, "key": [1]})),
        json!({"type": "error", "code": 20, "text": "key does not exist", "in_reply_to": 4})
    );
    let cas = |from: u64, to: u64, create: bool| json!({"type": "cas", "key": [1], "from": from, "to": to, "create_if_not_exists": create});
    assert_eq!(ask(cas(0, 1, false))["code"], 20);
    assert_eq!(ask(cas(0, 1, true)), json!({"type": "cas_ok"}));
    assert_eq!(ask(cas(0, 1, true))["code"], 22);
    assert_eq!(ask(cas(1, 2, false)), json!({"type": "cas_ok"}));
    assert_eq!(ask(json!({"type": "read", "key": [1]})), json!({"type": "read_ok", "value": 2}));
    assert_eq!(ask(json!({"type": "read", "key": "[1]"}))["code"], 20);
    assert_eq!(ask(json!({"type": "write", "key": 1}))["code"], 12);
    assert_eq!(ask(json!({"type": "read"}))["code"], 12);
    assert_eq!(ask(json!({"type": "ts"}))["code"], 10);
    assert_eq!(ask(json!(null))["code"], 10);
}

#[test]
fn lin_tso_never_repeats_a_timestamp() {
    let mut services = Services::new(1);
    for ts in 0..5 {
        let answer = services.answer(3, "n0", &json!({"type": "ts", "msg_id": 2}));
        assert_eq!(answer, json!({"type": "ts_ok", "ts": ts, "in_reply_to": 2}));
    }
    assert_eq!(services.answer(3, "n0", &json!({"type": "read", "key": 1}))["code"], 10);
}

#[test]
fn seq_kv_reads_the_past_but_never_backwards() {
    let mut services = Services::new(1);
    let (mut last, mut stale) = (0, 0);
    for value in 1..500 {
        write(&mut services, 1, "writer", value);
        assert_eq!(read(&mut services, 1, "writer"), value, "a client reads its own writes");
        let seen = read(&mut services, 1, "reader").as_u64().unwrap_or(0);
        assert!(seen >= last, "{seen} after {last}");
        assert!(seen + PAST as u64 >= value, "{seen} when {value} was current");
        stale += u64::from(seen < value);
        last = seen;
    }
    assert!(stale > 50, "only {stale} reads were of the past");
}

#[test]
fn seq_kv_may_refuse_from_the_past_and_changes_only_the_present() {
    let mut services = Services::new(3);
    let mut applied = 0;
    write(&mut services, 1, "w", 0);
    for _ in 0..300 {
        let cas = json!({"type": "cas", "key": "x", "from": applied, "to": applied + 1});
        if services.answer(1, &format!("n{}", applied % 5), &cas)["type"] == "cas_ok" {
            applied += 1;
        }
        let current = services.sequential.now[&json!("x").to_string()].clone();
        assert_eq!(current, applied);
    }
    assert!(applied > 10);
}

#[test]
fn lww_kv_loses_writes_but_its_replicas_agree_in_the_end() {
    let mut services = Services::new(1);
    for value in 0..100 {
        write(&mut services, 2, "n0", value);
    }
    let mut reads = std::collections::BTreeSet::new();
    for _ in 0..20 {
        reads.insert(read(&mut services, 2, "n0").to_string());
    }
    assert!(reads.len() > 1, "every replica already agrees: {reads:?}");
    for _ in 0..500 {
        read(&mut services, 2, "n0");
    }
    let settled = read(&mut services, 2, "n0");
    assert!((0..50).all(|_| read(&mut services, 2, "n0") == settled));
}

#[test]
fn lines_have_the_layout_of_our_own_nodes() {
    for body in [json!({"type": "write_ok", "in_reply_to": 7}), json!({"type": "write_ok"})] {
        let (line, bytes) = line(0, "n3", &body);
        let envelope = schism_node::scan(&line).unwrap();
        assert_eq!((envelope.src, envelope.kind), (&b"lin-kv"[..], &b"write_ok"[..]));
        assert_eq!(envelope.body.len(), bytes);
        assert_eq!(serde_json::from_slice::<Value>(envelope.body).unwrap(), body);
    }
}
