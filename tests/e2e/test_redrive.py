# SPDX-License-Identifier: Apache-2.0
"""`sqsflow redrive`: by a task of the server or by hand, nothing is lost, whatever ends it in between."""
import json
import signal
import subprocess

import pytest

import servers
from agent import BIN, environment, send_all, sqsflow, wait_until

PREFIX = "arn:aws:sqs:us-east-1:000000000000:"


class Queues:
    """Two queues with one dead-letter queue, where their messages are already."""

    def __init__(self, server, fifo=False):
        self.server, self.suffix = server, ".fifo" if fifo else ""
        more = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        self.dlq = self.make("dlq", **more)
        arn = server.call("GetQueueAttributes", QueueUrl=self.dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        self.one, self.two = (self.make(name, RedrivePolicy=policy, **more) for name in ("one", "two"))

    def make(self, name, **attributes):
        return self.server.call("CreateQueue", QueueName=name + self.suffix, Attributes=attributes)["QueueUrl"]

    def fail(self, url, bodies, **more):
        """Sends messages and lets them end in the dead-letter queue."""
        send_all(self.server, url, bodies, **more)
        before = self.count(self.dlq)

        def all_there():
            self.server.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
            return self.count(self.dlq) == before + len(bodies)
        wait_until(all_there, "the messages are in the dead-letter queue")

    def count(self, url):
        answer = self.server.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(answer["ApproximateNumberOfMessages"]) + int(answer["ApproximateNumberOfMessagesNotVisible"])

    def bodies(self, url):
        return [m["body"] for m in self.server.messages(url)]

    def run(self, *arguments, check=True):
        return sqsflow("redrive", "dlq" + self.suffix, "--endpoint", self.server.endpoint, *arguments, check=check)

    def start(self, *arguments):
        return subprocess.Popen([BIN / "sqsflow", "redrive", "dlq" + self.suffix, "--endpoint", self.server.endpoint,
                                 *map(str, arguments)], env=environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)


@pytest.fixture(name="queues")
def queues_fixture(queue_server):
    return Queues(queue_server)


@pytest.mark.parametrize("way", ["task", "hand"])
def test_messages_go_where_they_came_from(queues, queue_server, way):
    attributes = {"kind": {"DataType": "Number.x", "StringValue": "7"}, "raw": {"DataType": "Binary", "BinaryValue": "AAE="}}
    queues.fail(queues.one, ["a", "b"], MessageAttributes=attributes)
    queues.fail(queues.two, ["c"])
    answer = json.loads(queues.run("--json", *(["--by-hand"] if way == "hand" else [])).stdout)
    assert answer["way"] == way and answer["moved"] == 3 and answer["left"] == 0 and answer["problem"] is None
    assert sorted(queues.bodies(queues.one)) == ["a", "b"] and queues.bodies(queues.two) == ["c"]
    got = queue_server.call("ReceiveMessage", QueueUrl=queues.one, MessageAttributeNames=["All"],
                            MessageSystemAttributeNames=["All"])["Messages"][0]
    assert got["MessageAttributes"] == attributes
    assert got["Attributes"]["ApproximateReceiveCount"] == "1"


def test_another_server_moves_by_its_task():
    with servers.LocalAwsSqs() as server:
        queues = Queues(server)
        queues.fail(queues.one, ["a", "b"])
        answer = json.loads(queues.run("--json").stdout)
        assert answer["way"] == "task" and answer["problem"] is None
        assert queues.count(queues.one) == 2 and queues.count(queues.dlq) == 0


@pytest.mark.parametrize("kind", [servers.LocalAwsSqs, servers.Fauxqs])
def test_another_server_is_moved_by_hand(kind):
    with kind() as server:
        queues = Queues(server)
        queues.fail(queues.one, ["a", "b"])
        answer = json.loads(queues.run("--json", "--by-hand", "--to", "two", "--region", "us-east-1").stdout)
        assert answer["way"] == "hand" and answer["moved"] == 2
        assert queues.count(queues.two) == 2 and queues.count(queues.dlq) == 0


@pytest.mark.parametrize("way", [[], ["--by-hand"]])
def test_to_names_another_queue(queues, way):
    queues.fail(queues.one, ["a"])
    queues.run("--to", "two", *way)
    assert queues.bodies(queues.two) == ["a"] and queues.bodies(queues.dlq) == []


def test_a_limit_is_kept_and_a_dry_run_moves_nothing(queues, queue_server):
    queues.fail(queues.one, [str(i) for i in range(12)])
    assert "about 12 of 12 visible messages" in queues.run("--dry-run").stdout
    assert "about 5 of 12" in queues.run("--dry-run", "--limit", 5).stdout
    receives = queue_server.call_count("ReceiveMessage")
    assert queues.count(queues.dlq) == 12
    assert queues.run("--limit", 11).stdout == "11 moved, about 1 left\n"
    assert queue_server.call_count("ReceiveMessage") == receives + 2


def test_a_fifo_queue_keeps_groups_and_order_and_drops_nothing(queue_server):
    """The copies are sent within five minutes of the first sends, whose deduplication ids they must not have."""
    for way in ([], ["--by-hand"]):
        queues = Queues(queue_server, fifo=True)
        bodies = [f"{i}{len(way)}" for i in range(12)]
        queues.fail(queues.one, bodies, MessageGroupId="g")
        assert json.loads(queues.run("--json", *way).stdout)["moved"] == 12
        assert queues.bodies(queues.one) == bodies
        first = queue_server.call("ReceiveMessage", QueueUrl=queues.one, VisibilityTimeout=0,
                                  MessageSystemAttributeNames=["All"])["Messages"][0]
        assert first["Attributes"]["MessageGroupId"] == "g"
        queue_server.call("PurgeQueue", QueueUrl=queues.one)


@pytest.mark.parametrize("op, in_one, in_dlq", [
    ("SendMessageBatch", 0, 3), ("DeleteMessageBatch", 3, 3),
])
def test_killed_at_any_moment_it_duplicates_at_most(queues, queue_server, op, in_one, in_dlq):
    queues.fail(queues.one, ["a", "b", "c"])
    queue_server.admin("faults", [{"op": op, "kind": "hang", "probability": 1}])
    with queues.start("--by-hand") as process:
        wait_until(lambda: queue_server.fault_count("hang"), op)
        process.send_signal(signal.SIGKILL)
    assert sorted(queues.bodies(queues.one)) == sorted(["a", "b", "c"][:in_one])
    assert sorted(queues.bodies(queues.dlq)) == sorted(["a", "b", "c"][:in_dlq])


def test_killed_before_the_answer_of_a_fifo_send_the_second_try_makes_no_second_copy(queue_server):
    queues = Queues(queue_server, fifo=True)
    queues.fail(queues.one, ["a"], MessageGroupId="g")
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": "hang", "probability": 1}])
    with queues.start("--by-hand") as process:
        wait_until(lambda: queue_server.fault_count("hang"), "the delete")
        process.send_signal(signal.SIGKILL)
    queue_server.clear_faults()
    held = queue_server.operations("receive", queue="dlq.fifo")[-1]["handle"]
    queue_server.call("ChangeMessageVisibility", QueueUrl=queues.dlq, ReceiptHandle=held, VisibilityTimeout=0)
    queues.run("--by-hand")
    assert queues.bodies(queues.one) == ["a"] and queues.bodies(queues.dlq) == []


def test_what_cannot_be_sent_goes_back_at_once(queues, queue_server):
    queues.fail(queues.one, ["a", "b"])
    queue_server.admin("faults", [{"op": "SendMessageBatch", "kind": "access_denied", "probability": 1}])
    done = queues.run("--by-hand", check=False)
    assert done.returncode == 1 and "AccessDenied" in done.stderr and done.stdout.startswith("0 moved, about 2 left")
    assert {m["state"] for m in queue_server.messages(queues.dlq)} == {"visible"}


def test_what_was_sent_and_cannot_be_deleted_is_told(queues, queue_server):
    queues.fail(queues.one, ["a"])
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": "access_denied", "probability": 1}])
    done = queues.run("--by-hand", "--json", check=False)
    assert done.returncode == 1 and json.loads(done.stdout)["inBoth"] == 1
    assert "1 of them are in both queues" in done.stderr


def test_lost_answers_are_asked_for_again(queues, queue_server):
    queues.fail(queues.one, ["a", "b"])
    queue_server.admin("faults", [{"op": op, "kind": "http503", "probability": 1, "count": 2}
                                  for op in ("ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch")])
    assert json.loads(queues.run("--by-hand", "--json").stdout)["moved"] == 2
    assert queues.bodies(queues.dlq) == []


def test_messages_that_fail_again_meanwhile_do_not_go_round(queues, queue_server):
    queues.fail(queues.one, ["old"])
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": "latency", "ms": 5000}])
    with queues.start("--by-hand", "--json") as process:
        wait_until(lambda: queue_server.fault_count("latency"), "the delete, which is done and not answered yet")
        queues.fail(queues.two, ["new"])
        out, error = process.communicate(timeout=60)
    assert json.loads(out)["moved"] == 1 and process.returncode == 1
    assert "sent after the redrive began" in error
    assert queues.bodies(queues.dlq) == ["new"]


def test_an_interrupt_cancels_the_task(queues, queue_server):
    send_all(queue_server, queues.dlq, ["x"] * 3000)  # a task moves 500 a second
    with queues.start("--json", "--to", "one") as process:
        wait_until(lambda: queue_server.call_count("StartMessageMoveTask"), "the start")
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 1 and "cancelled" in error
    assert queue_server.call_count("CancelMessageMoveTask") == 1
    moved = json.loads(out)["moved"]
    assert moved == len(queues.bodies(queues.one)) < 3000 and len(queues.bodies(queues.dlq)) == 3000 - moved


def test_a_second_task_is_refused(queues, queue_server):
    queues.fail(queues.one, [str(i) for i in range(30)])  # as many seconds
    queue_server.call("StartMessageMoveTask", SourceArn=PREFIX + "dlq", MaxNumberOfMessagesPerSecond=1)
    done = queues.run(check=False)
    assert done.returncode == 1 and "running already" in done.stderr


# --- to a trigger's queue ---

FLOW = "id: quick\nnamespace: test\ntasks:\n  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: x\n"


@pytest.fixture(name="to_trigger")
def to_trigger_fixture(agent, queues):
    """Redrives to the trigger `again`, which is of the queue `two` and has no other name in common with it."""
    agent.flow(FLOW)
    agent.configure([{"id": "again", "queueUrl": queues.two, "flow": "test.quick"}])
    return lambda *arguments, **more: sqsflow("redrive", "dlq", "--to", "again", "--config", agent.config_file, *arguments,
                                              **more)


@pytest.mark.parametrize("way", ["task", "hand"])
def test_to_a_trigger_means_its_queue(queues, to_trigger, way):
    queues.fail(queues.one, ["a", "b"])
    answer = json.loads(to_trigger("--json", *(["--by-hand"] if way == "hand" else [])).stdout)
    assert (answer["to"], answer["way"], answer["moved"], answer["left"]) == (queues.two, way, 2, 0)
    assert sorted(queues.bodies(queues.two)) == ["a", "b"]
    assert queues.bodies(queues.one) == queues.bodies(queues.dlq) == []


def test_the_agent_runs_what_was_moved_to_its_trigger(agent, queues, to_trigger):
    queues.fail(queues.one, ["a", "b"])
    agent.start()
    to_trigger()
    wait_until(lambda: [e["state"] for e in agent.executions()] == ["SUCCESS"] * 2, lambda: agent.log())
    wait_until(lambda: queues.count(queues.two) == 0, "the messages are deleted")
    assert queues.count(queues.dlq) == 0 and agent.stop() == 0


def test_only_what_was_sent_is_deleted(queues, queue_server, to_trigger):
    """A send of which the server refuses some."""
    bodies = [f"m{i}" for i in range(10)]
    queues.fail(queues.one, bodies)
    queue_server.admin("faults", [{"op": "SendMessageBatch", "kind": "partial", "entry_probability": 0.5, "seed": 7}])
    done = to_trigger("--by-hand", "--json", check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and "could not be sent" in answer["problem"] and answer["inBoth"] == 0
    sent, left = queues.bodies(queues.two), queues.bodies(queues.dlq)
    assert 0 < len(sent) < 10 and answer["moved"] == len(sent) and answer["left"] == len(left)
    assert sorted(sent + left) == bodies
    assert {m["state"] for m in queue_server.messages(queues.dlq)} == {"visible"}
    queue_server.clear_faults()
    to_trigger("--by-hand")
    assert sorted(queues.bodies(queues.two)) == bodies and queues.bodies(queues.dlq) == []


def test_a_send_that_fails_in_the_middle_deletes_nothing_of_what_is_left(queues, queue_server, to_trigger):
    """FIFO or not, what was moved before it stays moved."""
    queues.fail(queues.one, [f"m{i:02}" for i in range(25)])
    assert json.loads(to_trigger("--by-hand", "--json", "--limit", 10).stdout)["moved"] == 10
    queue_server.admin("faults", [{"op": "SendMessageBatch", "kind": "access_denied", "probability": 1}])
    deletes = queue_server.call_count("DeleteMessageBatch")
    done = to_trigger("--by-hand", check=False)
    assert done.returncode == 1 and "AccessDenied" in done.stderr and done.stdout == "0 moved, about 15 left\n"
    assert queue_server.call_count("DeleteMessageBatch") == deletes
    assert len(queues.bodies(queues.two)) == 10 and len(queues.bodies(queues.dlq)) == 15


def test_a_delete_that_is_refused_for_some_is_told_with_their_number(queues, queue_server, to_trigger):
    queues.fail(queues.one, ["a", "b", "c"])
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": "partial", "entry_probability": 1}])
    done = to_trigger("--by-hand", "--json", check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and (answer["moved"], answer["inBoth"]) == (3, 3)
    assert "3 of them are in both queues" in done.stderr and "3 were sent and could not be deleted" in answer["problem"]
    assert sorted(queues.bodies(queues.two)) == sorted(queues.bodies(queues.dlq)) == ["a", "b", "c"]


def test_a_trigger_that_does_not_exist_moves_nothing(queues, to_trigger, agent):
    queues.fail(queues.one, ["a"])
    done = sqsflow("redrive", "dlq", "--to", "agian", "--config", agent.config_file, check=False)
    assert done.returncode == 1 and "the trigger 'again'?" in done.stderr and queues.bodies(queues.dlq) == ["a"]


@pytest.mark.parametrize("arguments, code, words", [
    (["--to", "dlq"], 2, "the queue itself"), (["--to", "x.fifo"], 2, "FIFO"), (["--limit", "0"], 2, "from 1 on"),
    (["--dry-rum"], 2, "did you mean 'dry-run'"), (["--to", "nowhere"], 1, "neither a queue at http"),
])
def test_wrong_use_is_told(queues, queue_server, arguments, code, words):
    queue_server.call("CreateQueue", QueueName="x.fifo", Attributes={"FifoQueue": "true"})
    done = queues.run(*arguments, check=False)
    assert done.returncode == code and words in done.stderr
