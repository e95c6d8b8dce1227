# SPDX-License-Identifier: Apache-2.0
"""What a flow file of tests/flows says of itself, and whether an execution did it.

Lines that begin with "#!" are the expectation:
    #! args …            arguments of `sqsflow run`, as a shell splits them
    #! env NAME=VALUE    a variable of its environment
    #! state STATE       how the execution ends
    #! error TEXT        a part of the sentence that says why it failed
    #! outputs JSON      the flow's outputs
    #! run ID [= VALUE] STATE [xATTEMPTS] [JSON]   one task run, with its outputs; all of them must be listed, in any order
    #! log LEVEL ID: TEXT   one log line; all of them must be listed; "log*" stands for a line that is only begun so
    #! unordered         the lines may come in any order
    #! least SECONDS     it takes at least so long
    #! together N        so many task runs, flowables aside, ran side by side at most, by the order of their starts and ends
"""
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess

from agent import BIN

FOLDER = pathlib.Path(__file__).parent.parent / "flows"
RUN = re.compile(r"(?P<id>\S+)(?: = (?P<value>.+?))? (?P<state>[A-Z]+)(?: x(?P<attempts>\d+))?(?: (?P<outputs>\{.*))?")


def flows_in(folder):
    """Those that say what is expected; the others are called by them."""
    return sorted(path for path in folder.glob("*.yaml") if "#! state" in path.read_text(encoding="utf-8"))


class Expectation:
    def __init__(self, path):
        self.args, self.env, self.runs, self.logs = [], {}, [], []
        self.state = self.error = self.outputs = self.least = self.together = None
        self.ordered = True
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("#! "):
                word, _, rest = line[3:].partition(" ")
                assert hasattr(self, "on_" + word.rstrip("*")), f"{path}:{number}: {word}"
                getattr(self, "on_" + word.rstrip("*"))(rest, word.endswith("*"))

    def on_args(self, rest, _):
        self.args += shlex.split(rest.replace("$FLOWS", str(FOLDER)))

    def on_env(self, rest, _):
        name, _, value = rest.partition("=")
        self.env[name] = value

    def on_state(self, rest, _):
        self.state = rest

    def on_error(self, rest, _):
        self.error = rest

    def on_outputs(self, rest, _):
        self.outputs = json.loads(rest)

    def on_run(self, rest, _):
        self.runs.append(RUN.fullmatch(rest).groupdict())

    def on_log(self, rest, is_prefix):
        self.logs.append((rest, is_prefix))

    def on_unordered(self, _rest, _):
        self.ordered = False

    def on_least(self, rest, _):
        self.least = float(rest)

    def on_together(self, rest, _):
        self.together = int(rest)


def shown_run(expected, actual):
    """The actual run in the shape, and with the detail, of the expected one."""
    shown = {"id": actual["taskId"], "value": actual["value"], "state": actual["state"],
             "attempts": str(actual["attempts"]) if expected["attempts"] else None,
             "outputs": actual["outputs"] if expected["outputs"] else None}
    return shown


def check_runs(expected, actual):
    left = list(actual)
    for e in expected:
        wanted = dict(e, outputs=json.loads(e["outputs"]) if e["outputs"] else None)
        found = next((a for a in left if shown_run(e, a) == wanted), None)
        assert found, f"no such run: {wanted}\namong {[shown_run(e, a) for a in left if a['taskId'] == e['id']]}"
        left.remove(found)
    assert not left, f"not expected: {[(a['taskId'], a['value'], a['state']) for a in left]}"


def line_of(log):
    return f"{log['level']} {log['taskId'] or '-'}: {log['text']}"


def check_logs(expectation, actual):
    lines = [line_of(log).split("\n")[0] for log in actual]
    expected = list(expectation.logs)
    if not expectation.ordered:
        lines.sort()
        expected.sort()
    assert len(lines) == len(expected), lines
    shown = [line[:len(text)] if is_prefix else line for line, (text, is_prefix) in zip(lines, expected)]
    assert shown == [text for text, _ in expected]


def most_together(runs):
    """How many leaves of the tree of task runs ran at a time, at most: one that begins when another has ended does not count."""
    parents = {run["parent"] for run in runs}
    leaves = [run for run in runs if run["index"] not in parents]
    edges = sorted([(run["endedAt"], -1) for run in leaves] + [(run["startedAt"], 1) for run in leaves])
    return max(itertools.accumulate(step for _, step in edges))


def environment(extra):
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8", **extra,
            **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR") if name in os.environ}}


def run_flow(path, expected, folder, *arguments, **env):
    """Executes it with `sqsflow run`; what it keeps is below `folder`. Returns the events, of which the last is the end."""
    config = folder / "agent.yaml"
    config.write_text(f"flows: {path.parent}\n", encoding="utf-8")
    done = subprocess.run([BIN / "sqsflow", "run", path, "--json", "--config", config, "--runner", BIN / "sqsflow-runner",
                           *expected.args, *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env=environment({"SQSFLOW_STATE": str(folder / "state"), **expected.env, **env}))
    assert done.stdout, f"it ended with {done.returncode}: {done.stderr}"
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == (0 if events[-1]["state"] in ("SUCCESS", "WARNING") else 1)
    return events


def check_end(expected, result, logs):
    """`result` is the end of an execution as --json tells it, `logs` are its lines."""
    assert (result["state"], result["error"] if result["state"] != expected.state else None) == (expected.state, None)
    check_runs(expected.runs, result["taskRuns"])
    check_logs(expected, logs)
    assert result["outputs"] == expected.outputs
    if expected.error:
        assert expected.error in (result["error"] or "")
    assert expected.least is None or result["durationSeconds"] >= expected.least
    assert expected.together in (None, most_together(result["taskRuns"]))
