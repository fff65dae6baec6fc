"""The project's sandbox, which checks the signature of each request and takes its time to answer."""

import json
import subprocess

from contestants import ROOT, cargo

DELAY_MS = 30


class Sandbox:
    def __init__(self, folder):
        self.folder = folder
        # Coupons are redeemed once: nobody gets those of another run.
        self._next_coupon = 0

    def __enter__(self):
        cargo("build", "--release", "--locked", "--package", "wxcoupon-sandbox", "--target-dir", ROOT / "target")
        program = [ROOT / "target/release/wxcoupon-sandbox", "--dir", self.folder, "--rate", "0", "--quiet"]
        program += ["--log-capacity", "0", "--exit-with-stdin", "--fault", f"delay,ms={DELAY_MS},on=use"]
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self._process.stdout.readline()
        if not ready.startswith("READY "):
            raise RuntimeError(f"the sandbox said: {ready}")
        config = json.loads((self.folder / "config.json").read_text())
        self.config = self.folder / "fast.json"
        self.config.write_text(json.dumps({**config, "max_rate_per_s": 100000}))
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()

    def coupons(self, calls):
        """The first of as many coupons that nobody has redeemed."""
        first, self._next_coupon = self._next_coupon, self._next_coupon + calls
        return first
