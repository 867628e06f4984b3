import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.logs import configure_logging

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
    configure_logging("INFO", "text", [], stream)
    logging.getLogger("bot").info("the relay said %s", "one\r\n2026-01-01 ERROR two")
    assert len(stream.getvalue().splitlines()) == 1


def test_json_records_are_one_object_a_line() -> None:
    """Machines read time, level, logger and message."""
    stream = io.StringIO()
    configure_logging("INFO", "json", [], stream)
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
    configure_logging("DEBUG", style, [SECRET, ""], stream)
    error = RuntimeError(f"refused: Bearer {SECRET}")
    logging.getLogger("some.library").error("with %s", SECRET, exc_info=error)
    assert SECRET not in stream.getvalue()
    assert stream.getvalue().count("[secret]") >= 2


def test_the_token_of_an_interaction_is_blotted_out() -> None:
    """discord.py logs the addresses of requests that Discord slows down."""
    stream = io.StringIO()
    configure_logging("INFO", "text", [], stream)
    for path in ("webhooks/12/{}/messages/@original", "interactions/34/{}/callback"):
        address = f"https://discord.com/api/v10/{path.format('aW50ZXJ.tok-en_1')}"
        logging.getLogger("discord.http").warning("We are being rate limited. PATCH %s", address)
    first, second = stream.getvalue().splitlines()
    assert first.endswith("/webhooks/12/[secret]/messages/@original")
    assert second.endswith("/interactions/34/[secret]/callback")


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_connection_that_is_made_anew_is_told_in_a_line(style: str) -> None:
    """With its cause; other faults within discord.py keep their way through the code."""
    stream = io.StringIO()
    configure_logging("INFO", style, [], stream)
    shards = logging.getLogger("discord.shard")
    cause = ConnectionResetError("the line was cut")
    shards.error("Attempting a reconnect for shard ID %s in %.2fs", 0, 1.5, exc_info=cause)
    assert len(stream.getvalue().splitlines()) == 1
    assert "WARNING" in stream.getvalue()
    assert "in 1.50s (ConnectionResetError: the line was cut)" in stream.getvalue()
    assert "Traceback" not in stream.getvalue()
    try:
        raise cause
    except ConnectionResetError:
        shards.exception("Ignoring exception in %s", "on_ready")
    assert "Traceback" in stream.getvalue()


def test_only_records_of_the_wanted_level_are_logged() -> None:
    """`WARNING` is silent about what is well, libraries always are."""
    stream = io.StringIO()
    configure_logging("WARNING", "text", [], stream)
    logging.getLogger("bot").info("all is well")
    logging.getLogger("discord").info("chatter")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("name", ["discord.gateway", "discord.http", "discord.client", "aiohttp"])
def test_no_library_logs_what_people_enter(name: str) -> None:
    """At DEBUG discord.py logs each form that somebody sends, which may hold a key."""
    stream = io.StringIO()
    configure_logging("DEBUG", "text", [], stream)
    logging.getLogger(name).debug("received %s", "what somebody has entered")
    logging.getLogger("bot").debug("this is seen")
    assert "this is seen" in stream.getvalue()
    assert "entered" not in stream.getvalue()
