# SPDX-License-Identifier: Apache-2.0
"""P7: a group's order holds under failures, concurrency and crashes; a failure does not stall its group."""
from agent import wait_until
from test_redelivery import SLOW, empty

FLOW = """
id: order
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    env:
      GROUP: "{{ trigger.groupId }}"
    commands:
      - n=$(cat "$SQSFLOW_MESSAGE_FILE")
      - echo "start $n" >> "MARKS/$GROUP"
      - case $n in FAILS) mkdir "MARKS/$GROUP-$n-failed" 2>/dev/null && exit 1;; esac
      - echo "done $n" >> "MARKS/$GROUP"
"""


def send(server, url, group, bodies):
    for body in bodies:
        server.call("SendMessage", QueueUrl=url, MessageBody=str(body), MessageGroupId=group,
                    MessageDeduplicationId=f"{group}-{body}")


def fifo(server, **attributes):
    return server.call("CreateQueue", QueueName="work.fifo", Attributes={"FifoQueue": "true", **attributes})["QueueUrl"]


def test_order_holds_when_messages_fail_and_others_run_beside(agent, queue_server):
    url = fifo(queue_server, VisibilityTimeout="2")
    groups = [f"g{i}" for i in range(6)]
    for group in groups:
        send(queue_server, url, group, range(12))
    agent.flow(FLOW.replace("FAILS", "3|7"))
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.order"}])
    agent.start()
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    for group in groups:
        lines = agent.mark_lines(group)
        assert [line for line in lines if line.startswith("done")] == [f"done {n}" for n in range(12)]
        assert [line for line in lines if line.startswith("start")] == \
            [f"start {n}" for n in (0, 1, 2, 3, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11)]


def test_the_rest_of_a_failed_group_goes_back_unrun_and_unlost(agent, queue_server):
    url = fifo(queue_server, VisibilityTimeout="600")
    send(queue_server, url, "g", range(5))
    agent.flow(FLOW.replace("FAILS", "0"))
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.order",
                      "onFailure": {"retryAfter": {"type": "constant", "interval": "PT1S"}}}])
    agent.start()
    wait_until(empty(queue_server, url), "an empty queue, long before the visibility timeout")
    assert agent.mark_lines("g") == ["start 0", "start 0", "done 0"] + \
        [f"{what} {n}" for n in range(1, 5) for what in ("start", "done")]


def test_the_first_of_a_failed_group_goes_back_last_and_alone(agent, queue_server):
    """Its followers are visible again before it is, so that nobody can receive it and then miss them."""
    url = fifo(queue_server, VisibilityTimeout="600")
    send(queue_server, url, "g", range(5))
    agent.flow(FLOW.replace("FAILS", "0"))
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.order",
                      "onFailure": {"retryAfter": {"type": "constant", "interval": "PT1S"}}}])
    ids = [m["messageId"] for m in queue_server.messages(url)]
    queue_server.admin("faults", [{"op": "ChangeMessageVisibilityBatch", "kind": "http503", "count": 1}])
    agent.start()
    wait_until(empty(queue_server, url), "an empty queue, long before the visibility timeout")
    first_round = [o["messageId"] for o in queue_server.operations("visibility", result="changed")][:5]
    assert first_round == ids[::-1]
    assert queue_server.call_count("ChangeMessageVisibilityBatch") == 3, "one that failed, the followers, the first"


def test_a_standard_queue_is_not_serialised_by_its_message_groups(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="fair")["QueueUrl"]
    agent.flow("""
id: meet
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo x >> MARKS/here
      - until test "$(wc -l < MARKS/here)" -ge 4; do sleep 0.05; done
""")
    agent.configure([{"id": "fair", "queueUrl": url, "flow": "test.meet"}])
    agent.start()
    for number in range(4):
        queue_server.call("SendMessage", QueueUrl=url, MessageBody=str(number), MessageGroupId="one")
    wait_until(empty(queue_server, url), "four executions that met")


def test_after_a_crash_a_group_goes_back_last_first(agent, queue_server):
    url = fifo(queue_server, VisibilityTimeout="300")
    send(queue_server, url, "g", range(5))
    ids = [m["messageId"] for m in queue_server.messages(url)]
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    wait_until(lambda: agent.mark_lines("started"), "the start")
    agent.kill()
    (agent.marks / "go").touch()
    agent.start()
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert [o["messageId"] for o in queue_server.operations("visibility", result="changed")] == ids[::-1]
    assert list(dict.fromkeys(agent.mark_lines("done"))) == ids


def test_order_holds_over_kills_of_the_agent(agent, queue_server):
    url = fifo(queue_server, VisibilityTimeout="3")
    send(queue_server, url, "g", range(20))
    agent.flow(FLOW.replace("FAILS", "never").replace('- echo "done', '- sleep 0.1\n      - echo "done'))
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.order"}])
    for reached in (3, 8, 13):
        agent.start()
        wait_until(lambda: len([x for x in agent.mark_lines("g") if x.startswith("done")]) >= reached, "progress")
        agent.kill()
    agent.start()
    wait_until(empty(queue_server, url), "an empty queue")
    first_done = list(dict.fromkeys(x for x in agent.mark_lines("g") if x.startswith("done")))
    assert first_done == [f"done {n}" for n in range(20)]
    # A number never starts before the one ahead of it was done at least once.
    seen = set()
    for line in agent.mark_lines("g"):
        what, number = line.split()
        if what == "start" and int(number) > 0:
            assert int(number) - 1 in seen
        if what == "done":
            seen.add(int(number))
