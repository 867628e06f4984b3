"""Nonces: by them Discord knows a message that is sent again, from whatever process."""

import hashlib

NONCE_LENGTH = 25
"""Discord takes at most 25 characters."""


def nonce_of(*key: object) -> str:
    """Return the nonce of the row that has this key: always the same, and no other row's."""
    return hashlib.sha256("\n".join(map(str, key)).encode()).hexdigest()[:NONCE_LENGTH]
