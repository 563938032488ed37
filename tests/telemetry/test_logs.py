"""A line about a fault holds its trace, and nothing secret that stands in it."""

import json

import pytest

from receiver.telemetry.logs import configure, get_logger, hide


@pytest.mark.parametrize("is_handed_over", [True, False])
def test_a_fault_is_logged_with_its_trace_and_without_secrets(capsys, is_handed_over):
    configure()
    hide("hunter-number-2")
    try:
        raise ValueError("the password hunter-number-2 is wrong")
    except ValueError as fault:
        if is_handed_over:
            get_logger("here").error("it failed", exc_info=fault)
        else:
            get_logger("here").exception("it failed")
    said = json.loads(capsys.readouterr().out)
    assert (said["message"], said["log.level"], said["error"]["type"]) == ("it failed", "error", "ValueError")
    assert "in test_a_fault_is_logged" in said["error"]["stack_trace"]
    assert "the password *** is wrong" in said["error"]["stack_trace"]
