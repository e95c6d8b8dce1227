# SPDX-License-Identifier: Apache-2.0
"""`sqsflow status`: what is wrong is seen at once, also on a small terminal, and by the exit code."""
import json
import os
import signal
import socket
import subprocess

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


def test_a_status_that_is_stopped_while_it_waits_goes_on_waiting(tmp_path, monkeypatch):
    """As by Ctrl-Z and fg. A call that has a limit of time is interrupted by that."""
    monkeypatch.chdir(tmp_path)  # a unix socket's path is at most 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("agent.sock")
        listener.listen()
        status = subprocess.Popen([BIN / "sqsflow", "status", "--socket", "agent.sock", "--json"], env=environment(),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        agent, _ = listener.accept()
        with agent:
            assert b"status" in agent.recv(4096)
            wait_until(lambda: is_sleeping(status.pid), "it waits for the answer")
            status.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, status.pid, os.WSTOPPED)
            status.send_signal(signal.SIGCONT)
            wait_until(lambda: is_sleeping(status.pid) or status.poll() is not None, "it goes on")
            agent.sendall(b'{"triggers":[]}')
        out, error = status.communicate(timeout=60)
    assert (json.loads(out), error) == ({"triggers": []}, "")


def is_sleeping(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "S"
