"""What form a message has to have, so that Discord takes it."""

from typing import Any


def form_fault(body: dict[str, Any]) -> str | None:
    """Return what is wrong with the form of a message, by Discord's limits."""
    content, embeds = body.get("content") or "", body.get("embeds") or []
    if len(content) > 2000:
        return "content is too long"
    if len(embeds) > 10:
        return "too many embeds"
    if "content" in body and "embeds" in body and not content.strip() and not embeds:
        return "an empty message"
    if sum(map(_length, embeds)) > 6000:
        return "the embeds are too long"
    if len(str(body.get("nonce", ""))) > 25:
        return "the nonce is too long"
    for embed in embeds:
        if len(embed.get("title", "")) > 256 or len(embed.get("description", "")) > 4096:
            return "an embed is too long"
    return None


def _length(embed: dict[str, Any]) -> int:
    fields = sum(len(each["name"]) + len(each["value"]) for each in embed.get("fields", ()))
    footer = len(embed.get("footer", {}).get("text", ""))
    return len(embed.get("title", "")) + len(embed.get("description", "")) + fields + footer
