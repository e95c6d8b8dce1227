# SPDX-License-Identifier: Apache-2.0
"""A flow's concurrency.limit counts what Subflow tasks call together with what triggers start."""
import json
import os
import signal

import pytest

from agent import send_all, sqsflow, wait_until
from test_redelivery import empty
from test_run import home_fixture  # noqa: F401, pylint: disable=unused-import

# The limited flow: says that it began, and how many of it run; goes on when it may.
WORK = """
id: work
namespace: test
concurrency: {LIMIT}
inputs:
  - {id: who, type: STRING, defaults: message}
tasks:
  - id: hold
    type: io.kestra.plugin.scripts.shell.Commands
    env: {WHO: "{{ inputs.who }}"}
    commands:
      - mkdir -p MARKS/run && touch "MARKS/run/$WHO"
      - ls MARKS/run | wc -l >> MARKS/counts
      - echo "$PPID" > "MARKS/runner.$WHO"
      - echo "$WHO" >> MARKS/started
      - until test -e MARKS/go || test -e "MARKS/go.$WHO"; do sleep 0.02; done
      - rm "MARKS/run/$WHO"
      - echo "$WHO" >> MARKS/done
"""

CALLER = """
id: caller
namespace: test
tasks:
  - id: call
    type: io.kestra.plugin.core.flow.Subflow
    namespace: test
    flowId: work
    inputs: {who: "{{ trigger.data }}"}
"""

STUCK = ("flow '{}' is not run: its concurrency.limit is 1, and every execution that this lets run waits for this task, itself "
         "or by way of others")


class Pair:
    """An agent with a queue that starts `work` and one that starts `caller`, which calls it."""

    def __init__(self, agent, server, limit="limit: 1", caller=CALLER, visibility="30", **sections):
        self.agent, self.server = agent, server
        self.urls = {name: server.call("CreateQueue", QueueName=name,
                                       Attributes={"VisibilityTimeout": visibility})["QueueUrl"] for name in ("work", "caller")}
        self.limit(limit)
        agent.flow(caller)
        agent.configure([{"id": name, "queueUrl": url, "flow": f"test.{name}", "waitTime": "PT1S"}
                         for name, url in self.urls.items()], **sections)
        agent.start()

    def limit(self, limit):
        self.agent.flow(WORK.replace("{LIMIT}", "{%s}" % limit))

    def send(self, name, body="message"):
        send_all(self.server, self.urls[name], [body])

    def go(self, who=None):
        (self.agent.marks / (f"go.{who}" if who else "go")).touch()

    def started(self, *who):
        wait_until(lambda: self.agent.mark_lines("started") == list(who),
                   lambda: f"{who}, not {self.agent.mark_lines('started')}; log:\n{self.agent.log()}")

    def executions(self, flow="caller"):
        shown = [json.loads(sqsflow("executions", "show", e["id"], "--store", self.agent.state, "--json").stdout)
                 for e in self.agent.executions() if e["flow"] == f"test.{flow}"]
        return sorted(shown, key=lambda e: e["startedAt"])

    def queued(self, count=1):
        """Waits until so many Subflow tasks wait, and returns their executions."""
        def look():
            waiting = [e for e in self.executions() if any(t["state"] == "QUEUED" for t in e["taskRuns"])]
            return len(waiting) == count and waiting
        return wait_until(look, lambda: f"{count} QUEUED; {self.executions()}; log:\n{self.agent.log()}")

    def ended(self, count, flow="caller"):
        """Waits until so many have ended, at least: a message comes again. Those that began first stand first."""
        def look():
            ended = [e for e in self.executions(flow) if e["endedAt"]]
            return len(ended) >= count and ended
        return wait_until(look, lambda: f"{count} ends; {self.executions(flow)}; log:\n{self.agent.log()}")

    def all_done(self):
        self.go()
        for url in self.urls.values():
            wait_until(empty(self.server, url), lambda: f"an empty queue; log:\n{self.agent.log()}")
        assert set(self.agent.mark_lines("counts")) == {"1"}


def task(execution, task_id="call"):
    return next(t for t in execution["taskRuns"] if t["taskId"] == task_id)


