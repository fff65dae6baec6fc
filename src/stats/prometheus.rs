//! Prometheus' text format, version 0.0.4, as its file collector reads it.
//!
//! Its rules (prometheus.io, "Exposition formats" and "Metric and label naming"): HELP and TYPE stand once above all samples of a
//! metric; counters end in `_total`, units are seconds; buckets are cumulative and end with `+Inf`; in label values a
//! backslash, a quote and a line feed are escaped.

use super::Histogram;
use std::fmt::Write as _;

/// The kinds of metrics that are used here.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Durations in buckets.
    Histogram,
}

/// A text that grows metric by metric.
#[derive(Debug)]
pub struct Text {
    text: String,
    /// Labels of every sample.
    common: Vec<(String, String)>,
}

impl Text {
    /// An empty one whose samples all have these labels.
    pub fn new(common: Vec<(String, String)>) -> Text {
        Text { text: String::new(), common }
    }

    /// Begins a metric. Its samples follow.
    pub fn metric(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// A sample.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.text.push_str(name);
        let common = self.common.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut labelled = String::new();
        for (name, value) in common.chain(labels.iter().copied()) {
            let before = if labelled.is_empty() { '{' } else { ',' };
            let _ = write!(labelled, "{before}{name}=\"{}\"", escaped(value));
        }
        if !labelled.is_empty() {
            labelled.push('}');
        }
        let _ = writeln!(self.text, "{labelled} {value}");
    }

    /// The samples of a histogram.
    pub fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        for (bound_ms, count) in histogram.cumulative() {
            let bound = seconds(bound_ms);
            self.sample(&bucket, &[labels, &[("le", &bound)]].concat(), count);
        }
        self.sample(&bucket, &[labels, &[("le", "+Inf")]].concat(), histogram.count);
        self.sample(&format!("{name}_sum"), labels, histogram.sum.as_secs_f64());
        self.sample(&format!("{name}_count"), labels, histogram.count);
    }

    /// The whole.
    pub fn finish(self) -> String {
        self.text
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Milliseconds as seconds, without zeros at the end.
fn seconds(milliseconds: u64) -> String {
    let text = format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Whether a label may have this name. Names with two underscores in front are Prometheus' own.
pub fn is_label_name(name: &str) -> bool {
    let may_begin = |first: char| first.is_ascii_alphabetic() || first == '_';
    name.len() <= 64
        && name.starts_with(may_begin)
        && !name.starts_with("__")
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_seconds_are_plain() {
        let mut text = Text::new(vec![("till".into(), "a\\b\"c\nd".into())]);
        text.metric("x_total", Kind::Counter, "One\\two\nthree.");
        text.sample("x_total", &[("host", "h")], 3);
        assert_eq!(
            text.finish(),
            "# HELP x_total One\\\\two\\nthree.\n# TYPE x_total counter\nx_total{till=\"a\\\\b\\\"c\\nd\",host=\"h\"} 3\n"
        );
        for (ms, told) in [(5, "0.005"), (250, "0.25"), (1000, "1"), (2500, "2.5"), (10_000, "10")] {
            assert_eq!(seconds(ms), told);
        }
    }

    #[test]
    fn label_names_are_prometheus_own() {
        assert!(is_label_name("till_3") && is_label_name("_x"));
        for wrong in ["", "3x", "__x", "a-b", "a b", "店"] {
            assert!(!is_label_name(wrong), "{wrong}");
        }
    }
}
