//! What a context counts, and how Prometheus reads it.

use crate::till::{Till, config_with, query_request, shop, use_request, with_limit};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wxcoupon_sandbox::{Fault, FaultKind};

fn count(list: &Value, wanted: &Value) -> u64 {
    let is_wanted =
        |item: &&Value| wanted.as_object().unwrap().iter().all(|(name, value)| item[name] == *value);
    list.as_array().unwrap().iter().find(is_wanted).map_or(0, |item| item["count"].as_u64().unwrap())
}

#[test]
fn calls_attempts_and_doubt_are_counted() {
    let (sandbox, till) = shop();
    let nothing = till.stats(&json!({})).json["data"].clone();
    assert_eq!((&nothing["calls"], &nothing["attempts"]), (&json!([]), &json!([])));
    assert_eq!(till.redeem(&use_request("AUTO_COUNT", "COUNT-0001")).status, 0);
    assert_eq!(till.redeem(&use_request("SBX_EXPIRED", "COUNT-0002")).class(), 5);
    assert_eq!(till.query(&json!({})).class(), 1);
    sandbox.inject(Fault::new(FaultKind::ProcessThenHang).coupon("AUTO_LOST"));
    assert_eq!(till.redeem(&with_limit(use_request("AUTO_LOST", "COUNT-0003"), 800)).class(), 4);

    let data = till.stats(&json!({})).json["data"].clone();
    for (operation, class, expected) in
        [("use", 0, 1), ("use", 5, 1), ("use", 4, 1), ("query", 1, 1), ("use", 3, 0)]
    {
        let found = count(&data["calls"], &json!({ "operation": operation, "class": class }));
        assert_eq!(found, expected, "{operation} {class}: {data}");
    }
    assert_eq!(count(&data["call_times"], &json!({ "operation": "use" })), 3);
    let host = sandbox.config()["base_urls"][0].as_str().unwrap().trim_start_matches("https://").to_owned();
    assert_eq!(count(&data["attempts"], &json!({ "host": host, "name": "WXCOUPON_OK" })), 1, "{data}");
    assert_eq!(
        count(&data["attempts"], &json!({ "host": host, "name": "WXCOUPON_E_ANSWER_TIMEOUT" })),
        1,
        "{data}"
    );
    assert_eq!(data["journal"]["writes"]["count"], 3);
    assert_eq!(count(&data["open"], &json!({ "state": "pending", "age": "1m" })), 1, "{data}");
    assert!(data["oldest_pending_ms"].as_u64().unwrap() >= 800, "{data}");
    let slow =
        data["call_times"].as_array().unwrap().iter().find(|times| times["operation"] == "use").unwrap();
    assert!(slow["sum_ms"].as_u64().unwrap() >= 800, "{slow}");
    assert_eq!(count(&slow["buckets"], &json!({ "le_ms": 10_000 })), 3);
    assert!(count(&slow["buckets"], &json!({ "le_ms": 500 })) < 3);
}

#[test]
fn a_changed_configuration_goes_on_counting() {
    let (sandbox, till) = shop();
    till.query(&query_request("SBX_EFFECTIVE_1"));
    till.update(&config_with(&sandbox, &json!({ "timeout_ms": 9000 })));
    till.query(&query_request("SBX_EFFECTIVE_1"));
    let data = till.stats(&json!({ "format": "json" })).json["data"].clone();
    assert_eq!(count(&data["calls"], &json!({ "operation": "query", "class": 0 })), 2);
    let other = Till::new(&sandbox.config());
    assert_eq!(other.stats(&json!({})).json["data"]["calls"], json!([]), "each context counts its own");
}

/// What the rules of the text format say of one sample.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn sample(line: &str) -> Sample {
    let name: String = line.chars().take_while(|letter| !"{ ".contains(*letter)).collect();
    let mut rest = &line[name.len()..];
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            let (mut value, mut letters) = (String::new(), after.char_indices());
            let end = loop {
                match letters.next().unwrap_or_else(|| panic!("open quotes: {line}")) {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match letters.next().unwrap().1 {
                        'n' => '\n',
                        escaped @ ('\\' | '"') => escaped,
                        other => panic!("\\{other} in {line}"),
                    }),
                    (_, letter) => value.push(letter),
                }
            };
            assert!(is_name(label) && labels.insert(label.to_owned(), value).is_none(), "{label}: {line}");
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("{line}"));
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}")).parse().unwrap();
    Sample { name, labels, value }
}

