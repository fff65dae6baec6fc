"""The page that shows the figures."""

import json

import charts
import tables
from contestants import BUILT, HERE

LIMITS = """\
## Limits

- One machine, which is shared: other work on it makes everything slower at times. Rounds are interleaved, so that this
  falls on all alike; ratios are taken within a round. Compare ratios, not microseconds.
- Client and server share the cores. Redemptions a second say how much the pair does; what the client alone needs is
  its CPU time, and one core does a million divided by that many redemptions a second.
- The server is on this machine. On a real line the distance comes on top, for all alike; the connections that a client
  opens cost more there than here.
- Answers are signed in advance, and named by coupon: 2,000 of them, which come round again. A client that remembers
  more numbers than that would answer from memory; none does here.
- The floor does no more than sign, exchange and verify. It keeps no journal, checks no input, repeats nothing, and
  finds one member of the answer by its text. Nobody can redeem with it.
- The programs that use the other clients are ours, written as their pages teach, and they are in bench/peers.
"""


def write(about, records):
    """Into bench where everything ran, else beside what was built: half a run shall not replace a whole one."""
    folder = BUILT / "results" if about["partial"] else HERE
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    (data / "about.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    lines = ",\n".join(json.dumps(record, separators=(",", ":"), ensure_ascii=False) for record in records)
    (data / "runs.json").write_text(f"[\n{lines}\n]\n")
    names = [it["name"] for it in about["contestants"] if tables.known(records, it["name"])]
    if names:
        charts.draw(records, names, data)
    (folder / "RESULTS.md").write_text(page(about, records))
    print(f"see {folder / 'RESULTS.md'}")


def page(about, records):
    sections = [head(about)]
    for title, text, table in tables.all_of(about, records):
        if table:
            sections.append(f"## {title}\n\n{text}\n\n" + "\n".join(table) + "\n")
    if about["failures"]:
        lines = [
            f"- {it['contestant']}, {it['config']}, {it['threads']} threads: `{last(it['said'])}`"
            for it in about["failures"]
        ]
        sections.append("## What failed\n\n" + "\n".join(lines) + "\n")
    return "\n".join([*sections, LIMITS])


def last(said):
    return " ".join(said.split())[-200:]


def head(about):
    partial = "**A quick run: no results.**\n\n" if about["quick"] else ""
    if about["missing"]:
        partial += f"Not run for this page: {', '.join(about['missing'])} (`tools/run/bench.sh --only PART`).\n\n"
    load = f"; load before: {about['load_before']}" if "load_before" in about else ""
    remarks = "".join(f"- {it['name']}: {it['remark']}.\n" for it in about["contestants"] if it["remark"])
    return f"""\
# Results

{partial}`make bench` made this page on {about["date"]} from commit {about["commit"]}, in {about["minutes"]} minutes. What is
measured, and how: [README.md](README.md). All that was measured: [data](data).

- {about["cores"]} cores, {about["cpu"]} ({", ".join(about["flags"])}), {about["system"]}, Linux {about["kernel"]}{load}.
- {"; ".join(about["versions"])}.
{remarks}
Figures are medians over {about["rounds"]} rounds ({about["rounds_of_one"]} with one thread over an open connection, and of cold and warm starts; at most
3 against the sandbox and of dead hosts), with the range of the middle half of them in brackets. Settling, memory, instructions and
the wire ran once.

![CPU time of a redemption](data/cpu.svg)
![Time of a redemption](data/latency.svg)
![Redemptions a second](data/throughput.svg)
"""
