#!/usr/bin/env python3
"""Measures how long a large runbook takes to be read, checked and planned; no host is needed.

    large.py PROGRAM [--steps N] [--rounds N]

Prints, for each command, the median of the wall clock and the largest resident memory.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

STEP = """\
  - id: step-{n}
    name: Step number {n}
    why: It stands for one of many.
    host: {host}
    require: {{ run: test -d /srv, message: '/srv is missing on ${{{{ host.id }}}}' }}
    check: {{ run: cat /srv/{n}, match: '^${{{{ inputs.word }}}} {n}$' }}
    run: echo "$WORD" {n} > /srv/{n}
    timeout: 30s
    hints: [{{ output: No space, say: The disk is full. }}]
"""


def write(folder, count):
    steps = "".join(STEP.format(n=n, host="ab"[n % 2]) for n in range(count))
    (folder / "large.yaml").write_text(
        "runbook: large\ninputs: { word: { type: string, default: hello } }\nhosts: { a: {}, b: {} }\n"
        "env: { WORD: '${{ inputs.word }}' }\nsteps:\n" + steps)
    (folder / "large.site.yaml").write_text(
        "for: large\nhosts:\n  a: { address: 192.0.2.1 }\n  b: { address: 192.0.2.2 }\n")


def measure(words, rounds):
    times, memory = [], 0
    for _ in range(rounds):
        begin = time.monotonic()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        times.append(time.monotonic() - begin)
        memory = max(memory, usage.ru_maxrss)
        if status != 0:
            sys.exit(f"{' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return statistics.median(times), memory


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder, options.steps)
        path = str(folder / "large.yaml")
        program = os.path.abspath(options.program)
        size = os.path.getsize(path)
        print(f"{options.steps} steps, {size} bytes, median of {options.rounds}")
        for words in (["plan", path], ["lint", path]):
            seconds, memory = measure([program] + words, options.rounds)
            print(f"runbook {words[0]:<4} {seconds:6.2f} s {memory / 1024:5.0f} MiB")


if __name__ == "__main__":
    main()
