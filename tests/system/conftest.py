# SPDX-License-Identifier: Apache-2.0
"""One machine for all system tests, in the order of their files: installed in the first, purged in the last."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import machine as machines  # noqa: E402
from service import Queue, Service, packages  # noqa: E402

BUILD = Path(os.environ.get("SQSFLOW_BUILD", "build")).resolve()


@pytest.fixture(name="deb", scope="session")
def deb_fixture():
    found = sorted(packages().glob("sqsflow_*.deb"))
    assert len(found) == 1, f"one package in {packages()}: {found}"
    return found[0]


@pytest.fixture(name="machine", scope="session")
def machine_fixture(deb, tmp_path_factory):
    reason = machines.why_not()
    if reason:
        pytest.skip(f"no machine can be booted here: {reason}")
    made = subprocess.run([Path(__file__).parent / "root.sh", BUILD / "system", deb, BUILD / "bin" / "sqsflow-queue"],
                          stdout=subprocess.PIPE, text=True, check=True)
    machine = machines.Machine(made.stdout.strip(), tmp_path_factory.mktemp("machine") / "boot.log")
    machine.join_network()
    yield machine
    machine.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """To a failure belongs what the machine says. Briefly: of a long log often only the end is seen."""
    report = (yield).get_result()
    machine = item.funcargs.get("machine")
    if report.failed and machine:
        report.sections.append(("the machine", machine.told()))


@pytest.fixture(name="queue", scope="session")
def queue_fixture(machine):
    return Queue(machine, BUILD / "bin" / "sqsflow-queue")


@pytest.fixture(name="service", scope="session")
def service_fixture(machine):
    return Service(machine)
