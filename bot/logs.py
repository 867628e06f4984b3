"""Configures logging: text or JSON lines, with every secret redacted."""

import json
import logging
import re
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, TextIO

from bot.redaction import (
    REDACTED,
    Redactor,
    quote_unprintable,
    quote_unprintable_in_json,
    redact_known_forms,
)

_NOISY = dict.fromkeys(("discord", "asyncio", "aiohttp", "filelock"), logging.WARNING)
"""Libraries that log more than an operator needs, and the minimum level of their records."""

_RECONNECT_PREFIX = "Attempting a reconnect"
"""The beginning of discord.py's message about a connection that it restores by itself."""

_INTERACTION_TOKEN = re.compile(r"((?:webhooks|interactions)/\d+/)[^/?\s]+")
"""The token in a URL that discord.py logs; with it anybody could respond as the bot."""


def configure_logging(
    level: str, style: str, secrets: Collection[str], stream: TextIO | None = None
) -> None:
    """Write every record of at least ``level`` to ``stream`` (standard error).

    ``style`` is ``text`` or ``json`` (one object a line). Each of ``secrets`` is redacted, and so
    are the tokens of interactions, also in tracebacks and in the records of libraries.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    inner = _JsonFormatter() if style == "json" else _TextFormatter()
    handler.setFormatter(_RedactingFormatter(inner, secrets))
    handler.addFilter(_shorten_reconnect)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, minimum in _NOISY.items():
        logging.getLogger(name).setLevel(max(minimum, logging.getLevelName(level)))


def _shorten_reconnect(record: logging.LogRecord) -> bool:
    """Log a lost connection in a line without traceback: discord.py restores it by itself."""
    if record.exc_info and record.exc_info[1] and str(record.msg).startswith(_RECONNECT_PREFIX):
        error = record.exc_info[1]
        record.msg, record.args = f"{record.getMessage()} ({type(error).__name__}: {error})", ()
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


class _RedactingFormatter(logging.Formatter):
    """Replaces every secret in the text of another formatter."""

    def __init__(self, inner: logging.Formatter, secrets: Collection[str]) -> None:
        super().__init__()
        self._inner = inner
        self._redactor = Redactor(secrets)

    def format(self, record: logging.LogRecord) -> str:
        text = self._redactor.redact(self._inner.format(record))
        return redact_known_forms(_INTERACTION_TOKEN.sub(rf"\1{REDACTED}", text))


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # logging's name
        """Keep a record on one line, without terminal control characters."""
        return quote_unprintable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 # logging's name
        """Escape terminal control characters that an exception quotes."""
        return "\n".join(map(quote_unprintable, super().formatException(ei).split("\n")))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return quote_unprintable_in_json(json.dumps(entry, ensure_ascii=False))
