# SPDX-License-Identifier: Apache-2.0
"""The main job of the installed service: configured with files, reloaded, seen in the journal, drained by a stop."""
import pytest
from machine import wait_until


@pytest.fixture(name="orders", scope="module")
def orders_fixture(machine, queue, service):
    """A queue whose messages take no time, and one whose messages take until the test opens their gate."""
    urls = {"quick": queue.create("quick", VisibilityTimeout=30), "slow": queue.create("slow", VisibilityTimeout=30)}
    service.flow("quick")
    service.flow("slow", gated=True)
    service.configure([{"id": name, "queueUrl": url, "flow": f"test.{name}", "concurrency": 1}
                       for name, url in urls.items()])
    machine.write("/etc/sqsflow/secrets/token", "s3cret\n", "0600")
    service.systemctl("restart")
    return urls


def test_a_message_is_executed_and_deleted_and_the_journal_has_its_lines(machine, queue, service, orders):
    message = queue.send(orders["quick"])
    service.wait_end("quick", message)
    execution = service.lines("quick", "end")[-1][2]
    queue.wait_empty(orders["quick"])
    lines = machine.wait_journal("printed by quick", f"SQSFLOW_EXECUTION_ID={execution}")
    about = ("SQSFLOW_FLOW", "SQSFLOW_TRIGGER", "SQSFLOW_QUEUE", "SQSFLOW_MESSAGE_ID")
    assert {tuple(entry[name] for name in about) for entry in lines} == {("test.quick", "quick", orders["quick"], message)}
    assert execution in machine.run("sqsflow", "executions", "list").stdout


def test_status_shows_live_figures(queue, service, orders):
    message = queue.send(orders["slow"])
    service.wait_begin("slow", message)
    service.wait_status("1 of 32 slots run")
    service.open_gate("slow")
    service.wait_end("slow", message)
    service.wait_status("0 of 32 slots run")


def test_a_failed_execution_is_an_event_in_the_journal_that_the_catalog_explains(machine, queue, service, orders):
    url = queue.create("bad", VisibilityTimeout=30)
    machine.write("/etc/sqsflow/flows/bad.yaml", "id: bad\nnamespace: test\ntasks:\n  - id: no\n    type: "
                  "io.kestra.plugin.scripts.shell.Commands\n    commands: [exit 3]\n")
    service.configure([{"id": "bad", "queueUrl": url, "flow": "test.bad"}] +
                      [{"id": name, "queueUrl": u, "flow": f"test.{name}"} for name, u in orders.items()])
    service.systemctl("reload")
    message = queue.send(url)
    events = wait_until(lambda: [entry for entry in machine.journal(f"SQSFLOW_MESSAGE_ID={message}") if "MESSAGE_ID" in entry],
                        "an event of the failed execution")
    explained = machine.run("journalctl", "--catalog", "--no-pager", f"SQSFLOW_MESSAGE_ID={message}").stdout
    assert "An execution did not succeed" in explained
    assert f"sqsflow executions logs {events[0]['SQSFLOW_EXECUTION_ID']}" in explained
    assert [m["messageId"] for m in queue.messages(url)] == [message]


def test_a_secret_only_root_can_read_reaches_a_flow_and_no_log(machine, queue, service, orders):
    url = queue.create("secret")
    machine.write("/etc/sqsflow/flows/secret.yaml", """\
id: secret
namespace: test
tasks:
  - id: use
    type: io.kestra.plugin.scripts.shell.Commands
    env: {TOKEN: "{{ secret('token') }}"}
    commands:
      - test "$TOKEN" = s3cret && echo "it is $TOKEN"
""")
    service.configure([{"id": "secret", "queueUrl": url, "flow": "test.secret"}])
    service.systemctl("reload")
    queue.send(url)
    queue.wait_empty(url)
    machine.wait_journal("it is ******", "SQSFLOW_TRIGGER=secret")
    assert not [m for m in machine.messages() if "s3cret" in m]


