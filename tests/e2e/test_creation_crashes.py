"""Nothing is charged twice and every request is told truthfully, wherever the process dies."""

from pathlib import Path

import pytest

from tests.e2e.creation_crashes import run_journey
from tests.e2e.journey_crashes import run_sample, violations_by_fault
from tests.support.write_faults import unavailable_reason

PARTS = (0.4, 0.5, 0.6, 0.68, 0.76, 0.84, 0.92)
"""Which part of the calls precedes the kill; the command of the module kills at every call."""


async def test_requests_are_charged_once_wherever_the_process_is_killed(tmp_path: Path) -> None:
    """For a sample of kills while requests are stored, sent, settled, repeated and looked up."""
    if reason := unavailable_reason(tmp_path):
        pytest.skip(reason)
    results = await run_sample(run_journey, PARTS, tmp_path)
    assert violations_by_fault(results) == {}
    assert [result.injected for result in results] == [False] + [True] * len(PARTS)
