# SPDX-License-Identifier: Apache-2.0
"""P11 by detours: a message that travels through outputs, variables, inputs or a script's own words, and then stands in
a command. Each is refused as it is; each runs the attack when agent.yaml lets it through, so that what is refused is
real; and each is harmless behind the filter that the refusal names."""
import pytest

from agent import send_all, sqsflow, wait_until

SHELL = "io.kestra.plugin.scripts.shell.Commands"
RETURN = '  - {id: r, type: io.kestra.plugin.core.debug.Return, format: "{{ trigger.data }}"}\n'
ECHOES = f"""  - id: s
    type: {SHELL}
    env: {{BODY: "{{{{ trigger.data }}}}"}}
    commands: ['printf "::{{\\"outputs\\":{{\\"said\\":\\"%s\\"}}}}::\\n" "$BODY"']
"""
DETOURS = {
    "an output": ("", RETURN, "outputs.r.value", "'outputs.r.value' carries the message (line "),
    "an output of an output": ("", RETURN + '  - {id: t, type: io.kestra.plugin.core.debug.Return, '
                               'format: "{{ outputs.r.value | trim }}"}\n', "outputs.t.value", "'outputs.t.value' carries"),
    "a script's words": ("", ECHOES, "outputs.s.vars.said", "'outputs.s.vars.said' comes from outside (line "),
    "an input's default": ('inputs: [{id: i, type: STRING, defaults: "{{ trigger.data }}"}]\n', "", "inputs.i",
                           "a message must not become shell text: hand 'inputs' over in 'env'"),
    "a variable": ("variables: {v: '{{ trigger.data }}'}\n", "", "render(vars.v)", "what render() gives may hold a message"),
}
ATTACK = "x; touch MARKS/owned"


def flow(head, tasks, expression):
    return (f"id: detour\nnamespace: test\n{head}tasks:\n{tasks}"
            f"  - id: run\n    type: {SHELL}\n    commands:\n      - echo {{{{ {expression} }}}} >> MARKS/said\n")


def run(agent, server, text, **sections):
    url = server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    agent.flow(text)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.detour"}], **sections)
    agent.start()
    send_all(server, url, [ATTACK.replace("MARKS", str(agent.marks))])
    wait_until(lambda: server.messages(url) == [], lambda: f"an empty queue; log:\n{agent.log()}")


@pytest.mark.parametrize("head, tasks, expression, reason", DETOURS.values(), ids=DETOURS)
def test_a_detour_to_a_command_is_refused_with_the_way_it_took(tmp_path, head, tasks, expression, reason):
    file = tmp_path / "detour.yaml"
    file.write_text(flow(head, tasks, expression))
    done = sqsflow("check", file, check=False)
    assert done.returncode == 2
    assert reason in done.stderr
    assert "'| quote'" in done.stderr and "'env'" in done.stderr


@pytest.mark.parametrize("head, tasks, expression, reason", DETOURS.values(), ids=DETOURS)
def test_what_is_refused_would_run_the_message(agent, queue_server, head, tasks, expression, reason):
    run(agent, queue_server, flow(head, tasks, expression), security={"allowShellInterpolation": True})
    assert (agent.marks / "owned").exists()


@pytest.mark.parametrize("head, tasks, expression, reason", DETOURS.values(), ids=DETOURS)
def test_behind_quote_the_detour_carries_data(agent, queue_server, head, tasks, expression, reason):
    run(agent, queue_server, flow(head, tasks, expression + " | quote"))
    assert not (agent.marks / "owned").exists()
    assert agent.mark_lines("said") == [ATTACK.replace("MARKS", str(agent.marks))]
