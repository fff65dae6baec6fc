#!/usr/bin/env python3
"""Builds all tests of the workspace and runs them, several programs at once: most of their time is waiting.

    tools/run/tests.py [--at-once N] [--features LIST] [--and COMMAND]... [--first NAME,...] [--last NAME,...]

--at-once   how many programs run beside each other (default: as many as there are cores, and two at least)
--features  of `cargo test`
--and       a command that needs no more than what was built, and runs among the first
--first     what takes longest: programs of tests by their names
--last      what waits for libraries that are built meanwhile

`cargo test` would run one program after the other. What each printed comes when it has ended.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import time


def names(text):
    return [name for name in text.split(",") if name]


def label(target, package):
    """As Cargo names it; unit tests by their package."""
    return target["name"] if target["kind"] == ["test"] else f"unit tests of {package}/{target['name']}"


def built(features):
    """The programs of tests: (name, file, folder to run in)."""
    command = ["cargo", "test", "--workspace", "--locked", "--no-run", "--message-format=json-render-diagnostics"]
    cargo = subprocess.run([*command, "--features", features], stdout=subprocess.PIPE)
    if cargo.returncode:
        sys.exit(cargo.returncode)
    for line in cargo.stdout.splitlines():
        message = json.loads(line)
        if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            folder = os.path.dirname(message["manifest_path"])
            yield label(message["target"], os.path.relpath(folder)), message["executable"], folder


def run(name, command, folder, features, shell=False):
    begun = time.monotonic()
    environment = dict(os.environ, CARGO_MANIFEST_DIR=folder, WXCOUPON_TEST_FEATURES=features)
    done = subprocess.run(
        command, cwd=folder, env=environment, shell=shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return name, done.returncode, done.stdout, time.monotonic() - begun


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--at-once", type=int, default=max(os.cpu_count() or 1, 2))
    options.add_argument("--features", default="")
    options.add_argument("--and", dest="commands", action="append", default=[])
    options.add_argument("--first", type=names, default=[])
    options.add_argument("--last", type=names, default=[])
    asked = options.parse_args()

    programs = list(built(asked.features))
    unknown = set(asked.first + asked.last) - {name for name, _, _ in programs}
    if unknown:
        sys.exit(f"no program of tests is called {', '.join(sorted(unknown))}")

    def turn(program):
        name = program[0]
        if name in asked.first:
            return asked.first.index(name) - len(asked.first)
        return asked.last.index(name) + 1 if name in asked.last else 0

    programs.sort(key=turn)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(asked.at_once) as pool:
        runs = [pool.submit(run, command, command, os.getcwd(), asked.features, shell=True) for command in asked.commands]
        runs += [pool.submit(run, name, [file], folder, asked.features) for name, file, folder in programs]
        # The examples in comments are compiled by rustdoc.
        examples = ["cargo", "test", "--workspace", "--locked", "--doc", "--features", asked.features]
        runs.append(pool.submit(run, "examples in comments", examples, os.getcwd(), asked.features))
        for ended in concurrent.futures.as_completed(runs):
            name, code, printed, took = ended.result()
            print(f"\n===== {name}: {'passed' if code == 0 else 'FAILED'} in {took:.0f} s", flush=True)
            sys.stdout.buffer.write(printed)
            sys.stdout.flush()
            if code:
                failed.append(name)
    if failed:
        sys.exit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
