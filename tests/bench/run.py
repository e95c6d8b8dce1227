#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The figures that the README states, each beside the machine's floor and a peer, in one run on one machine.

    make bench                          everything
    make bench BENCH_ARGS="cpu spawn"   only these
"""
import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import servers  # noqa: E402
from agent import Agent, BIN, send_all, wait_until  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
BODY = "x" * 1024

LOG_FLOW = """
id: log
namespace: bench
tasks:
  - id: log
    type: io.kestra.plugin.core.log.Log
    message: "got {{ trigger.messageId }}"
"""

SPAWN_FLOW = """
id: spawn
namespace: bench
tasks:
  - id: spawn
    type: io.kestra.plugin.scripts.shell.Commands
    commands: [":"]
"""

STAMP_FLOW = """
id: stamp
namespace: bench
tasks:
  - id: stamp
    type: io.kestra.plugin.scripts.shell.Commands
    interpreter: ["STAMP"]
    commands: [":"]
    env:
      STAMPS: MARKS/stamps
"""


def cpu_seconds(pid):
    """User and system time of a process and of those that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICKS


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory_kib(pid):
    """Rss and Pss; Own is what is resident of the process's own: its program, heap, stack and files, and of the libraries
    the pages that it has changed (relocations, variables)."""
    sums, library = dict.fromkeys(("Rss", "Pss", "Own"), 0), False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, *fields = line.split()
        if "-" in name:
            library = ".so" in line
        elif name in ("Rss:", "Pss:"):
            sums[name[:-1]] += int(fields[0])
        if name == ("Private_Dirty:" if library else "Rss:"):
            sums["Own"] += int(fields[0])
    return sums