def test_what_a_trigger_started_holds_the_place_and_a_subflow_waits_for_it(agent, queue_server):
    pair = Pair(agent, queue_server)
    pair.send("work")
    pair.started("message")
    pair.send("caller", "a")
    (waiting,) = pair.queued()
    assert task(waiting)["state"] == "QUEUED" and waiting["state"] == "RUNNING"
    lines = sqsflow("executions", "logs", waiting["id"], "--store", agent.state).stdout
    assert "waits until fewer executions of flow 'test.work' run (concurrency.limit)" in lines
    chart = sqsflow("executions", "gantt", waiting["id"], "--store", agent.state, "--json").stdout
    assert [row["state"] for row in json.loads(chart)["rows"]] == ["QUEUED"]
    assert agent.trigger_status("caller")["running"] == 1
    pair.go("message")
    pair.started("message", "a")
    pair.all_done()
    assert [t["state"] for t in pair.executions()[0]["taskRuns"]] == ["SUCCESS", "SUCCESS"]


def test_messages_and_subflows_stand_in_one_line(agent, queue_server):
    """The place goes to whoever has waited longest: neither those who call the flow nor its own queue keep it."""
    pair = Pair(agent, queue_server)
    pair.send("caller", "a")
    pair.started("a")
    pair.send("caller", "b")
    pair.queued()
    pair.send("work")
    wait_until(lambda: agent.trigger_status("work")["waiting"] == 1, lambda: f"the message's wait; log:\n{agent.log()}")
    pair.send("caller", "c")
    pair.queued(2)
    pair.go("a")
    pair.started("a", "b")
    pair.go("b")
    pair.started("a", "b", "message")
    pair.go("message")
    pair.started("a", "b", "message", "c")
    pair.all_done()


def test_one_message_waits_in_the_line_and_the_others_in_their_queue(agent, queue_server):
    pair = Pair(agent, queue_server)
    pair.send("work")
    pair.started("message")
    pair.send("caller", "a")
    pair.queued()
    pair.go("message")  # while it ran, nothing was asked of its queue
    pair.started("message", "a")
    for _ in range(3):
        pair.send("work")
    wait_until(lambda: agent.trigger_status("work")["waiting"] == 1, lambda: f"the message's wait; log:\n{agent.log()}")
    pair.send("caller", "b")
    pair.queued()
    assert agent.trigger_status("work")["waiting"] == 1
    assert sum(m["receiveCount"] for m in queue_server.messages(pair.urls["work"])) == 1
    pair.all_done()


def test_subflows_of_several_runners_come_one_after_another(agent, queue_server):
    pair = Pair(agent, queue_server)
    for who in "abcd":
        pair.send("caller", who)
    pair.queued(3)
    pair.all_done()
    assert sorted(agent.mark_lines("done")) == list("abcd")


@pytest.mark.parametrize("behavior, state", [("CANCEL", "CANCELLED"), ("FAIL", "FAILED")])
def test_one_too_many_ends_at_once_and_its_caller_fails(agent, queue_server, behavior, state):
    pair = Pair(agent, queue_server, f"limit: 1, behavior: {behavior}", visibility="2")
    pair.send("work")
    pair.started("message")
    pair.send("caller", "a")
    refused = pair.ended(1)[0]
    assert refused["state"] == "FAILED"
    assert task(refused)["error"] == f"flow 'test.work' ended {state}: the flow runs 1 execution already (concurrency.limit)"
    assert task(refused)["outputs"]["state"] == state
    assert len(refused["taskRuns"]) == 1
    assert not queue_server.operations("delete")
    pair.all_done()  # its message comes again


def test_a_message_is_one_too_many_while_a_subflow_runs(agent, queue_server):
    pair = Pair(agent, queue_server, "limit: 1, behavior: CANCEL", visibility="2")
    pair.send("caller", "a")
    pair.started("a")
    pair.send("work")
    assert pair.ended(1, "work")[0]["state"] == "CANCELLED"
    pair.all_done()


def test_a_killed_runner_frees_its_places_and_leaves_the_line(agent, queue_server):
    pair = Pair(agent, queue_server, visibility="3")
    pair.send("caller", "a")
    pair.started("a")
    pair.send("caller", "b")
    pair.queued()
    with open(f"/proc/{agent.process.pid}/task/{agent.process.pid}/children", encoding="ascii") as children:
        runners = set(map(int, children.read().split()))
    holder = int((agent.marks / "runner.a").read_text())
    (waiter,) = runners - {holder}
    pair.send("caller", "c")
    pair.queued(2)
    os.kill(waiter, signal.SIGKILL)
    assert pair.ended(1)[0]["error"] == "the runner was killed by signal 9"
    assert agent.mark_lines("started") == ["a"]
    (agent.marks / "run" / "a").unlink()  # before the next one can count what runs
    os.kill(holder, signal.SIGKILL)
    pair.started("a", "c")
    pair.all_done()


