# SPDX-License-Identifier: Apache-2.0
"""A trigger whose `when` or `conditions` read no message polls only while they hold: nothing is received meanwhile, so that
no message is touched (P1, P6), and the trigger says why it waits."""
import json
import signal
from datetime import datetime, timedelta, timezone

import pytest

from agent import SOON_SECONDS, send_all, sqsflow, wait_until
from test_pause import pause
from test_redelivery import QUICK, empty
from test_supervision import pings

CORE = "io.kestra.plugin.core.condition"
TRIGGER = "test.hours.in"
FLOW = """
id: hours
namespace: test
variables: {open: "no"}
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands: [echo "$SQSFLOW_MESSAGE_ID" >> MARKS/ran]
triggers:
  - id: in
    type: io.kestra.plugin.aws.sqs.RealtimeTrigger
    region: eu-north-1
    queueUrl: URL
    waitTime: WAIT
    DEMAND
"""
NEVER, ALWAYS = (
    f"conditions: [{{type: {CORE}.Not, conditions: [{{type: {CORE}.DateTimeBetween, {side}: 2001-01-01T00:00:00Z}}]}}]"
    for side in ("after", "before"))


def between(**bounds):
    """A condition with times that are so many seconds from now; and the first of them."""
    times = {side: datetime.now(timezone.utc) + timedelta(seconds=seconds) for side, seconds in bounds.items()}
    written = ", ".join(f"{side}: '{time.isoformat()}'" for side, time in times.items())
    return f"conditions: [{{type: {CORE}.DateTimeBetween, {written}}}]", next(iter(times.values()))


@pytest.fixture(name="hours")
def hours_fixture(make_agent, queue_server):
    """An agent; write(demand) writes its flow, begin(demand) also starts it. Its queue has a dead-letter queue that takes
    what was received once."""
    agent = make_agent(extra_env={"WATCHDOG_USEC": "400000"})
    agent.dlq = queue_server.call("CreateQueue", QueueName="dead")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-north-1:000000000000:dead", "maxReceiveCount": 1})
    agent.url = queue_server.call("CreateQueue", QueueName="work", Attributes={"RedrivePolicy": redrive})["QueueUrl"]

    def write(demand, wait="PT20S"):
        agent.flow(FLOW.replace("URL", agent.url).replace("WAIT", wait).replace("DEMAND", demand))

    def begin(demand, wait="PT20S", **sections):
        write(demand, wait)
        agent.configure([], **sections)
        agent.start()
    agent.write, agent.begin = write, begin
    return agent


def state(agent):
    return agent.trigger_status(TRIGGER)["state"]


def waits(agent):
    wait_until(lambda: state(agent) == "waiting", lambda: f"a trigger that waits: {agent.log()}")


def reload(agent):
    ready = sum("READY=1" in n for n in agent.notifications)
    agent.signal(signal.SIGHUP)
    wait_until(lambda: sum("READY=1" in n for n in agent.notifications) > ready, "the reload")


def lines(agent, text):
    return [line for line in agent.log().splitlines() if text in line]


def assert_untouched(agent, server, ids):
    assert [(m["messageId"], m["receiveCount"]) for m in server.messages(agent.url)] == [(i, 0) for i in ids]
    assert server.messages(agent.dlq) == [] and agent.executions() == []
    assert server.call_count("ReceiveMessage") == 0


def test_nothing_is_received_while_they_do_not_hold_and_the_agent_is_well(hours, queue_server):
    hours.begin(NEVER)
    waits(hours)
    ids = send_all(queue_server, hours.url, ["a", "b"])
    fed = pings(hours)
    wait_until(lambda: pings(hours) >= fed + 12, "the watchdog is fed, also over seconds in which it was asked again")
    assert_untouched(hours, queue_server, ids)
    status = hours.trigger_status(TRIGGER)
    reason = "the trigger's condition 1 (Not) does not hold"
    assert (status["reason"], status["error"], status["openReceives"]) == (reason, None, 0)
    shown = sqsflow("status", "--socket", hours.socket).stdout  # ends with 0: nothing is wrong
    assert reason in shown and "1 waiting for their conditions" in shown
    assert len(lines(hours, f"Trigger {TRIGGER}: waits: {reason}")) == 1
    wait_until(lambda: any("0 triggers poll, 1 wait for their conditions" in n for n in hours.notifications), "STATUS=")
    assert hours.stop() == 0
    assert queue_server.call_count("ReceiveMessage") == 0


def test_it_polls_when_they_come_to_hold(hours, queue_server):
    demand, opening = between(after=SOON_SECONDS)
    hours.begin(demand)
    waits(hours)
    ids = send_all(queue_server, hours.url, ["a"])
    assert_untouched(hours, queue_server, ids)
    wait_until(empty(queue_server, hours.url), lambda: hours.log())
    assert hours.mark_lines("ran") == ids and queue_server.messages(hours.dlq) == []
    received = [o["time"] for o in queue_server.operations("receive")]  # microseconds
    assert received and min(received) >= opening.timestamp() * 1e6
    assert state(hours) == "polling"
    assert [len(lines(hours, f"Trigger {TRIGGER}: {news}")) for news in ("waits", "polls again")] == [1, 1]


