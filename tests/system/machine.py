# SPDX-License-Identifier: Apache-2.0
"""A booted Debian of its own: systemd-nspawn over a root folder that stays as it is (an overlay in memory takes what is
written), with a network of its own that has loopback only.

Commands run inside through the namespaces of its first process. This process itself moves into the machine's network
(join_network), so that tests talk to servers inside as if they were on this host.
"""
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

# None is a promise, and each is far beyond what it is about, however busy the host is.
DEADLINE_SECONDS = 120
COMMAND_SECONDS = 300
LINE_CHARACTERS = 140  # of what is shown of a line of the journal
CLONE_NEWNET = 0x40000000


def wait_until(condition, what, seconds=DEADLINE_SECONDS):
    """Asks `condition` until it answers something true, and returns that; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.1)


def why_not():
    """Why no machine can be booted here; None when one can."""
    if os.geteuid() != 0:
        return "systemd-nspawn needs root"
    for tool in ("systemd-nspawn", "nsenter", "mmdebstrap"):
        if not shutil.which(tool):
            return f"{tool} is not installed (packaging/install-deps.sh system)"
    unshared = subprocess.run(["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "true"],
                              capture_output=True, check=False)
    if unshared.returncode != 0:
        return "the kernel does not let this process make namespaces"
    return None


def name_of_process(pid):
    """None: it has ended, as those that systemd-nspawn starts on its way do."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


class Machine:
    def __init__(self, root, log):
        self.root = root
        self.name = f"sqsflow-test-{os.getpid()}"
        self.log = Path(log)
        self.leader = None
        environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--boot", "--private-network", f"--directory={root}", "--volatile=overlay",
                 f"--machine={self.name}", "--register=no", "--keep-unit", "--console=pipe", "--kill-signal=SIGRTMIN+3",
                 "--link-journal=no", "--resolv-conf=off", "--timezone=off"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
        try:
            self.leader = wait_until(self._find_leader, self._boot_log)
            wait_until(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip()
                       in ("running", "degraded"), self._boot_log)
        except BaseException:
            self.stop()
            raise

    def _find_leader(self):
        """The machine's first process, once systemd has taken it over."""
        if self.process.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended with {self.process.returncode}: {self._boot_log()}")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next((int(child) for child in children if name_of_process(child) == "systemd"), None)

    def _boot_log(self):
        return "the machine did not boot:\n" + self.log.read_text(errors="replace")[-2000:]

    def stop(self):
        """Powers it off, by force when it takes long. Nothing of it stays."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                self._kill_leader()
        # It makes this below /run and forgets it when it is killed. Empty: what was mounted in it was the machine's.
        shutil.rmtree(f"/run/systemd/nspawn/propagate/{self.name}", ignore_errors=True)

    def _kill_leader(self):
        """With it goes all that is in the machine; it does not end with a systemd-nspawn that was killed."""
        if self.leader:
            try:
                os.kill(self.leader, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def join_network(self):
        with open(f"/proc/{self.leader}/ns/net", "rb") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    # --- commands and files ---

    def run(self, *command, check=True, stdin=None):
        """Runs a command inside, as root. Returns the finished process with text output."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0",
                       "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        done = subprocess.run(["nsenter", "--target", str(self.leader), "--all", "--root", "--wd=/", "--", *map(str, command)],
                              input=stdin, capture_output=True, text=True, errors="replace", env=environment,
                              timeout=COMMAND_SECONDS, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n"
                                 f"{(done.stdout + done.stderr)[-1000:]}")
        return done

    def shell(self, script, **options):
        return self.run("sh", "-ec", script, **options)

    def read(self, path):
        return self.run("cat", path).stdout

    def write(self, path, text, mode="0644"):
        self.run("install", "-D", "-m", mode, "/dev/stdin", path, stdin=text)

    def push(self, source, path, mode="0755"):
        """Copies a file of this host into the machine."""
        with open(source, "rb") as file:
            subprocess.run(["nsenter", "--target", str(self.leader), "--all", "--root", "--wd=/", "--", "install", "-D", "-m",
                            mode, "/dev/stdin", str(path)], stdin=file, check=True)

    def exists(self, path):
        return self.run("test", "-e", path, check=False).returncode == 0

    # --- systemd ---

    def show(self, unit, *properties):
        """Properties of a unit: a dict, or the value when one is asked for."""
        text = self.run("systemctl", "show", unit, *(f"--property={name}" for name in properties)).stdout
        found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        return found[properties[0]] if len(properties) == 1 else found

    def is_active(self, unit):
        return self.run("systemctl", "is-active", unit, check=False).stdout.strip() == "active"

    def main_pid(self, unit="sqsflow"):
        return int(self.show(unit, "MainPID"))

    def told(self):
        """The units' states and the end of their journal, for a test that failed."""
        parts = []
        for command in (["systemctl", "list-units", "--all", "--plain", "--no-legend", "--type=service", "sqsflow*", "queue*"],
                        ["journalctl", "--sync"],
                        ["journalctl", "--quiet", "--no-hostname", "--no-pager", "--lines=15", "--unit=sqsflow*",
                         "--unit=queue.service"]):
            try:
                parts += self.run(*command, check=False).stdout.splitlines()
            except (OSError, subprocess.SubprocessError) as error:
                parts.append(str(error))
        return "\n".join(line[:LINE_CHARACTERS] for line in parts)

    def journal(self, *matches):
        """Entries as dicts; all that was logged before, since journald writes later than it is told."""
        self.run("journalctl", "--sync", check=False)
        text = self.run("journalctl", "--output=json", "--no-pager", "--quiet", *matches, check=False).stdout
        return [json.loads(line) for line in text.splitlines()]

    def wait_journal(self, text, *matches):
        """The entries that match, as soon as one of them has the text in its message."""
        def found():
            entries = self.journal(*matches)
            return entries if any(text in str(entry.get("MESSAGE")) for entry in entries) else None

        return wait_until(found, lambda: f"'{text}' in the journal ({' '.join(matches)}): {self.messages(*matches)[-3:]}")

    def messages(self, *matches):
        return [str(entry.get("MESSAGE")) for entry in self.journal(*matches)]

    def cursor(self):
        """Where the journal ends now; to be given to journal() as --after-cursor=…"""
        text = self.run("journalctl", "-n", "0", "--show-cursor", "--quiet").stdout
        return "--after-cursor=" + re.search(r"-- cursor: (\S+)", text).group(1)
