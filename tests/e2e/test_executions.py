# SPDX-License-Identifier: Apache-2.0
"""`sqsflow executions`: whose records, and what can be seen of and done with them."""
import json
import subprocess

import pytest

from agent import BIN, environment, send_all, sqsflow, wait_until
from test_redelivery import empty
from test_run import FLOW, FOLLOWED, home_fixture  # pylint: disable=unused-import

SHOW = """
id: show
namespace: test
labels:
  team: blue
tasks:
  - id: seen
    type: io.kestra.plugin.core.debug.Return
    format: "{{ [trigger.data, trigger.messageId, trigger.messageAttributes.kind.value, trigger.receiveCount] | toJson }}"
  - id: part
    type: io.kestra.plugin.core.log.Log
    message: "said {{ trigger.data.n }}"
outputs:
  - id: seen
    type: STRING
    value: "{{ outputs.seen.value }}"
"""

BATCH = """
id: batch
namespace: test
tasks:
  - id: seen
    type: io.kestra.plugin.core.debug.Return
    format: "{{ trigger.count }}"
outputs:
  - id: count
    type: STRING
    value: "{{ outputs.seen.value }}"
"""


@pytest.fixture(name="done_agent")
def done_agent_fixture(agent, queue_server):
    """An agent that has executed one message and one batch of two, and is gone."""
    one = queue_server.call("CreateQueue", QueueName="one")["QueueUrl"]
    two = queue_server.call("CreateQueue", QueueName="two")["QueueUrl"]
    agent.flow(SHOW)
    agent.flow(BATCH)
    agent.configure([{"id": "one", "queueUrl": one, "flow": "test.show", "serdeType": "JSON"},
                     {"id": "two", "queueUrl": two, "flow": "test.batch", "batch": {"maxRecords": 2}}])
    agent.start()
    kind = {"kind": {"DataType": "String", "StringValue": "good"}}
    agent.ids = send_all(queue_server, one, ['{"n": 12345678901234567890}'], MessageAttributes=kind)
    send_all(queue_server, two, ["a", "b"])
    wait_until(empty(queue_server, one), "one is empty")
    wait_until(empty(queue_server, two), "two is empty")
    agent.stop()
    return agent


def of_trigger(agent, trigger):
    return next(e for e in agent.executions() if e["trigger"] == trigger)


def test_a_replay_has_the_same_input_and_is_a_new_execution_of_ones_own(home, done_agent, queue_server):
    execution = of_trigger(done_agent, "one")
    before = json.loads(home.sqsflow("executions", "outputs", execution["id"], "--store", done_agent.state, "--json").stdout)
    calls = queue_server.admin("stats")["calls"]
    done = home.sqsflow("executions", "replay", execution["id"], "--config", done_agent.config_file, "--json")
    end = json.loads(done.stdout.splitlines()[-1])
    assert end["state"] == "SUCCESS" and end["id"] != execution["id"]
    assert end["outputs"] == before["outputs"]
    seen = json.loads(end["outputs"]["seen"])
    assert seen[1:] == [done_agent.ids[0], "good", 1]
    assert '"n":12345678901234567890' in end["outputs"]["seen"].replace(" ", "")
    assert [(e["id"], e["trigger"]) for e in home.executions()] == [(end["id"], "one")]
    # The queue is left alone, and the agent's records as they were.
    assert queue_server.admin("stats")["calls"] == calls
    assert len(done_agent.executions()) == 2
    # A replay can be replayed.
    again = home.sqsflow("executions", "replay", end["id"], "--own", "--flow-file", done_agent.flows / "show.yaml",
                         "--config", done_agent.config_file, "--json")
    assert json.loads(again.stdout.splitlines()[-1])["outputs"] == before["outputs"]


def test_a_batch_is_replayed_as_a_batch(home, done_agent):
    execution = of_trigger(done_agent, "two")
    done = home.sqsflow("executions", "replay", execution["id"], "--config", done_agent.config_file, "--json")
    assert json.loads(done.stdout.splitlines()[-1])["outputs"] == {"count": "2"}


def test_a_run_is_replayed_with_its_messages_and_inputs(home):
    message = home.folder / "message.json"
    message.write_text('{"n": 7}')
    home.sqsflow("run", home.flow(SHOW, "show"), "-m", message, "--serde", "JSON", "-a", "kind=fine")
    home.sqsflow("run", home.flow(FLOW, "work"), "-i", "who=ada")
    with_input, with_message = home.executions()
    for execution in (with_input, with_message):
        done = home.sqsflow("executions", "replay", execution["id"], "--json")
        end = json.loads(done.stdout.splitlines()[-1])
        assert end["outputs"] == home.show(execution["id"])["outputs"]
        assert "has changed" not in done.stderr
    home.flow(FLOW.replace("hello", "hallo"), "work")
    done = home.sqsflow("executions", "replay", with_input["id"])
    assert "hallo ada" in done.stdout and "has changed" in done.stderr


def test_a_replay_of_a_failure_fails(home):
    home.sqsflow("run", home.flow(FLOW.replace('echo "hello $WHO"', "exit 3")), check=False)
    assert home.sqsflow("executions", "replay", home.executions()[0]["id"], check=False).returncode == 1


def test_a_body_that_is_no_text_is_executed_but_not_kept(home):
    message = home.folder / "message"
    message.write_bytes(b"\xff\x00\xfe")
    flow = home.flow("id: n\nnamespace: test\ntasks:\n  - id: n\n    type: io.kestra.plugin.scripts.shell.Commands\n"
                     "    commands: ['wc -c < \"$SQSFLOW_MESSAGE_FILE\"']\n")
    assert "  3" in home.sqsflow("run", flow, "-m", message).stdout
    done = home.sqsflow("executions", "replay", home.executions()[0]["id"], check=False)
    assert done.returncode == 1 and "was not kept" in done.stderr


