"""What is measured of the processes that these tests start."""

import os

import pytest

_KILLING = ("chaos", "crash", "kills")
"""Words in the names of the modules whose tests kill processes."""


@pytest.fixture(autouse=True)
def _coverage_of_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure no coverage in processes that are killed: they cannot report it."""
    if any(word in request.path.stem for word in _KILLING):
        for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
            monkeypatch.delenv(name)
