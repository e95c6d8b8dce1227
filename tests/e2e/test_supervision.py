# SPDX-License-Identifier: Apache-2.0
"""P10 and what systemd and administrators see: READY, STATUS, the watchdog, the status socket."""
import os
import resource
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from agent import send_all, sqsflow, wait_until
from test_redelivery import QUICK, SLOW, empty


def queue(server, **attributes):
    return server.call("CreateQueue", QueueName="work", Attributes=attributes)["QueueUrl"]


def pings(agent):
    return sum("WATCHDOG=1" in n for n in agent.notifications)


def pings_so_far(agent):
    """With those that were sent and not read yet: they stand before a word of our own."""
    word = f"X_TEST={uuid.uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(word.encode(), agent.notify_path)
    wait_until(lambda: word in agent.notifications, "our own word")
    return pings(agent)


def test_the_watchdog_is_fed_while_the_agent_works_and_not_while_it_is_stopped(make_agent, queue_server):
    agent = make_agent(extra_env={"WATCHDOG_USEC": "400000"})
    url = queue(queue_server)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    agent.start()
    wait_until(lambda: pings(agent) >= 5, "five pings")
    agent.signal(signal.SIGSTOP)
    os.waitpid(agent.process.pid, os.WUNTRACED)
    fed = pings_so_far(agent)
    ids = send_all(queue_server, url, ["x"])
    assert pings_so_far(agent) == fed
    agent.signal(signal.SIGCONT)
    wait_until(lambda: pings(agent) >= fed + 3, "pings again")
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("done") == ids


@pytest.fixture(name="freezer")
def freezer_fixture(make_agent, tmp_path):
    """An agent, and a function that makes one of its parts stuck."""
    library, frozen = tmp_path / "freeze.so", tmp_path / "frozen"
    subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library,
                    Path(__file__).with_name("freeze.c"), "-ldl"], check=True)
    agent = make_agent(extra_env={"WATCHDOG_USEC": "400000", "LD_PRELOAD": str(library), "SQSFLOW_FREEZE": str(frozen),
                                  "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
    yield agent, lambda part: frozen.with_suffix(f".{part}").touch()
    for part in ("transfers", "leases", "kills"):
        frozen.with_suffix(f".{part}").unlink(missing_ok=True)


def assert_unfed_though_the_loop_turns(agent, stuck):
    fed = pings(agent)
    wait_until(lambda: pings(agent) >= fed + 5, "pings: it may take its time")
    wait_until(lambda: f"Stuck past its deadline: {stuck}." in agent.log(), "the missed deadline")
    fed, began = pings_so_far(agent), time.monotonic()
    while time.monotonic() < began + 1.2:  # three times the watchdog's limit
        assert agent.status()["triggers"], "the loop turns"
    assert pings_so_far(agent) == fed


def test_the_watchdog_is_not_fed_while_a_poll_is_stuck_although_the_loop_turns(freezer, queue_server):
    agent, freeze = freezer
    url = queue(queue_server)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "waitTime": "PT1S"}])
    agent.start()
    wait_until(lambda: queue_server.open_receives(url) == 1, "an open long poll")
    freeze("transfers")
    wait_until(lambda: queue_server.open_receives(url) == 0, "the end of the last poll that was begun")
    assert_unfed_though_the_loop_turns(agent, "receive")


WAITS = QUICK.replace("id: quick", "id: waits").replace('echo "$SQSFLOW_MESSAGE_ID" >> MARKS/done',
                                                       "touch MARKS/started; until test -e MARKS/go; do sleep 0.05; done")


def test_the_watchdog_is_not_fed_while_the_leases_keeper_is_stuck(freezer, queue_server):
    agent, freeze = freezer
    url = queue(queue_server)
    agent.flow(WAITS)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.waits", "visibilityTimeout": "PT10S"}])
    agent.start()
    freeze("leases")
    send_all(queue_server, url, ["x"])
    wait_until(lambda: (agent.marks / "started").exists(), "the start")
    assert_unfed_though_the_loop_turns(agent, "lease")
    assert queue_server.operations("visibility") == []
    (agent.marks / "go").touch()


def test_the_watchdog_is_not_fed_while_an_execution_outlives_its_kill(freezer, queue_server):
    """Its runner answers nothing, and the deadline that ends such a runner does not come."""
    agent, freeze = freezer
    url = queue(queue_server)
    agent.flow(WAITS)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.waits", "waitTime": "PT1S"}], limits={"drain": "PT5S"})
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(lambda: (agent.marks / "started").exists(), "the start")
    runners = subprocess.run(["pgrep", "-P", str(agent.process.pid), "-f", "sqsflow-runner"], capture_output=True, text=True,
                             check=True).stdout.split()
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    freeze("kills")  # the drain time's own timer is there already, and the next ones are made at its end
    for runner in runners:
        os.kill(int(runner), signal.SIGSTOP)
    try:
        assert_unfed_though_the_loop_turns(agent, "execution")
    finally:
        agent.kill()


def test_status_shows_live_figures(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    send_all(queue_server, url, ["a", "b"])
    wait_until(lambda: agent.status()["running"] == 2, "two running executions")
    agent.wait_notification("STATUS=")
    wait_until(lambda: any("2 of 32 slots run" in n for n in agent.notifications), "the figure in STATUS")
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    trigger = agent.trigger_status("work")
    assert (trigger["received"], trigger["succeeded"], trigger["failed"]) == (2, 2, 0)
    wait_until(lambda: agent.trigger_status("work")["deleted"] == 2, "the deletes")
    assert "work" in sqsflow("status", "--socket", agent.socket).stdout


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_without_descriptors_a_client_of_the_status_socket_makes_no_hot_loop(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    wait_until(lambda: queue_server.open_receives(url), "an open poll")
    pid = agent.process.pid
    limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), limit[1]))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(agent.socket))
        client.sendall(b'{"op": "status"}\n')
        before = cpu_seconds(pid)
        time.sleep(3)  # nothing happens meanwhile: that is what is looked at
        assert cpu_seconds(pid) - before < 0.25
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
        assert b'"triggers"' in client.recv(100000)


def test_status_without_an_agent_says_so(tmp_path):
    done = sqsflow("status", "--socket", tmp_path / "none.sock", check=False)
    assert done.returncode == 3
    assert "none.sock" in done.stderr
