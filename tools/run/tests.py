#!/usr/bin/env python3
"""Builds all tests of the workspace and runs them, several programs at once: most of their time is waiting.

    tools/run/tests.py [--at-once N] [--features LIST] [--and COMMAND]... [--first NAME,...] [--last NAME,...]

--at-once   how many programs run beside each other (default: one more than there are cores)
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


def built(features):
    """The programs of tests: (name, file, folder to run in)."""
    command = ["cargo", "test", "--workspace", "--locked", "--no-run", "--message-format=json-render-diagnostics"]
    cargo = subprocess.run(command + (["--features", features] if features else []), stdout=subprocess.PIPE)
    if cargo.returncode:
        sys.exit(cargo.returncode)
    for line in cargo.stdout.splitlines():
        message = json.loads(line)
        if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            target = message["target"]
            name = target["name"] if target["kind"] == ["test"] else target["name"] + " (unit tests)"
            yield name, message["executable"], os.path.dirname(message["manifest_path"])


def run(name, command, folder, shell=False):
    begun = time.monotonic()
    environment = dict(os.environ, CARGO_MANIFEST_DIR=folder)
    done = subprocess.run(
        command, cwd=folder, env=environment, shell=shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return name, done.returncode, done.stdout, time.monotonic() - begun


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--at-once", type=int, default=(os.cpu_count() or 1) + 1)
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
        return asked.first.index(name) if name in asked.first else 1000 + (asked.last.index(name) + 1 if name in asked.last else 0)

    programs.sort(key=turn)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(asked.at_once) as pool:
        runs = [pool.submit(run, command, command, os.getcwd(), shell=True) for command in asked.commands]
        runs += [pool.submit(run, name, [file], folder) for name, file, folder in programs]
        # The examples in comments are compiled by rustdoc.
        features = f" --features {asked.features}" if asked.features else ""
        doc = "cargo test --workspace --locked --doc" + features
        runs.append(pool.submit(run, doc, doc, os.getcwd(), shell=True))
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
