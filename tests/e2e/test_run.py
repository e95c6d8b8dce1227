# SPDX-License-Identifier: Apache-2.0
"""`sqsflow run` without a terminal: what it needs, what it records, what it tells programs, and how it ends."""
import json
import os
import signal
import subprocess

import pytest

from agent import BIN, SOON_SECONDS, environment, sqsflow, wait_until

FLOW = """
id: work
namespace: test
inputs:
  - id: who
    type: STRING
    defaults: nobody
tasks:
  - id: first
    type: io.kestra.plugin.scripts.shell.Commands
    env:
      WHO: "{{ inputs.who }}"
    commands:
      - echo "hello $WHO"
      - 'echo "::{\\"outputs\\": {\\"who\\": \\"$WHO\\"}}::"'
  - id: second
    type: io.kestra.plugin.core.flow.Sequential
    tasks:
      - id: inner
        type: io.kestra.plugin.core.log.Log
        message: inside
outputs:
  - id: greeted
    type: STRING
    value: "{{ outputs.first.vars.who }}"
"""

WAITS = """
id: waits
namespace: test
tasks:
  - id: wait
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - trap 'echo term >> MARKS/signals; GONE' TERM
      - echo $$ > MARKS/pid; echo waiting
      - while [ ! -e MARKS/go ]; do sleep 0.05 || true; done
  - id: after
    type: io.kestra.plugin.core.log.Log
    message: never
"""

# Its child has left the process group.
LEAVES = """
id: leaves
namespace: test
tasks:
  - id: wait
    type: io.kestra.plugin.scripts.shell.Commands
    commands: ["echo $PPID > MARKS/runner; setsid sleep 1000 & echo $! > MARKS/pid; wait"]
"""


