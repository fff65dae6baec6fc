"""Who runs: how each is built, and started. All take the same arguments and print the same line (README.md)."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "bench"
BUILT = ROOT / "target/bench"


@dataclass
class Contestant:
    name: str
    command: list
    # More environment than the bench's own.
    env: dict = field(default_factory=dict)
    # Calls per run in hundreds of those of the fastest: slow ones would take all the time.
    share: int = 100
    remark: str = ""
    # Its heap can be asked for, and it knows `warm` and `doubt`.
    ours: bool = False
    floor: bool = False


def run(*command, **more):
    ran = subprocess.run([str(word) for word in command], **more)
    if ran.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {ran.returncode}")


def libraries(given):
    """Folders with a libwxcoupon.so.1 each, by name: those given as NAME=FILE, else those of this tree."""
    found = {}
    for name, file in given or builds():
        folder = BUILT / "library" / name
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / "libwxcoupon.so.1"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(file).resolve())
        found[name] = folder
    return found


def builds():
    """The release build, and that on aws-lc where this version has it."""
    variants = [("ring", [])]
    if "\naws-lc-rs = [" in (ROOT / "Cargo.toml").read_text():
        variants.append(("aws-lc", ["--features", "aws-lc-rs"]))
    for name, features in variants:
        folder = BUILT / f"build-{name}"
        cargo("build", "--release", "--locked", "--package", "wxcoupon", *features, "--target-dir", folder)
        yield name, folder / "release/libwxcoupon.so"


def cargo(*words, folder=ROOT):
    # Without it the first random number of a process costs some 40 ms, in a measurement of cold starts too.
    run("cargo", *words, "--quiet", cwd=folder, env={**os.environ, "AWS_LC_SYS_NO_JITTER_ENTROPY": "1"})


def wxcoupon(given):
    folders = libraries(given)
    program = BUILT / "wxcoupon"
    any_library = next(iter(folders.values())) / "libwxcoupon.so.1"
    run("cc", "-O2", "-Wall", "-Wextra", "-I", ROOT / "include", HERE / "wxcoupon.c", any_library, "-lpthread", "-o", program)
    for name, folder in folders.items():
        yield Contestant(f"wxcoupon ({name})", [program], {"LD_LIBRARY_PATH": str(folder)}, ours=True)


def floors():
    target = BUILT / "floor"
    cargo("build", "--release", "--locked", "--target-dir", target, folder=HERE / "floor")
    for package in ("ring", "aws-lc"):
        yield Contestant(f"floor ({package})", [target / "release/floor", package], floor=True)
