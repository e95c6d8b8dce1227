# SPDX-License-Identifier: Apache-2.0
"""`sqsflow status`: what is wrong is seen at once, also on a small terminal, and by the exit code."""
import json

from agent import sqsflow, wait_until
from terminal import Terminal
from test_redelivery import QUICK


def wait_picture(terminal, piece, gone):
    """One that has `piece` and not `gone`: a picture may come in two reads, its head beside the rest of the last."""
    wait_until(lambda: piece in (text := terminal.text()) and gone not in text, lambda: terminal.text())


def test_a_trigger_in_backoff_is_exit_1_and_told_with_its_reason(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="zz-bad")["QueueUrl"]
    well = queue_server.call("CreateQueue", QueueName="well")["QueueUrl"]
    queue_server.admin("faults", [{"op": "ReceiveMessage", "queue": "zz-bad", "kind": "access_denied", "probability": 1}])
    agent.flow(QUICK)
    agent.configure([{"id": "well", "queueUrl": well, "flow": "test.quick"},
                     {"id": "zz-bad", "queueUrl": url, "flow": "test.quick"}])
    agent.start()
    wait_until(lambda: agent.trigger_status("zz-bad")["state"] == "backoff", "the backoff")
    wait_until(lambda: agent.trigger_status("well")["state"] == "polling", "the other polls")
    done = sqsflow("status", "--socket", agent.socket, check=False)
    lines = done.stdout.splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith("!  zz-bad"))
    assert done.returncode == 1 and "AccessDenied" in lines[row + 1] and lines[row + 1].startswith("    ")
    assert row < next(i for i, line in enumerate(lines) if line.startswith("   well"))
    assert "2 triggers: 1 in backoff, 1 polling" in lines
    as_json = sqsflow("status", "--socket", agent.socket, "--json", check=False)
    assert as_json.returncode == 1 and json.loads(as_json.stdout)["triggers"][1]["error"]
    # On a terminal, again and again: still one picture, and the reason in it; well again when the fault is gone.
    terminal = Terminal("status", "--watch", "--socket", str(agent.socket), columns=80, rows=24, env={"TERM": "xterm"})
    try:
        terminal.wait_text("!  zz-bad", "AccessDenied")
        queue_server.clear_faults()
        wait_picture(terminal, "2 triggers: 2 polling", "AccessDenied")
        assert terminal.text().count("triggers:") == 1
        assert agent.end_now() == 0
        wait_picture(terminal, "no agent answers", "triggers:")
    finally:
        terminal.type("\x03")
        terminal.wait()
        terminal.close()
    assert sqsflow("status", "--socket", agent.socket, check=False).returncode == 3
