"""Finds the mentions of a message, and filters them by ``allowed_mentions``."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from sandbox.discord.errors import Payload

_CODE = re.compile(r"```.*?```|``.*?``|`[^`]*`", re.DOTALL)
_USER = re.compile(r"(?<!\\)<@!?(\d{1,20})>")
_ROLE = re.compile(r"(?<!\\)<@&(\d{1,20})>")
_EVERYONE = re.compile(r"(?<!\\)@(everyone|here)\b")

ALL_KINDS = ("users", "roles", "everyone")
"""What a plain message mentions when it does not say ``allowed_mentions``."""
USERS_ONLY = ("users",)
"""The same for an interaction's answer."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """Ids of the users and roles that a text names, in its order, and whether it names everyone."""

    users: list[int] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    everyone: bool = False


def find_mentions(content: str) -> Mentions:
    """Find the mentions of a text. Those in code, and escaped ones, are none."""
    plain = _CODE.sub(" ", content)
    return Mentions(
        users=list(dict.fromkeys(int(found) for found in _USER.findall(plain))),
        roles=list(dict.fromkeys(int(found) for found in _ROLE.findall(plain))),
        everyone=_EVERYONE.search(plain) is not None,
    )


def filter_mentions(
    mentions: Mentions, allowed: Payload | None, default: Collection[str] = ALL_KINDS
) -> Mentions:
    """Keep of the mentions those that ``allowed_mentions`` (None: not given) lets through."""
    if allowed is None:
        parse, users, roles = default, set(), set()
    else:
        parse = allowed.get("parse") or ()
        users = {int(entry) for entry in allowed.get("users") or ()}
        roles = {int(entry) for entry in allowed.get("roles") or ()}
    return Mentions(
        users=[entry for entry in mentions.users if "users" in parse or entry in users],
        roles=[entry for entry in mentions.roles if "roles" in parse or entry in roles],
        everyone=mentions.everyone and "everyone" in parse,
    )


def mentions_reply_author(allowed: Payload | None) -> bool:
    """Whether the author of the message that is replied to is mentioned; by default yes."""
    return True if allowed is None else bool(allowed.get("replied_user"))
