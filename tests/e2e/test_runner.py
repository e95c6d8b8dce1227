# SPDX-License-Identifier: Apache-2.0
"""What the agent and its runners do together: afterExecution, records, and what a killed runner leaves."""
import fcntl
import json
import os
import re
import signal
import sqlite3
from pathlib import Path

from agent import send_all, sqsflow, wait_until

AFTER = """
id: after
namespace: test
tasks:
  - {id: log, type: io.kestra.plugin.core.log.Log, message: "the work"}
afterExecution:
  - id: later
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/after
      - until test -e MARKS/go; do sleep 0.05; done
      - echo "the rest of it"
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/done
      - exit 3
"""


def start(agent, server, flow, **sections):
    url = server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    name = next(line.split(":", 1)[1].strip() for line in flow.splitlines() if line.startswith("id:"))
    agent.flow(flow)
    agent.configure([{"id": "work", "queueUrl": url, "flow": f"test.{name}", "waitTime": "PT1S"}], **sections)
    agent.start()
    return url


def shown(agent, execution):
    return json.loads(sqsflow("executions", "show", execution, "--store", agent.state, "--json").stdout)


def logs(agent, execution):
    return sqsflow("executions", "logs", execution, "--store", agent.state).stdout


def ended(agent, count=1):
    wait_until(lambda: [e["state"] for e in agent.executions()] == ["SUCCESS"] * count, "the record of the end")
    return agent.executions()[0]["id"]


def test_a_message_is_deleted_before_after_execution_ends(agent, queue_server):
    url = start(agent, queue_server, AFTER)
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("after") == ids, "afterExecution's start")
    wait_until(lambda: queue_server.messages(url) == [], "the delete")
    execution = ended(agent)
    assert agent.status()["running"] == 1  # its slot is still used
    assert agent.mark_lines("done") == []
    (agent.marks / "go").touch()
    wait_until(lambda: agent.mark_lines("done") == ids, "afterExecution's end")
    wait_until(lambda: agent.status()["running"] == 0, "a free slot")
    wait_until(lambda: [t["state"] for t in shown(agent, execution)["taskRuns"]] == ["SUCCESS", "FAILED"], "its record")
    assert shown(agent, execution)["state"] == "SUCCESS"
    assert "the work" in logs(agent, execution) and "the rest of it" in logs(agent, execution)
    assert agent.stop() == 0


def lines_of(agent, text):
    """What the log has besides the message, of the line that a task printed."""
    lines = [json.loads(line) for line in agent.log().splitlines(keepends=True) if line.startswith("{") and line.endswith("\n")]
    return [{name: value for name, value in line.items() if name.isupper()} for line in lines if line["message"] == text]


def test_what_tasks_print_is_in_the_log_with_what_it_is_about(agent, queue_server):
    url = start(agent, queue_server, AFTER, log={"tasks": True, "format": "json"})
    (agent.marks / "go").touch()
    message = send_all(queue_server, url, ["x"])[0]
    about = {"SQSFLOW_FLOW": "test.after", "SQSFLOW_TRIGGER": "work", "SQSFLOW_QUEUE": url, "SQSFLOW_MESSAGE_ID": message,
             "SQSFLOW_EXECUTION_ID": ended(agent)}
    wait_until(lambda: lines_of(agent, "the rest of it"), agent.log)
    assert lines_of(agent, "the work") == lines_of(agent, "the rest of it") == [about]
    assert agent.stop() == 0


def test_what_tasks_print_for_a_batch_is_in_the_log_without_one_of_its_messages(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    send_all(queue_server, url, ["x", "y"])
    agent.flow(AFTER)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.after", "waitTime": "PT1S",
                      "batch": {"maxRecords": 2, "maxDuration": "PT30S"}}], log={"tasks": True, "format": "json"})
    (agent.marks / "go").touch()
    agent.start()
    lines = wait_until(lambda: lines_of(agent, "the rest of it"), agent.log) + lines_of(agent, "the work")
    assert [sorted(line) for line in lines] == \
        2 * [["SQSFLOW_EXECUTION_ID", "SQSFLOW_FLOW", "SQSFLOW_QUEUE", "SQSFLOW_TRIGGER"]]
    assert agent.stop() == 0


