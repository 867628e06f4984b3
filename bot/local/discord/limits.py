"""What Discord refuses in a message: pure functions from a payload to what is wrong with it."""

from collections.abc import Collection
from typing import Any

from bot.local.discord.component_limits import check_components
from bot.local.discord.errors import Faulty, Payload
from bot.local.discord.messages import MessageFlag
from bot.local.discord.texts import Path, check_count, check_number, check_text, check_url

CONTENT_LENGTH = 2000
EMBEDS = 10
EMBED_TEXT = 6000
"""Code points over all embeds of a message together."""
FIELDS = 25
FILES = 10
FILE_SIZE = 20 * 1024 * 1024
"""Bytes; the default for every server since September 2026."""
NONCE_LENGTH = 25
MENTIONED = 100

_MENTION_KINDS = ("users", "roles", "everyone")
_SETTABLE = (
    MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_COMPONENTS_V2
)


def message_faults(payload: Payload, files: Collection[str], *, ephemeral: bool = False) -> Faulty:
    """Find what is wrong with a message.

    ``files`` are the names of the uploads; ``ephemeral`` tells whether that flag may be set.
    """
    faulty = Faulty()
    check_text(faulty, ("content",), payload.get("content"), longest=CONTENT_LENGTH)
    _check_nonce(faulty, payload.get("nonce"))
    flags = payload.get("flags") or 0
    _check_flags(faulty, flags, ephemeral=ephemeral)
    check_embeds(faulty, payload.get("embeds"))
    check_mentions(faulty, payload.get("allowed_mentions"))
    modern = isinstance(flags, int) and bool(flags & MessageFlag.IS_COMPONENTS_V2)
    if modern:
        _check_nothing_beside_components(faulty, payload)
    check_components(faulty, payload.get("components"), modern=modern)
    _check_attachments(faulty, payload.get("attachments"), files)
    return faulty


def _check_nonce(faulty: Faulty, nonce: Any) -> None:
    if isinstance(nonce, int) and not isinstance(nonce, bool):
        return
    check_text(faulty, ("nonce",), nonce, longest=NONCE_LENGTH)


def _check_flags(faulty: Faulty, flags: Any, *, ephemeral: bool) -> None:
    settable = _SETTABLE | MessageFlag.EPHEMERAL if ephemeral else _SETTABLE
    if not isinstance(flags, int) or flags & ~int(settable):
        faulty.add(("flags",), "MESSAGE_FLAGS_INVALID", "These flags cannot be set.")


def _check_nothing_beside_components(faulty: Faulty, payload: Payload) -> None:
    for name in ("content", "embeds", "poll"):
        if payload.get(name):
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            faulty.add((name,), code, "Not beside components of the new kind.")


def _check_attachments(faulty: Faulty, attachments: Any, files: Collection[str]) -> None:
    if len(files) > FILES:
        faulty.add(("attachments",), "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
    if not check_count(faulty, ("attachments",), attachments, most=FILES):
        return
    for index, attachment in enumerate(attachments or []):
        path = ("attachments", index, "description")
        check_text(faulty, path, attachment.get("description"), longest=1024)


def check_embeds(faulty: Faulty, embeds: Any) -> None:
    """Check each embed, and the text of all together."""
    if not check_count(faulty, ("embeds",), embeds, most=EMBEDS):
        return
    for index, embed in enumerate(embeds or []):
        _check_embed(faulty, ("embeds", index), embed)
    total = sum(embed_text_length(embed) for embed in embeds or [])
    if total > EMBED_TEXT:
        text = f"Embed size exceeds maximum size of {EMBED_TEXT}"
        faulty.add(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", text)


def _check_embed(faulty: Faulty, path: Path, embed: Payload) -> None:
    check_text(faulty, (*path, "title"), embed.get("title"), longest=256)
    check_text(faulty, (*path, "description"), embed.get("description"), longest=4096)
    check_url(faulty, (*path, "url"), embed.get("url"))
    check_number(faulty, (*path, "color"), embed.get("color"), lowest=0, highest=0xFFFFFF)
    footer, author = embed.get("footer") or {}, embed.get("author") or {}
    check_text(faulty, (*path, "footer", "text"), footer.get("text"), longest=2048)
    check_text(faulty, (*path, "author", "name"), author.get("name"), longest=256)
    check_url(faulty, (*path, "author", "url"), author.get("url"))
    images = {
        ("footer", "icon_url"): footer.get("icon_url"),
        ("author", "icon_url"): author.get("icon_url"),
        ("image", "url"): (embed.get("image") or {}).get("url"),
        ("thumbnail", "url"): (embed.get("thumbnail") or {}).get("url"),
    }
    for place, url in images.items():
        check_url(faulty, (*path, *place), url, schemes=("http", "https", "attachment"))
    if check_count(faulty, (*path, "fields"), embed.get("fields"), most=FIELDS):
        for index, field in enumerate(embed.get("fields") or []):
            here = (*path, "fields", index)
            check_text(faulty, (*here, "name"), field.get("name"), shortest=1, longest=256)
            check_text(faulty, (*here, "value"), field.get("value"), shortest=1, longest=1024)


def embed_text_length(embed: Payload) -> int:
    """Count the code points of an embed that go into the 6000 of a message."""
    texts = [embed.get("title"), embed.get("description")]
    texts.append((embed.get("footer") or {}).get("text"))
    texts.append((embed.get("author") or {}).get("name"))
    for field in embed.get("fields") or []:
        texts += [field.get("name"), field.get("value")]
    return sum(len(text) for text in texts if isinstance(text, str))


def embed_is_empty(embed: Payload) -> bool:
    """Whether an embed shows nothing at all; Discord then treats it as not there."""
    shown = (
        "title",
        "description",
        "fields",
        "image",
        "thumbnail",
        "author",
        "footer",
        "timestamp",
    )
    return not any(embed.get(name) for name in shown)


def check_mentions(faulty: Faulty, allowed: Any) -> None:
    """Check that ``allowed_mentions`` does not contradict itself."""
    if allowed is None:
        return
    parse = allowed.get("parse") or []
    for index, kind in enumerate(parse):
        if kind not in _MENTION_KINDS:
            text = f"Value must be one of {_MENTION_KINDS}."
            faulty.add(("allowed_mentions", "parse", index), "BASE_TYPE_CHOICES", text)
    for kind in ("users", "roles"):
        listed = allowed.get(kind) or []
        check_count(faulty, ("allowed_mentions", kind), listed, most=MENTIONED)
        if len({str(entry) for entry in listed}) < len(listed):
            text = "The list contains duplicates."
            faulty.add(("allowed_mentions", kind), "SET_TYPE_CONTAINS_DUPLICATES", text)
        if listed and kind in parse:
            code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
            text = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            faulty.add(("allowed_mentions",), code, text)
