"""One run of one contestant, and what it told."""

import json
import os
import subprocess
import time

from shop import COUPONS


class Failed(Exception):
    """The contestant ended with an error; the text is what it said."""


def start(contestant, config, threads, warmup, calls, *more, first=0, count=COUPONS, env=None, limit=600):
    """Runs a contestant to its end. Latencies in ns, CPU and wall time of the measured calls, and of the whole."""
    numbers = [threads, warmup, calls, first, count]
    command = [str(word) for word in [*contestant.command, config, *numbers, *more]]
    environment = {**os.environ, **contestant.env, **(env or {})}
    begun = time.monotonic()
    with subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            out, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failed(f"no end after {limit} s") from None
    whole = time.monotonic() - begun
    if process.returncode != 0:
        raise Failed((errors.strip() or out.strip() or f"ended with {process.returncode}")[-500:])
    told = json.loads(out.splitlines()[-1])
    told["whole_ns"] = int(whole * 1e9)
    return told


def summary(told):
    """What of a run is kept: its figures, and how often each latency was, to the microsecond."""
    latencies = told.pop("latencies_ns")
    histogram = {}
    for latency in latencies:
        histogram[latency // 1000] = histogram.get(latency // 1000, 0) + 1
    return {**told, "calls": len(latencies), "latencies_us": sorted(histogram.items())}
