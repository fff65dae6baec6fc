"""The project's sandbox, which checks the signature of each request and takes its time to answer."""

import json
import subprocess
import urllib.request

from contestants import ROOT, cargo

DELAY_MS = 30


class Sandbox:
    def __init__(self, folder, rate=0, delay_ms=DELAY_MS):
        self.folder = folder
        # Requests a second; 0: no limit.
        self.rate, self.delay_ms = rate, delay_ms
        # Coupons are redeemed once: nobody gets those of another run.
        self._next_coupon = 0

    def __enter__(self):
        cargo("build", "--release", "--locked", "--package", "wxcoupon-sandbox", "--target-dir", ROOT / "target")
        program = [ROOT / "target/release/wxcoupon-sandbox", "--dir", self.folder, "--rate", str(self.rate), "--quiet"]
        program += ["--log-capacity", "0", "--exit-with-stdin", "--fault", f"delay,ms={self.delay_ms},on=use"]
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self._process.stdout.readline()
        if not ready.startswith("READY "):
            raise RuntimeError(f"the sandbox said: {ready}")
        self._control = next(word for word in ready.split() if word.startswith("control=")).removeprefix("control=")
        # With the library's own pace, and without.
        self.paced = self.folder / "config.json"
        config = json.loads(self.paced.read_text())
        # Each contestant names a journal, or has none.
        config.pop("journal_path")
        self.paced.write_text(json.dumps(config))
        self.config = self.folder / "fast.json"
        self.config.write_text(json.dumps({**config, "max_rate_per_s": 100000}))
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()

    def statuses(self):
        """How many answers had which HTTP status so far."""
        with urllib.request.urlopen(f"{self._control}/stats", timeout=10) as stats:
            return {int(status): count for status, count in json.load(stats)["by_status"].items()}

    def coupons(self, calls):
        """The first of as many coupons that nobody has redeemed."""
        first, self._next_coupon = self._next_coupon, self._next_coupon + calls
        return first
