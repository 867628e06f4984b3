from functools import partial
from pathlib import Path

import pytest

from tests.e2e.crash_at_every_write import run_journey
from tests.e2e.fault_runs import run_sample, violations_by_fault
from tests.support.write_faults import WriteFaultKind, unavailable_reason

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
    run = partial(run_journey, in_forum=in_forum)
    results = await run_sample(run, SAMPLE, tmp_path)
    assert violations_by_fault(results) == {}
    assert [result.injected for result in results] == [False] + [True] * len(SAMPLE)
    killed = [each.exit_code for each in results if each.fault and not each.fault.is_transient]
    assert killed == [-9] * 4