def test_a_chart_of_a_recorded_execution(home, done_agent):
    execution = of_trigger(done_agent, "one")
    text = home.sqsflow("executions", "gantt", execution["id"], "--store", done_agent.state).stdout
    assert f"SUCCESS  test.show  " in text and execution["id"] in text
    assert "seen  ✔" in text or "seen  +" in text
    chart = json.loads(home.sqsflow("executions", "gantt", execution["id"], "--store", done_agent.state, "--json").stdout)
    rows = chart["rows"]
    assert [(r["taskId"], r["depth"]) for r in rows] == [("seen", 0), ("part", 0)]
    assert all(0 <= r["fromSeconds"] <= r["toSeconds"] <= chart["durationSeconds"] for r in rows)


def test_outputs_are_those_of_the_flow_and_of_its_tasks(home, done_agent):
    execution = of_trigger(done_agent, "two")
    text = home.sqsflow("executions", "outputs", execution["id"], "--store", done_agent.state).stdout
    assert text == 'test.batch\n{\n  "count": "2"\n}\n\nseen\n{\n  "value": "2"\n}\n'
    answer = json.loads(home.sqsflow("executions", "outputs", execution["id"], "--store", done_agent.state, "--json").stdout)
    assert answer["outputs"] == {"count": "2"}
    assert answer["tasks"] == [{"taskId": "seen", "value": None, "outputs": {"value": "2"}}]


# --- whose records ---

def test_without_an_agent_the_own_records_are_meant(home):
    home.sqsflow("run", home.flow(FLOW))
    done = home.sqsflow("executions", "--json")
    assert len(json.loads(done.stdout)) == 1 and done.stderr == ""
    assert home.sqsflow("executions", "show", json.loads(done.stdout)[0]["id"]).returncode == 0


def test_no_records_at_all_is_said_with_the_ways_to_name_them(home):
    done = home.sqsflow("executions", check=False)
    assert done.returncode == 1
    assert "--store" in done.stderr and "--own" in done.stderr


def test_an_id_that_is_nowhere_names_the_store_that_was_searched(home):
    home.sqsflow("run", home.flow(FLOW))
    done = home.sqsflow("executions", "show", "1k3x9p2m7q4ab", check=False)
    assert done.returncode == 1 and str(home.state / "sqsflow.db") in done.stderr


@pytest.mark.parametrize("arguments, message", [
    (["shwo", "x"], "did you mean 'show'?"),
    (["--stat", "FAILD"], "'FAILD'; did you mean 'FAILED'?"),
    (["--onw"], "did you mean 'own'?"),
    (["show"], "show wants the id"),
    (["list", "x"], "unexpected argument 'x'"),
    (["--store"], "--store wants a value"),
    (["1k3x9p2m7q4ab"], "what of execution 1k3x9p2m7q4ab? show, logs"),
    (["--state", "faild"], "did you mean 'FAILED'?"),
    (["list", "--follow"], "--follow goes with 'logs', not with 'list'"),
    (["show", "1k3x9p2m7q4ab", "--limit", "3"], "--limit goes with 'list', not with 'show'"),
    (["logs", "1k3x9p2m7q4ab", "--download", "x"], "--download goes with 'outputs'"),
    (["outputs", "1k3x9p2m7q4ab", "--level", "info"], "--level goes with 'logs'"),
    (["logs", "1k3x9p2m7q4ab", "--level", "loud"], "there is no level 'loud'"),
    (["--since", "yesterday"], "--since: 'yesterday' is not a time"),
])
def test_wrong_use_names_what_is_near(home, arguments, message):
    done = home.sqsflow("executions", *arguments, check=False)
    assert done.returncode == 2 and message in done.stderr


@pytest.fixture(name="followed")
def followed_fixture(agent, queue_server):
    """The id of an execution that an agent runs, the follower of its log, and what that one has seen."""
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(FOLLOWED)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.followed"}], limits={"drain": "PT0S"})
    agent.start()
    send_all(queue_server, url, ["x"])
    [execution] = wait_until(agent.executions, "the start")
    seen = agent.folder / "seen"
    with open(seen, "w", encoding="utf-8") as out:
        follower = subprocess.Popen([BIN / "sqsflow", "executions", "logs", execution["id"], "--follow", "--store", agent.state],
                                    stdout=out, stderr=subprocess.PIPE, text=True, env=environment())

    def wait_seen(*texts):
        def words():
            return [line.split()[-1] for line in seen.read_text().splitlines()]
        wait_until(lambda: words() == list(texts), lambda: f"{texts}, not:\n{seen.read_text()}")

    yield execution["id"], follower, wait_seen
    follower.kill()
    follower.communicate()


@pytest.mark.parametrize("end", ["kill -9", "a stop"])
def test_the_log_of_an_execution_whose_agent_is_gone_ends(followed, agent, end):
    execution, follower, wait_seen = followed
    wait_seen("before", "one")
    (agent.marks / "go").touch()
    wait_seen("before", "one", "two")  # it goes on while the agent lives
    if end == "kill -9":
        agent.kill()
    else:
        agent.stop()
    _, error = follower.communicate(timeout=60)
    assert follower.returncode == 0
    gone = "the agent that ran this execution is gone; its next start marks it KILLED"
    assert (gone in error) == (end == "kill -9"), "an agent that is stopped records the end itself"
    wait_seen("before", "one", "two")
    assert agent.executions()[-1]["state"] == ("RUNNING" if end == "kill -9" else "KILLED")
    agent.start()
    wait_until(lambda: agent.executions("--state", "KILLED"), "it is marked")
    assert sqsflow("executions", "logs", execution, "--follow", "--store", agent.state).stderr == ""