class Home:
    """A person with a home folder and nothing else: no agent, no agent.yaml."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / ".local" / "state" / "sqsflow"
        self.marks = folder / "marks"
        self.marks.mkdir(parents=True)

    @property
    def env(self):
        return {"HOME": str(self.folder)}

    def flow(self, text, name="flow", gone="exit 0"):
        path = self.folder / f"{name}.yaml"
        path.write_text(text.replace("MARKS", str(self.marks)).replace("GONE", gone))
        return path

    def sqsflow(self, *arguments, **more):
        return sqsflow(*arguments, env={**self.env, **more.pop("env", {})}, **more)

    def popen(self, *arguments, before="", **more):
        """`before`: what a shell does before it becomes the program."""
        shell = ["sh", "-c", f'{before}; exec "$@"', "sh"] if before else []
        return subprocess.Popen([*shell, BIN / "sqsflow", *map(str, arguments)], env=environment(**self.env), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def events(self, *arguments, **more):
        done = self.sqsflow("run", *arguments, "--json", **more)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def executions(self, *arguments):
        return json.loads(self.sqsflow("executions", "list", "--own", "--json", *arguments).stdout)

    def show(self, execution):
        return json.loads(self.sqsflow("executions", "show", execution, "--own", "--json").stdout)

    def logs(self, execution):
        lines = self.sqsflow("executions", "logs", execution, "--own", "--json").stdout.splitlines()
        return [json.loads(line)["text"] for line in lines]


@pytest.fixture(name="home")
def home_fixture(tmp_path):
    return Home(tmp_path / "home")


def waiting(home):
    return wait_until(lambda: (home.marks / "pid").exists() and (home.marks / "pid").read_text().strip(), "the task's start")


def is_gone(pid):
    return not os.path.exists(f"/proc/{pid}")


# --- the record ---

def test_a_run_needs_only_a_home_and_is_recorded_there(home):
    done = home.sqsflow("run", home.flow(FLOW), "--input", "who=ada")
    assert "hello ada" in done.stdout
    assert "SUCCESS  test.work in " in done.stdout
    [execution] = home.executions()
    assert (execution["flow"], execution["state"], execution["trigger"]) == ("test.work", "SUCCESS", None)
    shown = home.show(execution["id"])
    assert shown["outputs"] == {"greeted": "ada"}
    assert [(t["taskId"], t["parent"], t["state"]) for t in shown["taskRuns"]] == [
        ("first", None, "SUCCESS"), ("second", None, "SUCCESS"), ("inner", 1, "SUCCESS")]
    assert home.logs(execution["id"]) == ["hello ada", "inside"]
    assert (home.state / "sqsflow.db").exists()
    assert not list(home.state.glob("*.lock")) or [p.name for p in home.state.glob("*.lock")] == ["sqsflow.db.lock"]
    assert not list((home.state / "executions").iterdir())


def test_the_state_folder_is_where_the_environment_says(home, tmp_path):
    flow = home.flow(FLOW)
    for variable, value, store in [("XDG_STATE_HOME", tmp_path / "xdg", tmp_path / "xdg" / "sqsflow" / "sqsflow.db"),
                                   ("SQSFLOW_STATE", tmp_path / "own", tmp_path / "own" / "sqsflow.db")]:
        home.sqsflow("run", flow, env={variable: str(value)})
        assert store.exists()
        listed = home.sqsflow("executions", "list", "--own", "--json", env={variable: str(value)})
        assert len(json.loads(listed.stdout)) == 1
    assert not home.state.exists()


def test_a_home_that_cannot_be_written_is_said_and_the_flow_runs(home):
    home.state.parent.mkdir(parents=True)
    home.state.write_text("a file where the folder should be")
    done = home.sqsflow("run", home.flow(FLOW))
    assert "hello nobody" in done.stdout
    assert "not recorded: " in done.stdout
    end = home.events(home.flow(FLOW))[-1]
    assert (end["state"], end["recorded"]) == ("SUCCESS", False)


def test_a_run_that_could_not_be_recorded_leaves_no_lock(home):
    (home.state / "sqsflow.db").mkdir(parents=True)
    assert "not recorded: " in home.sqsflow("run", home.flow(FLOW)).stdout
    assert list(home.state.glob("run-*")) == []


def test_runs_side_by_side_are_all_recorded(home):
    flow = home.flow(WAITS.replace("trap", "true; #"))
    quick = home.flow(FLOW, "quick")
    long = home.popen("run", flow)
    waiting(home)
    [running] = home.executions("--state", "RUNNING")
    assert running["flow"] == "test.waits"
    others = [home.popen("run", quick) for _ in range(8)]
    for other in others:
        out, err = other.communicate(timeout=60)
        assert other.returncode == 0, out + err
        assert "not recorded" not in out
    # The long one was not taken for dead.
    assert [e["id"] for e in home.executions("--state", "RUNNING")] == [running["id"]]
    (home.marks / "go").touch()
    out, err = long.communicate(timeout=60)
    assert long.returncode == 0, out + err
    assert len(home.executions("--state", "SUCCESS")) == 9
    assert len({e["id"] for e in home.executions()}) == 9


def test_a_run_that_was_killed_is_ended_in_the_record_by_the_next(home):
    run = home.popen("run", home.flow(WAITS))
    pid = waiting(home)
    run.kill()
    run.communicate(timeout=60)
    wait_until(lambda: is_gone(pid), "the task's death with its run")
    [dead] = home.executions()
    home.sqsflow("run", home.flow(FLOW, "quick"))
    shown = home.show(dead["id"])
    assert shown["state"] == "KILLED"
    assert "ended while this ran" in shown["error"]
    assert home.executions("--state", "RUNNING") == []


def test_what_after_execution_does_is_added_to_the_record(home):
    home.sqsflow("run", home.flow("""
id: after
namespace: test
tasks:
  - {id: before, type: io.kestra.plugin.core.log.Log, message: first}
afterExecution:
  - {id: after, type: io.kestra.plugin.core.log.Log, message: last}
"""))
    [execution] = home.executions()
    assert [(t["taskId"], t["state"]) for t in home.show(execution["id"])["taskRuns"]] == [
        ("before", "SUCCESS"), ("after", "SUCCESS")]
    assert home.logs(execution["id"]) == ["first", "last"]


def test_folders_of_old_executions_go_and_young_ones_stay(home):
    folders = home.state / "executions"
    home.sqsflow("run", home.flow(FLOW))
    [execution] = home.executions()
    old = "0" * len(execution["id"])
    for name in (old, execution["id"], "not-an-id"):
        (folders / name / "files").mkdir(parents=True)
    os.utime(folders / old / "files", (0, 0))
    home.sqsflow("run", home.flow(FLOW))
    assert sorted(p.name for p in folders.iterdir()) == sorted([execution["id"], "not-an-id"])


FOLLOWED = """
id: followed
namespace: test
tasks:
  - id: before
    type: io.kestra.plugin.core.log.Log
    message: before
  - id: steps
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo one
      - while [ ! -e MARKS/go ]; do sleep 0.05; done
      - echo two
      - while [ ! -e MARKS/end ]; do sleep 0.05; done
      - echo three