class Bench:
    """A queue server and an agent in a folder that goes away with it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sqsflow-bench-")
        self.path = Path(self.folder.name)
        self.server = servers.QueueServer(self.path / "server", log=False)
        self.agent = Agent(self.path / "agent", self.server)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.agent.done()
        self.server.stop()
        self.folder.cleanup()

    def queue(self, name="bench", count=0, **attributes):
        url = self.server.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        if count:
            send_all(self.server, url, [BODY] * count)
        return url

    def wait_empty(self, url, seconds=300):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def empty():
            time.sleep(0.1)  # asking costs a core's time, too
            attributes = self.server.call("GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
            return all(attributes[name] == "0" for name in names)
        wait_until(empty, "an empty queue", seconds)


def build(program):
    """Compiles one of the floors beside this file; returns its path."""
    target = BIN.parent / "bench" / program
    target.parent.mkdir(parents=True, exist_ok=True)
    libraries = ["-lcurl"] if "queue" in program else []
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", target, HERE / f"{program}.c", *libraries], check=True)
    return target


def run_json(*command):
    return json.loads(subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout)


def bench_cpu(count=20000):
    """CPU per message of the agent and its runners for a flow of one Log task, 1 KiB bodies, records kept."""
    with Bench() as bench:
        url = bench.queue(count=count)
        floor = run_json(build("floor_queue"), bench.server.endpoint, url, count)
        send_all(bench.server, url, [BODY] * count)
        peer = run_json(servers.NODE, HERE.parent / "js" / "consumer.mjs", bench.server.endpoint, url, count)
        bench.agent.flow(LOG_FLOW)
        bench.agent.configure([{"id": "bench", "queueUrl": url, "flow": "bench.log"}])
        bench.agent.start()
        pid = bench.agent.process.pid
        # The runners start with the first load and stay: their start is a cost of the first minute, not of a message.
        send_all(bench.server, url, [BODY] * (count // 10))
        bench.wait_empty(url)
        runners_before = sum(cpu_seconds(c) for c in children(pid))
        before = cpu_seconds(pid)
        send_all(bench.server, url, [BODY] * count)
        bench.wait_empty(url)
        agent_cpu = cpu_seconds(pid) - before
        runner_pids = children(pid)
        runner_cpu = sum(cpu_seconds(c) for c in runner_pids) - runners_before
        memory = memory_kib(pid)
        runner_memory = [memory_kib(c) for c in runner_pids]
        calls = bench.server.admin("stats")["queues"]["bench"]["calls"]
        bench.agent.stop()
    total = (agent_cpu + runner_cpu) / count * 1e6
    print(f"cpu per message      agent {agent_cpu / count * 1e6:.1f} µs + runners {runner_cpu / count * 1e6:.1f} µs "
          f"= {total:.1f} µs; floor {floor['cpu_us_per_message']:.1f} µs (x{total / floor['cpu_us_per_message']:.1f}); "
          f"sqs-consumer {peer['cpu_us_per_message']:.0f} µs (x{peer['cpu_us_per_message'] / total:.1f} of ours)")
    print(f"memory               agent {memory['Rss'] / 1024:.1f} MB RSS, {memory['Pss'] / 1024:.1f} MB PSS, "
          f"{memory['Own'] / 1024:.1f} MB its own; "
          f"{len(runner_memory)} runners, {statistics.mean(m['Pss'] for m in runner_memory) / 1024:.1f} MB PSS each; "
          f"sqs-consumer {peer['rss_mb']:.0f} MB RSS")
    print(f"calls                {count} messages: {calls.get('DeleteMessageBatch', 0)} delete calls of ours and the "
          f"floor's and the peer's together")


def bench_calls(count=10000):
    """Deletes and receives per message under load, and how many slots a burst keeps busy."""
    with Bench() as bench:
        url = bench.queue(count=count)
        bench.agent.flow(LOG_FLOW)
        bench.agent.configure([{"id": "bench", "queueUrl": url, "flow": "bench.log"}])
        bench.agent.start()
        bench.wait_empty(url)
        calls = bench.server.admin("stats")["queues"]["bench"]["calls"]
        bench.agent.stop()
    deletes, receives = calls.get("DeleteMessageBatch", 0), calls.get("ReceiveMessage", 0)
    print(f"calls under load     {count} messages: {deletes} deletes ({deletes / (count / 10) * 100 - 100:+.1f} % of n/10), "
          f"{receives} receives, {calls.get('ChangeMessageVisibilityBatch', 0)} visibility changes")


def bench_spawn(count=20000, parallel=8, rounds=3):
    """Executions a second with one process each, against a bare posix_spawn and wait loop, in turn."""
    floor_program = build("floor_spawn")
    ratios, floors, ours = [], [], []
    for _ in range(rounds):
        floor = run_json(floor_program, parallel, count)["per_second"]
        with Bench() as bench:
            url = bench.queue(count=count)
            bench.agent.flow(SPAWN_FLOW)
            bench.agent.configure([{"id": "bench", "queueUrl": url, "flow": "bench.spawn", "concurrency": parallel}])
            bench.agent.start()
            begun = time.monotonic()
            bench.wait_empty(url)
            rate = count / (time.monotonic() - begun)
            bench.agent.stop()
        floors.append(floor)
        ours.append(rate)
        ratios.append(rate / floor)
    print(f"process per message  {statistics.median(ours):.0f}/s of a floor of {statistics.median(floors):.0f}/s at "
          f"{parallel} in parallel: {statistics.median(ratios) * 100:.0f} % (median of {rounds})")


def bench_idle(count=500, seconds=60):
    """500 idle triggers on one agent: CPU, memory and receives."""
    with Bench() as bench:
        bench.agent.flow(LOG_FLOW)
        figures = {}
        for triggers in (1, count):
            urls = [bench.queue(f"idle{i}") for i in range(triggers)]
            bench.agent.configure([{"id": f"t{i}", "queueUrl": url, "flow": "bench.log"}
                                   for i, url in enumerate(urls)])
            bench.agent.start()
            pid = bench.agent.process.pid
            wait_until(lambda: all(t["openReceives"] == 1 for t in bench.agent.status()["triggers"]), "open polls")
            if triggers == count:
                before, begun = cpu_seconds(pid), time.monotonic()
                calls = sum(q["calls"].get("ReceiveMessage", 0)
                            for q in bench.server.admin("stats")["queues"].values())
                time.sleep(seconds)  # the figure is about time in which nothing happens
                share = (cpu_seconds(pid) - before) / (time.monotonic() - begun)
                calls = sum(q["calls"].get("ReceiveMessage", 0)
                            for q in bench.server.admin("stats")["queues"].values()) - calls
            figures[triggers] = memory_kib(pid)["Rss"]
            bench.agent.process.kill()
            bench.agent.wait()
    per_trigger = (figures[count] - figures[1]) / (count - 1)
    print(f"idle triggers        {count}: {share * 100:.2f} % of a core, {per_trigger:.1f} KiB per further trigger "
          f"(agent {figures[count] / 1024:.1f} MB), {calls / count / seconds * 60:.2f} receives a minute and queue")


@contextlib.contextmanager
def floor_starts(bench, server, url, program, count):
    """A program that receives one message at a time and starts the process itself."""
    stamps = {"STAMPS": str(bench.agent.marks / "stamps")}
    with subprocess.Popen([build("floor_queue"), server.endpoint, url, str(count), program], env={**os.environ, **stamps},
                          stdout=subprocess.DEVNULL):
        yield


@contextlib.contextmanager
def agent_starts(bench, server, url, program, _):
    bench.agent.server = server
    bench.agent.flow(STAMP_FLOW.replace('"STAMP"', f'"{program}"'))
    bench.agent.configure([{"id": "bench", "queueUrl": url, "flow": "bench.stamp"}])
    bench.agent.start()
    yield
    bench.agent.stop()


def start_delays(bench, starts, count):
    """From the server's answer to a receive to the start of the process for it, one message at a time: milliseconds, sorted."""
    server = servers.QueueServer(bench.path / "logged")
    try:
        url = server.call("CreateQueue", QueueName="bench")["QueueUrl"]
        with starts(bench, server, url, build("stamp"), count):
            for number in range(count):
                send_all(server, url, [f"m{number}"])
                wait_until(lambda: len(bench.agent.mark_lines("stamps")) > number, "the next stamp")
        started = {message: int(time_ns) for time_ns, message in map(str.split, bench.agent.mark_lines("stamps"))}
        return sorted((started[o["messageId"]] - o["time"] * 1000) / 1e6 for o in server.operations("receive"))
    finally:
        server.stop()


def bench_prompt(count=300):
    for name, starts in (("prompt", agent_starts), ("  floor", floor_starts)):
        with Bench() as bench:
            delays = start_delays(bench, starts, count)
        print(f"{name:20} receive to process start: p50 {statistics.median(delays):.2f} ms, "
              f"p99 {delays[int(len(delays) * 0.99) - 1]:.2f} ms, max {delays[-1]:.2f} ms ({count} messages)")


BENCHES = {name[6:]: function for name, function in globals().items() if name.startswith("bench_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], help="which; all when none is named")
    for name in parser.parse_args().names or BENCHES:
        BENCHES[name]()
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
