"""No key of a relay account is left behind or lost, wherever a write fails."""

from pathlib import Path

import pytest

from tests.e2e.account_crashes import run_journey
from tests.e2e.fault_runs import run_sample, violations_by_fault
from tests.support.write_faults import WriteFaultKind, unavailable_reason

_KILLS = (0.3, 0.45, 0.6, 0.7, 0.8, 0.88, 0.94, 0.98)
SAMPLE = (
    *((WriteFaultKind.KILL, "pwrite64", part) for part in _KILLS),
    (WriteFaultKind.EIO, "fdatasync", 0.8),
    (WriteFaultKind.ENOSPC, "pwrite64", 0.9),
)
"""The command of the module injects a fault at every call."""


async def test_accounts_are_whole_wherever_a_write_fails(tmp_path: Path) -> None:
    """For a sample of faults while accounts are connected, replaced, disconnected and erased."""
    if reason := unavailable_reason(tmp_path):
        pytest.skip(reason)
    results = await run_sample(run_journey, SAMPLE, tmp_path)
    assert violations_by_fault(results) == {}
    assert [result.injected for result in results] == [False] + [True] * len(SAMPLE)