"""


@pytest.fixture(name="followed")
def followed_fixture(home):
    """A run, the id of its execution, somebody who follows its log, and what that one has seen."""
    run = home.popen("run", home.flow(FOLLOWED), "--json")
    execution = json.loads(run.stdout.readline())["id"]
    seen = home.folder / "seen"
    with open(seen, "w", encoding="utf-8") as out:
        follower = subprocess.Popen([BIN / "sqsflow", "executions", "logs", execution, "--follow", "--json"], stdout=out,
                                    stderr=subprocess.PIPE, text=True, env=environment(**home.env))

    def wait_seen(*texts):
        def are_seen():
            lines = [line for line in seen.read_text().splitlines(keepends=True) if line.endswith("\n")]
            return [json.loads(line)["text"] for line in lines] == list(texts)
        wait_until(are_seen, lambda: f"{texts}, not:\n{seen.read_text()}")

    yield run, execution, follower, wait_seen
    for process in (run, follower):
        process.kill()
        process.communicate()


def test_a_log_can_be_followed_while_the_run_goes_on(home, followed):
    run, execution, follower, wait_seen = followed
    wait_seen("before", "one")
    shown = {t["taskId"]: t["state"] for t in home.show(execution)["taskRuns"]}
    assert shown["before"] == "SUCCESS" and shown.get("steps") in (None, "RUNNING")
    (home.marks / "go").touch()
    wait_seen("before", "one", "two")
    assert run.poll() is None and home.executions()[0]["state"] == "RUNNING"
    (home.marks / "end").touch()
    assert follower.wait(60) == 0
    wait_seen("before", "one", "two", "three")
    run.communicate(timeout=60)
    assert run.returncode == 0
    # Written piece by piece, and each once.
    assert home.logs(execution) == ["before", "one", "two", "three"]
    assert {t["taskId"]: t["state"] for t in home.show(execution)["taskRuns"]} == {"before": "SUCCESS", "steps": "SUCCESS"}


def test_the_log_of_a_run_that_is_killed_ends(followed):
    run, _, follower, wait_seen = followed
    wait_seen("before", "one")
    run.kill()
    _, error = follower.communicate(timeout=60)
    assert follower.returncode == 0 and "was killed" in error
    wait_seen("before", "one")


def test_an_agent_that_has_the_store_does_not_keep_a_flow_from_running(home, make_agent):
    agent = make_agent()
    agent.configure([])
    agent.start()
    end = home.events(home.flow(FLOW), env={"SQSFLOW_STATE": str(agent.state)})[-1]
    assert (end["state"], end["recorded"]) == ("SUCCESS", False)
    assert agent.executions() == []


READS = """
id: reads
namespace: test
tasks:
  - {id: read, type: io.kestra.plugin.scripts.shell.Commands, commands: ['cat "$SQSFLOW_MESSAGE_FILE" > MARKS/body']}
