"""Charts of bench/data/runs.json, as SVG."""

import matplotlib

from figures import cpu_us, fastest_floor, median, pooled, quantile, rate, ratios, spread, those

matplotlib.use("svg")
# The same data give the same bytes.
matplotlib.rcParams.update(
    {"svg.hashsalt": "wxcoupon", "svg.fonttype": "none", "font.size": 10, "font.family": "sans-serif"}
)

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import LogLocator, NullLocator  # noqa: E402

OURS, FLOOR, OTHERS = "#07a35a", "#8a8f98", "#4a7fb5"


def colour(name):
    return OURS if name.startswith("wxcoupon") else FLOOR if name.startswith("floor") else OTHERS


def logarithmic(axis):
    """Ticks at 1, 2 and 5, written out."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:,.0f}")
    axis.set_minor_locator(NullLocator())


def save(figure, path):
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def cpu(records, names, path):
    """Bars of CPU time, with the rounds' spread and the multiple of the floor."""
    floor = fastest_floor(records)
    values = {name: [cpu_us(it) for it in those(records, "redeem", threads=1, contestant=name)] for name in names}
    names = sorted(values, key=lambda name: median(values[name]), reverse=True)
    middle = [median(values[name]) for name in names]
    figure, axes = plt.subplots(figsize=(8, 0.42 * len(names) + 1))
    bars = axes.barh(names, middle, color=[colour(name) for name in names])
    times = [
        f" {mid:,.0f} µs, {spread(ratios(records, 'redeem', name, floor, cpu_us, threads=1), 2).split(' ')[0]}×"
        for name, mid in zip(names, middle)
    ]
    axes.bar_label(bars, times, fontsize=9)
    axes.set_xlim(0, max(middle) * 1.25)
    axes.set_xlabel("client CPU time of one redemption, µs; × = multiple of the fastest floor")
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def latency(records, names, path):
    """p50 to p99.9 of each, on a logarithmic scale."""
    latencies = {name: pooled(those(records, "redeem", threads=1, contestant=name)) for name in names}
    names = sorted(names, key=lambda name: quantile(latencies[name], 0.5), reverse=True)
    figure, axes = plt.subplots(figsize=(8, 0.42 * len(names) + 1))
    for row, name in enumerate(names):
        points = [quantile(latencies[name], part) for part in (0.5, 0.99, 0.999)]
        axes.plot(points, [row] * 3, color=colour(name), linewidth=1)
        for point, marker in zip(points, "o|x"):
            axes.plot(point, row, marker, color=colour(name), markersize=7)
    axes.set_yticks(range(len(names)), names)
    axes.set_xscale("log")
    logarithmic(axes.xaxis)
    axes.set_xlabel("time of one redemption, µs, logarithmic: ● p50, | p99, × p99.9")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def throughput(records, names, path):
    """Redemptions a second by threads."""
    figure, axes = plt.subplots(figsize=(8, 4.5))
    ends = []
    threads = sorted({it["threads"] for it in those(records, "redeem")})
    for name in names:
        rates = [
            [rate(it) for it in those(records, "redeem", threads=count, contestant=name)] for count in threads
        ]
        known = [(position, median(values)) for position, values in enumerate(rates) if values]
        axes.plot(*zip(*known), "o-", color=colour(name), alpha=0.8)
        ends.append((*known[-1], name))
    # One above the other, where lines end close together.
    height = 0
    for position, end, name in sorted(ends, key=lambda line: line[1]):
        height = max(end, height * 1.17)
        axes.annotate(
            name,
            (position, height),
            xytext=(8, -3),
            textcoords="offset points",
            annotation_clip=False,
            fontsize=8,
            color=colour(name),
        )
    axes.set_xticks(range(len(threads)), [str(count) for count in threads])
    axes.set_yscale("log")
    logarithmic(axes.yaxis)
    axes.set_xlabel("threads (Node.js: calls that wait at once)")
    axes.set_ylabel("redemptions a second, logarithmic")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def draw(records, names, folder):
    for chart in (cpu, latency, throughput):
        chart(records, names, folder / f"{chart.__name__}.svg")
