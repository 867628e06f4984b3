import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.logs import set_up_logging

SECRET = "a-secret-of-somebody"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_a_record_is_one_line_of_text_whatever_it_quotes() -> None:
    """A relay cannot forge a second record with a line break."""
    stream = io.StringIO()
    set_up_logging("INFO", "text", [], stream)
    logging.getLogger("bot").info("the relay said %s", "one\r\n2026-01-01 ERROR two")
    assert len(stream.getvalue().splitlines()) == 1


def test_json_records_are_one_object_a_line() -> None:
    """Machines read time, level, logger and message."""
    stream = io.StringIO()
    set_up_logging("INFO", "json", [], stream)
    logging.getLogger("bot").warning("song %s: 喵\n!", 7)
    entry = json.loads(stream.getvalue())
    assert (entry["level"], entry["logger"], entry["message"]) == (
        "WARNING",
        "bot",
        "song 7: 喵\n!",
    )
    assert entry["time"].endswith("+00:00")


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_secret_is_blotted_out_even_in_a_traceback(style: str) -> None:
    """Whoever logs it, and wherever it stands."""
    stream = io.StringIO()
    set_up_logging("DEBUG", style, [SECRET, ""], stream)
    error = RuntimeError(f"refused: Bearer {SECRET}")
    logging.getLogger("some.library").error("with %s", SECRET, exc_info=error)
    assert SECRET not in stream.getvalue()
    assert stream.getvalue().count("[secret]") >= 2


def test_only_records_of_the_wanted_level_are_logged() -> None:
    """`WARNING` is silent about what is well, libraries always are."""
    stream = io.StringIO()
    set_up_logging("WARNING", "text", [], stream)
    logging.getLogger("bot").info("all is well")
    logging.getLogger("discord").info("chatter")
    assert stream.getvalue() == ""
