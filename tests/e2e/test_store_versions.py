# SPDX-License-Identifier: Apache-2.0
"""An agent goes on with the store of every version that there was (tests/store)."""
import re
import sqlite3
import uuid
from pathlib import Path

import pytest

from agent import send_all, sqsflow, wait_until
from test_redelivery import QUICK, empty, queue

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "store").glob("v*.sql"))
# What the golden stores know as settled: the queue, and a message with the time it was sent.
QUEUE = "https://sqs.eu-north-1.amazonaws.com/123456789012/orders"
MESSAGE = "X'5FEA77560EA4451AA703A558B933E274'"
SENT_MSEC = "1789999970000"


def install(golden, agent, url, message):
    """Makes the store of the text, in which the settled message is this one."""
    text = golden.read_text(encoding="utf-8")
    entry = f"({SENT_MSEC},5,{MESSAGE},"
    assert text.count(entry) == 1 and text.count(f"'{QUEUE}'") == 1
    text = text.replace(entry, f"({message['sent'] // 1000},5,X'{uuid.UUID(message['messageId']).hex}',").replace(QUEUE, url)
    store = sqlite3.connect(agent.state / "sqsflow.db")
    store.executescript(text)
    store.close()


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_an_agent_goes_on_with_the_store_of_every_version(golden, agent, queue_server):
    url = queue(queue_server)
    known = send_all(queue_server, url, ["ran before the upgrade"])[0]
    install(golden, agent, url, queue_server.messages(url)[0])
    new = send_all(queue_server, url, ["new"])[0]
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}], history={"maxAge": "P3650D"})
    agent.start()
    # The start may take long, and the service manager is told so.
    asked = any("EXTEND_TIMEOUT_USEC=" in n for n in agent.notifications[:agent.notifications.index("READY=1")])
    assert asked == (golden != GOLDEN[-1])
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert agent.mark_lines("done") == [new]
    assert sorted(o["messageId"] for o in queue_server.operations("delete", result="deleted")) == sorted([known, new])
    states = [(e["flow"], e["state"]) for e in agent.executions()]
    assert states == [("test.quick", "SUCCESS"), ("shop.orders", "KILLED"), ("shop.orders", "KILLED"), ("shop.batch", "SUCCESS"),
                      ("shop.orders", "FAILED"), ("shop.orders", "WARNING"), ("shop.orders", "SUCCESS")]
    lines = sqsflow("executions", "logs", agent.executions()[-1]["id"], "--store", agent.state).stdout
    assert "it's \"printed\"" in lines and "von außen" in lines


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_what_was_paused_before_the_upgrade_is_and_what_is_paused_after_it_stays(golden, agent, queue_server):
    url = queue(queue_server)
    send_all(queue_server, url, ["x"])
    install(golden, agent, url, queue_server.messages(url)[0])
    agent.flow(QUICK)
    # "orders" is paused in the stores that know of pauses.
    agent.configure([{"id": id, "queueUrl": url, "flow": "test.quick"} for id in ("orders", "fresh")])
    agent.start()
    is_known = golden.stem != "v1"
    assert (agent.trigger_status("orders")["pause"] is not None) == is_known
    assert agent.trigger_status("fresh")["pause"] is None
    sqsflow("pause", "fresh", "--socket", agent.socket)
    agent.kill()
    agent.start()
    assert agent.trigger_status("fresh")["pause"]["by"] == "hand"
    assert (agent.trigger_status("orders")["pause"] is not None) == is_known


def test_the_log_says_which_version_the_store_is_of(agent, queue_server):
    agent.configure([])
    agent.start()
    assert agent.stop() == 0
    assert re.search(r"sqsflow\.db is new, of schema version \d", agent.log())
    agent.start()
    assert agent.stop() == 0
    assert re.search(r"sqsflow\.db is of schema version \d", agent.log())
