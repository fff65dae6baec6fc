#!/usr/bin/env python3
"""Builds all tests of the workspace and runs them in two lanes, since most of their time is waiting.

    tools/run/tests.py [--features LIST] [--first NAME,...] [--beside NAME,...] [--and COMMAND]...

--features  of `cargo test`
--first     programs of tests that run before the others
--beside    programs of tests that measure no time: they run beside the others, in this order, and leave the processor to them
--and       a command that needs no more than what was built, and runs like those before them

What each printed comes when it has ended.
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


def run(name, command, folder, features):
    begun = time.monotonic()
    environment = dict(os.environ, CARGO_MANIFEST_DIR=folder, WXCOUPON_TEST_FEATURES=features)
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return name, done.returncode, done.stdout, time.monotonic() - begun


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--features", default="")
    options.add_argument("--first", type=names, default=[])
    options.add_argument("--beside", type=names, default=[])
    options.add_argument("--and", dest="commands", action="append", default=[])
    asked = options.parse_args()

    programs = list(built(asked.features))
    unknown = set(asked.first + asked.beside) - {name for name, _, _ in programs}
    if unknown:
        sys.exit(f"no program of tests is called {', '.join(sorted(unknown))}")

    here, features = os.getcwd(), asked.features
    tests = [program for program in programs if program[0] not in asked.beside]
    tests.sort(key=lambda program: (asked.first + [program[0]]).index(program[0]))
    alone = [(name, [file], folder) for name, file, folder in tests]
    # The examples in comments are compiled by rustdoc.
    examples = ["cargo", "test", "--workspace", "--locked", "--doc", "--features", features]
    alone.append(("examples in comments", examples, here))
    beside = [(command, ["nice", "sh", "-c", command], here) for command in asked.commands]
    patient = sorted((program for program in programs if program[0] in asked.beside), key=lambda program: asked.beside.index(program[0]))
    beside += [(name, ["nice", file], folder) for name, file, folder in patient]

    failed = []
    with concurrent.futures.ThreadPoolExecutor(1) as one, concurrent.futures.ThreadPoolExecutor(1) as other:
        runs = [one.submit(run, *program, features) for program in alone]
        runs += [other.submit(run, *program, features) for program in beside]
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
