"""Runs the bench; tools/bench.sh starts it, README.md says what is measured."""

import argparse
import json
import time

import contestants
import machine
import parts
import peers
import report
from server import Server
from shop import Shop


def arguments():
    parser = argparse.ArgumentParser(prog="tools/bench.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: to see whether it works")
    parser.add_argument("--library", action="append", metavar="NAME=FILE", default=[], help="a libwxcoupon.so")
    parser.add_argument("--only", action="append", metavar="PART", choices=parts.ALL, help="a part: " + ", ".join(parts.ALL))
    parser.add_argument("--no-peers", action="store_true", help="the library and the floor alone")
    return parser.parse_args()


def main():
    given = arguments()
    scale = parts.QUICK if given.quick else parts.FULL
    shop = Shop(contestants.BUILT / "shop")
    field = list(contestants.floors())
    field += contestants.wxcoupon([tuple(library.split("=", 1)) for library in given.library])
    if not given.no_peers:
        field += peers.peers(shop)
    begun, records = time.time(), []
    with Server(shop) as server:
        bench = parts.Bench(shop, server, field, scale)
        for name in given.only or parts.ALL:
            part = time.time()
            for record in getattr(parts, name)(bench):
                records.append({"part": name, **record})
            print(f"{name}: {time.time() - part:.0f} s", flush=True)
    about = {**machine.about(field), "quick": given.quick, "minutes": round((time.time() - begun) / 60, 1)}
    report.write(about, records)


if __name__ == "__main__":
    main()
