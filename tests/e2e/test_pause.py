# SPDX-License-Identifier: Apache-2.0
"""`sqsflow pause`, `resume` and stopAfter: a paused trigger takes nothing, loses nothing, says so, and stays paused."""
import json
import signal
import socket
import sqlite3

import pytest

from agent import SOON_SECONDS, send_all, sqsflow, wait_until
from test_redelivery import QUICK, SLOW, empty
from test_stop import BATCHED, states


def pause(agent, verb, trigger, *more, check=True):
    return sqsflow(verb, trigger, "--socket", agent.socket, *more, check=check)


@pytest.fixture(name="work")
def work_fixture(agent, queue_server):
    agent.url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(QUICK)
    agent.flow(SLOW)
    return agent


def load(agent, triggers):
    agent.configure(triggers)
    ready = sum("READY=1" in n for n in agent.notifications)
    agent.signal(signal.SIGHUP)
    wait_until(lambda: sum("READY=1" in n for n in agent.notifications) > ready, "the reload")


def polling(agent, server):
    wait_until(lambda: server.open_receives(agent.url), "an open poll")


def test_a_paused_trigger_takes_nothing_until_it_is_resumed(work, queue_server):
    work.configure([{"id": "work", "queueUrl": work.url, "flow": "test.quick"}])
    work.start()
    polling(work, queue_server)
    assert pause(work, "pause", "work").stdout == "work is now paused\n"
    status = work.trigger_status("work")
    assert status["state"] == "paused"
    assert status["pause"] == {"by": "hand", "after": None, "since": status["since"]}
    # What the open poll still brings goes back at once, and nothing runs.
    ids = send_all(queue_server, work.url, ["a"])
    wait_until(lambda: queue_server.receive_count(work.url, ids[0]) == 1, "the open poll's end")
    wait_until(lambda: queue_server.call("ReceiveMessage", QueueUrl=work.url, VisibilityTimeout=0).get("Messages"),
               "the message is visible again, long before its 30 s", SOON_SECONDS)
    assert work.mark_lines("done") == [] and work.executions() == []
    assert pause(work, "pause", "work").stdout == "work already was paused\n"
    answer = json.loads(pause(work, "resume", "work", "--json").stdout)
    assert answer == {"trigger": "work", "state": "polling", "changed": True, "running": 0}
    wait_until(empty(queue_server, work.url), "an empty queue")
    assert len(work.mark_lines("done")) == 1


def test_what_runs_goes_on_and_is_deleted(work, queue_server):
    work.configure([{"id": "work", "queueUrl": work.url, "flow": "test.slow", "concurrency": 1}])
    work.start()
    send_all(queue_server, work.url, ["x"])
    wait_until(lambda: work.mark_lines("started"), "the start")
    assert "1 running execution of it goes on" in pause(work, "pause", "work").stdout
    (work.marks / "go").touch()
    wait_until(empty(queue_server, work.url), "an empty queue")
    assert work.trigger_status("work")["state"] == "paused"


def test_what_waits_goes_back_at_once(work, queue_server):
    work.flow(BATCHED)
    work.configure([{"id": "work", "queueUrl": work.url, "flow": "test.batched",
                     "batch": {"maxRecords": 50, "maxDuration": "PT5M"}}])
    work.start()
    send_all(queue_server, work.url, ["x"] * 8)
    wait_until(lambda: states(queue_server, work.url) == ["inflight"] * 8, "eight messages that wait")
    pause(work, "pause", "work")
    wait_until(lambda: states(queue_server, work.url) == ["visible"] * 8, "eight visible messages", SOON_SECONDS)
    assert work.executions() == []


