from collections.abc import Sequence
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
FORUM_SAMPLE = ((WriteFaultKind.KILL, "pwrite64", 0.78), (WriteFaultKind.EIO, "pwrite64", 0.82))
"""While the notice is posted: until then a watch for a forum is stored like any other."""


@pytest.mark.parametrize(
    ("in_forum", "sample"),
    [(False, SAMPLE), (True, FORUM_SAMPLE)],
    ids=["channel", "forum"],
)
async def test_confirmed_watches_end_in_one_notice_wherever_a_write_fails(
    tmp_path: Path, *, in_forum: bool, sample: Sequence[tuple[WriteFaultKind, str, float]]
) -> None:
    """Each watch ends in one notice for a sample of kills, disk errors and full disks."""
    if reason := unavailable_reason(tmp_path):
        pytest.skip(reason)
    run = partial(run_journey, in_forum=in_forum)
    results = await run_sample(run, sample, tmp_path)
    assert violations_by_fault(results) == {}
    assert [result.injected for result in results] == [False] + [True] * len(sample)
    for result in results:
        if result.fault and not result.fault.is_transient:
            assert result.exit_code == -9
