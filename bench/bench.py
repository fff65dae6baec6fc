"""Runs the bench; tools/run/bench.sh starts it, README.md says what is measured."""

import argparse
import dataclasses
import fcntl
import time
from pathlib import Path

import contestants
import machine
import ours
import parts
import peers
import report
from sandbox import Sandbox
from server import Server
from shop import Shop


PARTS = {
    part.__name__: part
    for part in (
        parts.redeem,
        parts.masked,
        parts.anew,
        parts.cold,
        parts.wire,
        parts.forged,
        parts.distant,
        ours.journal,
        ours.dead_host,
        ours.settle,
        ours.warmed,
        ours.pacing,
        ours.memory,
        ours.instructions,
    )
}


def arguments():
    parser = argparse.ArgumentParser(prog="tools/run/bench.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: to see whether it works")
    parser.add_argument("--library", action="append", metavar="NAME=FILE", default=[], help="a libwxcoupon.so")
    parser.add_argument("--only", action="append", metavar="PART", choices=PARTS, help=", ".join(PARTS))
    parser.add_argument("--no-peers", action="store_true", help="the library and the floor alone")
    parser.add_argument("--rounds", type=int, help=f"in place of {parts.FULL.rounds} and {parts.FULL.rounds_of_one}")
    return parser.parse_args()


def main():
    given = arguments()
    scale = parts.QUICK if given.quick else parts.FULL
    if given.rounds:
        scale = dataclasses.replace(scale, rounds=given.rounds, rounds_of_one=given.rounds)
    # Two at once would measure each other, with each other's keys.
    contestants.BUILT.mkdir(parents=True, exist_ok=True)
    alone = open(contestants.BUILT / "lock", "w")
    fcntl.flock(alone, fcntl.LOCK_EX)
    begun, records, load = time.time(), [], machine.load()
    shop = Shop(contestants.BUILT / "shop")
    with Server(shop) as server, Sandbox(contestants.BUILT / "sandbox-files") as sandbox:
        field = list(contestants.floors())
        field += contestants.wxcoupon([tuple(library.split("=", 1)) for library in given.library])
        if not given.no_peers:
            field += peers.peers([shop.folder / "ca.pem", sandbox.folder / "ca.pem"])
        bench = parts.Bench(shop, server, sandbox, field, scale)
        for name in given.only or PARTS:
            part = time.time()
            for record in PARTS[name](bench):
                records.append({"part": name, **record})
            print(f"{name}: {time.time() - part:.0f} s", flush=True)
        failures = [
            {"contestant": name, "config": Path(config).stem, "threads": threads, "said": said}
            for (name, config, threads), said in bench.broken.items()
        ]
    missing = [name for name in PARTS if given.only and name not in given.only]
    about = {
        **machine.about(field),
        "load_before": load,
        "quick": given.quick,
        "rounds": scale.rounds,
        "rounds_of_one": scale.rounds_of_one,
        "missing": missing,
        "partial": bool(given.quick or missing or given.no_peers),
        "failures": failures,
        "minutes": round((time.time() - begun) / 60, 1),
    }
    report.write(about, records)


if __name__ == "__main__":
    main()