def test_a_busy_after_execution_keeps_its_slot(agent, queue_server):
    url = start(agent, queue_server, AFTER, limits={"executions": 2})
    ids = send_all(queue_server, url, ["1", "2", "3", "4"])
    wait_until(lambda: len(agent.mark_lines("after")) == 2, "two that are after their end")
    wait_until(lambda: len(queue_server.messages(url)) == 2, "two deletes")
    assert agent.status()["running"] == 2 and len(agent.mark_lines("after")) == 2
    assert [m["receiveCount"] for m in queue_server.messages(url)] == [0, 0]
    (agent.marks / "go").touch()
    wait_until(lambda: sorted(agent.mark_lines("done")) == sorted(ids), "all four")
    assert agent.stop() == 0


def test_history_of_failures_keeps_nothing_of_a_success_and_its_after_execution(agent, queue_server):
    url = start(agent, queue_server, AFTER, history={"keep": "failures"})
    ids = send_all(queue_server, url, ["x"])
    (agent.marks / "go").touch()
    wait_until(lambda: agent.mark_lines("done") == ids, "afterExecution's end")
    wait_until(lambda: agent.status()["running"] == 0, "a free slot")
    assert agent.stop() == 0
    assert agent.executions() == []
    counts = store_counts(agent)
    assert counts == {"task_run": 0, "log": 0}


def store_counts(agent):
    with sqlite3.connect(next(agent.state.glob("*.db"))) as db:
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("task_run", "log")}


def test_a_drain_lets_after_execution_finish(agent, queue_server):
    url = start(agent, queue_server, AFTER)
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("after") == ids and queue_server.messages(url) == [], "the delete")
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    (agent.marks / "go").touch()
    assert agent.wait() == 0
    assert agent.mark_lines("done") == ids


def test_after_execution_ends_with_the_drain_time(agent, queue_server):
    url = start(agent, queue_server, AFTER, limits={"drain": "PT0.2S"})
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("after") == ids and queue_server.messages(url) == [], "the delete")
    execution = ended(agent)
    assert agent.stop() == 0
    assert agent.mark_lines("done") == []
    record = shown(agent, execution)
    assert record["state"] == "SUCCESS"
    assert [t["state"] for t in record["taskRuns"]] == ["SUCCESS", "KILLED"]


def test_run_on_a_terminal_waits_for_after_execution(agent):
    (agent.marks / "go").touch()
    agent.flow(AFTER)
    agent.flow(AFTER.replace("log, type", "log, timeout: PT1S, type").replace("id: after", "id: json"), "json")
    done = sqsflow("run", agent.flows / "after.yaml", "--message", "-", stdin="x")
    assert "the rest of it" in done.stdout
    events = sqsflow("run", agent.flows / "json.yaml", "--message", "-", "--json", stdin="x").stdout.splitlines()
    end = json.loads(events[-1])
    assert end["state"] == "SUCCESS"
    assert [t["state"] for t in end["taskRuns"]] == ["SUCCESS", "FAILED"]


def test_a_recorded_input_holds_no_receipt_handle(agent, queue_server):
    url = start(agent, queue_server, AFTER)
    ids = send_all(queue_server, url, ["the body"])
    (agent.marks / "go").touch()
    wait_until(lambda: agent.mark_lines("done") == ids, "the end")
    record = shown(agent, ended(agent))
    assert record["input"][0]["Body"] == "the body"
    assert record["input"][0]["MessageId"] == ids[0]
    assert "ReceiptHandle" not in json.dumps(record)


TALKATIVE = """
id: talkative
namespace: test
tasks:
  - id: say
    type: io.kestra.plugin.scripts.shell.Commands
    commands: ["i=0; while [ $i -lt 300 ]; do echo 0123456789; i=$((i+1)); done; echo $i > MARKS/done"]
"""


