# SPDX-License-Identifier: Apache-2.0
"""A trigger's `when` and `conditions`: a message for which they do not hold runs nothing and stays in the queue (P1)."""
import json

import pytest

from agent import send_all, wait_until
from test_redelivery import queue
from test_run import home_fixture  # pylint: disable=unused-import

ONE = """
id: chosen
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - cat "$SQSFLOW_MESSAGE_FILE" >> MARKS/ran
errors:
  - id: error
    type: io.kestra.plugin.scripts.shell.Commands
    commands: [echo x >> MARKS/other]
finally:
  - id: final
    type: io.kestra.plugin.scripts.shell.Commands
    commands: [test -s MARKS/ran || echo x >> MARKS/other]
afterExecution:
  - id: after
    type: io.kestra.plugin.scripts.shell.Commands
    commands: [test -s MARKS/ran || echo x >> MARKS/other]
triggers:
  - id: good
    type: io.kestra.plugin.aws.sqs.RealtimeTrigger
    region: eu-north-1
    queueUrl: URL
    serdeType: JSON
    DEMAND
"""
WHEN = """when: "{{ trigger.data.size > 3 }}" """
CONDITIONS = """conditions:
      - type: io.kestra.plugin.core.condition.Not
        conditions:
          - type: io.kestra.plugin.core.condition.ExpressionCondition
            expression: "{{ trigger.data.size <= 3 }}" """
SENTENCE = {WHEN: "the trigger's 'when' does not hold", CONDITIONS: "the trigger's condition 1 (Not) does not hold"}

BATCH = """
id: batch
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands: [echo x >> MARKS/other]
triggers:
  - id: many
    type: io.kestra.plugin.aws.sqs.Trigger
    region: eu-north-1
    queueUrl: URL
    maxRecords: 2
    when: "{{ trigger.count > 2 }}"
"""


def cancelled(agent):
    return [e for e in agent.executions() if e["state"] == "CANCELLED"]


@pytest.mark.parametrize("demand", SENTENCE, ids=["when", "conditions"])
def test_a_message_for_which_it_does_not_hold_runs_nothing_and_comes_again(demand, agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow(ONE.replace("URL", url).replace("DEMAND", demand))
    agent.configure([])
    agent.start()
    small, big = send_all(queue_server, url, [json.dumps({"size": 3}), json.dumps({"size": 4})])
    wait_until(lambda: len(cancelled(agent)) >= 2, "a message that is not wanted, twice")
    wait_until(lambda: [m["messageId"] for m in queue_server.messages(url)] == [small], "the wanted message is deleted")
    assert {e["error"] for e in cancelled(agent)} == {SENTENCE[demand]}
    # One may be under way, of the message that comes again and again.
    assert [e["state"] for e in agent.executions() if e["state"] not in ("CANCELLED", "RUNNING")] == ["SUCCESS"]
    assert agent.mark_lines("ran") == ['{"size": 4}']
    assert agent.mark_lines("other") == []
    assert {d["messageId"] for d in queue_server.operations("delete")} == {big}


def test_it_is_told_and_is_no_failure(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow(ONE.replace("URL", url).replace("DEMAND", WHEN))
    agent.configure([])
    agent.start()
    send_all(queue_server, url, ['{"size": 1}'])
    wait_until(lambda: "ended CANCELLED: the trigger's 'when' does not hold" in agent.log(), "a line of the log")
    trigger = agent.trigger_status("test.chosen.good")
    assert (trigger["failed"], trigger["succeeded"]) == (0, 0)
    assert 1 <= trigger["cancelled"] <= agent.status()["totals"]["cancelled"]
    agent.wait_notification(" received, 0 succeeded, 0 failed, ")
    agent.wait_notification(" cancelled, 0 deleted")
    assert " info: " in next(line for line in agent.log().splitlines() if "ended CANCELLED" in line)


def test_a_replay_by_a_person_is_asked_nothing(agent, queue_server, home):
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow(ONE.replace("URL", url).replace("DEMAND", WHEN))
    agent.configure([])
    agent.start()
    send_all(queue_server, url, ['{"size": 1}'])
    execution = wait_until(lambda: cancelled(agent), "a message that is not wanted")[0]
    agent.stop()
    done = home.sqsflow("executions", "replay", execution["id"], "--config", agent.config_file, "--json")
    assert json.loads(done.stdout.splitlines()[-1])["state"] == "SUCCESS"
    assert agent.mark_lines("ran") == ['{"size": 1}']


def test_a_batch_for_which_it_does_not_hold_stays_as_a_whole(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow(BATCH.replace("URL", url))
    agent.configure([])
    agent.start()
    ids = send_all(queue_server, url, ["a", "b"])
    wait_until(lambda: cancelled(agent), "a batch that is not wanted")
    agent.stop()
    assert sorted(m["messageId"] for m in queue_server.messages(url)) == sorted(ids)
    assert queue_server.operations("delete") == []
    assert agent.mark_lines("other") == []
