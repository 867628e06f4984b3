"""Embeds and components as Discord shows them: with the addresses of files, and numbered."""

from collections.abc import Callable, Iterator
from itertools import count

from sandbox.discord.errors import Payload
from sandbox.discord.message_parts import Attachment, walk_components
from sandbox.discord.snowflakes import SnowflakeGenerator


def render_embed(embed: Payload, attachments: list[Attachment]) -> Payload:
    """Put the links of uploaded files where an embed says ``attachment://``; drop dangling ones."""
    files = {f"attachment://{one.filename}": one.url for one in attachments}
    resolved: Payload = {"type": "rich", **embed}
    for place in ("image", "thumbnail"):
        url = (embed.get(place) or {}).get("url", "").replace(" ", "_")
        if url.startswith("attachment://"):
            resolved.pop(place)
            if url in files:
                resolved[place] = {**embed[place], "url": files[url]}
    return resolved


def render_components(
    components: list[Payload], attachments: list[Attachment], ids: SnowflakeGenerator
) -> list[Payload]:
    """Return components with ids for those that have none, and with the URLs of their media."""
    taken = {component.get("id") for component in walk_components(components)}
    numbers = (number for number in count(1) if number not in taken)
    files = {f"attachment://{one.filename}": one for one in attachments}

    def media(shown: Payload) -> Payload:
        if "proxy_url" in shown:
            return shown
        file = files.get(shown["url"])
        url = shown["url"] if file is None else file.url
        own: Payload = {} if file is None else {"attachment_id": str(file.id)}
        return {"id": str(ids.timestamp_id()), "url": url, "proxy_url": url, **own}

    return [_rendered(component, numbers, media) for component in components]


def _rendered(
    component: Payload, numbers: Iterator[int], media: Callable[[Payload], Payload]
) -> Payload:
    shown = {**component, "id": component.get("id") or next(numbers)}
    for name in ("media", "file"):
        if name in shown:
            shown[name] = media(shown[name])
    if "items" in shown:
        shown["items"] = [{**item, "media": media(item["media"])} for item in shown["items"]]
    if "components" in shown:
        shown["components"] = [_rendered(one, numbers, media) for one in shown["components"]]
    if "accessory" in shown:
        shown["accessory"] = _rendered(shown["accessory"], numbers, media)
    return shown