def test_the_log_limit_may_be_more_than_a_mebibyte(agent, queue_server):
    flow = TALKATIVE.replace("i=0; while [ $i -lt 300 ]; do echo 0123456789; i=$((i+1)); done; echo $i",
                             "head -c 1200000 /dev/zero | tr '\\\\000' x | fold -w 1000; echo 300")
    url = start(agent, queue_server, flow, limits={"logBytes": 1300000})
    send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("done") == ["300"], "the end")
    text = logs(agent, ended(agent))
    assert text.count("x" * 1000) == 1200
    assert "limits.logBytes" not in text


def test_the_log_limit_of_the_configuration_holds(agent, queue_server):
    url = start(agent, queue_server, TALKATIVE, limits={"logBytes": 200 * (10 + 32)})
    send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("done") == ["300"], "the end")
    text = logs(agent, ended(agent))
    assert 150 < text.count("0123456789") <= 200
    assert "limits.logBytes" in text


SECRETIVE = """
id: secretive
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - ln -s "MARKS" link; mkdir sub; echo x > sub/file
      - echo "$PPID" >> MARKS/runner
      - until test -e MARKS/go; do sleep 0.05; done
"""


def folders(agent):
    return sorted(path.name for path in (agent.state / "executions").iterdir())


def test_a_killed_runners_folder_is_removed_and_nothing_outside(agent, queue_server):
    kept = agent.marks / "kept"
    kept.write_text("kept")
    url = start(agent, queue_server, SECRETIVE)
    send_all(queue_server, url, ["x"])
    runner = int(wait_until(lambda: agent.mark_lines("runner"), "the task")[0])
    assert folders(agent) == [f"runner-{runner}"]
    os.kill(runner, signal.SIGKILL)
    wait_until(lambda: folders(agent) == [], "the folder's removal")
    assert kept.read_text() == "kept"
    assert agent.stop() == 0


def test_the_next_agent_removes_what_killed_runners_left(agent, queue_server):
    executions = agent.state / "executions"
    outside = agent.folder / "outside"
    for folder in ("runner-1/work/sub", "runner-77777777", "other", "runner-x"):
        (executions / folder).mkdir(parents=True)
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (executions / "runner-1" / "work" / "link").symlink_to(outside)
    (executions / "runner-2").symlink_to(outside)
    (executions / "runner-3").write_text("a file")
    locked = executions / "runner-4"
    locked.mkdir()
    lock = os.open(locked, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # as a runner that lives does
    start(agent, queue_server, SECRETIVE)
    assert folders(agent) == ["other", "runner-2", "runner-3", "runner-4", "runner-x"]
    assert (outside / "kept").read_text() == "kept"
    assert agent.stop() == 0
    os.close(lock)


def test_a_runner_that_lives_keeps_its_folder_over_an_agents_start(make_agent, queue_server):
    """A runner's lock is what the start looks at: a folder in use is left alone."""
    agent = make_agent()
    url = start(agent, queue_server, SECRETIVE)
    send_all(queue_server, url, ["x"])
    runner = int(wait_until(lambda: agent.mark_lines("runner"), "the task")[0])
    fd = os.open(agent.state / "executions" / f"runner-{runner}", os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        raise AssertionError("nobody has the lock")
    except BlockingIOError:
        pass
    finally:
        os.close(fd)
    (agent.marks / "go").touch()
    assert agent.stop() == 0


SIGNALS = """
id: signals
namespace: test
tasks:
  - id: look
    type: io.kestra.plugin.scripts.shell.Commands
    commands: ["grep -E '^Sig(Ign|Blk)' /proc/self/status > MARKS/signals"]
"""


def test_a_task_has_no_ignored_signals(agent, queue_server):
    """Also when the agent was started with some (systemd and nohup do so), and of those that agent and runner ignore."""
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(SIGNALS)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.signals"}])
    agent.start(wrapper=["env", "--ignore-signal=HUP,USR1,PIPE"])
    assert int(re.search(r"^SigIgn:\s*(\w+)", Path(f"/proc/{agent.process.pid}/status").read_text(), re.M)[1], 16) & 0x1200
    send_all(queue_server, url, ["x"])
    ended(agent)
    libc_own = 0x180000000  # 32 and 33: whoever started the test decides them
    for line in agent.mark_lines("signals"):
        assert int(line.split()[1], 16) & ~libc_own == 0, line
