#!/usr/bin/env python3
"""Measures other tools beside runbook and the plain loop: the same commands, on the same sshd.

    peers.py RUNBOOK RAWLOOP VENV [--rounds N] [--only W1,W2] [--tools ssh,fabric]

VENV is a folder with Python packages: those that are missing are installed from PyPI. Each tool must really have had
the effect, which is counted. The tools take turns. A tool that cannot be had here is named.
"""
import argparse, json, os, pathlib, shlex, statistics, subprocess, sys

from bench import Bench

PACKAGES = ["ansible-core", "mitogen", "pyinfra", "fabric", "parallel-ssh"]

# Each reads {"port", "key", "plan": [[host, [command, ...]], ...], "together": bool} from its first argument. The commands of
# one entry are a check, what is done, and a check; or only what is done.
FABRIC = """
import json, sys, threading
from fabric import Connection
job = json.load(open(sys.argv[1]))
def connect(host):
    return Connection("127.0.0.1", port=job["port"], user="root", connect_kwargs={"key_filename": job["key"]})
hosts = {host: connect(host) for host, _ in job["plan"]}
def act(host, commands):
    for command in commands:
        hosts[host].run(command, hide=True, in_stream=False)
if job["together"]:
    def each(host):
        for other, commands in job["plan"]:
            if other == host: act(host, commands)
    threads = [threading.Thread(target=each, args=(host,)) for host in hosts]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
else:
    for host, commands in job["plan"]: act(host, commands)
"""
PSSH = """
import json, sys
from gevent import joinall, spawn
from pssh.clients import SSHClient
job = json.load(open(sys.argv[1]))
hosts = {}
def act(host, commands):
    if host not in hosts: hosts[host] = SSHClient("127.0.0.1", port=job["port"], user="root", pkey=job["key"])
    for command in commands:
        output = hosts[host].run_command(command)
        list(output.stdout)
        assert output.exit_code == 0, command
if job["together"]:
    def each(host):
        for other, commands in job["plan"]:
            if other == host: act(host, commands)
    joinall([spawn(each, host) for host in {host for host, _ in job["plan"]}], raise_error=True)
else:
    for host, commands in job["plan"]: act(host, commands)
"""
PYINFRA = """
import json, os
from pyinfra import host
from pyinfra.operations import server
for number, (name, commands) in enumerate(json.load(open(os.environ["JOB"]))["plan"]):
    if host.name == name: server.shell(name=f"step {number}", commands=commands)
"""


