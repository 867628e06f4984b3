import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.soak import Sample, growth, run_soak

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="the soak reads /proc")


def seen(resident: Sequence[float], descriptors: Sequence[int] = ()) -> list[Sample]:
    """Return samples, one a minute."""
    files = descriptors or [20] * len(resident)
    return [
        Sample(minute, memory, count)
        for minute, (memory, count) in enumerate(zip(resident, files, strict=True))
    ]


def test_memory_that_is_flat_after_the_warm_up_is_fine() -> None:
    """It may grow before, and waver after."""
    assert growth(seen([50, 60, 70, 80, *[90, 91, 89] * 5])) == []


def test_memory_that_goes_on_growing_is_found() -> None:
    """A leak of one in a hundred each minute."""
    assert growth(seen([50 * 1.01**minute for minute in range(40)]))


def test_files_that_are_not_closed_are_found() -> None:
    """One a minute; those that come and go are none."""
    assert growth(seen([50] * 40, [20 + minute for minute in range(40)]))
    assert growth(seen([50] * 40, [20 + minute % 3 for minute in range(40)])) == []


@needs_proc
async def test_a_hundred_watches_are_each_told_once(tmp_path: Path) -> None:
    """From the command to the notice; memory and open files are looked at meanwhile."""
    soak = await run_soak(tmp_path, watches=100, minutes=6, seconds=6)
    assert len(soak.asked) == 100
    assert soak.told() == 100
    assert soak.samples[-1].resident > 10
    assert soak.samples[-1].descriptors > 5
    assert [one for one in soak.problems() if "grew" not in one] == []
