"""What is logged, and how: text for people, JSON for machines, secrets for nobody."""

import json
import logging
import re
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, TextIO

from bot.redaction import (
    REDACTED,
    quote_unprintable,
    quote_unprintable_in_json,
    redact_known_forms,
)

_NOISY = dict.fromkeys(("discord", "asyncio", "aiohttp", "filelock"), logging.WARNING)
"""Libraries that tell more than an operator wants to read, and from which level on they speak."""

_TRIED_AGAIN = "Attempting a reconnect"
"""How discord.py begins to tell of a connection that it makes anew by itself."""

_INTERACTION_TOKEN = re.compile(r"((?:webhooks|interactions)/\d+/)[^/?\s]+")
"""What stands in an address that discord.py logs; with it, anybody could answer as the bot."""


def configure_logging(
    level: str, style: str, secrets: Collection[str], stream: TextIO | None = None
) -> None:
    """Send every record of at least ``level`` to ``stream`` (standard error).

    ``style`` is ``text`` or ``json`` (one object a line). Each of ``secrets`` is blotted out, and
    so are the tokens of interactions, also in tracebacks and in what libraries log.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    inner = _JsonFormatter() if style == "json" else _TextFormatter()
    handler.setFormatter(_Redacting(inner, secrets))
    handler.addFilter(_shorten)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level)))


def _shorten(record: logging.LogRecord) -> bool:
    """Tell the trouble of a connection in a line: it passes, whatever way the code took to it."""
    if record.exc_info and record.exc_info[1] and str(record.msg).startswith(_TRIED_AGAIN):
        error = record.exc_info[1]
        record.msg, record.args = f"{record.getMessage()} ({type(error).__name__}: {error})", ()
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


class _Redacting(logging.Formatter):
    """Another formatter's text with every secret replaced."""

    def __init__(self, inner: logging.Formatter, secrets: Collection[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        text = self._inner.format(record)
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return redact_known_forms(_INTERACTION_TOKEN.sub(rf"\1{REDACTED}", text))


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # logging's name
        """Keep a record on its line, and free of what a terminal obeys."""
        return quote_unprintable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 # logging's name
        """Keep what an exception quotes free of what a terminal obeys."""
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
