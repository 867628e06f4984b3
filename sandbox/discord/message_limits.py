"""Validates messages by Discord's limits, and normalises them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.discord.component_limits import read_components
from sandbox.discord.embed_limits import check_embeds, embed
from sandbox.discord.errors import FieldErrors, Path, Payload
from sandbox.discord.message_parts import MessageFlag
from sandbox.discord.schema import (
    boolean,
    check_length,
    choice_of,
    integer,
    list_of,
    number,
    object_of,
    snowflake,
    text,
)

CONTENT_LENGTH = 2000
EMBEDS = 10
FILES = 10
FILE_SIZE = 20 * 1024 * 1024
"""Bytes; the default for every server since September 2026."""
NONCE_LENGTH = 25
MENTIONED = 100

_MENTION_KINDS = ("users", "roles", "everyone")
_SETTABLE = (
    MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_COMPONENTS_V2
)
_LEGACY = ("content", "embeds", "poll", "sticker_ids")
"""What a message cannot have beside components of the newer kind."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files that a message may refer to, by the ids that ``attachments`` gives them."""

    names: Collection[str] = ()
    ids: Collection[str] = ()
    new: int = 0
    """How many of them are uploaded with it."""


NO_FILES = Files()


def _nonce(value: Any, path: Path, errors: FieldErrors) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return integer(-(2**63), 2**63 - 1)(value, path, errors)
    return text(NONCE_LENGTH)(value, path, errors)


def _check_mentions(allowed: Payload, path: Path, errors: FieldErrors) -> None:
    for kind in ("users", "roles"):
        if allowed.get(kind) and kind in (allowed.get("parse") or []):
            code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
            words = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            errors.add(path, code, words)


_ids = list_of(snowflake, most=MENTIONED, unique=True)
_mentions = object_of(
    {
        "parse": list_of(choice_of(*_MENTION_KINDS), most=3, unique=True),
        "users": _ids,
        "roles": _ids,
        "replied_user": boolean,
    },
    check=_check_mentions,
)
_reference = object_of(
    {
        "type": choice_of(0),
        "message_id": snowflake,
        "channel_id": snowflake,
        "guild_id": snowflake,
        "fail_if_not_exists": boolean,
    },
    required=("message_id",),
)
_attachment = object_of(
    {
        "id": snowflake,
        "filename": text(1024, min_length=1),
        "description": text(1024),
        "duration_secs": number(0, 2**31 - 1),
        "waveform": text(400),
        "title": text(1024),
        "is_spoiler": boolean,
        "is_remix": boolean,
    },
    required=("id",),
)
_answer = object_of({"poll_media": object_of({"text": text(55)})}, required=("poll_media",))
_poll = object_of(
    {
        "question": object_of({"text": text(300, min_length=1)}, required=("text",)),
        "answers": list_of(_answer, most=10, min_items=1),
        "allow_multiselect": boolean,
        "layout_type": choice_of(1),
        "duration": integer(1, 768),
    },
    required=("question", "answers"),
)
_message = object_of(
    {
        "content": text(CONTENT_LENGTH),
        "nonce": _nonce,
        "enforce_nonce": boolean,
        "tts": boolean,
        "flags": integer(),
        "embeds": list_of(embed, most=EMBEDS),
        "allowed_mentions": _mentions,
        "message_reference": _reference,
        "sticker_ids": list_of(snowflake, most=3),
        "attachments": list_of(_attachment, most=FILES),
        "poll": _poll,
    },
    keep_null=True,
)


def read_message(
    payload: Payload, files: Files = NO_FILES, *, ephemeral: bool = False, modern: bool = False
) -> tuple[Payload, FieldErrors]:
    """Return a message as Discord stores it, and its validation errors.

    ``ephemeral`` tells whether that flag may be set, ``modern`` whether the message that is edited
    consists of components of the newer kind, which cannot be undone.
    """
    errors = FieldErrors()
    kept: Payload = _message(payload, (), errors)
    flags = kept.get("flags") or 0
    if not errors:
        _check_flags(flags, errors, ephemeral=ephemeral)
        check_embeds(kept.get("embeds") or [], ("embeds",), errors)
        _check_attachments(kept.get("attachments") or [], files, errors)
    modern = modern or (isinstance(flags, int) and bool(flags & MessageFlag.IS_COMPONENTS_V2))
    if modern:
        _check_nothing_beside_components(kept, errors)
    if payload.get("components") is not None:
        given, path = payload["components"], ("components",)
        kept["components"] = read_components(given, path, errors, modern=modern)
        if not errors:
            _check_references(kept["components"], path, files, errors)
    elif "components" in payload:
        kept["components"] = None
    return kept, errors


def _check_flags(flags: int, errors: FieldErrors, *, ephemeral: bool) -> None:
    settable = _SETTABLE | MessageFlag.EPHEMERAL if ephemeral else _SETTABLE
    if flags & ~int(settable):
        errors.add(("flags",), "MESSAGE_FLAGS_INVALID", "These flags cannot be set.")


def _check_nothing_beside_components(message: Payload, errors: FieldErrors) -> None:
    for name in _LEGACY:
        if message.get(name):
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            errors.add((name,), code, "Not beside components of the new kind.")


def _check_attachments(listed: list[Payload], files: Files, errors: FieldErrors) -> None:
    check_length(files.new, ("attachments",), errors, most=FILES)
    for index, attachment in enumerate(listed):
        if attachment["id"] not in files.ids:
            words = "The attachment was not found."
            errors.add(("attachments", index, "id"), "ATTACHMENT_NOT_FOUND", words)


def _check_references(
    components: list[Payload], path: Path, files: Files, errors: FieldErrors
) -> None:
    known = {f"attachment://{name}" for name in files.names}
    for where, url in _references(components, path):
        if url.startswith("attachment://") and url not in known:
            code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
            errors.add(where, code, "The referenced attachment was not found.")


def _references(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Find the media of components, at any depth."""
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _references(inner, (*path, index))
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in ("media", "file"):
                yield (*path, name, "url"), inner["url"]
            else:
                yield from _references(inner, (*path, name))