def test_a_reload_keeps_the_pause_also_of_a_trigger_that_changes(work, queue_server):
    work.configure([{"id": "work", "queueUrl": work.url, "flow": "test.quick"}])
    work.start()
    polling(work, queue_server)
    pause(work, "pause", "work")
    for concurrency in (None, 3):
        trigger = {"id": "work", "queueUrl": work.url, "flow": "test.quick"}
        load(work, [{**trigger, "concurrency": concurrency} if concurrency else trigger])
        assert "paused" in {t["state"] for t in work.status()["triggers"]}
        assert not {"polling", "starting"} & {t["state"] for t in work.status()["triggers"]}
    pause(work, "resume", "work")
    send_all(queue_server, work.url, ["x"])
    wait_until(empty(queue_server, work.url), "an empty queue")


def test_other_triggers_go_on(work, queue_server):
    other = queue_server.call("CreateQueue", QueueName="other")["QueueUrl"]
    work.configure([{"id": "work", "queueUrl": work.url, "flow": "test.quick"},
                    {"id": "other", "queueUrl": other, "flow": "test.quick"}])
    work.start()
    pause(work, "pause", "work")
    send_all(queue_server, other, ["x"])
    wait_until(empty(queue_server, other), "the other queue's end")


def test_what_cannot_be_paused_is_said(work):
    work.configure([{"id": "orders", "queueUrl": work.url, "flow": "test.quick", "disabled": True}])
    work.start()
    done = pause(work, "pause", "ordres", check=False)
    assert done.returncode == 2 and "there is no trigger 'ordres'; did you mean 'orders'?" in done.stderr
    done = pause(work, "pause", "orders", check=False)
    assert done.returncode == 1 and "disabled" in done.stderr
    done = sqsflow("resume", "orders", "--socket", work.folder / "nobody.sock", check=False)
    assert done.returncode == 3 and "no agent answers" in done.stderr
    assert sqsflow("pause", check=False).returncode == 2
    # A trigger's name is data, also here.
    done = pause(work, "pause", 'x","op":"status', check=False)
    assert done.returncode == 2


@pytest.mark.parametrize("request_line", [b"\n", b"status\n", b'{"op": "stop"}\n', b'{"op": 7}\n', b"[]\n"])
def test_what_is_no_request_gets_an_answer_that_names_them(work, request_line):
    work.configure([])
    work.start()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(work.socket))
        client.sendall(request_line)
        answer = json.loads(client.makefile().read())
    assert "pause" in answer["error"]


HALTING = """
id: halting
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/begun
      - grep -q good "$SQSFLOW_MESSAGE_FILE"
triggers:
  - id: in
    type: io.kestra.plugin.aws.sqs.RealtimeTrigger
    queueUrl: URL
    stopAfter: [FAILED, KILLED]
"""


