# SPDX-License-Identifier: Apache-2.0
"""What every verb has: a help that says how to call it and how it ends, --json, and a hint for a word it does not know."""
import json
import re
import subprocess
from pathlib import Path

import pytest

from agent import BIN, environment, sqsflow

VERBS = ["check", "run", "send", "peek", "redrive", "executions", "status", "pause", "resume", "schema"]


def test_the_help_lists_every_verb():
    listed = [line.split()[0] for line in sqsflow("--help").stdout.splitlines() if line.startswith("  ")]
    assert sorted(listed) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_tells_how_it_is_used(verb):
    text = sqsflow(verb, "--help").stdout
    assert text.startswith(f"Usage: sqsflow {verb}") and "Exit status:" in text and "Example" in text
    assert "--json" in text or verb == "schema"
    assert max(len(line) for line in text.splitlines()) <= 130
    assert sqsflow("help", verb).stdout == text and sqsflow(verb, "x", "-h").stdout == text


@pytest.mark.parametrize("verb", VERBS)
def test_an_option_that_does_not_exist_is_exit_2_with_the_nearest_one(verb):
    for wrong, near in (("--jsn", "json"), ("--hlep", "help")):
        done = sqsflow(verb, wrong, check=False)
        assert done.returncode == 2 and f"did you mean '{near}'?" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("wrong, near", [("peak", "peek"), ("redriev", "redrive"), ("exections", "executions")])
def test_a_verb_that_does_not_exist_is_exit_2_with_the_nearest_one(wrong, near):
    done = sqsflow(wrong, check=False)
    assert done.returncode == 2 and f"did you mean '{near}'?" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_what_is_shown_on_a_descriptor_that_is_closed_goes_nowhere(tmp_path, closed):
    flow = tmp_path / "flow.yaml"
    flow.write_text("{id: f, namespace: test, tasks: [{id: t, type: io.kestra.plugin.scripts.shell.Commands,"
                    " commands: [seq 50000]}]}")  # more than stdout's buffer holds until the runner is gone
    subprocess.run(["/bin/sh", "-c", f'"$0" run "$1" {closed}', BIN / "sqsflow", flow], check=False, timeout=60,
                   env=environment(SQSFLOW_STATE=str(tmp_path)))
    record = json.loads(sqsflow("executions", "list", "--json", "--store", tmp_path).stdout)[0]
    assert record["state"] == "SUCCESS" and record["error"] is None


ESCAPE, C1 = "\x1b]0;x\x07", "\x9b31m"
STEERING = """
id: steers
namespace: test
tasks:
  - id: "t"
    type: io.kestra.plugin.core.output.OutputValues
    values: {"k\\e\\x9b\\x7f": "v\\e\\x9b\\x7f"}
  - {id: l, type: io.kestra.plugin.core.log.Log, message: "m\\e\\x9b\\x7f"}
outputs:
  - {id: o, type: STRING, value: "o\\e\\x9b\\x7f"}
"""


def test_nothing_that_a_flow_made_steers_the_terminal(tmp_path):
    flow, wrong = tmp_path / "flow.yaml", tmp_path / "wrong.yaml"
    flow.write_text(STEERING)
    wrong.write_text(STEERING.replace("core.log.Log", "core.\\e\\x9b\\x7f"))
    env = {"SQSFLOW_STATE": str(tmp_path)}
    runs = [["run", flow], ["run", flow, "--json"], ["check", wrong], ["check", wrong, "--json"], ["run", ESCAPE + C1],
            ["peek", ESCAPE + C1], [ESCAPE + C1]]
    shown = [sqsflow(*run, check=False, env=env) for run in runs]
    execution = json.loads(sqsflow("executions", "--json", "--own", env=env).stdout)[0]["id"]
    for action in ("show", "logs", "outputs", "gantt"):
        shown += [sqsflow("executions", action, execution, "--own", *more, env=env) for more in ([], ["--json"])]
    for done in shown:
        text = done.stdout + done.stderr
        assert text and not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", text), (done.args, text)
    outputs = json.loads(shown[-3].stdout)
    assert outputs["outputs"] == {"o": "o\x1b\x9b\x7f"}
    assert outputs["tasks"][0]["outputs"] == {"values": {"k\x1b\x9b\x7f": "v\x1b\x9b\x7f"}}


def test_the_schemas_are_the_files_that_are_installed():
    config = Path(__file__).resolve().parents[2] / "config"
    for arguments, name in (([], "flow"), (["flow"], "flow"), (["agent"], "agent")):
        assert sqsflow("schema", *arguments).stdout == (config / f"{name}.schema.json").read_text()
    done = sqsflow("schema", "agnet", check=False)
    assert done.returncode == 2 and "did you mean 'agent'?" in done.stderr
    assert sqsflow("schema", "agent", "--page", check=False).returncode == 2
