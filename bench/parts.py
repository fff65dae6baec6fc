"""What is measured with every contestant. Each part yields records: what ran, and what it told."""

from dataclasses import dataclass

import machine
from runs import Failed, start, summary

ALL = ["redeem", "masked", "cold", "forged"]

# OpenSSL and aws-lc then sign as they do on processors without AVX512-IFMA.
NO_IFMA = {"OPENSSL_ia32cap": ":~0x200000"}


@dataclass(frozen=True)
class Scale:
    rounds: int
    # Measured calls of a run, before a contestant's share; and those before, which are not measured.
    calls: int
    warmup: int
    threads: tuple
    cold_starts: int


FULL = Scale(rounds=9, calls=2000, warmup=100, threads=(1, 2, 8, 64), cold_starts=20)
QUICK = Scale(rounds=2, calls=300, warmup=50, threads=(1, 8), cold_starts=3)


@dataclass
class Bench:
    shop: object
    server: object
    field: list
    scale: Scale

    def __post_init__(self):
        self.config = self.shop.config("honest", [self.server.url()])
        self.broken = {}

    def run(self, contestant, config, threads, warmup, calls, *more, **others):
        """A run, or None where it failed; then the reason is kept, and it is not asked again for the same."""
        self.server.keep_fresh()
        try:
            return start(contestant, config, threads, warmup, calls, *more, **others)
        except Failed as failure:
            self.broken[(contestant.name, threads)] = str(failure)
            print(f"{contestant.name}, {threads} threads: {failure}", flush=True)
            return None

    def interleaved(self, rounds):
        """Every contestant in every round, each round beginning with another."""
        for number in range(rounds):
            shift = number % len(self.field)
            for contestant in self.field[shift:] + self.field[:shift]:
                yield number, contestant


def redeem(bench, env=None):
    scale = bench.scale
    for number, contestant in bench.interleaved(scale.rounds):
        for threads in scale.threads if env is None else (1,):
            if (contestant.name, threads) in bench.broken:
                continue
            calls = max(scale.calls * contestant.share // 100, 2 * threads)
            calls -= calls % threads
            warmup = max(scale.warmup * contestant.share // 100 // threads, 2)
            told = bench.run(contestant, bench.config, threads, warmup, calls, env=env)
            if told:
                yield {"contestant": contestant.name, "round": number, "threads": threads, **summary(told)}


def masked(bench):
    """The same with one thread, as on a processor without AVX512-IFMA."""
    if machine.has_ifma():
        yield from redeem(bench, NO_IFMA)


def cold(bench):
    """From the start of a process to the end of its first redemption, and of the process."""
    for number, contestant in bench.interleaved(bench.scale.cold_starts):
        told = bench.run(contestant, bench.config, 1, 0, 1)
        if told:
            yield {"contestant": contestant.name, "round": number, **summary(told)}


def forged(bench):
    """Whether an answer is refused in which one digit was changed after signing."""
    config = bench.shop.config("forged", [bench.server.url(bench.server.forged)], timeout_ms=500)
    for contestant in bench.field:
        bench.server.keep_fresh()
        try:
            start(contestant, config, 1, 0, 1)
            yield {"contestant": contestant.name, "refused": False}
        except Failed as failure:
            yield {"contestant": contestant.name, "refused": True, "said": str(failure)[-200:]}
