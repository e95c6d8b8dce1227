# SPDX-License-Identifier: Apache-2.0
"""Who gets the slots: a busy queue starves no other, and the limits of triggers and flows hold."""
from agent import send_all, wait_until
from test_redelivery import empty

# Writes down how many of its kind run, itself included, at its start.
COUNTED = """
id: NAME
namespace: test
concurrency: {limit: LIMIT}
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - mkdir -p MARKS/run.NAME && touch "MARKS/run.NAME/$SQSFLOW_MESSAGE_ID"
      - ls MARKS/run.NAME | wc -l >> MARKS/counts.NAME
      - echo "NAME $SQSFLOW_MESSAGE_ID" >> MARKS/starts
      - sleep 0.05
      - rm "MARKS/run.NAME/$SQSFLOW_MESSAGE_ID"
"""


def counted(name, limit=100):
    return COUNTED.replace("NAME", name).replace("LIMIT", str(limit))


def queue(server, name):
    return server.call("CreateQueue", QueueName=name)["QueueUrl"]


def test_a_busy_queue_does_not_starve_another(agent, queue_server):
    busy, quiet = queue(queue_server, "busy"), queue(queue_server, "quiet")
    agent.flow(counted("busy"))
    agent.flow(counted("quiet"))
    agent.configure([{"id": "busy", "queueUrl": busy, "flow": "test.busy"},
                     {"id": "quiet", "queueUrl": quiet, "flow": "test.quiet"}], limits={"executions": 4})
    send_all(queue_server, busy, [f"m{i}" for i in range(600)])
    agent.start()
    wait_until(lambda: len(agent.mark_lines("starts")) >= 8, "a busy queue")
    send_all(queue_server, quiet, [f"m{i}" for i in range(10)])
    before = len(agent.mark_lines("starts"))
    wait_until(empty(queue_server, quiet), lambda: f"the quiet queue's end; log:\n{agent.log()}")
    starts = [line.split()[0] for line in agent.mark_lines("starts")]
    last_quiet = len(starts) - starts[::-1].index("quiet")
    assert starts[:last_quiet].count("busy") < 590, "the busy queue was served to its end first"
    # With even shares about as many busy ones start as quiet ones; the slots and receives of the moment come on top.
    assert starts[before:last_quiet].count("busy") <= 10 + 4 + 20


def test_a_trigger_of_weight_three_gets_far_more_slots_than_one_of_weight_one(agent, queue_server):
    """Counted in starts while both queues are full, since all executions take equally long. It is not three times the
    slots to the last one: receives of one message or two take what is free at their moment, and a process that stands still
    holds one of the two slots of the light one, or several one after another of the heavy one's."""
    names = ("heavy", "light")
    urls = {name: queue(queue_server, name) for name in names}
    for name in names:
        agent.flow(counted(name))
        send_all(queue_server, urls[name], [f"m{i}" for i in range(300)])
    agent.configure([{"id": name, "queueUrl": urls[name], "flow": f"test.{name}", "weight": weight}
                     for name, weight in zip(names, (3, 1))], limits={"executions": 8})
    agent.start()
    wait_until(lambda: len(agent.mark_lines("starts")) >= 340, "340 starts")
    starts = [line.split()[0] for line in agent.mark_lines("starts")][40:340]
    assert 1.5 * starts.count("light") <= starts.count("heavy") <= 8 * starts.count("light")


def test_a_flows_concurrency_limit_holds_over_its_triggers(agent, queue_server):
    urls = [queue(queue_server, name) for name in ("one", "two")]
    # The first three wait for each other, so that the limit is reached however slowly one of them begins.
    agent.flow(counted("shared", limit=3).replace("sleep 0.05", "until test -e MARKS/three || test $(ls MARKS/run.shared | wc -l)"
                                                  " -ge 3; do sleep 0.02; done; touch MARKS/three; sleep 0.05"))
    agent.configure([{"id": f"t{n}", "queueUrl": url, "flow": "test.shared"} for n, url in enumerate(urls)])
    agent.start()
    for url in urls:
        send_all(queue_server, url, [f"m{i}" for i in range(15)])
    for url in urls:
        wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert len(agent.mark_lines("counts.shared")) == 30
    assert max(map(int, agent.mark_lines("counts.shared"))) == 3


def test_a_rate_limit_holds(agent, queue_server):
    url = queue(queue_server, "work")
    agent.flow(counted("rated"))
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.rated", "rateLimit": {"perSecond": 10}}])
    send_all(queue_server, url, [f"m{i}" for i in range(40)])
    agent.start()
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    # Ten at once, then ten a second; in the server's microseconds.
    receives = sorted(o["time"] for o in queue_server.operations("receive"))
    assert queue_server.operations("delete")[-1]["time"] - receives[0] >= 2_900_000
    # What may not start yet is not received either.
    assert all(receives[i + 21] - receives[i] >= 1_000_000 for i in range(len(receives) - 21))


def test_a_batch_that_waits_in_the_last_slot_is_filled_all_the_same(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    send_all(queue_server, url, [f"m{i}" for i in range(25)])
    agent.flow("""
id: batch
namespace: test
tasks:
  - id: count
    type: io.kestra.plugin.scripts.shell.Commands
    commands: ['wc -l < "$SQSFLOW_MESSAGES_FILE" >> MARKS/sizes']
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.batch",
                      "batch": {"maxRecords": 25, "maxDuration": "PT1H"}}], limits={"executions": 1})
    agent.start()
    wait_until(lambda: agent.mark_lines("sizes"), lambda: f"a full batch; {agent.status()}")
    assert [size.strip() for size in agent.mark_lines("sizes")] == ["25"]


def test_a_batch_larger_than_its_rate_allows_in_a_second_is_filled_all_the_same(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    send_all(queue_server, url, [f"m{i}" for i in range(20)])
    agent.flow("""
id: batch
namespace: test
tasks:
  - id: count
    type: io.kestra.plugin.scripts.shell.Commands
    commands: ['wc -l < "$SQSFLOW_MESSAGES_FILE" >> MARKS/sizes']
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.batch", "rateLimit": {"perSecond": 4},
                      "batch": {"maxRecords": 10, "maxDuration": "PT1H"}}])
    agent.start()
    wait_until(empty(queue_server, url), lambda: f"an empty queue; {agent.status()}")
    assert [size.strip() for size in agent.mark_lines("sizes")] == ["10", "10"]
