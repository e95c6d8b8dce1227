# SPDX-License-Identifier: Apache-2.0
"""Executions are kept apart: with a delegated control group and without one, no process of an execution outlives it, and
the limits and the records of what it used say what is true."""
import json
import os
import signal
from pathlib import Path

import pytest

import groups
from agent import send_all, sqsflow, wait_until

# Forks twice with a session of its own, lets go of what it has, and says who it is: what daemon(3) does.
DAEMON = """
setsid sh -c '(sh -c "echo \\$\\$ > MARKS/daemon; exec sleep 600" > /dev/null 2>&1 < /dev/null &)'
"""

# What the daemon's parent does then is the test's choice.
FLOW = """
id: work
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    timeout: TIMEOUT
    commands:
      - sh MARKS/daemon.sh
      - until test -s MARKS/daemon; do sleep 0.01; done
      - THEN
"""

SHELL = """
id: work
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - |
COMMANDS
"""


@pytest.fixture(name="group")
def group_fixture(request):
    """A delegated group, with the controllers that the test's mark names."""
    reason = groups.why_not()
    if reason:
        pytest.skip(reason)
    group = groups.Group()
    mark = request.node.get_closest_marker("controllers")
    missing = set(mark.args if mark else ()) - set(group.controllers)
    if not missing:
        yield group
    group.done()
    if missing:
        give_up = pytest.fail if "SQSFLOW_ALL_CONTROLLERS" in os.environ else pytest.skip
        give_up(f"version 2 has no {' and no '.join(sorted(missing))} controller here; `make check-limits` boots a machine that has")


@pytest.fixture(name="wrapper", params=["cgroup", "process groups"])
def wrapper_fixture(request):
    """The same test in a delegated group and in none."""
    return request.getfixturevalue("group").wrapper() if request.param == "cgroup" else ()


def begin(agent, server, flow, wrapper=(), **sections):
    attributes = {"VisibilityTimeout": "600"}
    url = server.call("CreateQueue", QueueName="work", Attributes=attributes)["QueueUrl"]
    (agent.marks / "daemon.sh").write_text(DAEMON.replace("MARKS", str(agent.marks)))
    agent.flow(flow)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.work"}], **sections)
    agent.start(wrapper=wrapper)
    return url


def shell(*commands):
    return SHELL.replace("COMMANDS", "\n".join("        " + command for command in commands))


def forking(then, timeout="PT60S"):
    return FLOW.replace("THEN", then).replace("TIMEOUT", timeout)


def the_daemon(agent):
    return int(wait_until(lambda: agent.mark_lines("daemon"), lambda: f"the daemon; log:\n{agent.log()}")[0])


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False


def the_end(agent):
    """The record of the one execution, when it has ended."""
    record = wait_until(lambda: [e for e in agent.executions() if e["endedAt"]],
                        lambda: f"the record of the end; log:\n{agent.log()}")[0]
    return json.loads(sqsflow("executions", "show", record["id"], "--store", agent.state, "--json").stdout)


# --- nothing survives --------------------------------------------------------------------------------------------------


def test_a_daemon_does_not_outlive_its_execution(agent, queue_server, wrapper):
    url = begin(agent, queue_server, forking("'true'"), wrapper)
    send_all(queue_server, url, ["x"])
    assert the_end(agent)["state"] == "SUCCESS"
    assert not is_alive(the_daemon(agent))
    assert agent.end_now() == 0


RUNAWAY = """python3 -c 'import os; exec("while True:\\n  if os.fork(): os._exit(0)")' > /dev/null 2>&1 < /dev/null &"""


