# SPDX-License-Identifier: Apache-2.0
"""What every verb has: a help that says how to call it and how it ends, --json, and a hint for a word it does not know."""
from pathlib import Path

import pytest

from agent import sqsflow

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


def test_the_schemas_are_the_files_that_are_installed():
    config = Path(__file__).resolve().parents[2] / "config"
    for arguments, name in (([], "flow"), (["flow"], "flow"), (["agent"], "agent")):
        assert sqsflow("schema", *arguments).stdout == (config / f"{name}.schema.json").read_text()
    done = sqsflow("schema", "agnet", check=False)
    assert done.returncode == 2 and "did you mean 'agent'?" in done.stderr
    assert sqsflow("schema", "agent", "--page", check=False).returncode == 2
