# SPDX-License-Identifier: Apache-2.0
"""A delegated control group, made by hand as systemd makes it with Delegate=yes, for the suites that need one."""
import os
import time
import uuid
from pathlib import Path

CONTROLLERS = ("cpu", "memory", "pids")


def mount():
    """Where version 2 is mounted; None: nowhere."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        return next((Path(line.split()[4]) for line in mounts if " - cgroup2 " in line), None)


def why_not():
    """The reason why no group can be made here; None: one can."""
    where = mount()
    if where is None:
        return "no cgroup version 2 is mounted"
    if os.geteuid() != 0:
        return "not root: nobody delegates a control group here"
    probe = where / f"sqsflow-probe-{uuid.uuid4().hex}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        return f"a control group cannot be made: {error}"
    return None


class Group:
    """One delegated group: enter() is what a process does on its way to the agent."""

    def __init__(self):
        where = mount()
        for controller in CONTROLLERS:
            try:
                (where / "cgroup.subtree_control").write_text(f"+{controller}")
            except OSError:
                pass  # version 1 has it, or the kernel lacks it: tests that need it skip
        self.path = where / f"sqsflow-test-{uuid.uuid4().hex}"
        self.path.mkdir()
        self.controllers = [c for c in CONTROLLERS if c in self.read("cgroup.controllers").split()]

    def read(self, name):
        return (self.path / name).read_text()

    def wrapper(self):
        """The command that runs another in this group."""
        return ("sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$@"', "sh")

    def be_fresh(self):
        """What systemd does before it starts the service again: nothing of the agent's own group is left."""
        own = self.path / "agent"
        self.await_empty(own)
        own.rmdir()
        for controller in self.controllers:
            (self.path / "cgroup.subtree_control").write_text(f"-{controller}")

    @staticmethod
    def await_empty(path, seconds=20):
        end = time.monotonic() + seconds
        while "populated 1" in (path / "cgroup.events").read_text():
            assert time.monotonic() < end, f"processes are left in {path}: {(path / 'cgroup.procs').read_text()}"
            time.sleep(0.01)

    def runners(self):
        return sorted(path for path in self.path.iterdir() if path.name.startswith("runner-"))

    def done(self):
        (self.path / "cgroup.kill").write_text("1")
        self.await_empty(self.path)
        for path in [p for p in self.path.iterdir() if p.is_dir()]:
            path.rmdir()
        self.path.rmdir()
