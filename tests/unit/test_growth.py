from pathlib import Path

from benchmarks.growth import measured
from benchmarks.growth_figure import Line, Panel, draw


async def test_every_cost_is_measured_at_every_size_and_drawn(tmp_path: Path) -> None:
    """A real bot on a real file, small: each panel of the figure has its numbers."""
    panels = await measured(tmp_path, [2, 5], polling=0.1, lives=1, repetitions=1)
    *of_watches, of_watchers = panels
    assert all(set(line.points) == {2, 5} for panel in of_watches for line in panel.lines)
    assert [max(line.points) for line in of_watchers.lines] == [100]
    numbers = [
        n for p in panels for line in p.lines for taken in line.points.values() for n in taken
    ]
    assert all(number > 0 for number in numbers)
    draw(panels, "Measured now", tmp_path / "growth.svg")
    assert (tmp_path / "growth.svg").stat().st_size > 10_000


def test_the_same_numbers_are_the_same_picture(tmp_path: Path) -> None:
    """A picture in the repository changes with what it shows alone."""
    for name in ("one.svg", "two.svg"):
        panel = Panel("Memory (MiB)", "watches", [Line("", {1: [2.0], 10: [3.0]})])
        draw([panel], "Measured once", tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
