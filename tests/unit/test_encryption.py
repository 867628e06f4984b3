"""Secrets are stored encrypted, bound to their rows, and survive a change of the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.encryption import Cipher, DecryptionError, new_key, parse_keys

SECRET = SecretStr("sk-a-key-of-a-relay-0123456789")
CONTEXT = "account 7"
KEY = "A" * 43 + "="
"""A key of zeros: tests that run in several processes need the same names in each."""


def cipher_with(*keys: str) -> Cipher:
    """Return a cipher with keys as the setting holds them."""
    return Cipher(parse_keys(",".join(keys)))


@given(st.text(), st.text())
def test_what_was_encrypted_is_decrypted_in_its_context(secret: str, context: str) -> None:
    """Whatever the characters, also none."""
    cipher = cipher_with(new_key())
    secret = secret.encode(errors="replace").decode()
    context = context.encode(errors="replace").decode()
    ciphertext = cipher.encrypt(SecretStr(secret), context)
    assert cipher.decrypt(ciphertext, context).get_secret_value() == secret


def test_a_ciphertext_contains_nothing_of_the_secret_and_never_repeats() -> None:
    """Two rows with the same key do not look alike."""
    cipher = cipher_with(new_key())
    first, second = cipher.encrypt(SECRET, CONTEXT), cipher.encrypt(SECRET, CONTEXT)
    assert SECRET.get_secret_value().encode() not in first
    assert first[5:] != second[5:]


def test_a_ciphertext_moved_to_another_row_is_refused() -> None:
    """Who can write to the database cannot let one account use the key of another."""
    cipher = cipher_with(new_key())
    with pytest.raises(DecryptionError):
        cipher.decrypt(cipher.encrypt(SECRET, CONTEXT), "account 8")


@given(st.integers(0, 2**16), st.integers(1, 255))
def test_an_altered_ciphertext_is_refused(position: int, change: int) -> None:
    """Every byte is authenticated."""
    cipher = cipher_with(new_key())
    altered = bytearray(cipher.encrypt(SECRET, CONTEXT))
    altered[position % len(altered)] ^= change
    with pytest.raises(DecryptionError):
        cipher.decrypt(bytes(altered), CONTEXT)


@given(st.binary(max_size=64))
def test_bytes_that_are_no_ciphertext_are_refused(data: bytes) -> None:
    """A damaged row raises one error only."""
    with pytest.raises(DecryptionError):
        cipher_with(new_key()).decrypt(data, CONTEXT)


def test_an_old_key_still_decrypts_but_never_encrypts() -> None:
    """The operator puts a new key in front, rotates, and removes the old one."""
    old, new = new_key(), new_key()
    ciphertext = cipher_with(old).encrypt(SECRET, CONTEXT)
    both = cipher_with(new, old)
    assert both.decrypt(ciphertext, CONTEXT) == SECRET
    rotated = both.encrypt(both.decrypt(ciphertext, CONTEXT), CONTEXT)
    assert cipher_with(new).decrypt(rotated, CONTEXT) == SECRET
    with pytest.raises(DecryptionError, match="ENCRYPTION_KEY"):
        cipher_with(new).decrypt(ciphertext, CONTEXT)


@pytest.mark.parametrize("text", ["", "secret", KEY + ",", KEY[:-4], "ä" * 44])
def test_what_is_no_key_is_refused_without_being_quoted(text: str) -> None:
    """A short key that a person chose is refused too."""
    with pytest.raises(ValueError, match="new-key") as raised:
        parse_keys(text)
    assert not text or text not in str(raised.value)
