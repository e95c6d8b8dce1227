# SPDX-License-Identifier: Apache-2.0
"""What a task can read of the processes of its own user: nothing that the agent, the runner or `sqsflow run` know."""
import base64
import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest

from agent import Agent, BIN, environment, send_all, wait_until

NOBODY = 65534
UNPRIVILEGED = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

# A mark that the task sees in its own environment says that the walk works.
FLOW = """
id: walk
namespace: test
tasks:
  - id: walk
    type: io.kestra.plugin.scripts.shell.Commands
    env: {OWN: visible-mark}
    commands:
      - cat /proc/$PPID/environ >> FOUND 2>/dev/null || true
      - for p in /proc/[0-9]*; do cat $p/environ >> FOUND 2>/dev/null || true; done
      - mv FOUND FOUND.all
"""

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user"),
    pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the leak checker needs what is closed here"),
]


@pytest.fixture(name="folder")
def folder_fixture(monkeypatch):
    """One that the other user owns and can reach, with the programs: what was built may lie in root's own folder."""
    path = Path(tempfile.mkdtemp(prefix="sqsflow-proc-"))
    shutil.copytree(BIN, path / "bin")
    monkeypatch.setattr("agent.BIN", path / "bin")
    os.chown(path, NOBODY, NOBODY)
    yield path
    shutil.rmtree(path)


@pytest.fixture(name="known")
def known_fixture():
    """What is looked for, of this test alone: the walk also sees the programs of a test beside this one, which can be read
    until they have begun."""
    return {"SECRET_WORD": base64.b64encode(f"known to the runner {uuid.uuid4()}".encode()).decode(),
            "AWS_SECRET_ACCESS_KEY": f"a-key-that-only-the-agent-has-{uuid.uuid4()}"}


def own(*paths):
    for path in paths:
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", path], check=True)


def assert_walk_found_none(known, found):
    text = found.read_bytes().decode(errors="replace")
    assert "visible-mark" in text
    assert not [name for name, value in known.items() if value in text]


def test_a_task_finds_no_secret_of_run_and_its_runner(folder, known):
    flow = folder / "walk.yaml"
    flow.write_text(FLOW.replace("FOUND", str(folder / "found")))
    own(folder)
    done = subprocess.run([*UNPRIVILEGED, folder / "bin" / "sqsflow", "run", flow], capture_output=True, text=True, timeout=60,
                          env={**environment(), **known, "HOME": str(folder)}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_walk_found_none(known, folder / "found.all")


def test_a_task_finds_no_secret_of_the_agent_and_its_runner(folder, queue_server, known):
    agent = Agent(folder, queue_server)
    url = queue_server.call("CreateQueue", QueueName="walk")["QueueUrl"]
    agent.flow(FLOW.replace("FOUND", str(folder / "found")))
    agent.configure([{"id": "walk", "queueUrl": url, "flow": "test.walk"}])
    own(folder, agent.socket_folder)
    try:
        agent.start(wait=False, wrapper=[*UNPRIVILEGED, "env", *[f"{name}={value}" for name, value in known.items()]])
        send_all(queue_server, url, ["go"])
        wait_until((folder / "found.all").exists, agent.log)
        assert_walk_found_none(known, folder / "found.all")
    finally:
        agent.done()
