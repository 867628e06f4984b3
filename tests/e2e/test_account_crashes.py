"""No key of a relay account is left behind or lost, wherever the process dies."""

from pathlib import Path

import pytest

from tests.e2e.account_crashes import run_journey
from tests.e2e.journey_crashes import run_sample, violations_by_fault
from tests.support.write_faults import unavailable_reason

PARTS = (0.3, 0.45, 0.6, 0.7, 0.8, 0.88, 0.94, 0.98)
"""Which part of the calls precedes the kill; the command of the module kills at every call."""


async def test_accounts_are_whole_wherever_the_process_is_killed(tmp_path: Path) -> None:
    """For a sample of kills while accounts are connected, replaced, disconnected and erased."""
    if reason := unavailable_reason(tmp_path):
        pytest.skip(reason)
    results = await run_sample(run_journey, PARTS, tmp_path)
    assert violations_by_fault(results) == {}
    assert [result.injected for result in results] == [False] + [True] * len(PARTS)
