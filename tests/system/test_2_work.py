# SPDX-License-Identifier: Apache-2.0
"""The main job of the installed service: configured with files, reloaded, seen in the journal, drained by a stop."""
import time

import pytest
from machine import wait_until


@pytest.fixture(name="orders", scope="module")
def orders_fixture(machine, queue, service):
    """A queue whose messages take no time, and one whose messages take five seconds."""
    urls = {"quick": queue.create("quick", VisibilityTimeout=30), "slow": queue.create("slow", VisibilityTimeout=30)}
    service.flow("quick")
    service.flow("slow", 5)
    service.configure([{"id": name, "queueUrl": url, "flow": f"test.{name}", "concurrency": 1}
                       for name, url in urls.items()])
    machine.write("/etc/sqsflow/secrets/token", "s3cret\n", "0600")
    service.systemctl("restart")
    return urls


def test_a_message_is_executed_and_deleted_and_the_journal_has_its_lines(machine, queue, service, orders):
    message = queue.send(orders["quick"])
    service.wait_end("quick", message)
    execution = service.lines("quick", "end")[-1][2]
    wait_until(lambda: not queue.messages(orders["quick"]), "the delete")
    lines = wait_until(lambda: machine.journal(f"SQSFLOW_EXECUTION_ID={execution}"), service.told)
    assert "printed by quick" in [entry["MESSAGE"] for entry in lines]
    about = ("SQSFLOW_FLOW", "SQSFLOW_TRIGGER", "SQSFLOW_QUEUE", "SQSFLOW_MESSAGE_ID")
    assert {tuple(entry[name] for name in about) for entry in lines} == {("test.quick", "quick", orders["quick"], message)}
    assert execution in machine.run("sqsflow", "executions", "list").stdout


def test_status_shows_live_figures(queue, service, orders):
    message = queue.send(orders["slow"])
    service.wait_begin("slow", message)
    wait_until(lambda: "1 of 32 slots run" in service.status_text(), service.status_text)
    service.wait_end("slow", message)
    wait_until(lambda: "0 of 32 slots run" in service.status_text(), service.status_text)


def test_a_failed_execution_is_an_event_in_the_journal_that_the_catalog_explains(machine, queue, service, orders):
    url = queue.create("bad", VisibilityTimeout=30)
    machine.write("/etc/sqsflow/flows/bad.yaml", "id: bad\nnamespace: test\ntasks:\n  - id: no\n    type: "
                  "io.kestra.plugin.scripts.shell.Commands\n    commands: [exit 3]\n")
    service.configure([{"id": "bad", "queueUrl": url, "flow": "test.bad"}] +
                      [{"id": name, "queueUrl": u, "flow": f"test.{name}"} for name, u in orders.items()])
    service.systemctl("reload")
    message = queue.send(url)
    entry = wait_until(lambda: machine.journal(f"SQSFLOW_MESSAGE_ID={message}"), service.told)[0]
    explained = machine.run("journalctl", "--catalog", "--no-pager", f"SQSFLOW_MESSAGE_ID={message}").stdout
    assert entry["MESSAGE_ID"] and "An execution did not succeed" in explained
    assert f"sqsflow executions logs {entry['SQSFLOW_EXECUTION_ID']}" in explained
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
    wait_until(lambda: not queue.messages(url), service.told)
    wait_until(lambda: "it is ******" in machine.messages("SQSFLOW_TRIGGER=secret"), service.told)
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
    wait_until(lambda: any("Read-only file system" in text for text in machine.messages("SQSFLOW_TRIGGER=elsewhere")),
               service.told)
    machine.write(folder, "[Service]\nReadWritePaths=/srv/orders\n")
    machine.run("systemctl", "daemon-reload")
    service.systemctl("restart")
    wait_until(lambda: not queue.messages(url), service.told)
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
    told = wait_until(lambda: [m for m in machine.messages(cursor) if "flows/broken.yaml:" in m], service.told)
    assert told[0].startswith("/etc/sqsflow/flows/broken.yaml:4:") or told[0].startswith("/etc/sqsflow/flows/broken.yaml:5:")
    assert machine.is_active("sqsflow") and service.pid == pid
    service.wait_end("fresh", queue.send(url))
    machine.run("rm", "/etc/sqsflow/flows/broken.yaml")
    service.systemctl("reload")


def test_a_stop_lets_what_runs_finish_and_gives_back_what_waits(machine, queue, service, orders):
    service.configure([{"id": "slow", "queueUrl": orders["slow"], "flow": "test.slow"}], limits={"executions": 2})
    service.systemctl("restart")
    running = [queue.send(orders["slow"]) for _ in range(2)]
    for message in running:
        service.wait_begin("slow", message)
    waiting = [queue.send(orders["slow"]) for _ in range(3)]
    machine.run("systemctl", "stop", "--no-block", "sqsflow")
    stopped = time.monotonic()
    wait_until(lambda: queue.visible(orders["slow"]) == len(waiting), service.told, 5)
    assert time.monotonic() - stopped < 1.5  # a second, and what asking costs here
    wait_until(lambda: not machine.main_pid(), service.told, 30)
    assert set(running) <= set(service.messages_of("slow", "end"))
    assert {m["messageId"] for m in queue.messages(orders["slow"])} == set(waiting)
    assert machine.show("sqsflow", "Result") == "success"
    service.systemctl("start")
    for message in waiting:
        service.wait_end("slow", message)
    wait_until(lambda: not queue.messages(orders["slow"]), service.told)
    assert sorted(service.messages_of("slow", "begin")) == sorted(set(service.messages_of("slow", "begin")))
