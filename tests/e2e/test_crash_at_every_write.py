from pathlib import Path

import pytest

from tests.e2e.crash_at_every_write import Result, play, play_all
from tests.support.write_faults import Fault, Kind, unusable

SAMPLE = (
    *((Kind.KILL, "pwrite64", part) for part in (0.1, 0.5, 0.75, 0.8)),
    *((Kind.EIO, call, part) for call, part in (("fdatasync", 0.5), ("pwrite64", 0.8))),
    *((Kind.ENOSPC, call, part) for call, part in (("fdatasync", 0.8), ("pwrite64", 0.7))),
)
"""Which faults, and how far into the journey: all of them are played by hand, see the module."""


async def test_what_is_confirmed_arrives_once_wherever_a_write_fails(tmp_path: Path) -> None:
    """A sample of the moments at which the bot may die, or the disk may fail or be full."""
    if reason := unusable(tmp_path):
        pytest.skip(reason)
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    results = [await play(undisturbed)]
    calls = results[0].calls
    faults = [Fault(kind, call, round(part * calls[call])) for kind, call, part in SAMPLE]
    await play_all(faults, tmp_path, jobs=2, tell=results.append)
    assert broken(results) == {}
    assert [result.struck for result in results] == [False] + [True] * len(SAMPLE)
    killed = [result.exit_code for result in results if result.fault in faults[:4]]
    assert set(killed) == {-9}


def broken(results: list[Result]) -> dict[str, tuple[str, ...]]:
    """Return what is wrong, by the fault that it came from."""
    return {str(result.fault): result.violations for result in results if result.violations}
