# SPDX-License-Identifier: Apache-2.0
"""P2 for the store: while it is locked or its disk is full nothing new is received, leases are kept, and it heals."""
import errno
import os
import shutil
import sqlite3
import subprocess

import pytest

from agent import send_all, wait_until
from test_redelivery import QUICK, SLOW, empty


def queue(server, **attributes):
    return server.call("CreateQueue", QueueName="work", Attributes=attributes)["QueueUrl"]


def assert_trouble_is_survived(agent, queue_server, url, cause, heal):
    """With one execution under way, `cause` breaks the store; nothing is deleted or received until `heal` ran."""
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")

    def extensions():
        return len(queue_server.operations("visibility", messageId=ids[0], result="changed"))

    cause()
    (agent.marks / "go").touch()
    wait_until(lambda: agent.mark_lines("done"), "the end of the task")
    wait_until(lambda: not agent.status()["store"]["healthy"], "the trouble in status")
    assert agent.status()["store"]["problem"]
    # What the poll that is open brings waits with its lease. When that poll is over, none follows.
    more = send_all(queue_server, url, ["y", "z"])
    wait_until(lambda: queue_server.open_receives(url) == 0, "the end of the open poll")
    receives, extended = queue_server.call_count("ReceiveMessage"), extensions()
    more += send_all(queue_server, url, ["unseen"])
    wait_until(lambda: extensions() >= extended + 2, "its lease kept meanwhile")
    assert queue_server.operations("delete") == [], "deleted before its success was recorded"
    assert queue_server.call_count("ReceiveMessage") == receives
    assert queue_server.receive_count(url, more[-1]) == 0
    assert queue_server.receive_count(url, ids[0]) == 1
    assert len(agent.mark_lines("started")) == 1
    heal()
    wait_until(empty(queue_server, url), lambda: f"recovery; log:\n{agent.log()}")
    assert sorted(agent.mark_lines("done")) == sorted(ids + more)
    wait_until(lambda: agent.status()["store"]["healthy"], "a healthy store in status")
    assert agent.stop() == 0


def test_a_locked_store_delays_deletes_and_loses_nothing(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="8")  # extended after four seconds
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}])
    locks = []

    def lock():
        connection = sqlite3.connect(next(agent.state.glob("*.db")), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        locks.append(connection)

    assert_trouble_is_survived(agent, queue_server, url, lock, lambda: locks.pop().close())


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")
def test_a_full_disk_delays_deletes_and_loses_nothing(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="8")  # extended after four seconds
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}])
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", agent.state], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    filler = agent.state / "filler"

    def fill():
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError as full:
                assert full.errno == errno.ENOSPC

    try:
        assert_trouble_is_survived(agent, queue_server, url, fill, filler.unlink)
    finally:
        agent.done()
        subprocess.run(["umount", "--lazy", agent.state], check=True)


def test_a_ledger_that_cannot_be_read_stops_receives_instead_of_turning_messages_round(agent, queue_server):
    """Whether they succeeded here before cannot be known, so that they may not run: but given back at once they would come
    again at once, and each time counts (maxReceiveCount). Nor do they wait for a timeout that may be hours."""
    url = queue(queue_server, VisibilityTimeout="43200")
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "waitTime": "PT1S"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), "the first message's end")
    connection = sqlite3.connect(next(agent.state.glob("*.db")), isolation_level=None)
    connection.execute("ALTER TABLE ledger RENAME TO elsewhere")
    ids = send_all(queue_server, url, ["y", "z"])
    wait_until(lambda: not agent.status()["store"]["healthy"], "the trouble in status")
    wait_until(lambda: any(m["state"] == "visible" and m["receiveCount"] == 1 for m in queue_server.messages(url)),
               "a message that is visible again long before its timeout, and which nobody received again")
    assert all(queue_server.receive_count(url, message) <= 1 for message in ids)
    assert len(agent.mark_lines("done")) == 1
    connection.execute("ALTER TABLE elsewhere RENAME TO ledger")
    connection.close()
    wait_until(empty(queue_server, url), lambda: f"recovery; log:\n{agent.log()}")
    assert len(agent.mark_lines("done")) == 3
    assert agent.status()["store"]["healthy"]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_that_is_removed_or_replaced_is_told_and_another_one_takes_its_place(agent, queue_server, tmp_path, replaced):
    """What the old one knew is gone; but records that nobody will find are no records (P1)."""
    url = queue(queue_server)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "waitTime": "PT1S"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), "the first message's end")
    path = agent.state / "sqsflow.db"
    if replaced:
        with sqlite3.connect(path) as old, sqlite3.connect(tmp_path / "copy.db") as copy:
            old.backup(copy)
        old.close()
        copy.close()
    for file in agent.state.glob("sqsflow.db*"):
        file.unlink()
    if replaced:
        shutil.copy(tmp_path / "copy.db", path)
    ids = send_all(queue_server, url, ["y", "z"])
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert f"the store {path} was removed or replaced while it was in use" in agent.log()
    assert agent.log().count("The store cannot be used") == 1
    assert agent.status()["store"]["healthy"]
    send_all(queue_server, url, ["later"])
    wait_until(empty(queue_server, url), "the last message's end")
    assert len(agent.mark_lines("done")) == 4 and set(ids) < set(agent.mark_lines("done"))
    assert len(agent.executions()) == (4 if replaced else 3)
    assert agent.stop() == 0
    assert len(agent.executions()) == (4 if replaced else 3)


def test_a_store_that_is_newer_or_damaged_is_refused_before_anything_is_received(agent, queue_server):
    url = queue(queue_server)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "waitTime": "PT1S"}])
    agent.start()
    agent.stop()
    path = next(agent.state.glob("*.db"))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    calls = queue_server.call_count("ReceiveMessage")
    agent.start(wait=False)
    assert agent.wait() not in (0, None)
    assert "newer" in agent.log()
    path.write_bytes(b"this is not a database " * 1000)
    agent.start(wait=False)
    assert agent.wait() not in (0, None)
    assert queue_server.call_count("ReceiveMessage") == calls