def test_a_timeout_ends_the_wait_and_who_is_behind_moves_up(agent, queue_server):
    timed = CALLER.replace("flowId: work", "flowId: work\n    timeout: \"{{ trigger.data == 'b' ? 'PT8S' : 'PT1H' }}\"")
    pair = Pair(agent, queue_server, caller=timed, visibility="5")
    for who, waiting in ("a", 0), ("b", 1), ("c", 2):
        pair.send("caller", who)
        pair.started("a")
        pair.queued(waiting) if waiting else None
    failed = pair.ended(1)[0]
    assert (failed["state"], task(failed)["error"]) == ("FAILED", "timed out after 8s")
    pair.go("a")
    pair.started("a", "c")
    pair.all_done()


@pytest.mark.parametrize("limit", ["limit: 2", "limit: 7, behavior: FAIL"])
def test_a_reload_that_raises_the_limit_lets_in_who_waits(agent, queue_server, limit):
    pair = Pair(agent, queue_server)
    for who in "ab":
        pair.send("caller", who)
    pair.queued()
    pair.limit(limit)
    agent.signal(signal.SIGHUP)
    wait_until(lambda: sorted(agent.mark_lines("started")) == ["a", "b"], lambda: f"both; log:\n{agent.log()}")
    assert agent.mark_lines("counts")[-1] == "2"


def test_a_reload_that_takes_the_limit_away_lets_in_who_waits(agent, queue_server):
    pair = Pair(agent, queue_server)
    for who in "abc":
        pair.send("caller", who)
    pair.queued(2)
    agent.flow(WORK.replace("concurrency: {LIMIT}\n", ""))
    agent.signal(signal.SIGHUP)
    wait_until(lambda: sorted(agent.mark_lines("started")) == ["a", "b", "c"], lambda: f"all; log:\n{agent.log()}")


def test_a_reload_that_lowers_the_limit_ends_nothing_and_lets_in_nobody_more(agent, queue_server):
    pair = Pair(agent, queue_server, "limit: 2")
    for who in "ab":
        pair.send("caller", who)
    wait_until(lambda: len(agent.mark_lines("started")) == 2, "two")
    pair.limit("limit: 1")
    agent.signal(signal.SIGHUP)
    wait_until(lambda: sum("READY=1" in n for n in agent.notifications) >= 2, "READY=1 after the reload")
    pair.send("caller", "c")
    pair.queued()
    pair.go("a")
    pair.ended(1)
    pair.queued()
    pair.go("b")
    wait_until(lambda: agent.mark_lines("started")[2:] == ["c"], "the third")
    assert agent.mark_lines("counts")[-1] == "1"


def test_a_stop_drains_also_who_waits_in_the_line(agent, queue_server):
    pair = Pair(agent, queue_server)
    for who in "ab":
        pair.send("caller", who)
    pair.queued()
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    pair.go()
    assert agent.wait() == 0
    assert sorted(agent.mark_lines("done")) == ["a", "b"]
    assert empty(queue_server, pair.urls["caller"])()


def test_the_end_of_the_drain_time_ends_a_wait(agent, queue_server):
    pair = Pair(agent, queue_server, limits={"drain": "PT1S"})
    pair.send("work")
    pair.started("message")
    pair.send("caller", "a")
    pair.queued()
    assert agent.stop() == 0
    (cancelled,) = pair.executions()
    assert (cancelled["state"], task(cancelled)["state"]) == ("KILLED", "KILLED")
    assert queue_server.operations("delete") == []
    assert [m["state"] for m in queue_server.messages(pair.urls["caller"])] == ["visible"]


