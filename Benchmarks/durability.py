#!/usr/bin/env python3
"""Measures what it costs that a step is durable: the records here, the claim on the host.

    durability.py RUNBOOK [--rounds N] [--steps N]

The same run is timed with its state folder and the host's folder on the disk and in memory; a question, which has no
record and no claim, stands beside it. The ways take turns; medians are printed, a step at a time.
"""
import argparse, os, pathlib, shutil, statistics, sys, tempfile, time

from bench import Bench, Server

MEMORY = "/dev/shm"


class Durability:
    def __init__(self, runbook, steps):
        self.bench = Bench(runbook, "")
        self.steps = steps
        self.memory = pathlib.Path(tempfile.mkdtemp(prefix="runbook-bench-", dir=MEMORY))
        # Each server gives its logins a folder for claims beside its own keys.
        self.servers = {"disk": self.bench.server, MEMORY: Server(self.memory)}

    def run(self, commands, state, claims):
        """Seconds of a run with these steps."""
        self.bench.server = self.servers[claims]
        folder = self.bench.file(commands, 1, self.bench.server.port)
        place = self.memory / folder.name if state == MEMORY else folder / "state"
        wall, _ = self.bench.time(
            [self.bench.runbook, "run", str(folder / "bench.yaml"), "--state", str(place)], len(commands))
        return wall

    def ways(self):
        do, none = self.bench.do, "verify: { none: a benchmark }"
        acts = [f"  - {{ id: s{i}, name: Step, host: h0, {none}, run: '{do(i)}' }}" for i in range(self.steps)]
        asks = [f"  - {{ id: s{i}, name: Step, host: h0, verify: '{do(i)}' }}" for i in range(self.steps)]
        return {
            "a step, all on the disk": (acts, "disk", "disk"),
            "its records in memory": (acts, MEMORY, "disk"),
            "its claim in memory": (acts, "disk", MEMORY),
            "both in memory": (acts, MEMORY, MEMORY),
            "a question: no claim": (asks, "disk", "disk"),
        }

    def sync(self, how):
        """Seconds of one append of a record's length and its sync, on the disk of the state folder."""
        path = self.bench.folder / "record"
        with open(path, "ab", buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, 1 << 20)
            times = []
            for _ in range(200):
                start = time.perf_counter()
                file.write(b"x" * 400)
                how(file.fileno())
                times.append(time.perf_counter() - start)
        path.unlink()
        return statistics.median(times)

    def measure(self, rounds):
        ways = self.ways()
        times = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (steps, state, claims) in ways.items():
                # Without what a run takes that has one step: the start, the login, the end.
                one = self.run(steps[:1], state, claims)
                times[name].append(self.run(steps, state, claims) - one)
        whole = None
        for name, values in times.items():
            step = statistics.median(values) / (self.steps - 1) * 1000
            whole = whole or step
            print(f"{name:28} {step:7.2f} ms a step {step / whole:6.2f}", flush=True)
        for name, how in (("one record and fdatasync", os.fdatasync), ("a whole sync of the host", lambda _: os.sync())):
            one = self.sync(how) * 1000
            print(f"{name:28} {one:7.2f} ms        {one / whole:6.2f}", flush=True)

    def close(self):
        self.bench.server = self.servers["disk"]
        self.servers[MEMORY].stop()
        self.bench.close()
        shutil.rmtree(self.memory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runbook")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100)
    arguments = parser.parse_args()
    if not os.access(MEMORY, os.W_OK):
        sys.exit(f"{MEMORY} is not there to be written to")
    durability = Durability(os.path.abspath(arguments.runbook), arguments.steps)
    try:
        durability.measure(arguments.rounds)
    finally:
        durability.close()


if __name__ == "__main__":
    main()
