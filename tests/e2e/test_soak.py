import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.soak import Sample, growth, run_soak

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="the soak reads /proc")


def samples(resident: Sequence[float], descriptors: Sequence[int] = ()) -> list[Sample]:
    """Return one sample per minute."""
    files = descriptors or [20] * len(resident)
    return [
        Sample(minute, memory, count)
        for minute, (memory, count) in enumerate(zip(resident, files, strict=True))
    ]


def test_constant_memory_after_the_warm_up_is_no_growth() -> None:
    """Memory may grow during the warm-up, and vary a little after it."""
    assert growth(samples([50, 60, 70, 80, *[90, 91, 89] * 5])) == []


def test_growing_memory_is_found() -> None:
    """A leak of one per cent per minute is growth."""
    assert growth(samples([50 * 1.01**minute for minute in range(40)]))


def test_leaked_descriptors_are_found() -> None:
    """One more descriptor per minute is growth; a varying number is not."""
    assert growth(samples([50] * 40, [20 + minute for minute in range(40)]))
    assert growth(samples([50] * 40, [20 + minute % 3 for minute in range(40)])) == []


@needs_proc
async def test_a_hundred_watches_end_in_one_notice_each(tmp_path: Path) -> None:
    """Each watch ends in one notice, while memory and open files are sampled."""
    soak = await run_soak(tmp_path, watches=100, minutes=6, seconds=6)
    assert len(soak.watchers) == 100
    assert soak.count_notices() == 100
    assert soak.samples[-1].resident > 10
    assert soak.samples[-1].descriptors > 5
    assert [problem for problem in soak.problems() if "grew" not in problem] == []
