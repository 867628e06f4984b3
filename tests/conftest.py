"""What every test is held to, whatever it is about."""

import logging
from collections.abc import Iterator

import pytest

_LOCAL_DISCORD = "sandbox.discord.middleware"


class _Collector(logging.Handler):
    """Keeps the lines of a log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


@pytest.fixture(autouse=True)
def well_formed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which a bot asks a local Discord for what Discord never takes.

    The bot may well recover from the refusal, by sending something simpler, and so hide a bug.
    """
    log, collector = logging.getLogger(_LOCAL_DISCORD), _Collector()
    log.setLevel(logging.WARNING)
    log.addHandler(collector)
    yield
    log.removeHandler(collector)
    if request.node.get_closest_marker("malformed_requests") is None:
        assert collector.lines == []
