# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end suites: a queue server and an agent per test, each in folders and on ports of its own."""
import contextlib
import signal

import pytest

pytest.register_assert_rewrite("expectation")  # so that what it compares is shown

# pylint: disable=wrong-import-position
import servers
from agent import Agent

# Children inherit an ignored signal, and a shell ignores SIGINT in what it starts in its background.
signal.signal(signal.SIGINT, signal.default_int_handler)



def pytest_configure(config):
    config.addinivalue_line("markers", "controllers(name...): which controllers of version 2 the test's group needs")


@pytest.fixture(name="queue_server")
def queue_server_fixture(tmp_path):
    server = servers.QueueServer(tmp_path)
    yield server
    server.stop()


@pytest.fixture(name="make_agent")
def make_agent_fixture(tmp_path, queue_server):
    """A factory: make_agent() is an agent on this test's queue server, make_agent("b") a second one."""
    with contextlib.ExitStack() as endings:  # each comes to its end, also when another one fails at that
        def make(name="agent", server=None, **options):
            agent = Agent(tmp_path / name, server or queue_server, **options)
            endings.callback(agent.done)
            return agent

        yield make


@pytest.fixture(name="agent")
def agent_fixture(make_agent):
    return make_agent()
