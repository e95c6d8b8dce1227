# SPDX-License-Identifier: Apache-2.0
"""config/flow.schema.json: an editor that uses it accepts what the loader accepts, and knows no other names."""
import copy
import json
import pathlib

import jsonschema
import pytest
import yaml

from agent import sqsflow

ROOT = pathlib.Path(__file__).parent.parent.parent
SCHEMA = json.loads((ROOT / "config/flow.schema.json").read_text(encoding="utf-8"))
FLOWS = sorted([*(ROOT / "config/flows").glob("*.yaml"), *(ROOT / "tests/flows").glob("*.yaml")])
TASK = {"id": "a", "type": "io.kestra.plugin.core.log.Log", "message": "x"}
SHELL = {"id": "a", "type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["true"]}
TRIGGER = {"id": "t", "type": "io.kestra.plugin.aws.sqs.RealtimeTrigger", "queueUrl": "https://sqs.eu-north-1.amazonaws.com/1/q"}
NOT = "io.kestra.plugin.core.condition.Not"
EXPRESSION = "io.kestra.plugin.core.condition.Expression"


class Loader(yaml.SafeLoader):
    """Without YAML 1.1's dates and octal times, which are texts in flow files."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def problems(flow):
    return [f"{error.json_path}: {error.message}" for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(flow)]


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_it_accepts_every_flow_that_runs(path):
    assert problems(yaml.load(path.read_text(encoding="utf-8"), Loader)) == []


def flow_of(task, **more):
    return {"id": "f", "namespace": "n", "tasks": [task], **more}


def nested(task):
    return flow_of({"id": "s", "type": "io.kestra.plugin.core.flow.Sequential", "tasks": [task]})


def conditioned(type_, **properties):
    """A flow whose trigger has such a condition."""
    return flow_of(TASK, triggers=[dict(TRIGGER, conditions=[{"type": NOT[:-3] + type_, **properties}])])


WRONG = {
    "flow-property": flow_of(TASK, labls={}),
    "no-tasks": {"id": "f", "namespace": "n"},
    "empty-tasks": {"id": "f", "namespace": "n", "tasks": []},
    "task-property": flow_of(dict(TASK, mesage="x")),
    "of-kestra-alone": flow_of(dict(TASK, workerGroup={"key": "a"})),
    "type": flow_of(dict(TASK, type="io.kestra.plugin.core.log.Logg")),
    "trigger-as-task": flow_of({"id": "a", "type": "io.kestra.plugin.aws.sqs.Trigger", "queueUrl": "q"}),
    "no-id": flow_of({"type": TASK["type"], "message": "x"}),
    "nested": nested(dict(TASK, mesage="x")),
    "in-errors": flow_of(TASK, errors=[dict(TASK, id="b", mesage="x")]),
    "bool": flow_of(dict(TASK, allowFailure="maybe")),
    "duration": flow_of(dict(TASK, timeout="soon")),
    "enum": flow_of(dict(TASK, level="LOUD")),
    "list": flow_of(dict(SHELL, commands="ls")),
    "int": flow_of({"id": "p", "type": "io.kestra.plugin.core.flow.Parallel", "tasks": [TASK], "concurrent": -1}),
    "retry-type": flow_of(dict(TASK, retry={"type": "sometimes", "interval": "PT1S"})),
    "retry-property": flow_of(dict(TASK, retry={"type": "constant", "interval": "PT1S", "delayFactor": 2})),
    "retry-behavior": flow_of(dict(TASK, retry={"type": "constant", "interval": "PT1S", "behavior": "RETRY_FAILED_TASK"})),
    "dag-entry": flow_of({"id": "d", "type": "io.kestra.plugin.core.flow.Dag", "tasks": [{"tsk": TASK}]}),
    "case": flow_of({"id": "s", "type": "io.kestra.plugin.core.flow.Switch", "value": "x", "cases": {"x": TASK}}),
    "input-property": flow_of(TASK, inputs=[{"id": "i", "type": "INT", "mni": 1}]),
    "flow-id": dict(flow_of(TASK), id="a flow"),
    "task-id": flow_of(dict(TASK, id="a task")),
    "input-type": flow_of(TASK, inputs=[{"id": "i", "type": "TEXT"}]),
    "output-type": flow_of(TASK, outputs=[{"id": "o", "type": "string", "value": "x"}]),
    "stop-after": flow_of(TASK, triggers=[dict(TRIGGER, stopAfter=["FAILD"])]),
    "concurrency": flow_of(TASK, concurrency={"limit": 0}),
    "trigger": flow_of(TASK, triggers=[{"id": "t", "type": "io.kestra.plugin.aws.sqs.Trigger", "queueUrl": "q", "x": 1}]),
    "condition": flow_of(TASK, triggers=[dict(TRIGGER, conditions=[{"type": NOT, "conditions": [{"type": EXPRESSION}]}])]),
    "condition-type": conditioned("Weekends"),
    "condition-day": conditioned("DayWeek", dayOfWeek="Monday"),
    "condition-nth": conditioned("DayWeekInMonth", dayOfWeek="MONDAY", dayInMonth="FIFTH"),
    "condition-bounds": conditioned("TimeBetween", date="{{ trigger.date }}"),
    "condition-time": conditioned("TimeBetween", after="16:00:00"),
    "condition-date-time": conditioned("DateTimeBetween", before="2026-01-01"),
    "condition-date": conditioned("Weekend", date="2026-01-01T00:00:00"),
    "defaults": flow_of(TASK, pluginDefaults=[{"typ": "io.kestra"}]),
    "labels": flow_of(TASK, labels=[{"key": "a", "vlue": "b"}]),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_refuses_what_the_loader_refuses(name, tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump(WRONG[name], sort_keys=False), encoding="utf-8")
    assert sqsflow("check", file, check=False).returncode == 2
    assert problems(WRONG[name])


RIGHT = {
    "bool-in-quotes": flow_of(dict(TASK, allowFailure="true")),
    "number-in-quotes": flow_of({"id": "p", "type": "io.kestra.plugin.core.flow.Parallel", "tasks": [TASK], "concurrent": "2"}),
    "later": flow_of(dict(TASK, level="{{ vars.level }}", timeout="{{ vars.pause }}")),
    "when": flow_of(dict(TASK, when="{{ true }}")),
    "trigger-when": flow_of(TASK, triggers=[dict(TRIGGER, when="{{ true }}")]),
    "condition": flow_of(TASK, triggers=[dict(TRIGGER, conditions=[
        {"type": NOT, "conditions": [{"type": EXPRESSION + "Condition", "expression": "{{ false }}"}]}])]),
    "condition-dates": conditioned("DateTimeBetween", after="2026-01-01T00:00:00.5+02:00", before="{{ vars.end }}"),
    "condition-hours": conditioned("TimeBetweenCondition", date="2026-01-01T00:00Z", before="06:00Z"),
    "condition-days": conditioned("DayWeekInMonth", dayOfWeek="MONDAY", dayInMonth="{{ vars.nth }}", date="2026-01-01"),
    "condition-weekend": conditioned("Weekend"),
    "older-name": flow_of(dict(TASK, type="io.kestra.core.tasks.log.Log")),
    "from-defaults": flow_of({"id": "a", "type": TASK["type"]}, pluginDefaults=[{"type": TASK["type"], "values": {"message": "x"}}]),
    "names-like-numbers": flow_of(dict(TASK, id=5), inputs=[{"id": "i", "type": "BOOLEAN"}, {"id": "j", "type": "ENUM", "values": ["x"]}]),
    "label-map": flow_of(TASK, labels={"a": 1}),
    "flow-retry": flow_of(TASK, retry={"type": "random", "minInterval": "PT1S", "maxInterval": "PT2S", "maxAttempt": 2,
                                       "behavior": "CREATE_NEW_EXECUTION"}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_it_accepts_what_the_loader_accepts(name, tmp_path):
    file = tmp_path / "right.yaml"
    file.write_text(yaml.safe_dump(copy.deepcopy(RIGHT[name]), sort_keys=False), encoding="utf-8")
    sqsflow("check", file)
    assert problems(RIGHT[name]) == []
