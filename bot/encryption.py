"""Encrypts secrets that the database stores: authenticated encryption with keys of the operator.

A ciphertext is bound to what it belongs to by a *context*: it cannot be decrypted in another row.
It consists of a version (1 byte), the id of its key (4 bytes), a nonce (12 bytes), and the output
of AES-256-GCM (as long as the plaintext, and 16 bytes).
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

_VERSION = b"\x01"
_KEY_SIZE, _ID_SIZE, _NONCE_SIZE = 32, 4, 12
"""Bytes."""
_HEADER_SIZE = len(_VERSION) + _ID_SIZE


class DecryptionError(Exception):
    """A ciphertext cannot be decrypted: its key is missing, or it was altered or moved."""


class Cipher:
    """Encrypts with the first of several keys, and decrypts with the one that was used."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Each of ``keys`` has 32 bytes; there is at least one."""
        self._keys = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        self._current_id = _key_id(keys[0])

    def encrypt(self, secret: SecretStr, context: str) -> bytes:
        """Return the ciphertext of a secret that belongs to ``context``."""
        header, nonce = _VERSION + self._current_id, os.urandom(_NONCE_SIZE)
        plaintext = secret.get_secret_value().encode()
        cipher = self._keys[self._current_id]
        return header + nonce + cipher.encrypt(nonce, plaintext, header + context.encode())

    def decrypt(self, ciphertext: bytes, context: str) -> SecretStr:
        """Return the secret in a ciphertext. Raises ``DecryptionError``."""
        header, rest = ciphertext[:_HEADER_SIZE], ciphertext[_HEADER_SIZE:]
        cipher = self._keys.get(header[len(_VERSION) :])
        if cipher is None or not header.startswith(_VERSION):
            raise DecryptionError("the key that it was encrypted with is not in ENCRYPTION_KEY")
        nonce, encrypted = rest[:_NONCE_SIZE], rest[_NONCE_SIZE:]
        try:
            plaintext = cipher.decrypt(nonce, encrypted, header + context.encode())
        except (InvalidTag, ValueError):
            raise DecryptionError("it was altered, or belongs to another row") from None
        return SecretStr(plaintext.decode())


def new_key() -> str:
    """Return a random key as text, as the setting ``ENCRYPTION_KEY`` takes it."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_SIZE)).decode()


def parse_keys(text: str) -> list[bytes]:
    """Return the keys in a setting, separated by commas.

    Raises ``ValueError`` with the rest of a sentence for the operator; it quotes nothing.
    """
    return [_parse_key(each) for each in text.split(",")]


def _parse_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_SIZE:
        raise ValueError(
            "must be keys made by `suno-bot new-key`, separated by commas, the newest first"
        )
    return key


def _key_id(key: bytes) -> bytes:
    """Return what a ciphertext says about its key, from which the key cannot be computed."""
    return hashlib.sha256(b"suno-bot key id\n" + key).digest()[:_ID_SIZE]