class Peers:
    def __init__(self, bench, venv):
        self.bench, self.venv = bench, pathlib.Path(venv)
        self.folder = bench.folder / "peers"
        self.folder.mkdir()
        for name, text in (("fabric", FABRIC), ("pssh", PSSH), ("deploy", PYINFRA)):
            (self.folder / f"{name}_job.py").write_text(text)
        python = self.venv / "bin/python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", self.venv], check=True)
        subprocess.run([python, "-m", "pip", "-q", "install", *PACKAGES], check=False)
        listed = subprocess.run([python, "-m", "pip", "list", "--format=json"], capture_output=True, text=True)
        self.versions = {p["name"].lower(): p["version"] for p in json.loads(listed.stdout or "[]")}

    def tools(self):
        """Each tool's name, the package that it needs, and how it is called for a job."""
        return {
            "ssh": (None, lambda job: self.ssh(job, shared=False)),
            "ssh, ControlMaster": (None, lambda job: self.ssh(job, shared=True)),
            "parallel-ssh": ("parallel-ssh", lambda job: self.script("pssh", job)),
            "fabric": ("fabric", lambda job: self.script("fabric", job)),
            "pyinfra": ("pyinfra", self.pyinfra),
            "ansible": ("ansible-core", lambda job: self.ansible(job, {})),
            "ansible, pipelining": ("ansible-core", lambda job: self.ansible(job, {"ANSIBLE_PIPELINING": "1"})),
            "ansible, mitogen": ("mitogen", lambda job: self.ansible(job, self.mitogen())),
        }

    def script(self, name, job):
        return [self.venv / "bin/python", self.folder / f"{name}_job.py", job], {}

    def options(self, job):
        return ["-p", str(job["port"]), "-i", job["key"], "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-F", "none"]

    def ssh(self, path, shared):
        job = json.loads(path.read_text())
        lines, ends, hosts = ["set -e"], [], list(dict.fromkeys(host for host, _ in job["plan"]))
        for host in hosts:
            control = ["-o", f"ControlPath={self.folder}/{host}.%C"] if shared else []
            words = shlex.join(["ssh", *self.options(job), *control, "root@127.0.0.1"])
            each = [shlex.quote(c) for other, commands in job["plan"] if other == host for c in commands]
            if shared:
                lines.append(f"{shlex.join(['ssh', *self.options(job), *control, '-fNM', 'root@127.0.0.1'])}")
                ends.append(f"{words} -O exit 2>/dev/null")
            if job["together"]:
                lines.append("{ " + "; ".join(f"{words} {c}" for c in each) + "; } &")
            lines.append(f"{host}() {{ {words} \"$1\"; }}")
        if job["together"]:
            lines.append("wait")
        else:
            lines += [f"{host} {shlex.quote(c)}" for host, commands in job["plan"] for c in commands]
        script = self.folder / "ssh.sh"
        script.write_text("\n".join(lines + ends) + "\n")
        return ["bash", script], {}

    def inventory(self, job):
        hosts = list(dict.fromkeys(host for host, _ in job["plan"]))
        path = self.folder / "inventory.ini"
        path.write_text("".join(
            f"{h} ansible_host=127.0.0.1 ansible_port={job['port']} ansible_user=root ansible_python_interpreter="
            f"{sys.executable} ansible_ssh_private_key_file={job['key']}\n" for h in hosts))
        return path

    def ansible(self, path, environment):
        job = json.loads(path.read_text())
        plays, shell = [], "ansible.builtin.shell"

        def tasks(commands):
            if len(commands) == 1:
                return [{shell: commands[0]}]
            look, do, check = commands
            return [{shell: look, "register": "look", "changed_when": False}, {shell: do}, {shell: check, "changed_when": False}]

        if job["together"]:
            first = job["plan"][0][0]
            all_tasks = [t for host, commands in job["plan"] if host == first for t in tasks(commands)]
            plays.append({"hosts": "all", "gather_facts": False, "tasks": all_tasks})
        else:
            for host, commands in job["plan"]:
                plays.append({"hosts": host, "gather_facts": False, "tasks": tasks(commands)})
        book = self.folder / "book.json.yml"
        book.write_text(json.dumps(plays))
        base = {"ANSIBLE_HOST_KEY_CHECKING": "0", "ANSIBLE_FORKS": "50", "ANSIBLE_LOCALHOST_WARNING": "0",
                "ANSIBLE_HOME": f"{self.folder}/ansible", "LC_ALL": "C.UTF-8"}
        return [self.venv / "bin/ansible-playbook", "-i", self.inventory(job), book], base | environment

    def mitogen(self):
        found = list(self.venv.glob("lib/python*/site-packages/ansible_mitogen/plugins/strategy"))
        return {"ANSIBLE_STRATEGY_PLUGINS": str(found[0]) if found else "", "ANSIBLE_STRATEGY": "mitogen_linear"}

    def pyinfra(self, path):
        job = json.loads(path.read_text())
        inventory = self.folder / "inventory.py"
        hosts = list(dict.fromkeys(host for host, _ in job["plan"]))
        inventory.write_text("hosts = " + repr([
            (h, {"ssh_hostname": "127.0.0.1", "ssh_port": job["port"], "ssh_user": "root", "ssh_key": job["key"],
                 "ssh_strict_host_key_checking": "no", "ssh_known_hosts_file": f"{self.folder}/known"}) for h in hosts]))
        return [self.venv / "bin/pyinfra", "-y", inventory, self.folder / "deploy_job.py"], {"JOB": str(path)}

    def job(self, name):
        """The same commands as the plain loop's."""
        steps, do, is_ = [], self.bench.do, self.bench.is_
        if name == "W1":
            steps = [(f"h{i % 2}", [do(i)]) for i in range(100)]
        elif name == "W2":
            steps = [(f"h{h}", [f"! {is_(f'{i}-{h}')}", do(f"{i}-{h}"), is_(f"{i}-{h}")]) for i in range(30) for h in range(2)]
        elif name == "W3":
            steps = [(f"h{h}", [do(i)]) for i in range(10) for h in range(50)]
        elif name == "W4":
            steps = [("h0", [do(0)])]
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({"port": self.bench.server.port, "key": self.bench.server.key,
                                    "plan": steps, "together": name == "W3"}))
        return path, len(steps)

    def measure(self, rounds, only, chosen):
        workloads = self.bench.workloads()
        for name in only:
            steps, hosts, port, loop, _ = workloads[name]
            job, effects = self.job(name)
            times, missing = {}, {}
            for _ in range(rounds):
                times.setdefault("plain loop", []).append(self.bench.time(loop, effects)[0])
                book = self.bench.file(steps, hosts, port)
                ours = [self.bench.runbook, "run", str(book / "bench.yaml")]
                times.setdefault("runbook", []).append(self.bench.time(ours, effects)[0])
                for tool, (package, call) in self.tools().items():
                    if chosen and tool not in chosen:
                        continue
                    if package and package not in self.versions:
                        missing[tool] = "cannot be had here"
                        continue
                    words, environment = call(job)
                    before = dict(os.environ)
                    os.environ.update(environment)
                    try:
                        wall = self.bench.time(list(map(str, words)), effects)[0]
                        times.setdefault(tool, []).append(wall)
                    except SystemExit as problem:
                        missing[tool] = str(problem)[:300]
                    finally:
                        os.environ.clear()
                        os.environ.update(before)
            base = statistics.median(times["plain loop"])
            for tool, values in sorted(times.items(), key=lambda item: statistics.median(item[1])):
                wall = statistics.median(values)
                print(f"{name:4} {tool:22} {wall * 1000:8.0f} ms {wall / base:7.2f}", flush=True)
            for tool, why in missing.items():
                print(f"{name:4} {tool:22} not measured: {why}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runbook")
    parser.add_argument("rawloop")
    parser.add_argument("venv")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=lambda text: text.split(","), default=["W1", "W2", "W3", "W4"])
    parser.add_argument("--tools", type=lambda text: text.split(";"), help="names of tools, with `;` between them")
    arguments = parser.parse_args()
    bench = Bench(os.path.abspath(arguments.runbook), os.path.abspath(arguments.rawloop))
    try:
        peers = Peers(bench, arguments.venv)
        names = [f"{name} {peers.versions[name]}" for name in PACKAGES if name in peers.versions]
        print("; ".join(names))
        peers.measure(arguments.rounds, arguments.only, arguments.tools)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
