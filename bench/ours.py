"""What is measured with the library alone. Each part yields records, as in parts.py."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from contestants import BUILT, VARIANTS, build
from runs import Failed, start, summary
from sandbox import Sandbox
from server import free_port
from shop import COUPONS


def libraries(bench):
    return [contestant for contestant in bench.field if contestant.variant]


def fresh_folder(name):
    """On the disk that the bench is built on."""
    folder = BUILT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def journal(bench):
    """The journal in memory, and in a file: a new one each time, since a number it knows is not sent again."""
    scale = bench.scale
    for number in range(scale.rounds):
        record = {"contestant": "4 KiB written and flushed, alone", "round": number, "journal": "file"}
        yield {**record, "threads": 1, **summary(one_write(min(scale.calls, COUPONS // 2)))}
        for contestant in libraries(bench):
            for where in ("memory", "file"):
                for threads in (1, 8):
                    file = (
                        {"journal_path": str(fresh_folder("journal") / "till.journal")} if where == "file" else {}
                    )
                    config = bench.shop.config("journal", [bench.server.url()], **file)
                    calls = min(scale.calls, COUPONS // 2)
                    told = bench.run(contestant, config, threads, scale.warmup // threads, calls)
                    if told:
                        record = {"contestant": contestant.name, "round": number, "journal": where}
                        yield {**record, "threads": threads, **summary(told)}


def one_write(calls):
    """What the disk asks of anybody: a page written over and flushed, and nothing else."""
    page, latencies = b"7" * 4096, []
    file = os.open(fresh_folder("journal") / "pages", os.O_RDWR | os.O_CREAT)
    try:
        os.pwrite(file, page * calls, 0)
        os.fsync(file)
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()
        for index in range(calls):
            begun = time.perf_counter_ns()
            os.pwrite(file, page, index * len(page))
            os.fdatasync(file)
            latencies.append(time.perf_counter_ns() - begun)
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    finally:
        os.close(file)
    return {"cpu_ns": cpu, "wall_ns": wall, "peak_rss_kib": 0, "latencies_ns": latencies}


def dead_host(bench):
    """The first host refuses connections, or takes them and says nothing; the second one is well."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ports = {"refuses": free_port(), "is silent": silent.getsockname()[1]}
        for number in range(min(bench.scale.rounds, 3)):
            for contestant in libraries(bench):
                for how, port in ports.items():
                    hosts = [bench.server.url(port), bench.server.url()]
                    told = bench.run(contestant, bench.shop.config("dead", hosts), 1, 0, 50)
                    if told:
                        first, *later = told["latencies_ns"]
                        later = sorted(later)[len(later) // 2]
                        record = {"contestant": contestant.name, "round": number, "host": how}
                        yield {**record, "first_ns": first, "later_ns": later}


def settle(bench):
    """Calls whose answers are lost, and what it takes to know what became of them."""
    rows = bench.scale.rows
    for contestant in libraries(bench):
        path = {"journal_path": str(fresh_folder("journal") / "till.journal")}
        # One attempt fits in; 8 threads wait for as long.
        lost = bench.shop.config("lost", [bench.server.url(bench.server.lost)], timeout_ms=90, **path)
        if not bench.run(contestant, lost, 8, 0, rows, "doubt"):
            continue
        told = bench.run(contestant, bench.shop.config("found", [bench.server.url()], **path), 1, 0, 0, "settle")
        if told:
            yield {
                "contestant": contestant.name,
                "rows": rows,
                "wall_ns": told["wall_ns"],
                "cpu_ns": told["cpu_ns"],
            }


def warmed(bench):
    """The first redemption of a process after wxcoupon_warm, and without."""
    for number in range(bench.scale.cold_starts):
        for contestant in libraries(bench):
            for how in ("", "warm"):
                coupons = {"first": bench.sandbox.coupons(1), "count": 1 << 40}
                told = bench.run(contestant, bench.sandbox.config, 1, 0, 1, how, **coupons)
                if told:
                    record = {"contestant": contestant.name, "round": number, "warm": bool(how)}
                    yield {**record, "first_ns": told["latencies_ns"][0]}


def memory(bench):
    """The heap after a thousand redemptions and after many, in one process. It takes long: the first library alone."""
    for contestant in libraries(bench)[:1]:
        told = []
        calls = (contestant, bench.config, 2, 0, bench.scale.many, "memory")
        work = threading.Thread(target=lambda: told.append(bench.run(*calls, limit=3600)))
        work.start()
        while work.is_alive():
            work.join(timeout=5)
            bench.server.keep_fresh()
        for weighed in filter(None, told):
            yield {"contestant": contestant.name, **weighed}


LIMIT = 500
PROCESSES = 8
CALLERS = 12
# More than a process redeems in its time.
COUPONS_OF_A_PROCESS = 1_000_000


def pacing(bench):
    """Processes that know nothing of each other under WeChat Pay's limit: how much of it they use, how often they
    are refused, and what each gets. Bounds are tested in virtual time (src/net/pace); this is what a machine does."""
    settle, seconds = bench.scale.pacing
    for number in range(min(bench.scale.rounds, 3)):
        for contestant in libraries(bench):
            folder = fresh_folder("paced")
            with Sandbox(folder, LIMIT) as sandbox, ThreadPoolExecutor(PROCESSES) as processes:

                def process(_, contestant=contestant, sandbox=sandbox):
                    first = sandbox.coupons(COUPONS_OF_A_PROCESS)
                    return start(
                        contestant, sandbox.paced, CALLERS, settle, seconds, "paced", first=first, count=1 << 40
                    )

                running = processes.map(process, range(PROCESSES))
                time.sleep(settle)
                before, begun = sandbox.statuses(), time.monotonic()
                time.sleep(seconds)
                after, took = sandbox.statuses(), time.monotonic() - begun
                try:
                    shares = sorted(told["done"] for told in running)
                except Failed as failure:
                    bench.broken[contestant.name, str(sandbox.paced), CALLERS] = str(failure)
                    continue
            answers = {status: count - before.get(status, 0) for status, count in after.items()}
            used = answers.get(200, 0) / (LIMIT * took)
            refused = answers.get(429, 0) / sum(answers.values())
            print(f"pacing, {contestant.name}: {used:.1%} used, {refused:.2%} refused, shares {shares}", flush=True)
            record = {"contestant": contestant.name, "round": number, "limit": LIMIT, "seconds": took}
            yield {**record, "used": used, "refused": refused, "shares": shares}


PARTS_OF_A_CALL = {
    "RSA": r"(aws[-_]lc|ring_core|ring-0).*(bn_|BN_|mont|rsa|RSA)|ring::(rsa|arithmetic|limb)",
    "TLS records and SHA-256": r"rustls|ring::|ring_core|ring-0|aws[-_]lc|sha2",
    "journal": r"sqlite|Sqlite|unix(Read|Write|Sync)|wxcoupon::journal|rusqlite",
    "HTTP": r"ureq|httparse|http::",
    "JSON": r"serde|wxcoupon::json",
    "memory": r"malloc|free|calloc|realloc|memcpy|memmove|memset|memcmp|_int_",
}


def instructions(bench):
    """Instructions of a call under callgrind, which shows the program no AVX-512."""
    few, many = 10, 60
    folder = fresh_folder("callgrind")
    for contestant in libraries(bench):
        if contestant.variant not in VARIANTS:
            continue
        library = folder / "libwxcoupon.so.1"
        shutil.copy(build("--profile profiling", contestant.variant) / "profiling/libwxcoupon.so", library)
        counts = []
        for calls in (few, many):
            bench.server.keep_fresh()
            out = folder / f"out.{calls}"
            command = [
                "valgrind",
                "--quiet",
                "--tool=callgrind",
                f"--callgrind-out-file={out}",
                *contestant.command,
            ]
            command += [bench.shop.config("slow", [bench.server.url()], timeout_ms=60000), 1, 0, calls, 0, COUPONS]
            subprocess.run(
                [str(word) for word in command],
                check=True,
                stdout=subprocess.DEVNULL,
                env={"LD_LIBRARY_PATH": str(folder), "PATH": "/usr/bin:/bin"},
            )
            counts.append(by_part(out))
        share = {part: (counts[1][part] - counts[0][part]) / (many - few) for part in counts[0]}
        yield {"contestant": contestant.name, "instructions": share}


def by_part(out):
    """Instructions of a run, by the part of the call that their function belongs to."""
    told = subprocess.run(
        ["callgrind_annotate", "--auto=no", "--threshold=100", "--show-percs=no", out],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    counts = dict.fromkeys([*PARTS_OF_A_CALL, "the rest"], 0)
    for line in told.splitlines():
        found = re.match(r"\s*([\d,]+)\s+(\S.*)", line)
        if found and "PROGRAM TOTALS" not in line:
            part = next((it for it, names in PARTS_OF_A_CALL.items() if re.search(names, found[2])), "the rest")
            counts[part] += int(found[1].replace(",", ""))
    return counts
