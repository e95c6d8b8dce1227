# SPDX-License-Identifier: Apache-2.0
"""P9 and P2: a trigger never dies, no error makes a hot loop, and trouble is shown and heals by itself."""
import os
import socket
import time

import pytest

import servers
from agent import BIN, SOON_SECONDS, send_all, sqsflow, wait_until
from test_redelivery import QUICK, SLOW, empty


def queue(server, name="work", **attributes):
    return server.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]


def configured(agent, url, **more):
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", **more}])
    return agent


# How many requests are watched: errors that only a person can heal are repeated slowly.
@pytest.mark.parametrize("kind, requests", [("http503", 4), ("throttle", 3), ("drop", 4), ("drop_after", 4),
                                            ("garbage", 4), ("access_denied", 2), ("invalid_signature", 2)])
def test_a_storm_of_errors_is_survived_with_few_requests(agent, queue_server, kind, requests):
    url = queue(queue_server, VisibilityTimeout="2")
    configured(agent, url)
    queue_server.admin("faults", [{"op": "*", "kind": kind, "probability": 1}])
    began = time.monotonic()
    agent.start()
    wait_until(lambda: queue_server.fault_count(kind) >= requests, f"requests that met {kind}")
    wait_until(lambda: agent.trigger_status("work")["state"] == "backoff", "the trouble in status")
    assert agent.trigger_status("work")["error"]
    # Backoff grows from half a second: a dozen requests a second would be a hot loop.
    assert queue_server.fault_count(kind) <= 6 + 4 * (time.monotonic() - began)
    told = [line for line in agent.log().splitlines() if "cannot receive, trying again" in line]
    assert len(told) == 1, told
    queue_server.clear_faults()
    ids = send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), lambda: f"healing; log:\n{agent.log()}")
    assert set(agent.mark_lines("done")) == set(ids)
    wait_until(lambda: agent.trigger_status("work")["state"] == "polling", "a healed status")


def test_refused_connections_are_retried_until_the_server_is_there(agent, queue_server, tmp_path):
    url = queue(queue_server)
    with socket.socket() as taken:  # by nobody else, until the server listens there
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        configured(agent, url)
        agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "waitTime": "PT1S"}],
                        aws={"endpoint": f"http://127.0.0.1:{port}"})
        agent.start()
        wait_until(lambda: agent.trigger_status("work")["state"] == "backoff", "the trouble in status")
        late = servers.QueueServer(tmp_path / "late", port=port)
    try:
        url = queue(late)
        ids = send_all(late, url, ["x"])
        wait_until(empty(late, url), lambda: f"healing; log:\n{agent.log()}")
        assert agent.mark_lines("done") == ids
    finally:
        agent.stop()
        late.stop()


def test_a_receive_that_is_never_answered_is_given_up_and_the_queue_polled_again(agent, queue_server):
    """As behind a connection that died silently: the receive ends by its hard timeout, and what comes then is found."""
    url = queue(queue_server)
    configured(agent, url, waitTime="PT1S")
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "hang", "count": 1}])
    agent.start()
    wait_until(lambda: queue_server.fault_count("hang") == 1, "a receive that hangs")
    began = time.monotonic()
    ids = send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), lambda: f"another receive; log:\n{agent.log()}")
    assert 5 <= time.monotonic() - began <= 1 + 10 + SOON_SECONDS  # it began before it was seen to hang
    assert agent.mark_lines("done") == ids


def test_a_queue_that_does_not_exist_is_told_once_and_found_when_it_appears(agent, queue_server):
    url = f"{queue_server.endpoint}/000000000000/later"
    configured(agent, url)
    agent.start()
    error = wait_until(lambda: agent.trigger_status("work").get("error"), "the trouble in status")
    assert "QueueDoesNotExist" in error or "NonExistentQueue" in error
    wait_until(lambda: queue_server.call_count("GetQueueAttributes") >= 2, "another try")
    agent.status()
    assert agent.log().count("does not exist") == 1
    url = queue(queue_server, "later")
    ids = send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), lambda: f"healing; log:\n{agent.log()}", seconds=90)
    assert agent.mark_lines("done") == ids


def test_a_wrong_region_is_told_once_per_change_and_retried_until_it_is_right(agent, queue_server):
    """SQS refuses the signature then, which is also what a wrong clock looks like: here the clock is right."""
    url = queue(queue_server)
    configured(agent, url, waitTime="PT1S")
    agent.start()
    for times in (1, 2):
        queue_server.admin("faults", [{"op": "*", "queue": "work", "kind": "invalid_signature", "probability": 1}])
        error = wait_until(lambda: agent.trigger_status("work").get("error"), "the trouble in status")
        assert "InvalidSignature" in error
        assert agent.trigger_status("work")["state"] == "backoff"
        failed = queue_server.fault_count("invalid_signature")
        wait_until(lambda: queue_server.fault_count("invalid_signature") >= failed + 1, "another try")
        assert agent.log().count("cannot receive, trying again") == times
        queue_server.clear_faults()
        wait_until(lambda: agent.trigger_status("work")["state"] == "polling", "healing", seconds=90)
        assert agent.log().count("receives again") == times
        assert not agent.trigger_status("work").get("error")