def test_a_trigger_stops_after_an_end_that_it_names_until_it_is_resumed(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    agent.flow(HALTING.replace("URL", url))
    agent.configure([], limits={"executions": 1})
    agent.start()
    send_all(queue_server, url, ["good", "good"])
    wait_until(empty(queue_server, url), "two that went well")
    send_all(queue_server, url, ["bad"])
    wait_until(lambda: agent.trigger_status("test.halting.in")["state"] == "paused", lambda: agent.log())
    assert "paused: an execution ended FAILED (stopAfter)" in agent.log()
    # Nothing more begins; the next message stays where it is.
    begun = agent.mark_lines("begun")
    waiting = send_all(queue_server, url, ["good"])
    wait_until(lambda: queue_server.open_receives(url) == 0, "the open poll's end")
    wait_until(lambda: [m["state"] for m in queue_server.messages(url) if [m["messageId"]] == waiting] == ["visible"],
               "what that poll may have brought is back")
    assert agent.mark_lines("begun") == begun and len(begun) == 3
    pause(agent, "resume", "test.halting.in")
    wait_until(lambda: agent.mark_lines("begun")[3:] == waiting, "the next message")


def test_a_wrong_state_of_stop_after_is_told(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(HALTING.replace("URL", url).replace("KILLED", "RUNNING"))
    agent.configure([])
    agent.start(wait=False)
    assert agent.wait() == 2
    assert "'stopAfter' must be SUCCESS, WARNING, FAILED, KILLED or CANCELLED, not 'RUNNING'" in agent.log()


# --- over a restart ---

SHORT = HALTING.replace("    stopAfter", "    waitTime: PT1S\n    stopAfter")
LATE = SHORT.replace("- grep -q good", "- until test -e MARKS/go; do sleep 0.05; done; grep -q good")


@pytest.fixture(name="restart", params=["kill -9", "a stop"])
def restart_fixture(request):
    def restart(agent):
        assert request.param == "kill -9" and agent.kill() or agent.stop() == 0
        agent.start()
    return restart


def takes_nothing(agent, server):
    """A status of what it does: the poller's decision is made with READY."""
    status = agent.trigger_status(agent.status()["triggers"][0]["id"])
    return (status["state"], status["openReceives"], status["received"], server.open_receives(agent.url)) == ("paused", 0, 0, 0)


def test_what_a_person_paused_is_paused_after_a_restart(work, queue_server, restart):
    work.configure([{"id": "work", "queueUrl": work.url, "flow": "test.quick", "waitTime": "PT1S"},
                    {"id": "other", "queueUrl": queue_server.call("CreateQueue", QueueName="other")["QueueUrl"],
                     "flow": "test.quick", "waitTime": "PT1S"}])
    work.start()
    polling(work, queue_server)
    pause(work, "pause", "work")
    since = work.trigger_status("work")["since"]
    restart(work)
    wait_until(lambda: work.trigger_status("other")["state"] == "polling", "the other one is not")
    send_all(queue_server, work.url, ["a"])
    assert takes_nothing(work, queue_server)
    assert work.trigger_status("work")["pause"] == {"by": "hand", "after": None, "since": since}
    assert "paused by hand" in sqsflow("status", "--socket", work.socket).stdout
    pause(work, "resume", "work")
    restart(work)
    wait_until(empty(queue_server, work.url), "an empty queue")
    assert work.trigger_status("work")["pause"] is None


def test_a_pause_is_on_disk_when_it_is_said_to_be(work):
    work.configure([{"id": "work", "queueUrl": work.url, "flow": "test.quick", "waitTime": "PT1S"}])
    work.start()
    for verb, kept in (("pause", [("work", None)]), ("resume", [])):
        pause(work, verb, "work")
        with sqlite3.connect(f"file:{work.state}/sqsflow.db?mode=ro", uri=True) as store:
            assert store.execute("SELECT trigger, after FROM pause").fetchall() == kept
        store.close()


def test_what_cannot_be_written_is_said_and_written_later(work):
    work.configure([{"id": "work", "queueUrl": work.url, "flow": "test.quick", "waitTime": "PT1S"}])
    work.start()
    store = sqlite3.connect(work.state / "sqsflow.db", isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    done = pause(work, "pause", "work", check=False)
    assert done.returncode == 1 and "it is so now, but not on disk yet" in done.stderr
    assert work.trigger_status("work")["state"] == "paused"
    store.execute("ROLLBACK")
    wait_until(lambda: store.execute("SELECT count(*) FROM pause").fetchone() == (1,), "the pause on disk")
    store.close()
    assert pause(work, "pause", "work").stdout == "work already was paused\n"


def test_a_pause_that_is_forgotten_while_its_trigger_ends_does_not_come_back(work, queue_server):
    trigger = {"id": "work", "queueUrl": work.url, "flow": "test.slow", "waitTime": "PT1S"}
    work.configure([trigger])
    work.start()
    send_all(queue_server, work.url, ["x"])
    wait_until(lambda: work.mark_lines("started"), "the start")
    pause(work, "pause", "work")
    load(work, [])
    assert work.trigger_status("work")["state"] == "stopping"
    assert json.loads(pause(work, "resume", "work", "--json").stdout)["state"] == "absent"
    load(work, [trigger])
    assert {t["state"] for t in work.status()["triggers"]} <= {"stopping", "starting", "polling"}
    (work.marks / "go").touch()
    wait_until(empty(queue_server, work.url), "an empty queue")


def test_a_trigger_that_was_gone_for_a_while_is_still_paused(work, queue_server):
    trigger = {"id": "work", "queueUrl": work.url, "flow": "test.quick", "waitTime": "PT1S"}
    work.configure([trigger])
    work.start()
    pause(work, "pause", "work")
    load(work, [])
    wait_until(lambda: work.status()["triggers"] == [], "the trigger's end")
    load(work, [trigger])
    assert work.trigger_status("work")["state"] == "paused"
    # A person may forget it meanwhile.
    load(work, [])
    work.kill()
    work.start()
    answer = json.loads(pause(work, "resume", "work", "--json").stdout)
    assert answer == {"trigger": "work", "state": "absent", "changed": True, "running": 0}
    assert pause(work, "resume", "work", check=False).returncode == 2
    load(work, [trigger])
    polling(work, queue_server)


def test_what_stopped_after_an_end_is_paused_after_a_restart(agent, queue_server, restart):
    agent.url = queue_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    agent.flow(SHORT.replace("URL", agent.url))
    agent.configure([])
    agent.start()
    send_all(queue_server, agent.url, ["bad"])
    wait_until(lambda: agent.trigger_status("test.halting.in")["state"] == "paused", lambda: agent.log())
    wait_until(lambda: queue_server.open_receives(agent.url) == 0, "the open poll's end")
    begun = agent.mark_lines("begun")
    wait_until(lambda: len(agent.executions("--state", "FAILED")) == len(begun), "their ends")
    restart(agent)
    assert takes_nothing(agent, queue_server)
    status = agent.trigger_status("test.halting.in")
    assert status["pause"] == {"by": "stopAfter", "after": "FAILED", "since": status["since"]}
    assert "paused by stopAfter: an execution ended FAILED" in sqsflow("status", "--socket", agent.socket).stdout
    assert agent.mark_lines("begun") == begun
    pause(agent, "resume", "test.halting.in")
    wait_until(lambda: len(agent.mark_lines("begun")) > len(begun), "the message again")


def test_an_end_while_the_agent_stops_counts_and_what_the_stop_kills_does_not(agent, queue_server):
    """The first agent drains and sees a failure; the second one kills what runs at its own stop."""
    url = queue_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    agent.flow(LATE.replace("URL", url))
    agent.configure([])
    agent.start()
    send_all(queue_server, url, ["good, were it not killed"])
    wait_until(lambda: agent.mark_lines("begun"), "the start")
    assert agent.end_now() == 0
    agent.start()
    wait_until(lambda: len(agent.mark_lines("begun")) == 2, "it comes again, and nothing is paused")
    # An execution begins before its record is written.
    wait_until(lambda: [e["state"] for e in agent.executions()] == ["RUNNING", "KILLED"], lambda: agent.executions())
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "the end")
    (agent.marks / "go").unlink()
    send_all(queue_server, url, ["bad"])
    wait_until(lambda: len(agent.mark_lines("begun")) == 3, "the third start")
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    (agent.marks / "go").touch()
    assert agent.wait() == 0
    agent.start()
    status = agent.trigger_status("test.halting.in")
    assert (status["state"], status["pause"]["after"]) == ("paused", "FAILED")


def test_a_reload_while_it_runs_does_not_lose_the_end_that_stops(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    agent.flow(LATE.replace("URL", url))
    agent.configure([])
    agent.start()
    send_all(queue_server, url, ["bad"])
    wait_until(lambda: agent.mark_lines("begun"), "the start")
    agent.flow(LATE.replace("URL", url).replace("PT1S", "PT2S"))
    agent.signal(signal.SIGHUP)
    wait_until(lambda: "Reloaded: 1 triggers started, 1 stopped" in agent.log(), "the reload")
    (agent.marks / "go").touch()
    wait_until(lambda: {t["state"] for t in agent.status()["triggers"]} <= {"paused", "stopping"}, lambda: agent.status())
