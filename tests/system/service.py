# SPDX-License-Identifier: Apache-2.0
"""What the system tests do with an installed sqsflow: configure it, send, look at what came of it."""
import json
import os
import sys
from pathlib import Path

from machine import wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from servers import QueueServer, Server  # noqa: E402

ENDPOINT = "http://127.0.0.1:9324"
MARKS = "/var/lib/sqsflow/marks"

# A flow leaves a line per execution when it began, and another when it ended. In between a gated one waits for the test, so
# that a test need not be quick to see it run.
FLOW = """\
id: {id}
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - mkdir -p {marks} && echo "begin $SQSFLOW_MESSAGE_ID $SQSFLOW_EXECUTION_ID" >> {marks}/{id}
      - echo "printed by {id}"
      - {wait}
      - echo "end $SQSFLOW_MESSAGE_ID $SQSFLOW_EXECUTION_ID" >> {marks}/{id}
"""


class Queue(QueueServer):
    """sqsflow-queue as a transient unit of the machine; this process must be in the machine's network."""

    def __init__(self, machine, program):
        machine.push(program, "/opt/sqsflow-queue")
        machine.run("systemd-run", "--quiet", "--unit=queue", "/opt/sqsflow-queue", "--listen", "127.0.0.1:9324")
        self.endpoint = ENDPOINT
        wait_until(self._answers, "an answer of the queue server")

    def _answers(self):
        try:
            return self.call("ListQueues") is not None
        except OSError:
            return False

    def create(self, name, **attributes):
        return self.call("CreateQueue", QueueName=name, Attributes={k: str(v) for k, v in attributes.items()})["QueueUrl"]

    def send(self, url, body="{}", **params):
        return self.call("SendMessage", QueueUrl=url, MessageBody=body, **params)["MessageId"]

    def wait_empty(self, url):
        wait_until(lambda: not self.messages(url), lambda: f"everything in {url} deleted; left: {self.messages(url)}")

    def counts(self, url):
        """How many messages another consumer could receive now, and how many one has."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        got = self.call("GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
        return tuple(int(got[name]) for name in names)


class Service:
    """One agent: the main one, or an instance."""

    def __init__(self, machine, instance=None):
        self.machine = machine
        self.instance = instance
        self.unit = f"sqsflow@{instance}.service" if instance else "sqsflow.service"
        self.folder = f"/etc/sqsflow/instances/{instance}" if instance else "/etc/sqsflow"
        self.state = f"/var/lib/sqsflow/instances/{instance}" if instance else "/var/lib/sqsflow"
        self.socket = f"/run/sqsflow/{instance}.sock" if instance else "/run/sqsflow/agent.sock"
        self.marks = f"{self.state}/marks"

    def configure(self, triggers, **sections):
        """Writes agent.yaml (JSON is YAML) and the credentials. The group is the service's, as the package makes it."""
        config = {"aws": {"region": "us-east-1", "endpoint": ENDPOINT}, "log": {"tasks": True},
                  "triggers": [{"waitTime": "PT1S", **t} for t in triggers], **sections}
        if self.instance:
            config.update(state=self.state, socket=self.socket, flows="flows")
            self.machine.run("mkdir", "-p", f"{self.folder}/flows")
        self.write(f"{self.folder}/agent.yaml", json.dumps(config, indent=2))
        self.write(f"{self.folder}/agent.env", "AWS_ACCESS_KEY_ID=test\nAWS_SECRET_ACCESS_KEY=test\n")

    def write(self, path, text):
        self.machine.write(path, text, "0640")
        self.machine.run("chgrp", "sqsflow", path)

    def gate(self, name):
        """The file that a gated flow waits for."""
        return f"{self.marks}/{name}.open"

    def flow(self, name, gated=False):
        wait = f"until test -e {self.gate(name)}; do sleep 0.1; done" if gated else "true"
        self.machine.write(f"{self.folder}/flows/{name}.yaml", FLOW.format(id=name, wait=wait, marks=self.marks))
        self.machine.run("rm", "-f", self.gate(name))

    def open_gate(self, name):
        self.machine.run("touch", self.gate(name))

    def systemctl(self, verb, **options):
        return self.machine.run("systemctl", verb, self.unit, **options)

    @property
    def pid(self):
        return self.machine.main_pid(self.unit)

    @property
    def restarts(self):
        return int(self.machine.show(self.unit, "NRestarts"))

    def status_text(self):
        return self.machine.show(self.unit, "StatusText")

    def status(self):
        return json.loads(self.machine.run("sqsflow", "status", "--socket", self.socket, "--json", check=False).stdout)

    def lines(self, name, kind=""):
        """The marks of the flow of that name: (begin or end, message id, execution id)."""
        path = f"{self.marks}/{name}"
        if not self.machine.exists(path):
            return []
        whole = [line for line in self.machine.read(path).splitlines(keepends=True) if line.endswith("\n")]
        return [tuple(line.split()) for line in whole if line.startswith(kind)]

    def messages_of(self, name, kind):
        return [line[1] for line in self.lines(name, kind)]

    def wait_mark(self, name, kind, message_id, count=1):
        wait_until(lambda: self.messages_of(name, kind).count(message_id) >= count,
                   lambda: f"{count} times '{kind}' of {message_id} in {name}; its marks: {self.lines(name)[-4:]}")

    def wait_begin(self, name, message_id):
        self.wait_mark(name, "begin", message_id)

    def wait_end(self, name, message_id):
        self.wait_mark(name, "end", message_id)

    def wait_status(self, text):
        """Until that stands in the unit's status."""
        wait_until(lambda: text in self.status_text(), lambda: f"status '{text}'; it is: {self.status_text()}")

    def wait_state(self, state):
        """Until it is active, inactive, failed. A reload is active only when it is over."""
        wait_until(lambda: self.machine.show(self.unit, "ActiveState") == state,
                   lambda: f"{self.unit} {state}; it is {self.machine.show(self.unit, 'ActiveState')}")

    def wait_restart(self, count):
        """Until systemd has started it anew for that many times, and not once more."""
        wait_until(lambda: self.restarts >= count, lambda: f"{count} restarts of {self.unit}; there were {self.restarts}")
        assert self.restarts == count
        self.wait_state("active")


def packages():
    """The folder with what `make deb` and `make rpm` built."""
    return Path(os.environ["SQSFLOW_PACKAGES"]).resolve()


__all__ = ["MARKS", "Queue", "Server", "Service", "packages", "wait_until"]
