"""The tables of the page: title, text, and lines."""

from figures import cpu_us, fastest_floor, median, pooled, quantile, rate, ratios, spread, those

# Of fewer calls, one in a thousand is chance.
FEW = 2000


def times(of, floor):
    """As multiple of the floor's."""
    return f"×{of / floor:.2f}" if floor else ""


def times_by_round(records, part, name, floor, figure, **wanted):
    found = ratios(records, part, name, floor, figure, **wanted)
    return f"×{median(found):.2f}" if found else ""


def known(records, name):
    return those(records, "redeem", contestant=name, threads=1)


def all_of(about, records):
    names = [it["name"] for it in about["contestants"]]
    yield (
        "One thread",
        "Over a connection that is open. × is the multiple of the fastest floor, round by round; × own that of the floor with "
        "the same signatures. p99 and p99.9 are of the calls of all rounds together.",
        single(records, names, "redeem"),
    )
    yield (
        "One thread, without AVX512-IFMA",
        "OpenSSL and aws-lc sign faster on processors that have it. Here it is "
        "hidden from them (`OPENSSL_ia32cap=:~0x200000`), as on most processors of tills.",
        single(records, names, "masked"),
    )
    yield (
        "One thread, each time over a new connection",
        "The server ends each connection with its answer. WeChat Pay's ends those that were idle for eight seconds: what "
        "most tills find between two customers.",
        single(records, names, "anew"),
    )
    yield (
        "Threads",
        "Redemptions a second by threads; CPU time of one, and p99, with the most threads. × is the multiple of the floor's "
        "that is the fastest with one thread. Client and server share the cores.",
        by_threads(records, names),
    )
    yield (
        "Starting, memory, wire",
        "From the start of a process to its end with one redemption; the greatest memory "
        "with one thread; bytes that TCP carried, and connections opened, for one redemption; and whether an answer "
        "is refused in which one digit was changed after signing. × as before.",
        around(records, names),
    )
    yield (
        "Against the sandbox, which answers after 30 ms",
        "It checks the signature of each request.",
        distant(records, names),
    )
    yield (
        "The journal",
        "In memory, and in a file on this machine's disk, flushed once a redemption; and what one flushed write asks of anybody.",
        journal(records),
    )
    yield (
        "A dead first host",
        "The first redemption of a process, and the median of the 49 that follow.",
        dead(records),
    )
    yield ("Settling", "All that is in doubt after lost answers.", settled(records))
    yield (
        "Warming up",
        "The first redemption of a process, against the sandbox (30 ms of it are the sandbox's).",
        warmed(records),
    )
    yield (
        "Eight processes under one limit",
        "Twelve threads each, against the sandbox, which lets 500 a second through. What is used depends on whether the "
        "machine can do so many; shares are of the mean.",
        paced(records),
    )
    yield (
        "Memory over many redemptions",
        "Two threads, one process: what malloc has given out, and resident memory.",
        memory(records),
    )
    yield ("Instructions", "Of one redemption, in thousands, as callgrind counts them.", instructions(records))


