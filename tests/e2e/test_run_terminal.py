# SPDX-License-Identifier: Apache-2.0
"""`sqsflow run` on a terminal: the picture while it runs, whatever the terminal's size, and what stays at the end."""
import re

import pytest

from agent import wait_until
from terminal import Terminal, width
from test_run import WAITS, home_fixture, is_gone, waiting  # pylint: disable=unused-import

NESTED = """
id: nested
namespace: test
tasks:
  - id: before
    type: io.kestra.plugin.core.log.Log
    message: "done before"
  - id: outer
    type: io.kestra.plugin.core.flow.Sequential
    tasks:
      - id: inner
        type: io.kestra.plugin.scripts.shell.Commands
        commands:
          - printf 'wide \\346\\274\\242\\345\\255\\227 and \\033[31mred\\033[0m and \\tlong %s\\n' LONG
          - echo $$ > MARKS/pid
          - while [ ! -e MARKS/go ]; do sleep 0.05; done
outputs:
  - id: result
    type: STRING
    value: "forty-two"
""".replace("LONG", "x" * 300)

MANY = "id: many\nnamespace: test\ntasks:\n" + "".join(
    f"  - id: task-{i}\n    type: io.kestra.plugin.core.log.Log\n    message: line {i}\n" for i in range(40)) + """
  - id: last
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo $$ > MARKS/pid
      - while [ ! -e MARKS/go ]; do sleep 0.05; done
"""


@pytest.fixture(name="open_terminal")
def open_terminal_fixture(home):
    opened = []

    def start(*arguments, **more):
        size = {name: more.pop(name) for name in ("columns", "rows") if name in more}
        opened.append(Terminal(*arguments, env={**home.env, **more}, **size))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def wait_rows(terminal, *patterns):
    """Waits until each row is as its pattern says, and returns them: a picture may come in two reads."""
    def rows():
        lines = terminal.text().splitlines()
        return len(lines) == len(patterns) and all(map(re.match, patterns, lines)) and lines
    return wait_until(rows, lambda: f"rows like {patterns}:\n{terminal.text()}")


def finish(home, terminal):
    (home.marks / "go").touch()
    assert terminal.wait() == 0
    return terminal.text()


def test_every_task_run_has_a_line_and_the_end_a_chart(home, open_terminal):
    terminal = open_terminal("run", home.flow(NESTED))
    waiting(home)
    terminal.wait_text("RUNNING", "inner", "wide 漢字 and \\x1b[31mred\\x1b[0m and \\tlong xxx")
    patterns = (r"test\.nested  RUNNING  ", r"✔ before +SUCCESS .*done before$", r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] outer +RUNNING ",
                r"  [⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] inner +RUNNING .*…$")
    lines = wait_rows(terminal, *patterns)
    assert all(width(line) < 80 for line in lines)
    wait_until(lambda: wait_rows(terminal, *patterns)[3][2] != lines[3][2], "the spinner turns")
    text = finish(home, terminal)
    # Once on the screen, however often it was drawn.
    assert text.count("test.nested  SUCCESS") == 1 and "RUNNING" not in text
    assert len(re.findall(r"✔ inner ", text)) == 1
    assert re.search(r"^  inner  ✔ +█+ +[0-9.]+m?s$", text, re.M)
    assert '"result": "forty-two"' in text
    assert re.search(r"^SUCCESS  test\.nested in .*\([0-9a-z]{13}\)$", text, re.M)


@pytest.mark.parametrize("columns", [1, 2, 7, 20, 39, 250])
def test_no_width_breaks_the_picture(home, open_terminal, columns):
    terminal = open_terminal("run", home.flow(NESTED), columns=columns)
    waiting(home)
    wait_until(lambda: terminal.pictures() > 5, "some pictures")
    assert len(terminal.text().splitlines()) <= 4
    finish(home, terminal)


def test_a_terminal_that_changes_its_size_gets_a_picture_of_that_size(home, open_terminal):
    terminal = open_terminal("run", home.flow(NESTED), columns=100)
    waiting(home)
    terminal.wait_text("inner", "wide 漢字")
    for columns in (60, 30, 110, 24, 80):
        terminal.resize(columns, 24)

        def fits():
            lines = terminal.text().splitlines()[-4:]
            return (len(lines) == 4 and lines[0].startswith("test.nested") and " inn" in lines[3] and
                    all(width(line) < columns for line in lines) and
                    (columns < 56) == ("RUNNING" not in lines[3]) and lines)
        wait_until(fits, lambda: f"a picture {columns} wide:\n{terminal.text()}")
    finish(home, terminal)


def test_more_task_runs_than_rows_show_those_that_run(home, open_terminal):
    terminal = open_terminal("run", home.flow(MANY), rows=10)
    waiting(home)
    terminal.wait_text("last", "more task runs", "line 39")
    rows = wait_rows(terminal, *[""] * 9)
    assert "line 1" not in [row[-6:] for row in rows]
    text = finish(home, terminal)
    # At the end, all of them, once as lines and once in the chart.
    for i in range(40):
        assert len(re.findall(rf"\btask-{i}\b", text)) == 2


def test_ctrl_c_cancels_and_twice_kills(home, open_terminal):
    terminal = open_terminal("run", home.flow(WAITS, gone="true"))
    pid = waiting(home)
    terminal.wait_text("waiting")
    terminal.type("\x03")
    terminal.wait_text("cancelling; once more to kill")
    terminal.type("\x03")
    assert terminal.wait() == 1
    text = terminal.text()
    assert "KILLED  test.waits in " in text and "killed" in text
    assert home.executions()[0]["state"] == "KILLED"
    wait_until(lambda: is_gone(pid), "the task's death")


def test_after_a_stop_the_picture_starts_anew(home, open_terminal):
    terminal = open_terminal("run", home.flow(NESTED))
    waiting(home)
    terminal.wait_text("wide 漢字")
    terminal.stop()
    with terminal.lock:
        terminal.screen.feed("\r\n[1]+ Stopped\r\n")
    terminal.go_on()
    wait_until(lambda: terminal.text().count("outer") == 2, "a second picture")
    text = finish(home, terminal)
    assert "[1]+ Stopped" in text


def test_plain_has_lines_also_on_a_terminal(home, open_terminal):
    (home.marks / "go").touch()
    terminal = open_terminal("run", home.flow(NESTED), "--plain")
    assert terminal.wait() == 0
    assert "\033[?7l" not in terminal.written
    assert re.search(r"INFO +inner +wide 漢字", terminal.text())


def test_a_dumb_terminal_gets_lines_and_no_sequences(home, open_terminal):
    (home.marks / "go").touch()
    terminal = open_terminal("run", home.flow(NESTED), TERM="dumb")
    assert terminal.wait() == 0
    assert "\033" not in terminal.written
