# SPDX-License-Identifier: Apache-2.0
"""Manual pages, shell completion and the JSON Schema say what the programs do."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml
from agent import sqsflow

ROOT = Path(__file__).resolve().parents[2]
MADE = Path(os.environ.get("SQSFLOW_DOCUMENTS", "build/doc")).resolve()
PAGES = ["sqsflow.1", "sqsflow-agent.8", "sqsflow-runner.8", "sqsflow-agent.yaml.5", "sqsflow-flow.7"]


def verbs():
    return re.findall(r"^  ([a-z][a-z-]*) {2,}\S", sqsflow("--help").stdout, flags=re.MULTILINE)


def options(verb):
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.sub(r"(?s)\nExamples:.*?\n\n", "\n",
                                                                    sqsflow(verb, "--help").stdout))))


def page_text(name):
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rLL=200n", "-P-c", "-P-b", "-P-u", MADE / "man" / name],
                          capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.replace("\N{HYPHEN}", "-").replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_set_without_a_warning(name):
    assert "SEE ALSO" in page_text(name)


def test_every_verb_and_option_is_in_the_manual_and_is_completed():
    page = page_text("sqsflow.1")
    completion = {name: (MADE / "completion" / name).read_text() for name in ("sqsflow.bash", "_sqsflow", "sqsflow.fish")}
    for verb in verbs():
        assert f"SQSFLOW {verb.upper()}" in page
        assert all(verb in text for text in completion.values())
        for option in options(verb):
            assert option in page, (verb, option)
            assert option in completion["sqsflow.bash"] and option in completion["_sqsflow"], (verb, option)
            assert f"-l {option[2:]}" in completion["sqsflow.fish"], (verb, option)


@pytest.mark.parametrize("shell, name", [("bash", "sqsflow.bash"), ("zsh", "_sqsflow"), ("fish", "sqsflow.fish")])
def test_a_completion_is_a_script_of_its_shell(shell, name):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n", MADE / "completion" / name], check=True)


def completed(*words):
    script = (f"source {MADE}/completion/sqsflow.bash; COMP_WORDS=({' '.join(words)} ''); COMP_CWORD={len(words)}; "
              "_sqsflow; printf '%s\\n' \"${COMPREPLY[@]}\"")
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()


def test_bash_completes_verbs_options_and_files():
    assert set(verbs()) <= set(completed("sqsflow"))
    assert {"list", "show", "logs", "replay", "--json"} <= set(completed("sqsflow", "executions"))
    assert "README.md" in completed("sqsflow", "check")
    assert "README.md" in completed("sqsflow", "run", "--message")
    assert completed("sqsflow", "send", "--body") == []


def schema():
    return json.loads((ROOT / "config" / "agent.schema.json").read_text())


def test_the_schema_in_the_tree_is_what_the_tables_say():
    made = (MADE / "agent.schema.json").read_text()
    assert (ROOT / "config" / "agent.schema.json").read_text() == made, "run: make documents, and copy build/doc/agent.schema.json"


def uncommented():
    """The example with everything that is commented out in it."""
    text = (ROOT / "config" / "agent.yaml").read_text()
    lines = [re.sub(r"^(\s*)# ?(?=\s*(- )?[a-zA-Z]+:( |$))", r"\1", line) for line in text.splitlines()]
    return "\n".join(line for line in lines if not re.match(r"^\s*#", line))


def test_the_schema_accepts_the_examples(tmp_path):
    for text in ((ROOT / "config" / "agent.yaml").read_text(), (ROOT / "config" / "instance.yaml").read_text(), uncommented()):
        jsonschema.validate(yaml.safe_load(text), schema())
    assert len(yaml.safe_load(uncommented())["triggers"]) == 2


@pytest.mark.parametrize("text", [
    "limits: {executionz: 3}", "limits: {executions: 0}", "limits: {executions: 4097}", "limits: {drain: 30}",
    "triggers: [{id: x, queue: y}]", "triggers: [{id: x, queue: y, flow: a.b, serdeType: XML}]",
    "triggers: {id: x}", "log: {level: loud}", "security: {allowContainers: 1}",
    "triggers: [{id: x, queue: y, flow: a.b, onFailure: {retryAfter: {type: never}}}]",
])
def test_the_schema_and_the_reader_refuse_the_same(text, tmp_path):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), schema())
    (tmp_path / "agent.yaml").write_text(text)
    (tmp_path / "flows").mkdir()
    assert sqsflow("check", tmp_path / "agent.yaml", check=False).returncode == 2
