# SPDX-License-Identifier: Apache-2.0
"""What is left of an execution whose runner was killed follows the policy of those that ended: history.folders, history.keep."""
import fcntl
import os
import shutil
import signal

import pytest

from agent import send_all, wait_until
from test_run import home_fixture, waiting  # pylint: disable=unused-import
from test_redelivery import QUICK as SCRIPT
from test_runner import folders, start

WORKS = """
id: works
namespace: test
tasks:
  - id: keep
    type: io.kestra.plugin.scripts.shell.Commands
    commands: [echo kept > file.txt]
    outputFiles: [file.txt]
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "of $SQSFLOW_EXECUTION_ID" > result
      - echo "$PPID" >> MARKS/runner
      - until test -e MARKS/go; do sleep 0.05; done
afterExecution:
  - id: later
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "$PPID" >> MARKS/after
      - until test -e MARKS/never; do sleep 0.05; done
"""


def begin(agent, server, **history):
    """One message whose execution waits in its second task; the pid of its runner."""
    url = start(agent, server, WORKS, history=history)
    send_all(server, url, ["x"])
    return int(wait_until(lambda: agent.mark_lines("runner"), lambda: agent.log())[0])


def record(agent, state):
    return wait_until(lambda: next((e for e in agent.executions() if e["state"] == state and e["endedAt"]), None),
                      lambda: agent.log())


def results(agent):
    """What is in the working directories that stayed, by execution."""
    return {path.parts[-3]: path.read_text() for path in agent.state.glob("executions/*/work/result")}


def files(agent):
    return [path.read_text() for path in agent.state.glob("executions/*/files/*")]


@pytest.mark.parametrize("policy, stays", [("never", False), ("failures", True), ("always", True)])
def test_a_killed_runner_is_a_failure_that_the_policy_knows(agent, queue_server, policy, stays):
    os.kill(begin(agent, queue_server, folders=policy), signal.SIGKILL)
    execution = record(agent, "FAILED")["id"]
    wait_until(lambda: not any(name.startswith("runner-") for name in folders(agent)), "the end of the runner's folder")
    assert results(agent) == ({execution: f"of {execution}\n"} if stays else {})
    assert files(agent) == ["kept\n"]
    assert agent.stop() == 0


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("policy, stays", [("never", False), ("failures", True), ("always", True)])
def test_what_a_killed_agent_left_is_settled(agent, queue_server, policy, stays, together):
    """By its runner, which sees that the agent is gone, or by the next agent when both were killed."""
    runner = begin(agent, queue_server, folders=policy)
    if together:
        agent.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, agent.process.pid, os.WSTOPPED)
        os.kill(runner, signal.SIGKILL)
    agent.kill()
    if together:
        assert folders(agent)[-1] == f"runner-{runner}"
    wait_until(lambda: not os.path.exists(f"/proc/{runner}/exe"), "the runner's end")
    (agent.marks / "go").touch()
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "http503", "probability": 1}])  # it comes not again
    agent.start()
    execution = record(agent, "KILLED")["id"]
    assert results(agent) == ({execution: f"of {execution}\n"} if stays else {})
    assert not any(name.startswith("runner-") for name in folders(agent))
    assert agent.stop() == 0


@pytest.mark.parametrize("policy, stays", [("failures", False), ("always", True)])
def test_behind_its_end_an_execution_has_the_policy_of_its_end(agent, queue_server, policy, stays):
    begin(agent, queue_server, folders=policy)
    (agent.marks / "go").touch()
    runner = int(wait_until(lambda: agent.mark_lines("after"), lambda: agent.log())[0])
    execution = record(agent, "SUCCESS")["id"]
    os.kill(runner, signal.SIGKILL)
    wait_until(lambda: not any(name.startswith("runner-") for name in folders(agent)), "the end of the runner's folder")
    assert results(agent) == ({execution: f"of {execution}\n"} if stays else {})
    assert agent.stop() == 0


@pytest.mark.parametrize("keep, stays", [("none", []), ("failures", ["kept\n"])])
def test_files_stay_when_the_history_keeps_the_failure(agent, queue_server, keep, stays):
    runner = begin(agent, queue_server, keep=keep)
    assert files(agent) == ["kept\n"]
    os.kill(runner, signal.SIGKILL)
    wait_until(lambda: "killed by signal 9" in agent.log(), lambda: agent.log())
    wait_until(lambda: not any(name.startswith("runner-") for name in folders(agent)), "the end of the runner's folder")
    assert files(agent) == stays
    assert agent.stop() == 0


# --- of `sqsflow run` ---

RUN = """
id: run
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo x > result
      - echo "$PPID" > MARKS/pid
      - until test -e MARKS/go; do sleep 0.05; done
"""


QUICK = "id: quick\nnamespace: test\ntasks:\n  - {id: t, type: io.kestra.plugin.core.log.Log, message: x}\n"


def own_folders(home):
    return sorted(path.name for path in (home.state / "executions").iterdir())


def test_a_run_removes_the_folder_of_its_killed_runner(home):
    run = home.popen("run", home.flow(RUN))
    runner = int(waiting(home))
    assert own_folders(home) == [f"runner-{runner}"]
    os.kill(runner, signal.SIGKILL)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 1 and "the runner was killed by signal 9" in out
    assert own_folders(home) == []


def test_a_folder_that_was_asked_for_stays_when_the_runner_is_killed(home, tmp_path):
    run = home.popen("run", home.flow(RUN), "--folder", tmp_path / "kept")
    os.kill(int(waiting(home)), signal.SIGKILL)
    run.communicate(timeout=60)
    assert [path.read_text() for path in (tmp_path / "kept").glob("*/work/result")] == ["x\n"]


def test_a_later_run_removes_what_was_killed_together(home):
    """Run and runner at once, as the out-of-memory killer or a power cut does it; a young folder may be of one that starts."""
    young, old, locked = (home.state / "executions" / f"runner-{n}" for n in (77777777, 77777778, 77777779))
    for folder in (young, old, locked):
        (folder / "work").mkdir(parents=True)
    for folder in (old, locked):
        os.utime(folder, (1, 1))
    lock = os.open(locked, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # as a runner that lives does
    home.sqsflow("run", home.flow(QUICK))
    assert own_folders(home) == [young.name, locked.name]
    os.close(lock)


def test_a_folder_that_was_removed_between_two_executions_is_made_anew(agent, queue_server):
    """Runners keep theirs for the next execution; somebody who makes room on the disk does not know that."""
    url = start(agent, queue_server, SCRIPT, limits={"executions": 1})
    for i in range(3):
        send_all(queue_server, url, [f"m{i}"])
        wait_until(lambda: queue_server.messages(url) == [], lambda: f"an empty queue; log:\n{agent.log()}")
        wait_until(lambda: folders(agent), "the folder of a runner that has done its work")
        shutil.rmtree(agent.state / "executions")
    assert [e["state"] for e in agent.executions()] == ["SUCCESS"] * 3
