"""Figures from records."""

import statistics


def those(records, part, **wanted):
    return [
        it for it in records if it["part"] == part and all(it.get(key) == value for key, value in wanted.items())
    ]


def quantile(histogram, part):
    """Of latencies counted by microsecond."""
    wanted = part * (sum(count for _, count in histogram) - 1)
    for value, count in histogram:
        wanted -= count
        if wanted < 0:
            return value
    return histogram[-1][0]


def pooled(records):
    """The latencies of several runs as those of one."""
    counts = {}
    for record in records:
        for value, count in record["latencies_us"]:
            counts[value] = counts.get(value, 0) + count
    return sorted(counts.items())


def cpu_us(record):
    return record["cpu_ns"] / record["calls"] / 1000


def rate(record):
    return record["calls"] / record["wall_ns"] * 1e9


def median(values):
    return statistics.median(values)


def spread(values, digits=0, unit=1.0):
    """Median, and the range that half of the rounds fell into."""
    values = sorted(value / unit for value in values)
    low, high = (values[round((len(values) - 1) * part)] for part in (0.25, 0.75))
    return f"{statistics.median(values):,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def fastest_floor(records, part="redeem"):
    """The name of the floor that needs the least CPU time."""
    names = {it["contestant"] for it in those(records, part, threads=1) if it["contestant"].startswith("floor")}
    return min(
        names, key=lambda name: median([cpu_us(it) for it in those(records, part, threads=1, contestant=name)])
    )


def ratios(records, part, name, floor, figure, **wanted):
    """A figure of a contestant as multiple of the floor's in the same round."""
    of_floor = {it["round"]: figure(it) for it in those(records, part, contestant=floor, **wanted)}
    own = those(records, part, contestant=name, **wanted)
    return [figure(it) / of_floor[it["round"]] for it in own if it["round"] in of_floor]
