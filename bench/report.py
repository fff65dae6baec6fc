"""Figures from records, and the page that shows them."""

import json
import statistics

from contestants import HERE

DATA = HERE / "data"
PAGE = HERE / "RESULTS.md"


def write(about, records):
    DATA.mkdir(exist_ok=True)
    (DATA / "about.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    lines = ",\n".join(json.dumps(record, separators=(",", ":"), ensure_ascii=False) for record in records)
    (DATA / "runs.json").write_text(f"[\n{lines}\n]\n")
    PAGE.write_text(page(about, records))


def quantile(histogram, part):
    """Of latencies counted by microsecond."""
    wanted = part * (sum(count for _, count in histogram) - 1)
    for value, count in histogram:
        wanted -= count
        if wanted < 0:
            return value
    return histogram[-1][0]


def pooled(records):
    counts = {}
    for record in records:
        for value, count in record["latencies_us"]:
            counts[value] = counts.get(value, 0) + count
    return sorted(counts.items())


def spread(values, digits=0):
    """Median, and the range that half of the rounds fell into."""
    values = sorted(values)
    low, high = (values[round((len(values) - 1) * part)] for part in (0.25, 0.75))
    return f"{statistics.median(values):,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def page(about, records):
    names = [it["name"] for it in about["contestants"]]
    lines = ["| | CPU of a call, µs | × floor | p50, µs | p99 | p99.9 | MiB |", "|---|---|---|---|---|---|---|"]
    single = {
        name: [it for it in records if it["part"] == "redeem" and it["contestant"] == name and it["threads"] == 1]
        for name in names
    }
    cpu = {name: [it["cpu_ns"] / it["calls"] / 1000 for it in of] for name, of in single.items() if of}
    floor = min(statistics.median(values) for name, values in cpu.items() if name.startswith("floor"))
    for name, values in cpu.items():
        latencies = pooled(single[name])
        p50, p99, p999 = (quantile(latencies, part) for part in (0.5, 0.99, 0.999))
        memory = statistics.median(it["peak_rss_kib"] for it in single[name]) / 1024
        ratio = statistics.median(values) / floor
        lines.append(f"| {name} | {spread(values)} | {ratio:.2f} | {p50} | {p99} | {p999} | {memory:.1f} |")
    return "\n".join(["# Results", "", *lines, ""])
