"""What is logged, and how: text for people, JSON for machines, secrets for nobody."""

import json
import logging
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TextIO

_NOISY = dict.fromkeys(("discord", "asyncio", "aiohttp", "filelock"), logging.WARNING)
"""Libraries that tell more than an operator wants to read, and from which level on they speak."""


def set_up_logging(
    level: str, style: str, secrets: Collection[str], stream: TextIO | None = None
) -> None:
    """Send every record of at least ``level`` to ``stream`` (standard error).

    ``style`` is ``text`` or ``json`` (one object a line). Each of ``secrets`` is blotted out, also
    in tracebacks and in what libraries log.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    inner = _JsonFormatter() if style == "json" else _TextFormatter()
    handler.setFormatter(_Redacting(inner, secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level)))


class _Redacting(logging.Formatter):
    """Another formatter's text with every secret replaced."""

    def __init__(self, inner: logging.Formatter, secrets: Collection[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        text = self._inner.format(record)
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # logging's name
        """Keep a record on its line, whatever text of a relay it quotes."""
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


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
        return json.dumps(entry, ensure_ascii=False)