def test_a_process_that_runs_away_from_its_killer_is_caught_in_its_group(agent, queue_server, group):
    """It is never the same process for longer than a fork takes: signals by number come too late."""
    url = begin(agent, queue_server, shell(RUNAWAY, "sleep 0.3"), group.wrapper())
    for i in range(2):  # and the group is good for the next one
        send_all(queue_server, url, [f"m{i}"])
        wait_until(lambda n=i: len(agent.executions("--state", "SUCCESS")) == n + 1, lambda: agent.log())
        assert "populated 0" in (group.path / "runner-1" / "cgroup.events").read_text()
    assert agent.end_now() == 0


def test_a_daemon_does_not_outlive_a_timeout(agent, queue_server, wrapper):
    url = begin(agent, queue_server, forking("sleep 600", timeout="PT10S"), wrapper)
    send_all(queue_server, url, ["x"])
    assert the_end(agent)["state"] == "FAILED"
    assert not is_alive(the_daemon(agent))
    assert agent.end_now() == 0


def test_a_daemon_does_not_outlive_a_cancel(agent, queue_server, wrapper):
    url = begin(agent, queue_server, forking("sleep 600"), wrapper, limits={"drain": "PT0S"})
    send_all(queue_server, url, ["x"])
    pid = the_daemon(agent)
    assert is_alive(pid)
    assert agent.stop() == 0
    assert not is_alive(pid)
    assert the_end(agent)["state"] == "KILLED"


def test_a_daemon_does_not_outlive_its_runner(agent, queue_server, wrapper):
    url = begin(agent, queue_server, forking('echo "$PPID" > MARKS/runner; sleep 600'), wrapper)
    send_all(queue_server, url, ["x"])
    pid = the_daemon(agent)
    runner = int(wait_until(lambda: agent.mark_lines("runner"), "the runner's pid")[0])
    os.kill(runner, signal.SIGKILL)
    assert "killed by signal 9" in the_end(agent)["error"]
    assert not is_alive(pid)
    assert agent.end_now() == 0


def test_a_daemon_does_not_outlive_an_agent_that_is_killed(agent, queue_server, wrapper):
    url = begin(agent, queue_server, forking("sleep 600"), wrapper)
    send_all(queue_server, url, ["x"])
    pid = the_daemon(agent)
    agent.kill()
    wait_until(lambda: not is_alive(pid), "the daemon's end")


def test_a_daemon_does_not_outlive_an_agent_whose_runner_does_not_leave(agent, queue_server, wrapper):
    """It stands still, and is killed when the agent ends."""
    url = begin(agent, queue_server, forking('echo "$PPID" > MARKS/runner; sleep 600'), wrapper)
    send_all(queue_server, url, ["x"])
    pid = the_daemon(agent)
    runner = int(wait_until(lambda: agent.mark_lines("runner"), "the runner's pid")[0])
    os.kill(runner, signal.SIGSTOP)
    assert agent.end_now() == 0
    assert not is_alive(runner) and not is_alive(pid)


def test_the_next_agent_kills_what_agent_and_runner_could_not(agent, queue_server, group):
    url = begin(agent, queue_server, forking('echo "$PPID" > MARKS/runner; sleep 600'), group.wrapper())
    send_all(queue_server, url, ["x"])
    pid = the_daemon(agent)
    runner = int(wait_until(lambda: agent.mark_lines("runner"), "the runner's pid")[0])
    agent.signal(signal.SIGSTOP)  # it cannot see the runner's end; the runner's would go on by the orphaned group's SIGCONT
    os.waitid(os.P_PID, agent.process.pid, os.WSTOPPED)
    os.kill(runner, signal.SIGKILL)
    agent.kill()
    assert is_alive(pid)
    group.be_fresh()
    agent.configure([])
    agent.start(wrapper=group.wrapper())
    assert not is_alive(pid)
    assert group.runners() == []
    assert "control groups that the last agent left" in agent.log()
    assert agent.end_now() == 0


# --- where the processes are -------------------------------------------------------------------------------------------


