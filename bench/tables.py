"""The tables of the page: title, text, and lines."""

from figures import cpu_us, fastest_floor, pooled, quantile, rate, ratios, spread, those


def known(records, name):
    return those(records, "redeem", contestant=name, threads=1)


def all_of(about, records):
    names = [it["name"] for it in about["contestants"]]
    yield (
        "One thread",
        "Over a connection that is open. × is the multiple of the fastest floor, round by round; × own that of the floor with "
        "the same signatures.",
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
        "Redemptions a second by threads, and CPU time of one with the most threads. Client and server "
        "share the cores.",
        by_threads(records, names),
    )
    yield (
        "Starting, memory, wire",
        "From the start of a process to its end with one redemption; the greatest memory "
        "with one thread; bytes that TCP carried, and connections opened, for one redemption; and whether an answer "
        "is refused in which one digit was changed after signing.",
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
    for name in names:
        runs = those(records, part, contestant=name, threads=1)
        if not runs:
            continue
        latencies = pooled(runs)
        p50 = [quantile(it["latencies_us"], 0.5) for it in runs]
        by_cpu = ratios(records, part, name, floor, cpu_us)
        own = name.replace("wxcoupon", "floor")
        by_own = ratios(records, part, name, own, cpu_us) if own != name else []
        by_time = ratios(records, part, name, floor, lambda it: quantile(it["latencies_us"], 0.5))
        lines.append(
            f"| {name} | {spread([cpu_us(it) for it in runs])} | {spread(by_cpu, 2)} | {spread(by_own, 2) if by_own else ''} | {spread(p50)} | {spread(by_time, 2)} "
            f"| {quantile(latencies, 0.99):,} | {quantile(latencies, 0.999):,} |"
        )
    return lines


def by_threads(records, names):
    counts = sorted({it["threads"] for it in those(records, "redeem")})
    if not counts:
        return []
    lines = [
        "| | " + " | ".join(map(str, counts)) + f" | CPU time with {counts[-1]}, µs |",
        "|---|" + "--:|" * (len(counts) + 1),
    ]
    for name in names:
        runs = [those(records, "redeem", contestant=name, threads=count) for count in counts]
        if any(runs):
            cells = [spread([rate(it) for it in of]) if of else "failed" for of in runs]
            most = spread([cpu_us(it) for it in runs[-1]]) if runs[-1] else ""
            lines.append(f"| {name} | " + " | ".join(cells) + f" | {most} |")
    return lines


def around(records, names):
    lines = [
        "| | cold start, ms | memory, MiB | bytes out | bytes in | connections | forged answer |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for name in names:
        starts = [it["whole_ns"] for it in those(records, "cold", contestant=name)]
        peaks = [it["peak_rss_kib"] for it in those(records, "redeem", contestant=name, threads=1)]
        wire = those(records, "wire", contestant=name)
        forged = those(records, "forged", contestant=name)
        cells = [spread(starts, 1, 1e6) if starts else "", spread(peaks, 1, 1024) if peaks else ""]
        cells += [f"{wire[0][key]:,.0f}" if wire else "" for key in ("sent", "received")]
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
