# SPDX-License-Identifier: Apache-2.0
"""Drives the built programs for the end-to-end suites: an agent in a folder of its own, and the command line."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import servers

BIN = Path(os.environ.get("SQSFLOW_BIN", "build/bin")).resolve()
DEADLINE_SECONDS = int(os.environ.get("SQSFLOW_DEADLINE_SECONDS", "60"))
# At once, however busy the host is: less than a long poll takes, or what else it must not wait for.
SOON_SECONDS = 10
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def wait_until(condition, what, seconds=DEADLINE_SECONDS):
    """Asks `condition` until it answers something true, and returns that; AssertionError when it was asked after `seconds`
    and did not."""
    end = time.monotonic() + seconds
    while True:
        is_late = time.monotonic() > end
        answer = condition()
        if answer:
            return answer
        if is_late:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def environment(**more):
    """What a service would see: no credentials of the person who runs the tests, no journal, no watchdog."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS")
            if name in os.environ}
    return {**kept, **CREDENTIALS, "AWS_REGION": "eu-north-1", "AWS_EC2_METADATA_DISABLED": "true", **more}


def sqsflow(*arguments, check=True, stdin=None, env=None, timeout=60):
    """Runs the command line once. Returns the finished process with text output."""
    done = subprocess.run([BIN / "sqsflow", *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          env=environment(**(env or {})), timeout=timeout, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"sqsflow {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                             f"{done.stdout}{done.stderr}")
    return done


def assert_balanced(status):
    """Every message received is accounted for, once. What has ended is held for a while yet, until its delete is answered."""
    for trigger in status["triggers"]:
        ended = sum(trigger[key] for key in ("repeated", "returned", "succeeded", "failed", "cancelled"))
        assert 0 <= trigger["received"] - ended <= trigger["inFlight"], f"the books do not balance: {trigger}"


class Agent:
    """One sqsflow-agent with its own config, flows, state and socket below `folder`."""

    def __init__(self, folder, queue_server, extra_env=None):
        self.folder = Path(folder)
        self.server = queue_server
        self.extra_env = extra_env or {}
        self.flows = self.folder / "flows"
        self.state = self.folder / "state"
        self.marks = self.folder / "marks"
        self.config_file = self.folder / "agent.yaml"
        self.log_file = self.folder / "agent.log"
        # A unix socket's path is at most 107 bytes, and pytest's folders are long.
        self.socket_folder = Path(tempfile.mkdtemp(prefix="sqsflow-"))
        self.socket = self.socket_folder / "agent.sock"
        self.process = None
        for path in (self.flows, self.state, self.marks):
            path.mkdir(parents=True, exist_ok=True)

    # --- files ---

    def flow(self, text, name=None):
        """Writes one flow file. MARKS in the text becomes the folder where flows leave their marks."""
        text = text.replace("MARKS", str(self.marks))
        name = name or next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("id:"))
        (self.flows / f"{name}.yaml").write_text(text)

    def configure(self, triggers, **sections):
        """Writes agent.yaml (JSON is YAML). `triggers` are maps with id, queueUrl, flow, …"""
        config = {
            "flows": str(self.flows),
            "state": str(self.state),
            "socket": str(self.socket),
            "aws": {"endpoint": self.server.endpoint, "region": "eu-north-1"},
            "triggers": triggers,
        }
        for name, section in sections.items():
            config[name] = {**config.get(name, {}), **section} if isinstance(section, dict) else section
        self.config_file.write_text(json.dumps(config, indent=2))

    # --- life ---

    def start(self, wait=True, wrapper=()):
        """Starts the agent and waits for READY=1 on a notification socket, as systemd would."""
        self.notify_path = str(self.socket_folder / "notify")
        if os.path.exists(self.notify_path):
            os.unlink(self.notify_path)
        self.notifications = []
        self._listen_to_notifications()
        env = environment(NOTIFY_SOCKET=self.notify_path, **self.extra_env)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([*wrapper, BIN / "sqsflow-agent", "--config", self.config_file], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, env=env, start_new_session=True)
        if wait:
            self.wait_notification("READY=1")
        return self

    def _listen_to_notifications(self):
        """Reads them at once, as systemd does: sd_notify() blocks when nobody reads."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(self.notify_path)
        kept = self.notifications

        def listen():
            with listener:
                while True:
                    text = listener.recv(65536).decode()
                    if not text:
                        return
                    kept.append(text)
        self.listener = threading.Thread(target=listen, daemon=True)
        self.listener.start()

    def _end_notifications(self):
        """What the agent said up to its end has been heard then."""
        if self.listener.is_alive():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", self.notify_path)
            self.listener.join()

    def wait_notification(self, text, seconds=DEADLINE_SECONDS):
        def found():
            has_ended = self.process.poll() is not None
            if has_ended:
                self._end_notifications()
            said = next((n for n in list(self.notifications) if text in n), None)
            if has_ended and not said:
                raise AssertionError(f"the agent ended with {self.process.returncode}:\n{self.log()}")
            return said
        return wait_until(found, lambda: f"notification {text}; log:\n{self.log()}", seconds)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=DEADLINE_SECONDS):
        """SIGTERM, then waits for the end. Returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        """kill -9, as the out-of-memory killer would."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def wait(self, seconds=DEADLINE_SECONDS):
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"the agent did not end within {seconds} s; log:\n{self.log()}") from late
        self._end_notifications()
        return code

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def end_now(self):
        """SIGTERM and at once SIGINT, which counts as the second signal (two of a kind would become one). Returns the exit
        code."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGINT)
        return self.wait()

    def done(self):
        """For fixtures: ends whatever still runs, which must be able to end well, and removes the socket's folder."""
        try:
            if self.running and self.end_now() != 0:
                raise AssertionError(f"the agent ended with {self.process.returncode}; log:\n{self.log()}")
        finally:
            if self.running:
                self.kill()
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    # --- looking ---

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def status(self):
        # Exit code 1: the agent answers, and something is wrong with it.
        done = sqsflow("status", "--socket", self.socket, "--json", check=False)
        assert done.stdout, done.stderr
        status = json.loads(done.stdout)
        assert_balanced(status)
        return status

    def trigger_status(self, trigger):
        return next(t for t in self.status()["triggers"] if t["id"] == trigger)

    def executions(self, *arguments):
        return json.loads(sqsflow("executions", "list", "--store", self.state, "--json", "--limit", 100000,
                                  *arguments).stdout)

    def mark_lines(self, name):
        """The lines that flows appended to the mark file of that name."""
        path = self.marks / name
        return path.read_text(errors="replace").splitlines() if path.exists() else []


def send_all(server, queue_url, bodies, **more):
    """Sends bodies in batches of ten; returns the message ids in order."""
    ids = []
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(i), "MessageBody": body, **more} for i, body in enumerate(bodies[start:start + 10])]
        answer = server.call("SendMessageBatch", QueueUrl=queue_url, Entries=entries)
        assert not answer.get("Failed"), answer
        by_id = {entry["Id"]: entry["MessageId"] for entry in answer["Successful"]}
        ids += [by_id[str(i)] for i in range(len(entries))]
    return ids


__all__ = ["Agent", "BIN", "SOON_SECONDS", "environment", "send_all", "servers", "sqsflow", "wait_until"]