def test_a_runners_group_holds_its_tasks_and_is_used_again(agent, queue_server, group):
    url = begin(agent, queue_server, shell("cat /proc/self/cgroup >> MARKS/where",
                                           "cat /proc/$PPID/cgroup >> MARKS/runner"), group.wrapper())
    for i in range(3):
        send_all(queue_server, url, [f"m{i}"])
        wait_until(lambda n=i: len(agent.executions("--state", "SUCCESS")) == n + 1, lambda: agent.log())
    own = f"/{group.path.name}"
    where = [line.split("::")[1] for line in agent.mark_lines("where") if line.startswith("0::")]
    runner = {line.split("::")[1] for line in agent.mark_lines("runner") if line.startswith("0::")}
    assert where == [f"{own}/runner-1"] * 3
    assert runner == {f"{own}/agent"}
    assert "populated 0" in (group.path / "runner-1" / "cgroup.events").read_text()
    status = agent.status()["isolation"]
    assert status == {"cgroup": str(group.path), "controllers": " ".join(group.controllers), "problem": None}
    assert "slots run in control groups" in sqsflow("status", "--socket", agent.socket).stdout
    assert agent.end_now() == 0
    assert group.runners() == []


def test_an_agent_that_shares_its_group_leaves_it_alone(agent, queue_server, group):
    url = begin(agent, queue_server, shell("'true'"),
                ("sh", "-c", f'echo $$ > {group.path}/cgroup.procs; "$@" & trap "kill $!" TERM; wait; wait', "sh"))
    status = agent.status()["isolation"]
    assert status["cgroup"] is None and "shared with other processes" in status["problem"]
    assert "slots run in process groups" in sqsflow("status", "--socket", agent.socket).stdout
    assert not (group.path / "agent").exists()
    send_all(queue_server, url, ["x"])
    assert the_end(agent)["state"] == "SUCCESS"
    assert agent.log().count("Executions run in process groups") == 1


# --- limits ------------------------------------------------------------------------------------------------------------

HOG = "python3 -c 'x = b\"x\" * (400 << 20); print(len(x))'"


@pytest.mark.controllers("memory")
def test_an_execution_over_its_memory_limit_is_killed_and_says_so(agent, queue_server, group):
    url = begin(agent, queue_server, shell(HOG, "'true'"), group.wrapper(), limits={"task": {"memory": "64MiB"}})
    send_all(queue_server, url, ["x"])
    record = the_end(agent)
    assert record["state"] == "FAILED"
    assert "killed: the execution used more than its memory limit of 64 MiB" in record["error"]
    assert "memory limit" in record["taskRuns"][0]["error"]
    assert agent.end_now() == 0


@pytest.mark.controllers("memory")
def test_a_limit_of_one_execution_does_not_name_the_next(agent, queue_server, group):
    flow = shell('if [ "$(cat "$SQSFLOW_MESSAGE_FILE")" = hog ]; then', "  " + HOG, "fi", "kill -KILL $$")
    url = begin(agent, queue_server, flow, group.wrapper(), limits={"task": {"memory": "64MiB"}})
    for body, error in (("hog", "memory limit"), ("other", "killed by SIGKILL")):
        send_all(queue_server, url, [body])
        wait_until(lambda text=error: any(text in (e["error"] or "") for e in agent.executions()), lambda: agent.log())
    assert agent.end_now() == 0


def tmpfs():
    """A folder in memory; None: there is none."""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        found = {line.split()[1] for line in mounts if line.split()[2] == "tmpfs" and "rw" in line.split()[3].split(",")}
    return next((path for path in ("/dev/shm", "/run", "/tmp") if path in found), None)


