# SPDX-License-Identifier: Apache-2.0
"""P10 and what systemd and administrators see: READY, STATUS, the watchdog, the status socket."""
import signal

from agent import send_all, sqsflow, wait_until
from test_redelivery import QUICK, SLOW, empty


def queue(server, **attributes):
    return server.call("CreateQueue", QueueName="work", Attributes=attributes)["QueueUrl"]


def test_the_watchdog_is_fed_while_the_agent_works_and_not_while_it_is_stopped(make_agent, queue_server):
    agent = make_agent(extra_env={"WATCHDOG_USEC": "400000"})
    url = queue(queue_server)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    agent.start()

    def pings():
        return sum("WATCHDOG=1" in n for n in agent.notifications)
    wait_until(lambda: pings() >= 5, "five pings")
    agent.signal(signal.SIGSTOP)
    fed = pings()
    ids = send_all(queue_server, url, ["x"])
    assert pings() <= fed + 1
    agent.signal(signal.SIGCONT)
    wait_until(lambda: pings() >= fed + 3, "pings again")
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("done") == ids


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


def test_status_without_an_agent_says_so(tmp_path):
    done = sqsflow("status", "--socket", tmp_path / "none.sock", check=False)
    assert done.returncode == 3
    assert "none.sock" in done.stderr
