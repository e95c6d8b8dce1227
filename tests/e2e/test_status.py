# SPDX-License-Identifier: Apache-2.0
"""`sqsflow status`: what is wrong is seen at once, also on a small terminal, and by the exit code."""
import json
import os
import signal
import subprocess
from pathlib import Path

from agent import BIN, environment, sqsflow, wait_until
from terminal import Terminal
from test_redelivery import QUICK


def wait_picture(terminal, piece, gone):
    """One that has `piece` once and not `gone`: a picture may come in two reads, its head beside the rest of the last."""
    wait_until(lambda: (text := terminal.text()).count(piece) == 1 and gone not in text, lambda: terminal.text())


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
        wait_picture(terminal, "triggers:", "AccessDenied")
        assert agent.end_now() == 0
        wait_picture(terminal, "no agent answers", "triggers:")
    finally:
        terminal.type("\x03")
        terminal.wait()
        terminal.close()
    assert sqsflow("status", "--socket", agent.socket, check=False).returncode == 3


def test_a_question_that_is_stopped_and_continued_gets_its_answer(agent):
    """As with Ctrl-Z and fg, while the agent takes its time."""
    def is_waiting(process):
        try:
            has_socket = any(os.readlink(fd).startswith("socket:") for fd in Path(f"/proc/{process.pid}/fd").iterdir())
        except FileNotFoundError:  # it was closed between the two looks
            return False
        return has_socket and Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "S"

    agent.configure([])
    agent.start()
    agent.signal(signal.SIGSTOP)
    with subprocess.Popen([BIN / "sqsflow", "status", "--socket", agent.socket, "--json"], env=environment(), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
        wait_until(lambda: is_waiting(asking), "the wait for an answer")
        asking.send_signal(signal.SIGSTOP)
        os.waitpid(asking.pid, os.WUNTRACED)
        asking.send_signal(signal.SIGCONT)
        agent.signal(signal.SIGCONT)
        out, error = asking.communicate(timeout=60)
    assert asking.returncode == 0 and json.loads(out)["state"] == "running", error
