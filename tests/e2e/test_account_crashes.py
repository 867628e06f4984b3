"""No key of a relay account is left behind or lost, wherever the process dies."""

from pathlib import Path

import pytest

from tests.e2e.account_crashes import Result, run_journey, run_journeys
from tests.support.write_faults import WriteFault, WriteFaultKind, unavailable_reason

PARTS = (0.3, 0.45, 0.6, 0.7, 0.8, 0.88, 0.94, 0.98)
"""Which part of the calls precedes the kill; the command of the module kills at every call."""


async def test_accounts_are_whole_wherever_the_process_is_killed(tmp_path: Path) -> None:
    """For a sample of kills while accounts are connected, replaced, disconnected and erased."""
    if reason := unavailable_reason(tmp_path):
        pytest.skip(reason)
    folder = tmp_path / "no-fault"
    folder.mkdir()
    results = [await run_journey(folder)]
    calls = results[0].calls["pwrite64"]
    faults = [WriteFault(WriteFaultKind.KILL, "pwrite64", round(part * calls)) for part in PARTS]
    await run_journeys(faults, tmp_path, 2, results.append)
    assert violations_by_fault(results) == {}
    assert [result.injected for result in results] == [False] + [True] * len(PARTS)


def violations_by_fault(results: list[Result]) -> dict[str, tuple[str, ...]]:
    """Return the violations by the kill that caused them."""
    return {str(result.fault): result.violations for result in results if result.violations}
