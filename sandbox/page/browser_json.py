"""Writes JSON for a browser, whose numbers are exact only up to 2**53."""

import json
from typing import Any

_LARGEST_EXACT = 2**53 - 1


def browser_json(payload: Any) -> str:
    """Return ``payload`` as JSON with every integer beyond 2**53, such as a snowflake, as text."""
    return json.dumps(_exact(payload))


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _exact(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(each) for each in value]
    is_too_large = isinstance(value, int) and abs(value) > _LARGEST_EXACT
    return str(value) if is_too_large else value
