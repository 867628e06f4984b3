"""Nothing is charged twice and every request is told truthfully, wherever a write fails."""

from pathlib import Path

import pytest

from tests.e2e.creation_crashes import run_journey
from tests.e2e.fault_runs import run_sample, violations_by_fault
from tests.support.write_faults import WriteFaultKind, unavailable_reason

SAMPLE = (
    *((WriteFaultKind.KILL, "pwrite64", part) for part in (0.4, 0.5, 0.6, 0.68, 0.76, 0.84, 0.92)),
    (WriteFaultKind.EIO, "fdatasync", 0.5),
    (WriteFaultKind.EIO, "pwrite64", 0.7),
    (WriteFaultKind.ENOSPC, "pwrite64", 0.8),
)
"""The command of the module injects a fault at every call."""


async def test_requests_are_charged_once_wherever_a_write_fails(tmp_path: Path) -> None:
    """For a sample of faults while requests are stored, sent, settled, repeated and looked up."""
    if reason := unavailable_reason(tmp_path):
        pytest.skip(reason)
    results = await run_sample(run_journey, SAMPLE, tmp_path)
    assert violations_by_fault(results) == {}
    assert [result.injected for result in results] == [False] + [True] * len(SAMPLE)
