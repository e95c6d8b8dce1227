# SPDX-License-Identifier: Apache-2.0
"""The flow language: every file of tests/flows is run by `sqsflow run --json` and must do what its own head says."""
import pytest

from expectation import FOLDER, Expectation, check_end, flows_in, run_flow


@pytest.mark.parametrize("path", flows_in(FOLDER), ids=lambda path: path.stem)
def test_flow(path, tmp_path):
    expected = Expectation(path)
    events = run_flow(path, expected, tmp_path)
    check_end(expected, events[-1], [event for event in events if event["event"] == "log"])
