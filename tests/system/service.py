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

# A flow leaves a line per execution: when it began, and when it ended.
FLOW = """\
id: {id}
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - mkdir -p {marks} && echo "begin $SQSFLOW_MESSAGE_ID $SQSFLOW_EXECUTION_ID" >> {marks}/{id}
      - echo "printed by {id}"
      - sleep {seconds}
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

    def send(self, url, body="{}"):
        return self.call("SendMessage", QueueUrl=url, MessageBody=body)["MessageId"]

    def visible(self, url):
        """How many messages another consumer could receive now."""
        got = self.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(got["Attributes"]["ApproximateNumberOfMessages"])


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

    def flow(self, name, seconds=0):
        self.machine.write(f"{self.folder}/flows/{name}.yaml", FLOW.format(id=name, seconds=seconds, marks=self.marks))

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
        return [tuple(line.split()) for line in self.machine.read(path).splitlines() if line.startswith(kind)]

    def messages_of(self, name, kind):
        return [line[1] for line in self.lines(name, kind)]

    def wait_begin(self, name, message_id, seconds=30):
        wait_until(lambda: message_id in self.messages_of(name, "begin"), lambda: self.told(), seconds)

    def wait_end(self, name, message_id, seconds=30):
        wait_until(lambda: message_id in self.messages_of(name, "end"), lambda: self.told(), seconds)

    def told(self):
        """The end of the unit's journal, for a test that failed."""
        return "\n" + "\n".join(self.machine.messages("--unit", self.unit, "-n", "30"))


def packages():
    """The folder with what `make deb` and `make rpm` built."""
    return Path(os.environ["SQSFLOW_PACKAGES"]).resolve()


__all__ = ["MARKS", "Queue", "Server", "Service", "packages", "wait_until"]
