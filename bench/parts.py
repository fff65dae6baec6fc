"""What is measured with every contestant. Each part yields records: what ran, and what it told."""

from dataclasses import dataclass

import machine
from relay import Relay
from runs import Failed, start, summary

# OpenSSL and aws-lc then sign as they do on processors without AVX512-IFMA.
NO_IFMA = {"OPENSSL_ia32cap": ":~0x200000"}


@dataclass(frozen=True)
class Scale:
    rounds: int
    # Rounds with one thread, whose figures lie close together.
    rounds_of_one: int
    # Measured calls of a run, before a contestant's share; and those before, which are not measured.
    calls: int
    warmup: int
    threads: tuple
    # The least of these calls for each thread: a thread's first ones cost more.
    calls_per_thread: int
    cold_starts: int
    # Redeemed while the heap is watched; in doubt before they are settled.
    many: int
    rows: int
    # Seconds before processes that share a limit are counted, and while they are.
    pacing: tuple


FULL = Scale(
    rounds=5,
    rounds_of_one=15,
    calls=1000,
    warmup=100,
    threads=(1, 2, 8, 64),
    calls_per_thread=50,
    cold_starts=15,
    many=1_000_000,
    rows=1000,
    pacing=(10, 30),
)
QUICK = Scale(
    rounds=2,
    rounds_of_one=2,
    calls=200,
    warmup=50,
    threads=(1, 8),
    calls_per_thread=10,
    cold_starts=3,
    many=5000,
    rows=100,
    pacing=(6, 6),
)


@dataclass
class Bench:
    shop: object
    server: object
    sandbox: object
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
            self.broken.setdefault((contestant.name, str(config), threads), str(failure))
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
    for number, contestant in bench.interleaved(scale.rounds_of_one):
        for threads in scale.threads if env is None and number < scale.rounds else (1,):
            if (contestant.name, str(bench.config), threads) in bench.broken:
                continue
            calls = max(scale.calls, threads * scale.calls_per_thread)
            calls = max(calls * contestant.share // 100, 2 * threads)
            calls -= calls % threads
            warmup = max((contestant.warmup or scale.warmup * contestant.share // 100) // threads, 2)
            told = bench.run(contestant, bench.config, threads, warmup, calls, env=env)
            if told:
                yield {"contestant": contestant.name, "round": number, "threads": threads, **summary(told)}


def masked(bench):
    """The same with one thread, as on a processor without AVX512-IFMA."""
    if machine.has_ifma():
        yield from redeem(bench, NO_IFMA)


def anew(bench):
    """The server ends each connection with its answer, so that each call makes one."""
    config, scale = bench.shop.config("closing", [bench.server.url(bench.server.closing)]), bench.scale
    for number, contestant in bench.interleaved(scale.rounds):
        if (contestant.name, str(config), 1) in bench.broken:
            continue
        calls = max(scale.calls * contestant.share // 400, 10)
        told = bench.run(contestant, config, 1, max(contestant.warmup // 5, 5), calls)
        if told:
            yield {"contestant": contestant.name, "round": number, "threads": 1, **summary(told)}


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


def wire(bench):
    """Bytes and connections of a call: the difference between few calls and many."""
    few, many = 10, 60
    for contestant in bench.field:
        counts = []
        for calls in (few, many):
            with Relay(bench.server.port) as relay:
                config = bench.shop.config("relayed", [relay.url])
                if bench.run(contestant, config, 1, 0, calls):
                    counts.append((relay.sent, relay.received, relay.connections))
        if len(counts) == 2:
            sent, received, opened = ((after - before) / (many - few) for before, after in zip(*counts))
            yield {"contestant": contestant.name, "sent": sent, "received": received, "connections": opened}


def distant(bench):
    """Against the sandbox, which checks every signature and answers after 30 ms."""
    for number, contestant in bench.interleaved(min(bench.scale.rounds, 3)):
        for threads, calls in ((1, 50), (64, 512)):
            if (contestant.name, str(bench.sandbox.config), threads) in bench.broken:
                continue
            warmup = 2
            coupons = {"first": bench.sandbox.coupons(calls + warmup * threads), "count": 1 << 40}
            told = bench.run(contestant, bench.sandbox.config, threads, warmup, calls, **coupons)
            if told:
                yield {"contestant": contestant.name, "round": number, "threads": threads, **summary(told)}
