from pathlib import Path

import pytest

from tests.e2e.crash_at_every_write import Result, run_journey, run_journeys
from tests.support.write_faults import WriteFault, WriteFaultKind, unavailable_reason

SAMPLE = (
    *((WriteFaultKind.KILL, "pwrite64", part) for part in (0.1, 0.5, 0.75, 0.8)),
    (WriteFaultKind.EIO, "fdatasync", 0.5),
    (WriteFaultKind.EIO, "pwrite64", 0.8),
    (WriteFaultKind.ENOSPC, "fdatasync", 0.8),
    (WriteFaultKind.ENOSPC, "pwrite64", 0.7),
)
"""Kinds of faults, calls, and which part of the calls precedes the fault.

The command of the module injects a fault at every call.
"""


@pytest.mark.parametrize("in_forum", [False, True], ids=["channel", "forum"])
async def test_confirmed_watches_end_in_one_notice_wherever_a_write_fails(
    tmp_path: Path, *, in_forum: bool
) -> None:
    """Each watch ends in one notice for a sample of kills, disk errors and full disks."""
    if reason := unavailable_reason(tmp_path):
        pytest.skip(reason)
    folder = tmp_path / "no-fault"
    folder.mkdir()
    results = [await run_journey(folder, in_forum=in_forum)]
    calls = results[0].calls
    faults = [WriteFault(kind, call, round(part * calls[call])) for kind, call, part in SAMPLE]
    await run_journeys(faults, tmp_path, 2, results.append, in_forum=in_forum)
    assert violations_by_fault(results) == {}
    assert [result.injected for result in results] == [False] + [True] * len(SAMPLE)
    killed = [result.exit_code for result in results if result.fault in faults[:4]]
    assert set(killed) == {-9}


def violations_by_fault(results: list[Result]) -> dict[str, tuple[str, ...]]:
    """Return the violations of the guarantee by the fault that caused them."""
    return {str(result.fault): result.violations for result in results if result.violations}