def single(records, names, part):
    if not those(records, part):
        return []
    floor = fastest_floor(records, part)
    lines = [
        "| | CPU time, µs | × floor | × own | p50, µs | × floor | p99, µs | p99.9, µs |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    of_floor = pooled(those(records, part, contestant=floor, threads=1))
    for name in names:
        runs = those(records, part, contestant=name, threads=1)
        if not runs:
            continue
        latencies = pooled(runs)
        p50 = [quantile(it["latencies_us"], 0.5) for it in runs]
        by_cpu = ratios(records, part, name, floor, cpu_us, threads=1)
        own = name.replace("wxcoupon", "floor")
        by_own = ratios(records, part, name, own, cpu_us, threads=1) if own != name else []
        by_time = ratios(records, part, name, floor, lambda it: quantile(it["latencies_us"], 0.5), threads=1)
        late = [
            f"{quantile(latencies, at):,} {times(quantile(latencies, at), quantile(of_floor, at))}"
            if at < 0.999 or sum(count for _, count in latencies) >= FEW
            else "–"
            for at in (0.99, 0.999)
        ]
        cells = [spread([cpu_us(it) for it in runs]), spread(by_cpu, 2), spread(by_own, 2) if by_own else ""]
        cells += [spread(p50), spread(by_time, 2), *late]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def by_threads(records, names):
    counts = sorted({it["threads"] for it in those(records, "redeem")})
    if not counts:
        return []
    floor, most = fastest_floor(records), counts[-1]
    lines = [
        "| | " + " | ".join(map(str, counts)) + f" | CPU time with {most}, µs | p99 with {most}, ms |",
        "|---|" + "--:|" * (len(counts) + 2),
    ]
    of_floor = quantile(pooled(those(records, "redeem", contestant=floor, threads=most)), 0.99)
    for name in names:
        runs = [those(records, "redeem", contestant=name, threads=count) for count in counts]
        if not any(runs):
            continue
        cells = []
        for count, of in zip(counts, runs):
            multiple = times_by_round(records, "redeem", name, floor, rate, threads=count)
            cells.append(f"{spread([rate(it) for it in of])} {multiple}" if of else "failed")
        if runs[-1]:
            late = quantile(pooled(runs[-1]), 0.99)
            multiple = times_by_round(records, "redeem", name, floor, cpu_us, threads=most)
            cells.append(f"{spread([cpu_us(it) for it in runs[-1]])} {multiple}")
            cells.append(f"{late / 1000:,.0f} {times(late, of_floor)}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def around(records, names):
    lines = [
        "| | cold start, ms | memory, MiB | bytes out | bytes in | connections | forged answer |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    floor = fastest_floor(records)
    wire_of_floor = those(records, "wire", contestant=floor)

    def measured(part, name, key, unit, **wanted):
        values = [it[key] for it in those(records, part, contestant=name, **wanted)]
        multiple = times_by_round(records, part, name, floor, lambda it: it[key], **wanted)
        return f"{spread(values, 1, unit)} {multiple}" if values else ""

    for name in names:
        wire = those(records, "wire", contestant=name)
        forged = those(records, "forged", contestant=name)
        cells = [
            measured("cold", name, "whole_ns", 1e6),
            measured("redeem", name, "peak_rss_kib", 1024, threads=1),
        ]
        for key in ("sent", "received"):
            cells += [f"{wire[0][key]:,.0f} {times(wire[0][key], wire_of_floor[0][key])}" if wire and wire_of_floor else ""]
        cells += [f"{wire[0]['connections']:.2f}" if wire else ""]
        cells += [("refused" if forged[0]["refused"] else "**taken for a success**") if forged else ""]
        if any(cells):
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines if lines[2:] else []


def distant(records, names):
    if not those(records, "distant"):
        return []
    lines = ["| | p50, ms | p99, ms | a second with 64 threads |", "|---|--:|--:|--:|"]
    for name in names:
        one, many = (those(records, "distant", contestant=name, threads=threads) for threads in (1, 64))
        if not one and not many:
            lines.append(f"| {name} | failed | | |")
            continue
        times = [f"{quantile(pooled(one), part) / 1000:.1f}" if one else "failed" for part in (0.5, 0.99)]
        lines.append(
            f"| {name} | {times[0]} | {times[1]} | {spread([rate(it) for it in many]) if many else 'failed'} |"
        )
    return lines


def ours(records, part, *keys):
    """Records of a part that agree in these members, in the order they came."""
    groups = {}
    for record in those(records, part):
        groups.setdefault(tuple(record[key] for key in ("contestant", *keys)), []).append(record)
    return groups.items()


def journal(records):
    lines = [
        "| | journal | threads | CPU time, µs | p50, µs | p99, µs | a second |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for (name, where, threads), of in ours(records, "journal", "journal", "threads"):
        times = pooled(of)
        lines.append(
            f"| {name} | {where} | {threads} | {spread([cpu_us(it) for it in of])} | {quantile(times, 0.5):,} "
            f"| {quantile(times, 0.99):,} | {spread([rate(it) for it in of])} |"
        )
    return lines if lines[2:] else []


def dead(records):
    lines = ["| | first host | first, ms | later, ms |", "|---|---|--:|--:|"]
    for (name, host), of in ours(records, "dead_host", "host"):
        cells = [spread([it[key] for it in of], 1, 1e6) for key in ("first_ns", "later_ns")]
        lines.append(f"| {name} | {host} | {cells[0]} | {cells[1]} |")
    return lines if lines[2:] else []


def settled(records):
    lines = ["| | in doubt | settled after, s | CPU time, s |", "|---|--:|--:|--:|"]
    for it in those(records, "settle"):
        lines.append(
            f"| {it['contestant']} | {it['rows']} | {it['wall_ns'] / 1e9:.2f} | {it['cpu_ns'] / 1e9:.2f} |"
        )
    return lines if lines[2:] else []


def warmed(records):
    lines = ["| | first redemption, ms | after `wxcoupon_warm`, ms |", "|---|--:|--:|"]
    for name in dict.fromkeys(it["contestant"] for it in those(records, "warmed")):
        cells = [
            spread([it["first_ns"] for it in those(records, "warmed", contestant=name, warm=warm)], 1, 1e6)
            for warm in (False, True)
        ]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return lines if lines[2:] else []


def paced(records):
    lines = ["| | limit used, % | refused, % | least share | greatest share |", "|---|--:|--:|--:|--:|"]
    for (name,), of in ours(records, "pacing"):
        means = [sum(it["shares"]) / len(it["shares"]) for it in of]
        cells = [spread([it[key] for it in of], 2, 0.01) for key in ("used", "refused")]
        cells += [f"{pick(it['shares'][at] / mean for it, mean in zip(of, means)):.2f}" for at, pick in ((0, min), (-1, max))]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines if lines[2:] else []


def memory(records):
    lines = ["| | redemptions | heap, KiB | resident, KiB |", "|---|--:|--:|--:|"]
    for it in those(records, "memory"):
        for at in it["weighed"]:
            lines.append(
                f"| {it['contestant']} | {at['calls']:,} | {at['heap_bytes'] / 1024:,.0f} | {at['rss_kib']:,} |"
            )
    return lines if lines[2:] else []


def instructions(records):
    runs = those(records, "instructions")
    if not runs:
        return []
    parts = list(runs[0]["instructions"])
    lines = ["| | " + " | ".join(parts) + " | all |", "|---|" + "--:|" * (len(parts) + 1)]
    for it in runs:
        counts = [*it["instructions"].values(), sum(it["instructions"].values())]
        lines.append(f"| {it['contestant']} | " + " | ".join(f"{count / 1000:,.0f}" for count in counts) + " |")
    return lines