def test_a_poll_that_is_open_when_they_cease_to_hold_may_still_bring_work(hours, queue_server):
    demand, closing = between(before=SOON_SECONDS)  # and a poll waits for twice as long
    hours.begin(demand)
    wait_until(lambda: queue_server.open_receives(hours.url), "an open poll")
    wait_until(lambda: datetime.now(timezone.utc) > closing, "the end of its time")
    assert state(hours) == "polling"  # it was not asked since
    late = send_all(queue_server, hours.url, ["late"])
    wait_until(empty(queue_server, hours.url), "the work of the open poll")
    assert hours.mark_lines("ran") == late and queue_server.messages(hours.dlq) == []
    waits(hours)
    calls, ids = queue_server.call_count("ReceiveMessage"), send_all(queue_server, hours.url, ["too late"])
    since = hours.trigger_status(TRIGGER)["since"]
    fed = pings(hours)
    wait_until(lambda: pings(hours) >= fed + 12, "a second and more")
    assert queue_server.call_count("ReceiveMessage") == calls and queue_server.receive_count(hours.url, ids[0]) == 0
    assert hours.trigger_status(TRIGGER)["since"] == since


def test_a_reload_with_other_conditions_counts_at_once(hours, queue_server):
    hours.begin(NEVER)
    waits(hours)
    ids = send_all(queue_server, hours.url, ["a"])
    assert_untouched(hours, queue_server, ids)
    hours.write(ALWAYS, wait="PT1S")
    reload(hours)
    wait_until(empty(queue_server, hours.url), "an empty queue")
    assert hours.mark_lines("ran") == ids
    hours.write(NEVER, wait="PT1S")
    reload(hours)
    waits(hours)
    wait_until(lambda: queue_server.open_receives(hours.url) == 0, "the old trigger's poll ends")


def test_what_cannot_be_evaluated_is_told_once_and_counts_as_not_holding(hours, queue_server):
    secrets = hours.folder / "secrets"
    secrets.mkdir()
    hours.begin("""when: "{{ secret('OPEN') == 'yes' and now() is not empty }}" """, secrets=str(secrets))
    wait_until(lambda: lines(hours, "cannot tell whether to poll"), "a warning")
    ids = send_all(queue_server, hours.url, ["a"])
    fed = pings(hours)
    wait_until(lambda: pings(hours) >= fed + 18, "more than two seconds")
    assert_untouched(hours, queue_server, ids)
    told = lines(hours, "cannot tell whether to poll")
    assert len(told) == 1 and "warning" in told[0] and "there is no secret 'OPEN'" in told[0]
    assert hours.trigger_status(TRIGGER)["state"] == "waiting"
    shown = sqsflow("status", "--socket", hours.socket, check=False)
    assert shown.returncode == 1 and "there is no secret 'OPEN'" in shown.stdout
    (secrets / "OPEN").write_text("no\n")
    wait_until(lambda: hours.trigger_status(TRIGGER)["error"] is None, "it can be evaluated")
    assert hours.trigger_status(TRIGGER)["reason"] == "the trigger's 'when' does not hold"
    assert_untouched(hours, queue_server, ids)
    (secrets / "OPEN").write_text("yes\n")
    wait_until(empty(queue_server, hours.url), "an empty queue")
    assert hours.mark_lines("ran") == ids


def test_a_pause_and_conditions_are_two_reasons(hours, queue_server):
    demand, opening = between(after=SOON_SECONDS)
    hours.begin(demand)
    waits(hours)
    assert json.loads(pause(hours, "pause", TRIGGER, "--json").stdout)["state"] == "paused"
    assert json.loads(pause(hours, "resume", TRIGGER, "--json").stdout)["state"] == "waiting"
    pause(hours, "pause", TRIGGER)
    ids = send_all(queue_server, hours.url, ["a"])
    wait_until(lambda: datetime.now(timezone.utc) > opening + timedelta(seconds=1), "its time, and a second")
    assert state(hours) == "paused"
    assert_untouched(hours, queue_server, ids)
    assert json.loads(pause(hours, "resume", TRIGGER, "--json").stdout)["state"] == "polling"
    wait_until(empty(queue_server, hours.url), "an empty queue")


def test_others_go_on_also_with_the_same_queue(hours, queue_server):
    hours.flow(QUICK)
    hours.write(NEVER)
    hours.configure([{"id": "other", "queueUrl": hours.url, "flow": "test.quick"}])
    hours.start()
    waits(hours)
    ids = send_all(queue_server, hours.url, [str(i) for i in range(20)])
    wait_until(empty(queue_server, hours.url), "an empty queue")
    assert sorted(hours.mark_lines("done")) == sorted(ids) and hours.mark_lines("ran") == []


@pytest.mark.parametrize("demand, holds", [
    ("when: true", True),
    ("when: \"{{ vars.open == 'no' and flow.id == 'hours' and flow.revision is not null and labels.team == 'a' }}\"\n"
     "    labels: {team: a}", True),
    ("when: \"{{ vars.open == 'yes' }}\"", False),
    ("when: \"{{ envs.site == 'north' }}\"", True),
    ("when: \"{{ trigger.date == now() or trigger.date | date('yyyy') > '2000' }}\"", True),
    (f"conditions: [{{type: {CORE}.DayWeek, dayOfWeek: \"{{{{ now() | date('EEEE') }}}}\"}}]", True),
    (f"conditions: [{{type: {CORE}.Weekend, date: 2013-09-06}}]", False),
    (f"conditions: [{{type: {CORE}.TimeBetween, after: '00:00:00Z', before: '00:00:00Z'}}]", True),
], ids=range(8))
def test_what_they_may_read(make_agent, queue_server, demand, holds):
    agent = make_agent(extra_env={"ENV_SITE": "north", "TZ": "Pacific/Auckland"})
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(FLOW.replace("URL", url).replace("WAIT", "PT1S").replace("DEMAND", demand))
    agent.configure([])
    agent.start()
    if holds:
        wait_until(lambda: queue_server.open_receives(url), lambda: f"an open poll: {agent.log()}")
    else:
        waits(agent)
        assert agent.trigger_status(TRIGGER)["error"] is None
        assert queue_server.call_count("ReceiveMessage") == 0
