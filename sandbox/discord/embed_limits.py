"""What Discord takes as the embeds of a message."""

from sandbox.discord.errors import FieldErrors, Path, Payload
from sandbox.discord.schema import boolean, integer, link, list_of, object_of, text, timestamp

EMBED_TEXT = 6000
"""Code points over all embeds of a message together."""
FIELDS = 25

_SHOWN = (
    "title",
    "description",
    "fields",
    "image",
    "thumbnail",
    "author",
    "footer",
    "timestamp",
)


_picture = link(schemes=("http", "https", "attachment"))
_field = object_of(
    {"name": text(256, min_length=1), "value": text(1024, min_length=1), "inline": boolean},
    required=("name", "value"),
    defaults={"inline": False},
)
embed = object_of(
    {
        "title": text(256),
        "description": text(4096),
        "url": link(),
        "timestamp": timestamp,
        "color": integer(0, 0xFFFFFF),
        "footer": object_of({"text": text(2048), "icon_url": _picture}),
        "author": object_of({"name": text(256), "url": link(), "icon_url": _picture}),
        "image": object_of({"url": _picture}),
        "thumbnail": object_of({"url": _picture}),
        "fields": list_of(_field, most=FIELDS),
    }
)
"""Reads one embed; what only Discord itself makes of links (videos, providers) is dropped."""


def check_embeds(embeds: list[Payload], path: Path, errors: FieldErrors) -> None:
    """Check the text of all embeds together."""
    if sum(map(embed_text_length, embeds)) > EMBED_TEXT:
        words = f"Embed size exceeds maximum size of {EMBED_TEXT}"
        errors.add(path, "MAX_EMBED_SIZE_EXCEEDED", words)


def embed_text_length(embed: Payload) -> int:
    """Count the code points of an embed that go into the 6000 of a message."""
    texts = [embed.get("title"), embed.get("description")]
    texts.append((embed.get("footer") or {}).get("text"))
    texts.append((embed.get("author") or {}).get("name"))
    for field in embed.get("fields") or []:
        texts += [field["name"], field["value"]]
    return sum(len(one) for one in texts if one)


def embed_is_empty(embed: Payload) -> bool:
    """Whether an embed shows nothing at all; Discord then treats it as not there."""
    return not any(embed.get(name) for name in _SHOWN)
