# SPDX-License-Identifier: Apache-2.0
"""apt installs the package: an agent that is idle and says so, a unit that systemd finds nothing wrong with."""
import re
import subprocess


def test_when_apt_has_installed_the_package_the_service_is_active(machine, deb):
    machine.push(deb, f"/opt/{deb.name}", "0644")
    done = machine.run("apt-get", "install", "--yes", "--no-install-recommends", f"/opt/{deb.name}")
    assert machine.is_active("sqsflow"), done.stdout[-500:]
    assert machine.run("systemctl", "is-enabled", "sqsflow").stdout.strip() == "enabled"


def test_without_a_trigger_it_is_idle_and_says_so(machine, service):
    service.wait_status("no trigger is configured")
    assert "no trigger is configured" in machine.run("systemctl", "status", "sqsflow").stdout
    assert service.restarts == 0


def test_the_service_runs_as_its_own_user(machine, service):
    owner = machine.run("stat", "-c", "%U:%G", f"/proc/{service.pid}").stdout.strip()
    assert owner == "sqsflow:sqsflow"
    modes = machine.run("stat", "-c", "%U:%G %a %n", "/etc/sqsflow/agent.yaml", "/etc/sqsflow/secrets", "/var/lib/sqsflow",
                        "/run/sqsflow").stdout.splitlines()
    assert modes == ["root:sqsflow 640 /etc/sqsflow/agent.yaml", "root:sqsflow 750 /etc/sqsflow/secrets",
                     "sqsflow:sqsflow 750 /var/lib/sqsflow", "sqsflow:sqsflow 755 /run/sqsflow"]


def test_systemd_finds_nothing_wrong_with_the_units(machine):
    folder = machine.show("sqsflow.service", "FragmentPath").rsplit("/", 1)[0]
    for unit in ("sqsflow.service", "sqsflow@.service"):
        done = machine.run("systemd-analyze", "verify", f"{folder}/{unit}", check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_line_of_the_example_drop_in_is_one_that_systemd_knows(machine):
    text = machine.read("/usr/share/doc/sqsflow/examples/open.conf")
    opened = re.sub(r"^#(?=[A-Z\[][A-Za-z]*[=\]])", "", text, flags=re.MULTILINE)
    assert opened.count("\n#") < text.count("\n#") - 15
    machine.write("/run/systemd/system/sqsflow.service.d/open.conf", opened)
    done = machine.run("systemd-analyze", "verify", machine.show("sqsflow.service", "FragmentPath"), check=False)
    machine.run("rm", "-r", "/run/systemd/system/sqsflow.service.d")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_sandbox_is_tight(machine, capsys):
    text = machine.run("systemd-analyze", "security", "--no-pager", "sqsflow.service").stdout
    score = float(re.search(r"Overall exposure level for sqsflow.service: ([0-9.]+)", text).group(1))
    with capsys.disabled():
        print(f"\nsystemd-analyze security sqsflow.service: {score}")
    assert score <= 3.0, text


def test_every_binary_is_hardened(machine, deb, tmp_path):
    subprocess.run(["dpkg-deb", "-x", deb, tmp_path], check=True)
    programs = ["usr/bin/sqsflow", "usr/sbin/sqsflow-agent", "usr/libexec/sqsflow/sqsflow-runner"]
    for name in programs:
        path = tmp_path / name
        headers = subprocess.run(["readelf", "-hldW", path], capture_output=True, text=True, check=True).stdout
        symbols = subprocess.run(["readelf", "--dyn-syms", "-W", path], capture_output=True, text=True, check=True).stdout
        assert "Position-Independent Executable" in headers or "DYN" in headers, name
        assert "GNU_RELRO" in headers and re.search(r"FLAGS_1.*\bNOW\b", headers), name
        stack = next(line for line in headers.splitlines() if "GNU_STACK" in line)
        assert "RWE" not in stack, name
        assert "__stack_chk_fail" in symbols, name
        assert re.search(r"__\w+_chk@", symbols), name
    assert not machine.exists("/usr/lib/debug/usr/bin/sqsflow")


def test_the_documents_are_there(machine):
    for page in ("sqsflow.1", "sqsflow-agent.8", "sqsflow-runner.8", "sqsflow-agent.yaml.5", "sqsflow-flow.7"):
        section = page.rsplit(".", 1)[1]
        assert machine.exists(f"/usr/share/man/man{section}/{page}.gz"), page
    completed = machine.shell("bash -c 'source /usr/share/bash-completion/completions/sqsflow; "
                              "COMP_WORDS=(sqsflow ex); COMP_CWORD=1; _sqsflow; echo ${COMPREPLY[@]}'").stdout
    assert completed.strip() == "executions"
    assert "sqsflow" in machine.run("journalctl", "--list-catalog", "--no-pager").stdout


def test_the_example_configuration_is_checked_without_findings(machine):
    assert machine.run("sqsflow", "check").stderr == ""
    assert machine.run("sqsflow", "check", "/usr/share/doc/sqsflow/examples/flows").stderr == ""
    assert machine.run("sqsflow", "check", "/usr/share/doc/sqsflow/examples/agent.yaml").stderr == ""