/// The metrics of a text, by the rules of "Exposition formats" and "Metric and label naming".
fn metrics(text: &str) -> BTreeMap<String, (String, Vec<Sample>)> {
    assert!(text.ends_with('\n') && !text.contains("\n\n") && !text.contains('\r'));
    let mut metrics: BTreeMap<String, (String, Vec<Sample>)> = BTreeMap::new();
    let (mut current, mut helped) = ("", "");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(!help.is_empty() && !metrics.contains_key(name), "{name} is helped twice");
            helped = name;
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(
                name == helped && is_name(name) && ["counter", "gauge", "histogram"].contains(&kind),
                "{line}"
            );
            let is_counter = kind == "counter";
            assert_eq!(name.ends_with("_total"), is_counter, "{name}");
            for unit in ["_ms", "_milliseconds", "_minutes", "_kb"] {
                assert!(!name.trim_end_matches("_total").ends_with(unit), "{name} is in a base unit");
            }
            metrics.insert(name.to_owned(), (kind.to_owned(), Vec::new()));
            current = name;
        } else {
            let sample = sample(line);
            let (kind, samples) = metrics.get_mut(current).unwrap();
            let parts = ["_bucket", "_sum", "_count"].map(|part| format!("{current}{part}"));
            let belongs =
                if kind == "histogram" { parts.contains(&sample.name) } else { sample.name == current };
            assert!(belongs, "{line} stands below {current}");
            samples.push(sample);
        }
    }
    metrics
}

#[test]
fn the_text_for_prometheus_keeps_its_rules() {
    let (sandbox, till) = shop();
    till.redeem(&use_request("AUTO_PROM", "PROM-00001"));
    sandbox.inject(FaultKind::RefuseConnection);
    till.redeem(&with_limit(use_request("AUTO_PROM2", "PROM-00002"), 500));
    let shop_name = "第3\"店\"\\\n";
    let answer = till.stats(&json!({ "format": "prometheus", "labels": { "till": shop_name } }));
    let text = answer.json["data"]["text"].as_str().unwrap().to_owned();
    let metrics = metrics(&text);
    let mut series = BTreeSet::new();
    for (name, (kind, samples)) in &metrics {
        assert!(name.starts_with("wxcoupon_"));
        for sample in samples {
            assert!(series.insert((sample.name.clone(), sample.labels.clone())), "twice: {sample:?}");
            assert_eq!(sample.labels["till"], shop_name);
            assert_eq!(sample.labels["merchant"], sandbox.config()["mchid"].as_str().unwrap());
            assert!(sample.value.is_finite() && (kind == "gauge" || sample.value >= 0.0), "{sample:?}");
        }
        if kind == "histogram" {
            assert_histogram(name, samples);
        }
    }
    let value = |name: &str, labels: &[(&str, &str)]| {
        let samples = &metrics[name].1;
        let fits = |sample: &&Sample| labels.iter().all(|(label, value)| sample.labels[*label] == *value);
        samples.iter().find(fits).map(|sample| sample.value)
    };
    assert_eq!(value("wxcoupon_calls_total", &[("operation", "use"), ("class", "0")]), Some(1.0));
    assert_eq!(value("wxcoupon_calls_total", &[("operation", "use"), ("class", "3")]), Some(1.0));
    let host = sandbox.config()["base_urls"][0].as_str().unwrap().trim_start_matches("https://").to_owned();
    assert_eq!(value("wxcoupon_host_healthy", &[("host", &host)]), Some(0.0), "{text}");
    assert_eq!(value("wxcoupon_open_requests", &[("state", "pending"), ("age", "older")]), Some(0.0));
}

/// Buckets of one series grow, end with all, and all is the count.
fn assert_histogram(name: &str, samples: &[Sample]) {
    let mut series: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
        let mut labels = sample.labels.clone();
        let bound = labels.remove("le").unwrap();
        let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
        series.entry(labels).or_default().push((bound, sample.value));
    }
    assert!(!series.is_empty(), "{name}");
    for (labels, buckets) in series {
        assert!(
            buckets.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1),
            "{name}: {buckets:?}"
        );
        let part = |part: &str| {
            let found = samples
                .iter()
                .find(|sample| sample.name == format!("{name}{part}") && sample.labels == labels);
            found.unwrap_or_else(|| panic!("{name}{part} {labels:?}")).value
        };
        assert_eq!(*buckets.last().unwrap(), (f64::INFINITY, part("_count")));
        assert!(part("_sum") >= 0.0);
    }
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    let (_sandbox, till) = shop();
    for (request, field) in [
        (json!({ "format": "xml" }), "/format"),
        (json!({ "labels": [] }), "/labels"),
        (json!({ "labels": { "le": "1" } }), "/labels"),
        (json!({ "labels": { "merchant": "1" } }), "/labels"),
        (json!({ "labels": { "a-b": "1" } }), "/labels"),
        (json!({ "labels": { "a": 1 } }), "/labels/a"),
        (json!({ "labels": { "a": "x".repeat(129) } }), "/labels/a"),
        (json!({ "lables": {} }), "/lables"),
    ] {
        let told = till.stats(&request);
        assert_eq!(
            (told.name(), told.json["field"].as_str()),
            ("WXCOUPON_E_REQUEST", Some(field)),
            "{}",
            told.json
        );
    }
}
