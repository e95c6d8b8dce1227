# SPDX-License-Identifier: Apache-2.0
"""`sqsflow executions outputs --download`: the files of an execution, whole, named, and nowhere but in the folder."""
import fcntl
import json
import os
import shutil

import pytest

from agent import send_all, sqsflow, wait_until
from test_redelivery import empty
from test_run import home_fixture  # pylint: disable=unused-import

FLOW = """
id: files
namespace: test
tasks:
  - id: make
    type: io.kestra.plugin.scripts.shell.Commands
    outputFiles: [report.csv, "sub/*.txt", "odd name"]
    commands:
      - echo a,b > report.csv
      - mkdir sub; echo one > sub/one.txt; echo two > sub/two.txt; echo odd > "odd name"
  - id: again
    type: io.kestra.plugin.scripts.shell.Commands
    outputFiles: [report.csv]
    commands: ["echo c,d > report.csv"]
outputs:
  - id: report
    type: STRING
    value: "{{ outputs.make.outputFiles['report.csv'] }}"
"""

EXPECTED = {"make/report.csv": "a,b\n", "make/sub/one.txt": "one\n", "make/sub/two.txt": "two\n", "make/odd name": "odd\n",
            "again/report.csv": "c,d\n"}


def tree(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file() and not p.is_symlink()}


@pytest.fixture(name="ran")
def ran_fixture(home):
    """A flow that has run; its end event."""
    out = home.sqsflow("run", home.flow(FLOW), "--json").stdout
    home.end = json.loads(out.splitlines()[-1])
    return home


def download(home, folder, *more, check=True):
    return home.sqsflow("executions", "outputs", home.end["id"], "--download", folder, *more, check=check)


def test_every_file_is_copied_under_its_task_and_name(ran, tmp_path):
    done = download(ran, tmp_path / "new" / "out")
    assert tree(tmp_path / "new" / "out") == EXPECTED
    assert "make/report.csv  4 bytes\n" in done.stdout and len(done.stdout.splitlines()) == 5
    answer = json.loads(download(ran, tmp_path / "other", "--json").stdout)
    assert {f["path"] for f in answer} == set(EXPECTED) and all(f["problem"] is None for f in answer)


def test_run_says_where_they_are(ran):
    assert len(ran.end["files"]) == 5
    for file in ran.end["files"]:
        assert file["uri"].startswith(f"sqsflow://{ran.end['id']}/") and os.path.exists(file["path"])
    out = ran.sqsflow("run", ran.folder / "flow.yaml", "--plain").stdout
    paths = out[out.index("\nfiles\n"):].splitlines()[2:7]
    assert len(paths) == 5 and all(os.path.isfile(path) for path in paths)


def test_without_a_state_folder_run_says_that_none_are_kept(home):
    (home.folder / ".local").write_text("in the way")
    out = home.sqsflow("run", home.flow(FLOW), "--plain").stdout
    assert "5 files are not kept" in out and "\nfiles\n" not in out


def test_nothing_is_overwritten_without_force(ran, tmp_path):
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "report.csv").write_text("mine")
    done = download(ran, tmp_path, check=False)
    assert done.returncode == 1 and "again/report.csv" in done.stderr and "--force" in done.stderr
    assert (tmp_path / "again" / "report.csv").read_text() == "mine" and (tmp_path / "make" / "report.csv").exists()
    assert download(ran, tmp_path, "--force").returncode == 0
    assert (tmp_path / "again" / "report.csv").read_text() == "c,d\n"
    assert not [p for p in tmp_path.rglob(".*part")]


def test_no_symbolic_link_leads_out(ran, tmp_path):
    outside, folder = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    folder.mkdir()
    (outside / "victim").write_text("safe")
    (folder / "make").symlink_to(outside)
    (folder / "again").mkdir()
    (folder / "again" / "report.csv").symlink_to(outside / "victim")
    done = download(ran, folder, "--force", check=False)
    assert done.returncode == 1 and "in the way" in done.stderr
    assert tree(outside) == {"victim": "safe"}
    # The link itself is what --force replaces.
    assert tree(folder) == {"again/report.csv": "c,d\n"}


def test_a_kept_file_that_became_a_link_is_not_read(ran, tmp_path):
    kept = next(f["path"] for f in ran.end["files"] if f["path"].endswith("one.txt"))
    os.unlink(kept)
    os.symlink("/etc/passwd", kept)
    done = download(ran, tmp_path / "out", check=False)
    assert done.returncode == 1 and "one.txt" in done.stderr
    assert "make/sub/one.txt" not in tree(tmp_path / "out")


def test_what_is_gone_is_named(ran, tmp_path):
    shutil.rmtree(ran.state / "executions" / ran.end["id"])
    done = download(ran, tmp_path / "out", "--json", check=False)
    assert done.returncode == 1
    assert {f["path"] for f in json.loads(done.stdout)} == set(EXPECTED)
    assert all("retention" in f["problem"] for f in json.loads(done.stdout))


def test_an_execution_without_files_is_told(home, tmp_path):
    home.flow("id: none\nnamespace: test\ntasks:\n  - {id: a, type: io.kestra.plugin.core.log.Log, message: x}\n")
    out = home.sqsflow("run", home.folder / "flow.yaml", "--json").stdout
    home.end = json.loads(out.splitlines()[-1])
    assert home.end["files"] == [] and download(home, tmp_path / "out").stdout == "no files\n"


def test_the_agents_executions_have_them_too(agent, queue_server, tmp_path):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(FLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.files"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), "an empty queue")
    sqsflow("executions", "outputs", agent.executions()[0]["id"], "--store", agent.state, "--download", tmp_path / "out")
    assert tree(tmp_path / "out") == EXPECTED


def test_files_of_old_runs_go_with_their_records(home):
    executions = home.state / "executions"
    old, running = "0000000000001", "0000000000002"
    for name in (old, running):
        (executions / name / "files").mkdir(parents=True)
        (executions / name / "files" / "1-a").write_text("x")
        os.utime(executions / name / "files", (1, 1))
    with open(home.state / f"run-{running}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        end = json.loads(home.sqsflow("run", home.flow(FLOW), "--json").stdout.splitlines()[-1])
        assert sorted(os.listdir(executions)) == sorted([running, end["id"]])
    home.sqsflow("run", home.folder / "flow.yaml")
    assert running not in os.listdir(executions)