@pytest.fixture(name="folder")
def folder_fixture(machine):
    """A folder outside of the service's, and a drop-in that opens it: nothing of either is left for later tests."""
    drop_in = "/etc/systemd/system/sqsflow.service.d"
    machine.run("install", "-d", "-o", "sqsflow", "/srv/orders")
    yield f"{drop_in}/open.conf"
    machine.run("rm", "-rf", drop_in, "/srv/orders")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "sqsflow")


def test_a_flow_writes_elsewhere_only_where_a_drop_in_opens_it(machine, queue, service, orders, folder):
    url = queue.create("elsewhere", VisibilityTimeout=2)
    machine.write("/etc/sqsflow/flows/elsewhere.yaml", "id: elsewhere\nnamespace: test\ntasks:\n  - id: write\n    type: "
                  "io.kestra.plugin.scripts.shell.Commands\n    commands: [date > /srv/orders/done]\n")
    service.configure([{"id": "elsewhere", "queueUrl": url, "flow": "test.elsewhere"}])
    service.systemctl("reload")
    queue.send(url)
    machine.wait_journal("Read-only file system", "SQSFLOW_TRIGGER=elsewhere")
    machine.write(folder, "[Service]\nReadWritePaths=/srv/orders\n")
    machine.run("systemctl", "daemon-reload")
    service.systemctl("restart")
    queue.wait_empty(url)
    assert machine.exists("/srv/orders/done")


def test_reload_takes_a_new_flow_and_refuses_a_broken_one(machine, queue, service, orders):
    url = queue.create("fresh", VisibilityTimeout=30)
    service.flow("fresh")
    service.configure([{"id": "fresh", "queueUrl": url, "flow": "test.fresh"}])
    service.systemctl("reload")
    pid = service.pid
    service.wait_end("fresh", queue.send(url))

    cursor = machine.cursor()
    machine.write("/etc/sqsflow/flows/broken.yaml", "id: broken\nnamespace: test\ntasks:\n  - id: x\n    tipe: nothing\n")
    service.systemctl("reload", check=False)
    told = [e["MESSAGE"] for e in machine.wait_journal("flows/broken.yaml:", cursor) if "flows/broken.yaml:" in e["MESSAGE"]]
    assert told[0].startswith("/etc/sqsflow/flows/broken.yaml:4:") or told[0].startswith("/etc/sqsflow/flows/broken.yaml:5:")
    service.wait_state("active")
    assert service.pid == pid
    service.wait_end("fresh", queue.send(url))
    machine.run("rm", "/etc/sqsflow/flows/broken.yaml")
    service.systemctl("reload")


def test_a_stop_lets_what_runs_finish_and_gives_back_what_waits(machine, queue, service, orders):
    """The first of a group runs, and the others wait for it; what waits is given back while the first still runs."""
    url = queue.create("held.fifo", FifoQueue="true", VisibilityTimeout=600)
    service.systemctl("stop")
    service.flow("held", gated=True)
    service.configure([{"id": "held", "queueUrl": url, "flow": "test.held"}], limits={"drain": "PT5M"})
    messages = [queue.send(url, MessageGroupId="g", MessageDeduplicationId=str(i)) for i in range(3)]
    service.systemctl("start")
    service.wait_begin("held", messages[0])
    wait_until(lambda: queue.counts(url) == (0, 3), lambda: f"all held, not (visible, in flight): {queue.counts(url)}")
    machine.run("systemctl", "stop", "--no-block", "sqsflow")
    wait_until(lambda: queue.counts(url) == (2, 1), lambda: f"two given back, not (visible, in flight): {queue.counts(url)}")
    assert service.messages_of("held", "end") == [] and service.pid
    service.open_gate("held")
    service.wait_state("inactive")
    assert service.messages_of("held", "end") == messages[:1]
    assert [m["messageId"] for m in queue.messages(url)] == messages[1:]
    assert machine.show("sqsflow", "Result") == "success"
    service.systemctl("start")
    queue.wait_empty(url)
    assert service.messages_of("held", "begin") == messages