def test_flows_that_would_wait_for_each_other_fail_and_say_so(agent, queue_server):
    """Two that have one place each and call the other: the second that asks is refused, and the first goes on."""
    url = queue_server.call("CreateQueue", QueueName="both", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    other = queue_server.call("CreateQueue", QueueName="other", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    for mine, yours in ("one", "two"), ("two", "one"):
        agent.flow(f"""
id: {mine}
namespace: test
concurrency: {{limit: 1}}
inputs: [{{id: deep, type: BOOL, defaults: true}}]
tasks:
  - id: mark
    type: io.kestra.plugin.scripts.shell.Commands
    runIf: "{{{{ inputs.deep }}}}"
    commands: ["touch MARKS/{mine}", "until test -e MARKS/{yours}; do sleep 0.02; done"]
  - id: call
    type: io.kestra.plugin.core.flow.Subflow
    runIf: "{{{{ inputs.deep }}}}"
    namespace: test
    flowId: {yours}
    inputs: {{deep: false}}
""")
    agent.configure([{"id": "one", "queueUrl": url, "flow": "test.one"}, {"id": "two", "queueUrl": other, "flow": "test.two"}])
    agent.start()
    for queue in url, other:
        send_all(queue_server, queue, ["x"])
    ended = wait_until(lambda: len(e := [e for e in agent.executions() if e["endedAt"]]) >= 2 and e,
                       lambda: f"two ends; log:\n{agent.log()}")
    failed = next(e for e in ended if e["state"] == "FAILED")
    called = "test.two" if failed["flow"] == "test.one" else "test.one"
    assert failed["error"] == f"task 'call' failed: {STUCK.format(called)}"
    assert {e["state"] for e in ended} == {"SUCCESS", "FAILED"}


SELF = """
id: self
namespace: test
concurrency: {limit: LIMIT}
tasks:
  - id: hold
    type: io.kestra.plugin.scripts.shell.Commands
    runIf: "{{ (trigger.data ?? '') == 'hold' }}"
    commands: ["touch MARKS/held", "until test -e MARKS/go; do sleep 0.02; done"]
  - id: call
    type: io.kestra.plugin.core.flow.Subflow
    runIf: "{{ (trigger.data ?? '') == 'call' }}"
    namespace: test
    flowId: self
"""


def test_a_reload_that_lowers_the_limit_ends_a_wait_that_could_not_end_any_more(agent, queue_server):
    """The second place will be free again, but the new limit is one, and that is held by who waits."""
    url = queue_server.call("CreateQueue", QueueName="self", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    agent.flow(SELF.replace("LIMIT", "2"))
    agent.configure([{"id": "self", "queueUrl": url, "flow": "test.self"}])
    agent.start()
    send_all(queue_server, url, ["hold"])
    wait_until((agent.marks / "held").exists, lambda: f"one that holds a place; log:\n{agent.log()}")
    send_all(queue_server, url, ["call"])
    show = lambda e: json.loads(sqsflow("executions", "show", e["id"], "--store", agent.state, "--json").stdout)
    wait_until(lambda: any(t["state"] == "QUEUED" for e in agent.executions() for t in show(e)["taskRuns"]), "a call that waits")
    agent.flow(SELF.replace("LIMIT", "1"))
    agent.signal(signal.SIGHUP)
    (failed,) = wait_until(lambda: [e for e in agent.executions() if e["endedAt"]], lambda: f"an end; log:\n{agent.log()}")
    assert (failed["state"], failed["error"]) == ("FAILED", f"task 'call' failed: {STUCK.format('test.self')}")
    (agent.marks / "go").touch()
    wait_until(lambda: agent.executions("--state", "SUCCESS"), "the other's success")


def test_a_place_is_held_and_asked_for_also_behind_the_end(agent, queue_server):
    """The called flow's afterExecution belongs to it; and the caller's own afterExecution calls in the same line."""
    caller = CALLER.replace("tasks:", "afterExecution:\n  - id: later\n    type: io.kestra.plugin.core.flow.Subflow\n"
                            "    namespace: test\n    flowId: work\n    inputs: {who: later}\ntasks:")
    pair = Pair(agent, queue_server, caller=caller)
    agent.flow(WORK.replace("{LIMIT}", "{limit: 1}").replace("tasks:", """afterExecution:
  - id: clear
    type: io.kestra.plugin.scripts.shell.Commands
    env: {WHO: "{{ inputs.who }}"}
    commands: ['until test -e "MARKS/clear.$WHO"; do sleep 0.02; done']
tasks:"""))
    agent.signal(signal.SIGHUP)
    wait_until(lambda: sum("READY=1" in n for n in agent.notifications) >= 2, "READY=1 after the reload")
    pair.send("caller", "a")
    pair.started("a")
    pair.send("caller", "b")
    pair.queued()
    pair.go("a")
    wait_until(lambda: agent.mark_lines("done") == ["a"], "the end of its tasks")
    pair.queued()
    (agent.marks / "clear.a").touch()
    pair.started("a", "b")
    wait_until(lambda: pair.executions()[0]["endedAt"], "the end of the first")
    wait_until(lambda: ("later", "QUEUED") in [(t["taskId"], t["state"]) for t in pair.executions()[0]["taskRuns"]],
               lambda: f"the wait of what is behind its end; {pair.executions()}; log:\n{agent.log()}")
    for who in "b", "later":
        (agent.marks / f"clear.{who}").touch()
    pair.all_done()
    wait_until(lambda: agent.mark_lines("started") == ["a", "b", "later", "later"], "what was behind both ends")


AGAIN = CALLER.replace("id: caller", "id: work\nconcurrency: {limit: 1}", 1).replace("{{ trigger.data }}", "x")

# --- sqsflow run: the limit holds within the run ---

def limited(home, limit="limit: 1"):
    home.flow(WORK.replace("{LIMIT}", "{%s}" % limit), "work")


def states_of(events, task_id):
    return [e["state"] for e in events if e["event"] == "task" and e["taskId"] == task_id]


FAN = """
id: fan
namespace: test
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b, c]
    concurrencyLimit: 0
    tasks:
      - id: call
        type: io.kestra.plugin.core.flow.Subflow
        namespace: test
        flowId: work
        wait: WAIT
        inputs: {who: "{{ taskrun.value }}"}
"""


@pytest.mark.parametrize("wait", ["true", "false"])
def test_the_limit_holds_within_one_run(home, wait):
    limited(home)
    (home.marks / "go").touch()
    events = home.events(home.flow(FAN.replace("WAIT", wait), "fan"))
    assert events[-1]["state"] == "SUCCESS"
    assert (home.marks / "started").read_text().split() == ["a", "b", "c"]
    assert (home.marks / "counts").read_text().split() == ["1"] * 3
    # Who does not wait for the called flow does not wait for its place either.
    assert states_of(events, "call").count("QUEUED") == (2 if wait == "true" else 0)


def test_a_flow_that_is_run_by_hand_counts_for_what_it_calls(home):
    end = home.events(home.flow(AGAIN, "again"), check=False)[-1]
    assert end["error"] == f"task 'call' failed: {STUCK.format('test.work')}"
    assert [t["state"] for t in end["taskRuns"]] == ["FAILED"]


def test_a_flow_that_calls_itself_without_waiting_is_refused_too(home):
    """An execution ends when what it called has, so this would wait as long."""
    end = home.events(home.flow(AGAIN + "    wait: false\n", "again"), check=False)[-1]
    assert end["error"] == f"task 'call' failed: {STUCK.format('test.work')}"
    assert [t["state"] for t in end["taskRuns"]] == ["FAILED"]


def test_one_too_many_of_a_run_fails_or_is_let_pass(home):
    limited(home, "limit: 1, behavior: CANCEL")
    (home.marks / "go").touch()
    fan = FAN.replace("WAIT", "true")
    events = home.events(home.flow(fan, "fan"), check=False)
    assert events[-1]["state"] == "FAILED"
    errors = {t["error"] for t in events[-1]["taskRuns"] if t["taskId"] == "call" and t["error"]}
    assert errors == {"flow 'test.work' ended CANCELLED: the flow runs 1 execution already (concurrency.limit)"}
    events = home.events(home.flow(fan + "        transmitFailed: false\n", "fan"))
    assert events[-1]["state"] == "SUCCESS"
    assert sorted(t["outputs"]["state"] for t in events[-1]["taskRuns"] if t["taskId"] == "call") == ["CANCELLED", "CANCELLED",
                                                                                                     "SUCCESS"]


def test_an_interrupt_ends_the_wait(home):
    limited(home)
    process = home.popen("run", home.flow(FAN.replace("WAIT", "true"), "fan"), "--json")
    queued = 0
    while queued < 2:
        queued += json.loads(process.stdout.readline()).get("state") == "QUEUED"
    wait_until(lambda: (home.marks / "started").exists() and (home.marks / "started").read_text() == "a\n", "the first")
    process.send_signal(signal.SIGINT)
    events = [json.loads(line) for line in process.communicate(timeout=60)[0].splitlines()]
    assert process.returncode == 1
    assert events[-1]["state"] == "KILLED"
    assert {t["state"] for t in events[-1]["taskRuns"]} == {"KILLED"}
    assert (home.marks / "started").read_text().split() == ["a"]
