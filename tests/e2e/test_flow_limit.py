# SPDX-License-Identifier: Apache-2.0
"""A flow's concurrency.limit with CANCEL and FAIL: one too many is recorded as such at once and runs nothing; its message
stays in the queue, comes again and runs when there is room. (QUEUE: test_sharing.py)"""
import pytest

from agent import send_all, wait_until
from test_fifo import fifo, send
from test_redelivery import QUICK, empty
from test_sharing import counted

LIMITED = """
id: limited
namespace: test
concurrency: {limit: 1, behavior: BEHAVIOR}
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - mkdir -p MARKS/run && touch "MARKS/run/$SQSFLOW_EXECUTION_ID"
      - ls MARKS/run | wc -l >> MARKS/counts
      - echo "${SQSFLOW_MESSAGE_ID:-batch}" >> MARKS/started
      - until test -e MARKS/go; do sleep 0.05; done
      - echo "${SQSFLOW_MESSAGE_ID:-batch}" >> MARKS/done
      - rm "MARKS/run/$SQSFLOW_EXECUTION_ID"
errors:
  - id: never
    type: io.kestra.plugin.scripts.shell.Commands
    commands: ["touch MARKS/errors"]
"""
CANCELLING = LIMITED.replace("BEHAVIOR", "CANCEL")


def queue(server, name="work", **attributes):
    return server.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]


def begin(agent, url, flow=CANCELLING, **trigger):
    agent.flow(flow)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.limited", **trigger}])
    agent.start()


def message_ids(executions):
    return {m["messageId"] for e in executions for m in e["messages"]}


def wait_started(agent):
    wait_until(lambda: agent.mark_lines("started"), lambda: f"the first start; log:\n{agent.log()}")


def let_go(agent, server, url):
    (agent.marks / "go").touch()
    wait_until(empty(server, url), lambda: f"an empty queue; log:\n{agent.log()}")


@pytest.mark.parametrize("behavior, state", [("CANCEL", "CANCELLED"), ("FAIL", "FAILED")])
def test_one_too_many_ends_at_once_and_its_message_runs_later(agent, queue_server, behavior, state):
    url = queue(queue_server, VisibilityTimeout="2")
    begin(agent, url, LIMITED.replace("BEHAVIOR", behavior))
    ids = send_all(queue_server, url, ["first"])
    wait_started(agent)
    ids += send_all(queue_server, url, ["second", "third"])
    wait_until(lambda: message_ids(agent.executions("--state", state)) == set(ids[1:]),
               lambda: f"both refused; log:\n{agent.log()}")
    assert agent.mark_lines("started") == ids[:1]
    assert queue_server.operations("delete") == []
    refused = agent.executions("--state", state)
    assert {e["error"] for e in refused} == {"the flow runs 1 execution already (concurrency.limit)"}
    # They come again, and are refused again, while it runs.
    wait_until(lambda: min(queue_server.receive_count(url, m) for m in ids[1:]) >= 2, "both again")
    let_go(agent, queue_server, url)
    assert sorted(agent.mark_lines("done")) == sorted(ids)
    assert set(agent.mark_lines("counts")) == {"1"}
    assert not (agent.marks / "errors").exists()
    ended = agent.executions()
    assert message_ids(e for e in ended if e["state"] == "SUCCESS") == set(ids)
    assert {e["state"] for e in ended} == {"SUCCESS", state}


def test_the_limit_holds_over_the_flows_triggers_and_every_message_runs_in_the_end(agent, queue_server):
    urls = [queue(queue_server, name, VisibilityTimeout="3") for name in ("one", "two")]
    agent.flow(counted("shared", limit="3, behavior: CANCEL"))
    agent.configure([{"id": f"t{n}", "queueUrl": url, "flow": "test.shared"} for n, url in enumerate(urls)])
    for url in urls:
        send_all(queue_server, url, [f"m{i}" for i in range(5)])
    agent.start()
    for url in urls:
        wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert len(agent.mark_lines("counts.shared")) == 10
    assert max(map(int, agent.mark_lines("counts.shared"))) <= 3
    assert agent.executions("--state", "CANCELLED")


def test_a_refused_message_of_a_group_takes_those_behind_it_back(agent, queue_server):
    url = fifo(queue_server, VisibilityTimeout="2")
    begin(agent, url)
    send(queue_server, url, "a", ["a0"])
    wait_started(agent)
    send(queue_server, url, "b", ["b0", "b1", "b2"])
    ids = [m["messageId"] for m in queue_server.messages(url)]
    for follower in ids[2:]:
        wait_until(lambda: any(o["visibleAt"] == o["time"] for o in queue_server.operations("visibility", messageId=follower)
                               if o["result"] == "changed"), lambda: f"what waits behind it goes back; log:\n{agent.log()}")
    assert message_ids(agent.executions("--state", "CANCELLED")) == {ids[1]}
    assert agent.mark_lines("started") == ids[:1]
    let_go(agent, queue_server, url)
    assert agent.mark_lines("done") == ids
    assert set(agent.mark_lines("counts")) == {"1"}


def test_a_batch_is_refused_as_a_whole(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="2")
    begin(agent, url, batch={"maxRecords": 3, "maxDuration": "PT10S"})
    first = send_all(queue_server, url, ["x"] * 3)
    wait_started(agent)
    second = send_all(queue_server, url, ["y"] * 3)
    refused = wait_until(lambda: agent.executions("--state", "CANCELLED"), lambda: f"a refusal; log:\n{agent.log()}")
    assert message_ids(refused[-1:]) == set(second)
    assert queue_server.operations("delete") == []
    let_go(agent, queue_server, url)
    assert message_ids(agent.executions("--state", "SUCCESS")) == set(first + second)
    assert set(agent.mark_lines("counts")) == {"1"}


def test_what_the_triggers_concurrency_keeps_in_the_queue_is_not_refused(agent, queue_server):
    url, beside = queue(queue_server), queue(queue_server, "beside")
    agent.flow(CANCELLING)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.limited", "concurrency": 1},
                     {"id": "beside", "queueUrl": beside, "flow": "test.quick"}])
    agent.start()
    ids = send_all(queue_server, url, ["first"])
    wait_started(agent)
    ids += send_all(queue_server, url, ["second", "third"])
    send_all(queue_server, beside, ["x"])
    wait_until(empty(queue_server, beside), "the other queue's end")
    let_go(agent, queue_server, url)
    assert {e["state"] for e in agent.executions()} == {"SUCCESS"}
    assert [queue_server.operations("receive", messageId=m)[-1]["receiveCount"] for m in ids] == [1] * 3


def test_no_retry_policy_brings_a_refused_message_back_at_once(agent, queue_server):
    """Nothing would slow it down: a refusal costs no process."""
    url = queue(queue_server, VisibilityTimeout="600")
    begin(agent, url, onFailure={"retryAfter": {"type": "exponential", "interval": "PT1S", "maxInterval": "PT1S",
                                                "delayFactor": 1e-9}})
    send_all(queue_server, url, ["first"])
    wait_started(agent)
    ids = send_all(queue_server, url, ["second"])
    wait_until(lambda: queue_server.receive_count(url, ids[0]) >= 3, lambda: f"it again; log:\n{agent.log()}")
    given_back = queue_server.operations("visibility", messageId=ids[0], result="changed")
    assert [round((o["visibleAt"] - o["time"]) / 1e6) for o in given_back] == [1] * len(given_back)
    let_go(agent, queue_server, url)
    assert set(agent.mark_lines("counts")) == {"1"}
