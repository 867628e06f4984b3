"""Reads the payload files: responses of relays, and how they are to be parsed."""

import json
from typing import Any

from tests.support.paths import PAYLOADS as PAYLOADS_FOLDER

PAYLOADS = sorted(PAYLOADS_FOLDER.glob("*.json"))


def body_of(payload: dict[str, Any]) -> bytes:
    """Return the bytes that a payload file stands for."""
    match payload["body"]:
        case {"text": str(text), **rest} if not rest:
            return text.encode()
        case {"latin1": str(text), **rest} if not rest:
            return text.encode("latin-1")
        case body:
            return json.dumps(body).encode()