def test_other_queues_go_on_while_one_is_in_trouble(agent, queue_server):
    good, bad = queue(queue_server, "good"), queue(queue_server, "bad")
    agent.flow(QUICK)
    agent.configure([{"id": "bad", "queueUrl": bad, "flow": "test.quick"},
                     {"id": "good", "queueUrl": good, "flow": "test.quick"}])
    queue_server.admin("faults", [{"op": "*", "queue": "bad", "kind": "http503", "probability": 1}])
    agent.start()
    ids = send_all(queue_server, good, [f"m{i}" for i in range(20)])
    wait_until(empty(queue_server, good), "the good queue's end")
    assert sorted(agent.mark_lines("done")) == sorted(ids)
    wait_until(lambda: agent.trigger_status("bad")["state"] == "backoff", "the trouble in status")


def test_expired_credentials_and_a_wrong_clock_heal(agent, queue_server):
    url = queue(queue_server)
    configured(agent, url)
    queue_server.admin("clock", {"offset_seconds": 3600})
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), lambda: f"a corrected clock; log:\n{agent.log()}")
    ids += send_all(queue_server, url, ["y"])
    queue_server.admin("faults", [{"op": "*", "kind": "expired_token", "probability": 1, "count": 3}])
    wait_until(empty(queue_server, url), lambda: f"new credentials; log:\n{agent.log()}")
    assert sorted(agent.mark_lines("done")) == sorted(ids)


def test_an_idle_queue_costs_at_most_three_receives_a_minute(agent, queue_server):
    """Judged by the wait that each receive asks for and by there being one at a time, not by watching a minute."""
    url = queue(queue_server)
    configured(agent, url)
    agent.start()
    wait_until(lambda: queue_server.open_receives(url) == 1, "an open long poll")
    polls = queue_server.operations("poll")
    assert len(polls) == 1
    assert polls[0]["waitSeconds"] == 20


def test_a_server_that_answers_empty_at_once_makes_no_hot_loop(agent, queue_server):
    url = queue(queue_server)
    configured(agent, url)
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "short_poll", "probability": 1}])
    agent.start()
    wait_until(lambda: queue_server.call_count("ReceiveMessage") >= 2, "two receives")
    began = time.monotonic()
    first = queue_server.call_count("ReceiveMessage")
    wait_until(lambda: queue_server.call_count("ReceiveMessage") > first, "another receive")
    assert (queue_server.call_count("ReceiveMessage") - first) <= 2 + 10 * (time.monotonic() - began)


@pytest.mark.parametrize("broken", ["gone", "dies"])
def test_a_runner_that_cannot_be_had_costs_no_message_its_receives(agent, queue_server, broken):
    """It says nothing about the messages: they wait, nothing more is received, and all goes on when there is a runner."""
    url = queue(queue_server)
    runner, tries = agent.folder / "runner", agent.marks / "tries"
    text = {"good": f"#!/bin/sh\nexec {BIN}/sqsflow-runner \"$@\"\n",
            "gone": "#!/no/such/interpreter\n",
            "dies": f"#!/bin/sh\necho try >> {tries}\nexit 127\n"}

    def put(which):
        new = agent.folder / "runner.new"
        new.write_text(text[which])
        new.chmod(0o755)
        os.replace(new, runner)

    put(broken)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "waitTime": "PT1S"}], runner=str(runner),
                    limits={"executions": 2})
    ids = send_all(queue_server, url, [f"m{i}" for i in range(20)])
    agent.start()
    wait_until(lambda: not agent.status()["engine"]["healthy"], "the trouble in status")
    assert str(runner) in agent.status()["engine"]["problem"]
    if broken == "dies":
        wait_until(lambda: len(agent.mark_lines("tries")) >= 6, "six runners that died")
    assert agent.log().count("No further execution can be started") == 1
    assert all(queue_server.receive_count(url, message) <= 1 for message in ids)
    assert sum(queue_server.receive_count(url, message) for message in ids) <= 4
    assert agent.executions("--state", "FAILED") == []
    told = sqsflow("status", "--socket", agent.socket, check=False)
    assert told.returncode == 1 and "no further execution can be started" in told.stdout
    put("good")
    wait_until(lambda: queue_server.messages(url) == [], lambda: f"an empty queue; log:\n{agent.log()}")
    assert sorted(agent.mark_lines("done")) == sorted(ids)
    assert agent.status()["engine"] == {"healthy": True, "problem": None}


def test_runners_leave_descriptors_to_the_leases_and_to_status(agent, queue_server):
    """More executions are allowed than there are descriptors for: what cannot start waits, under its lease."""
    url = queue(queue_server, VisibilityTimeout="2")
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}], limits={"executions": 100})
    agent.start(wrapper=("prlimit", "--nofile=64:1024"))
    ids = send_all(queue_server, url, [f"m{i}" for i in range(90)])
    wait_until(lambda: not agent.status()["engine"]["healthy"], "the trouble in status")
    assert "Too many open files" in agent.status()["engine"]["problem"]
    held = agent.trigger_status("work")["inFlight"]
    extended = len(queue_server.operations("visibility", result="changed"))
    wait_until(lambda: len(queue_server.operations("visibility", result="changed")) >= extended + 5 * held,
               lambda: f"five extensions of each; log:\n{agent.log()}")
    assert max(queue_server.receive_count(url, message) for message in ids) == 1
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert sorted(agent.mark_lines("started")) == sorted(ids)