@pytest.mark.controllers("memory")
def test_files_in_memory_that_an_execution_leaves_do_not_burden_the_next(agent, queue_server, group):
    if not tmpfs():
        pytest.skip("no tmpfs to write to")
    left = Path(tmpfs()) / group.path.name
    flow = shell(f'if test -e {left}; then head -c 40M /dev/zero | python3 -c "import sys; sys.stdin.buffer.read()"; else',
                 f"head -c 50M /dev/zero > {left}; fi")
    url = begin(agent, queue_server, flow, group.wrapper(), limits={"task": {"memory": "64MiB"}})
    try:
        for i in range(2):
            send_all(queue_server, url, [f"m{i}"])
            wait_until(lambda n=i: len(agent.executions("--state", "SUCCESS")) == n + 1, lambda: agent.log())
    finally:
        left.unlink(missing_ok=True)
    assert agent.end_now() == 0


@pytest.mark.controllers("pids")
def test_an_execution_has_no_more_processes_than_its_limit(agent, queue_server, group):
    flow = shell("i=0; while [ $i -lt 30 ]; do sleep 600 & i=$((i+1)); done; echo $i >> MARKS/started")
    url = begin(agent, queue_server, flow, group.wrapper(), limits={"task": {"processes": 10}})
    send_all(queue_server, url, ["x"])
    record = the_end(agent)
    assert record["state"] == "FAILED"
    assert agent.mark_lines("started") == []
    assert "max 0" not in (group.path / "runner-1" / "pids.events").read_text()
    assert (group.path / "runner-1" / "pids.max").read_text() == "10\n"
    assert agent.end_now() == 0


@pytest.mark.controllers("memory", "cpu")
def test_a_reload_gives_new_limits_to_the_next_execution(agent, queue_server, group):
    url = begin(agent, queue_server, shell("'true'"), group.wrapper(), limits={"task": {"memory": "64MiB"}})
    send_all(queue_server, url, ["x"])
    the_end(agent)
    assert (group.path / "runner-1" / "memory.max").read_text() == f"{64 << 20}\n"
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.work"}],
                    limits={"task": {"memory": "128MiB", "cpuWeight": 7}})
    agent.signal(signal.SIGHUP)
    wait_until(lambda: "Reloaded" in agent.log(), "the reload")
    send_all(queue_server, url, ["y"])
    wait_until(lambda: len(agent.executions("--state", "SUCCESS")) == 2, lambda: agent.log())
    assert (group.path / "runner-1" / "memory.max").read_text() == f"{128 << 20}\n"
    assert (group.path / "runner-1" / "cpu.weight").read_text() == "7\n"
    assert agent.end_now() == 0


def test_without_a_group_memory_holds_for_each_process_and_the_rest_is_warned_about(agent, queue_server):
    limits = {"task": {"memory": "256MiB", "processes": 5, "cpuWeight": 10}}
    url = begin(agent, queue_server, shell(HOG), limits=limits)
    log = agent.log()
    assert "limits.task.memory holds for each process by itself" in log
    assert "limits.task.processes is not enforced" in log
    assert "limits.task.cpuWeight is not enforced" in log
    send_all(queue_server, url, ["x"])
    record = the_end(agent)
    assert record["state"] == "FAILED"
    assert "MemoryError" in sqsflow("executions", "logs", record["id"], "--store", agent.state).stdout
    assert agent.end_now() == 0


# --- what was used -----------------------------------------------------------------------------------------------------

BUSY = """python3 -c 'import time; x = b"x" * (100 << 20); exec("while time.process_time() < 0.5: pass")'"""


def test_cpu_time_and_memory_are_recorded(agent, queue_server, wrapper):
    url = begin(agent, queue_server, shell(BUSY), wrapper)
    send_all(queue_server, url, ["x"])
    record = the_end(agent)
    assert record["state"] == "SUCCESS", record["error"]
    for used in (record, record["taskRuns"][0]):
        assert 0.45 < used["cpuSeconds"] < 5
        assert 100 << 20 < used["memoryBytes"] < 300 << 20
    text = sqsflow("executions", "show", record["id"], "--store", agent.state).stdout
    assert "cpu time" in text and "MiB" in text
    assert agent.end_now() == 0