"""


@pytest.mark.parametrize("env", [{"SQSFLOW_STATE": "own"}, {"HOME": "", "TMPDIR": "tmp"}], ids=["state", "temporary"])
def test_a_relative_folder_serves_tasks_that_work_elsewhere(home, env):
    (home.folder / "tmp").mkdir()
    subprocess.run([BIN / "sqsflow", "run", home.flow(READS), "--message", "-"], input="the body", text=True, check=True,
                   capture_output=True, cwd=home.folder, timeout=60, env=environment(**{**home.env, **env}))
    assert (home.marks / "body").read_text() == "the body"
    assert (home.folder / "own" / "sqsflow.db").exists() == ("SQSFLOW_STATE" in env)
    assert list((home.folder / "tmp").iterdir()) == []


# --- what programs are told ---

def test_events_tell_everything_and_end_with_a_summary(home):
    events = home.events(home.flow(FLOW), "--input", "who=ada")
    assert [e["event"] for e in events][0] == "start"
    assert {e["event"] for e in events[1:-1]} == {"task", "log"}
    start, end = events[0], events[-1]
    assert end["event"] == "end"
    assert start["id"] == end["id"] and start["flow"] == end["flow"] == "test.work"
    assert start["store"] == end["store"] == str(home.state / "sqsflow.db")
    assert end["state"] == "SUCCESS" and end["outputs"] == {"greeted": "ada"} and end["recorded"] is True
    assert end["durationSeconds"] > 0
    last = {}
    for event in events:
        if event["event"] == "task":
            last[event["index"]] = {k: v for k, v in event.items() if k != "event"}
    assert [last[index] for index in sorted(last)] == end["taskRuns"]
    logs = [(e["taskId"], e["level"], e["text"]) for e in events if e["event"] == "log"]
    assert logs == [("first", "INFO", "hello ada"), ("inner", "INFO", "inside")]


def test_events_come_while_it_runs(home):
    run = home.popen("run", home.flow(WAITS.replace("trap", "true; #")), "--json")
    seen = []
    while not any(e["event"] == "log" for e in seen):
        seen.append(json.loads(run.stdout.readline()))
    assert seen[-1]["text"] == "waiting"
    assert run.poll() is None
    (home.marks / "go").touch()
    out, _ = run.communicate(timeout=60)
    assert json.loads(out.splitlines()[-1])["state"] == "SUCCESS"


def test_a_log_line_cannot_steer_the_reader(home):
    flow = home.flow(FLOW.replace('echo "hello $WHO"', "printf 'a\\033[2Jb\\007c\\377\\n'"))
    done = home.sqsflow("run", flow)
    assert "a\\x1b[2Jb\\x07c\ufffd" in done.stdout
    assert "\x1b" not in done.stdout
    log = next(e for e in home.events(flow) if e["event"] == "log")
    assert log["text"] == "a\x1b[2Jb\x07c\ufffd"


# --- ends ---

def test_a_failed_flow_exits_1_and_shows_why(home):
    flow = home.flow(FLOW.replace('echo "hello $WHO"', "exit 3"))
    done = home.sqsflow("run", flow, check=False)
    assert done.returncode == 1
    assert "FAILED  test.work in " in done.stdout
    assert home.executions()[0]["state"] == "FAILED"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_cancels_cleanly(home, number):
    run = home.popen("run", home.flow(WAITS))
    pid = waiting(home)
    run.send_signal(number)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 1, out + err
    assert "cancelling" in out and "KILLED  test.waits in " in out and "never" not in out
    assert (home.marks / "signals").read_text() == "term\n"
    assert is_gone(pid)
    [execution] = home.executions()
    assert execution["state"] == "KILLED"
    assert [t["state"] for t in home.show(execution["id"])["taskRuns"]] == ["KILLED"]


def test_a_second_interrupt_kills_at_once(home):
    # The task takes no notice of SIGTERM, so that only the kill ends it.
    run = home.popen("run", home.flow(WAITS, gone="true"), "--json")
    pid = waiting(home)
    run.send_signal(signal.SIGINT)
    assert any('"notice"' in line for line in run.stdout)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 1, err
    end = json.loads(out.splitlines()[-1])
    assert (end["state"], end["error"]) == ("KILLED", "killed")
    wait_until(lambda: is_gone(pid), "the task's death")
    assert home.executions()[0]["state"] == "KILLED"


def test_a_second_interrupt_also_kills_what_a_runner_that_stands_still_has_started(home):
    run = home.popen("run", home.flow(LEAVES), "--json")
    pid = waiting(home)
    os.kill(int((home.marks / "runner").read_text()), signal.SIGSTOP)
    run.send_signal(signal.SIGINT)
    assert any('"notice"' in line for line in run.stdout)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 1, err
    wait_until(lambda: is_gone(pid), "the death of what the task had started", SOON_SECONDS)


def test_what_a_killed_runner_has_started_ends_and_what_is_not_its_own_goes_on(home):
    """As by the out-of-memory killer. What a shell had started before it became the run is the run's child, too."""
    run = home.popen("run", home.flow(LEAVES), before=f"sleep 1000 > /dev/null 2>&1 & echo $! > {home.marks}/own")
    pid, own = waiting(home), int((home.marks / "own").read_text())
    try:
        os.kill(int((home.marks / "runner").read_text()), signal.SIGKILL)
        out, err = run.communicate(timeout=60)
        assert run.returncode == 1 and "the runner was killed by signal 9" in out + err
        assert is_gone(pid) and not is_gone(own)
    finally:
        os.kill(own, signal.SIGKILL)


@pytest.mark.parametrize("arguments, message", [
    (["no.such"], "no.such"),
    (["missing.yaml"], "missing.yaml"),
    (["FLOW", "--input", "whoo=x"], "did you mean 'who'?"),
    (["FLOW", "--jsn"], "did you mean 'json'?"),
    (["FLOW", "another"], "unexpected argument 'another'"),
    ([], "which flow?"),
])
def test_wrong_use_exits_2_and_records_nothing(home, arguments, message):
    flow = home.flow(FLOW)
    done = home.sqsflow("run", *[flow if a == "FLOW" else a for a in arguments], check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert not home.state.exists()
