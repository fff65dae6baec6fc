"""Who runs: how each is built, and started. All take the same arguments and print the same line (README.md)."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "bench"
BUILT = ROOT / "target/bench"
MANIFEST = ROOT / "Cargo.toml"
# What signs and encrypts in the library, and how that is built.
VARIANTS = {"ring": [], "aws-lc": ["--features", "aws-lc-rs"]}


@dataclass
class Contestant:
    name: str
    command: list
    # More environment than the bench's own.
    env: dict = field(default_factory=dict)
    # Calls per run in hundreds of those of the fastest: slow ones would take all the time.
    share: int = 100
    # Calls before those that are measured, where it needs more than others to reach its pace.
    warmup: int = 0
    remark: str = ""
    # Of the library, else empty.
    variant: str = ""


def run(*command, **more):
    ran = subprocess.run([str(word) for word in command], **more)
    if ran.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {ran.returncode}")


def libraries(given):
    """Name and file of each library: those given as NAME=FILE, else those of this tree."""
    if given:
        return given
    variants = [
        name for name, feature in VARIANTS.items() if not feature or f"\n{feature[1]} = [" in MANIFEST.read_text()
    ]
    return [(name, build("--release", name) / "release/libwxcoupon.so") for name in variants]


def build(profile, name):
    """Builds a variant as it ships, optimised across crates, which Cargo does not do beside an rlib; where it is."""
    target = BUILT / name
    cargo("rustc", *profile.split(), "--locked", "--package", "wxcoupon", "--lib", "--crate-type", "cdylib",
          *VARIANTS[name], "--target-dir", target)
    return target


def cargo(*words, folder=ROOT):
    # Without it the first random number of a process costs some 40 ms, in a measurement of cold starts too.
    run("cargo", *words, "--quiet", cwd=folder, env={**os.environ, "AWS_LC_SYS_NO_JITTER_ENTROPY": "1"})


def wxcoupon(given):
    for name, file in libraries(given):
        folder = BUILT / "library" / name
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / "libwxcoupon.so.1"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(file).resolve())
        run(
            "cc",
            "-O2",
            "-Wall",
            "-Wextra",
            "-I",
            ROOT / "include",
            HERE / "wxcoupon.c",
            link,
            "-lpthread",
            "-o",
            folder / "till",
        )
        yield Contestant(f"wxcoupon ({name})", [folder / "till"], {"LD_LIBRARY_PATH": str(folder)}, variant=name)


def floors():
    target = BUILT / "floor"
    cargo("build", "--release", "--locked", "--target-dir", target, folder=HERE / "floor")
    for package in ("ring", "aws-lc"):
        yield Contestant(f"floor ({package})", [target / "release/floor", package])