def test_a_group_counts_what_nobody_waited_for(agent, queue_server, group):
    flow = shell(f"({BUSY}; touch MARKS/busy) &", "until test -e MARKS/busy; do sleep 0.01; done")
    url = begin(agent, queue_server, flow, group.wrapper())
    send_all(queue_server, url, ["x"])
    record = the_end(agent)
    assert record["state"] == "SUCCESS", record["error"]
    assert record["cpuSeconds"] > 0.45
    assert agent.end_now() == 0


def test_each_execution_of_a_runner_is_counted_for_itself(agent, queue_server, wrapper):
    flow = shell('if [ "$(cat "$SQSFLOW_MESSAGE_FILE")" = busy ]; then', BUSY, "fi")
    url = begin(agent, queue_server, flow, wrapper)
    used = []
    for i, body in enumerate(("busy", "idle")):
        send_all(queue_server, url, [body])
        wait_until(lambda n=i: len(agent.executions("--state", "SUCCESS")) == n + 1, lambda: agent.log())
        used.append(agent.executions()[0]["cpuSeconds"])
    assert used[0] > 0.45 > 0.2 > used[1] > 0
    assert agent.end_now() == 0


# --- the environment of a task -----------------------------------------------------------------------------------------


def test_a_tasks_files_are_its_own_and_it_dumps_no_core(agent, queue_server):
    url = begin(agent, queue_server, shell("umask >> MARKS/umask; ulimit -c >> MARKS/core", "stat -c %a . >> MARKS/folder"),
                ("sh", "-c", 'ulimit -c unlimited; umask 022; exec "$@"', "sh"))
    send_all(queue_server, url, ["x"])
    assert the_end(agent)["state"] == "SUCCESS"
    assert agent.mark_lines("umask") == ["0077"]
    assert agent.mark_lines("core") == ["0"]
    assert agent.mark_lines("folder") == ["700"]
    assert agent.end_now() == 0


def test_the_umask_is_configurable(agent, queue_server):
    url = begin(agent, queue_server, shell("umask >> MARKS/umask"), security={"umask": "027"})
    send_all(queue_server, url, ["x"])
    assert the_end(agent)["state"] == "SUCCESS"
    assert agent.mark_lines("umask") == ["0027"]
    assert agent.end_now() == 0


@pytest.mark.parametrize("policy, kept", [("never", []), ("failures", ["bad"]), ("always", ["bad", "good"])])
def test_working_directories_stay_as_the_policy_says(agent, queue_server, policy, kept):
    flow = shell('cat "$SQSFLOW_MESSAGE_FILE" > result; test "$(cat result)" = good')
    url = begin(agent, queue_server, flow, history={"folders": policy})
    send_all(queue_server, url, ["good", "bad"])
    wait_until(lambda: sorted(e["state"] for e in agent.executions() if e["endedAt"]) == ["FAILED", "SUCCESS"],
               lambda: agent.log())
    assert agent.end_now() == 0
    results = {path.parts[-3]: path.read_text().strip() for path in agent.state.glob("executions/*/work/result")}
    assert sorted(results.values()) == kept
    by_state = {e["state"]: e["id"] for e in agent.executions()}
    if kept:
        assert results[by_state["FAILED"]] == "bad"


def test_kept_directories_go_with_their_age(agent, queue_server):
    url = begin(agent, queue_server, shell("echo x > result"), history={"folders": "always"})
    send_all(queue_server, url, ["x"])
    the_end(agent)
    assert agent.end_now() == 0
    (fresh,) = (f for f in (agent.state / "executions").iterdir() if not f.name.startswith("runner-"))
    old = fresh.with_name("0" + fresh.name[1:])  # the first character is the highest of the time
    (old / "work").mkdir(parents=True)
    other = fresh.with_name("notes")
    other.mkdir()
    agent.start()
    wait_until(lambda: not old.exists(), lambda: f"the old one's removal; log:\n{agent.log()}")
    assert fresh.exists() and other.exists()
    assert agent.end_now() == 0

