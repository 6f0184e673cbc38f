#!/usr/bin/env python3
"""Measures runbook against a plain libssh loop (and ssh with ControlMaster) on one sshd on loopback.

    bench.py RUNBOOK RAWLOOP [--rounds N] [--only W1,W2]

Every tool must really have had the effect: each command appends to a file, which is counted. The tools take turns,
so that a slow moment of the machine hits all of them; medians and the ratio to the plain loop are printed.
"""
import argparse, os, pathlib, resource, shutil, socket, statistics, subprocess, sys, tempfile, threading, time


class Server:
    """OpenSSH's sshd on a free port of 127.0.0.1, with keys of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.key = str(folder / "key")
        for name in ("key", "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        shutil.copy(folder / "key.pub", folder / "authorized_keys")
        (folder / "config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized_keys\n"
            f"PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nMaxStartups 200\nMaxSessions 100\n"
            f"UseDNS no\nSetEnv RUNBOOK_DIR={folder}/claims HOME={folder}\n")
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        self.process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "config"], stderr=open(folder / "log", "w"))
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                time.sleep(0.02)
        listed = subprocess.run(["ssh-keygen", "-lf", folder / "host.pub"], capture_output=True, text=True, check=True)
        self.fingerprint = listed.stdout.split()[1]

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Delay:
    """A TCP proxy that holds every byte for `seconds` in each direction."""

    def __init__(self, target, seconds):
        self.target, self.seconds = target, seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            for a, b in ((client, server), (server, client)):
                for end in (a, b):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.pipe(a, b)

    def pipe(self, source, sink):
        import queue
        held = queue.Queue()

        def read():
            while True:
                try:
                    data = source.recv(65536)
                except OSError:
                    data = b""
                held.put((time.monotonic() + self.seconds, data))
                if not data:
                    return

        def write():
            while True:
                due, data = held.get()
                time.sleep(max(0, due - time.monotonic()))
                try:
                    if not data:
                        sink.shutdown(socket.SHUT_WR)
                        return
                    sink.sendall(data)
                except OSError:
                    return

        threading.Thread(target=read, daemon=True).start()
        threading.Thread(target=write, daemon=True).start()


class Bench:
    def __init__(self, runbook, rawloop):
        self.runbook, self.rawloop = runbook, rawloop
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="runbook-bench-"))
        self.server = Server(self.folder)
        self.slow = Delay(self.server.port, 0.020)
        self.number = 0

    def do(self, text):
        return f"echo {text} >> {self.folder}/effects"

    def is_(self, text):
        return f"grep -qx {text} {self.folder}/effects"

    def file(self, steps, hosts, port):
        """A fresh runbook and site file; the folder they lie in."""
        self.number += 1
        folder = self.folder / f"run{self.number}"
        folder.mkdir()
        names = [f"h{i}" for i in range(hosts)]
        lines = ["runbook: bench", "hosts:"] + [f"  {n}: {{ title: a host }}" for n in names]
        lines += [f"groups: {{ every: [{', '.join(names)}] }}", "steps:"] + steps
        (folder / "bench.yaml").write_text("\n".join(lines) + "\n")
        site = ["for: bench", "hosts:"]
        for n in names:
            site.append(f"  {n}: {{ address: 127.0.0.1, port: {port}, identity: {self.server.key}, "
                        f"host_key: '{self.server.fingerprint}' }}")
        (folder / "bench.site.yaml").write_text("\n".join(site) + "\n")
        return folder

    def time(self, command, effects):
        (self.folder / "effects").write_text("")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        result = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, SSH_AUTH_SOCK=""))
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if result.returncode != 0:
            sys.exit(f"{command[0]} failed: {result.stdout[-2000:]} {result.stderr[-2000:]}")
        had = len((self.folder / "effects").read_text().split())
        if had != effects:
            sys.exit(f"{command[0]}: {had} effects, not {effects}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return wall, cpu

    # Each workload: what it is called, the runbook, the plain loop's words, how many effects.
    def workloads(self):
        none = "verify: { none: a benchmark }"
        alternating = lambda n: [
            f"  - {{ id: s{i}, name: Step, host: h{i % 2}, {none}, run: '{self.do(i)}' }}" for i in range(n)]
        checked = lambda n: [
            f"  - {{ id: s{i}-{h}, name: Step, host: h{h}, check: '{self.is_(f'{i}-{h}')}', run: '{self.do(f'{i}-{h}')}' }}"
            for i in range(n) for h in range(2)]
        thrice = lambda n: sum(
            ([f"! {self.is_(f'{i}-{h}')}", self.do(f"{i}-{h}"), self.is_(f"{i}-{h}")] for i in range(n) for h in range(2)),
            [])
        # The plain loop goes round the hosts command by command; three of a step stay together on one of them.
        together = [f"  - {{ id: s{i}, name: Step, hosts: every, order: together, {none}, run: '{self.do(i)}' }}"
                    for i in range(10)]
        megabyte = f"head -c 1048576 /dev/zero | tr \\\\0 x; {self.do('out')}"
        fast, slow = self.server.port, self.slow.port
        raw = lambda port, hosts, words: [self.rawloop, str(port), self.server.key, str(hosts)] + words
        return {
            "W1": (alternating(100), 2, fast, raw(fast, 2, [self.do(i) for i in range(100)]), 100),
            "W2": (checked(30), 2, fast, raw(fast, 2, thrice(30)), 60),
            "W3": (together, 50, fast,
                   [self.rawloop, "-p", str(fast), self.server.key, "50"] + [self.do(i) for i in range(10)], 500),
            "W4": (alternating(1), 2, fast, raw(fast, 1, [self.do(0)]), 1),
            "W5": ([f"  - {{ id: s, name: Step, host: h0, {none}, run: \"{megabyte}\" }}"], 1, fast,
                   raw(fast, 1, [megabyte.replace("\\\\0", "\\0")]), 1),
            "W6": (alternating(20), 2, slow, raw(slow, 2, [self.do(i) for i in range(20)]), 20),
            "W2L": (checked(5), 2, slow, raw(slow, 2, thrice(5)), 10),
        }

    def run(self, rounds, only):
        print(f"{'':4} {'runbook':>10} {'plain loop':>10} {'ratio':>6}   {'cpu':>8} {'loop cpu':>8}")
        for name, (steps, hosts, port, loop, effects) in self.workloads().items():
            if only and name not in only:
                continue
            ours, raw = [], []
            for _ in range(rounds):
                raw.append(self.time(loop, effects))
                folder = self.file(steps, hosts, port)
                ours.append(self.time([self.runbook, "run", "--width", str(max(20, hosts)), str(folder / "bench.yaml")], effects))
            a, b = (statistics.median(t[0] for t in times) for times in (ours, raw))
            c, d = (statistics.median(t[1] for t in times) for times in (ours, raw))
            print(f"{name:4} {a * 1000:8.0f}ms {b * 1000:8.0f}ms {a / b:6.2f}   {c * 1000:6.0f}ms {d * 1000:6.0f}ms",
                  flush=True)

    def close(self):
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runbook")
    parser.add_argument("rawloop")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=lambda text: text.split(","))
    arguments = parser.parse_args()
    bench = Bench(os.path.abspath(arguments.runbook), os.path.abspath(arguments.rawloop))
    try:
        bench.run(arguments.rounds, arguments.only)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
