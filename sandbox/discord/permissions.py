"""What members may do: roles, and the overwrites of a channel."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag


class Permission(IntFlag):
    """The bits of Discord's permissions that matter to text."""

    CREATE_INSTANT_INVITE = 1 << 0
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EXTERNAL_APPS = 1 << 50


ALL = Permission((1 << 53) - 1)
NONE = Permission(0)

BOT_DEFAULTS = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
)
"""What an operator ticks for a bot that posts."""

EVERYONE_DEFAULTS = (
    BOT_DEFAULTS
    | Permission.CREATE_INSTANT_INVITE
    | Permission.ADD_REACTIONS
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CONNECT
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.USE_EXTERNAL_APPS
)
"""What a new guild allows everyone."""

ALLOWED_IN_TIME_OUT = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
"""What a member may still do who was timed out; administrators cannot be."""

DIRECT_MESSAGE_PERMISSIONS = (
    BOT_DEFAULTS
    | Permission.ADD_REACTIONS
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
)
"""What either side may do in a direct message."""


def permissions_named(names: Iterable[str]) -> Permission:
    """Add up permissions by name (``send_messages``). Raises KeyError for one that is not known."""
    total = NONE
    for name in names:
        total |= Permission[name.upper()]
    return total


@dataclass(slots=True)
class Overwrite:
    """What one channel allows and denies one role or member."""

    allow: Permission = NONE
    deny: Permission = NONE

    def change(self, *, allow: Permission, deny: Permission) -> None:
        """Allow and deny these, and leave the rest as it was."""
        self.allow = (self.allow | allow) & ~deny
        self.deny = (self.deny | deny) & ~allow


def base_permissions(everyone: int, roles: Iterable[int]) -> Permission:
    """Add up what a member may do in the guild, from @everyone and the member's roles."""
    total = Permission(everyone)
    for role in roles:
        total |= role
    return ALL if total & Permission.ADMINISTRATOR else total


def channel_permissions(
    base: Permission,
    overwrites: dict[int, Overwrite],
    *,
    everyone_id: int,
    role_ids: Iterable[int],
    member_id: int,
) -> Permission:
    """Apply a channel's overwrites in Discord's order: everyone, all roles together, the member."""
    if base & Permission.ADMINISTRATOR:
        return ALL
    nothing = Overwrite()
    of_roles = [overwrites[role] for role in role_ids if role in overwrites]
    together = Overwrite()
    for overwrite in of_roles:
        together.allow |= overwrite.allow
        together.deny |= overwrite.deny
    for step in (
        overwrites.get(everyone_id, nothing),
        together,
        overwrites.get(member_id, nothing),
    ):
        base = (base & ~step.deny) | step.allow
    return base
