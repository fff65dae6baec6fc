"""What it ran on and with."""

import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path


def said(*command):
    """The first line that a program says of itself; empty where it is not there."""
    if not shutil.which(command[0], path=os.environ["PATH"] + ":/usr/sbin"):
        return ""
    ran = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
    )
    return (ran.stdout + ran.stderr).strip().splitlines()[0]


def cpu():
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.M)
    flags = re.search(r"^flags\s*: (.*)$", info, re.M)
    flags = set(flags[1].split()) if flags else set()
    return (model[1] if model else platform.machine()), flags


def has_ifma():
    return "avx512ifma" in cpu()[1]


def load():
    return round(os.getloadavg()[0], 1)


def about(field):
    model, flags = cpu()
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cpu": model,
        "cores": os.cpu_count(),
        "flags": sorted(flags & {"adx", "avx2", "avx512f", "avx512ifma", "bmi2", "sha_ni", "vaes"}),
        "kernel": platform.release(),
        "system": re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())[1],
        "commit": said("git", "rev-parse", "--short", "HEAD"),
        "versions": [
            line
            for line in (
                said("nginx", "-v"),
                said("rustc", "--version"),
                said("cc", "--version"),
                "Python " + platform.python_version(),
                "Node.js " + said("node", "--version"),
                said("go", "version"),
                said("java", "-version"),
            )
            if line
        ],
        "contestants": [{"name": it.name, "remark": it.remark} for it in field],
    }
