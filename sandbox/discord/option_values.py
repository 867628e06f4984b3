"""Checks the values that a user gives to the options of a command."""

from collections.abc import Callable
from typing import Any

from sandbox.discord.channels import Channel, Message
from sandbox.discord.command_limits import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    USER,
)
from sandbox.discord.errors import ActionUnavailable, Payload
from sandbox.discord.guild_base import GuildBase
from sandbox.discord.message_builder import Upload
from sandbox.discord.message_parts import Attachment
from sandbox.discord.users import Role, User

Attach = Callable[[Upload], Attachment]
"""Stores a file that a user gives to a command."""

_TYPES: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    USER: (User,),
    CHANNEL: (Channel,),
    ROLE: (Role,),
    MENTIONABLE: (User, Role),
    NUMBER: (int, float),
    ATTACHMENT: (Upload,),
}

_LONGEST_STRING = 6000


class OptionValues:
    """The option values that one user gives to a command; collects the ``resolved`` data."""

    def __init__(self, channel: Channel, user: User, attach: Attach) -> None:
        self._channel = channel
        self._user = user
        self._attach = attach
        self.resolved: Payload = {}

    def fill(self, options: list[Payload], values: dict[str, Any]) -> list[Payload]:
        """Return the options with their values.

        Raises ActionUnavailable if the command does not take them.
        """
        known = {option["name"]: option for option in options}
        strange = set(values) - set(known)
        if strange:
            raise ActionUnavailable(f"no such option: {', '.join(sorted(strange))}")
        for option in options:
            if option.get("required") and option["name"] not in values:
                raise ActionUnavailable(f"the option {option['name']!r} is required")
        return [self._filled(known[name], value) for name, value in values.items()]

    def _filled(self, option: Payload, value: Any) -> Payload:
        kind, name = option["type"], option["name"]
        is_truth = isinstance(value, bool)
        if not isinstance(value, _TYPES[kind]) or is_truth != (kind == BOOLEAN):
            raise ActionUnavailable(f"the option {name!r} does not take {value!r}")
        choices = option.get("choices")
        if choices and value not in [choice["value"] for choice in choices]:
            raise ActionUnavailable(f"the option {name!r} has no choice {value!r}")
        if isinstance(value, str):
            _require_length(option, value)
        elif isinstance(value, int | float):
            _require_range(option, value)
        return {"type": kind, "name": name, "value": self._written(option, value)}

    def _written(self, option: Payload, value: Any) -> Any:
        if isinstance(value, User):
            self.resolve_user(value)
        elif isinstance(value, Role):
            self._note("roles", value.id, value.payload())
        elif isinstance(value, Channel):
            allowed = option.get("channel_types")
            if allowed and value.kind not in allowed:
                raise ActionUnavailable(
                    f"the option {option['name']!r} does not take such channels"
                )
            permissions = str(int(value.permissions_of(self._user)))
            self._note("channels", value.id, {**value.payload(), "permissions": permissions})
        elif isinstance(value, Upload):
            value = self._attach(value)
            self._note("attachments", value.id, value.payload())
        else:
            return value
        return str(value.id)

    def resolve_user(self, user: User) -> None:
        """Add a user, and what that user is in this guild, to the ``resolved`` data."""
        self._note("users", user.id, user.payload())
        guild: GuildBase | None = self._channel.guild
        member = None if guild is None else guild.members.get(user.id)
        if member is not None:
            permissions = str(int(self._channel.permissions_of(user)))
            payload = {**member.payload(with_user=False), "permissions": permissions}
            self._note("members", user.id, payload)

    def resolve_message(self, message: Message) -> None:
        """Add a message to the ``resolved`` data."""
        self._note("messages", message.id, message.payload())

    def _note(self, group: str, identity: int, payload: Payload) -> None:
        self.resolved.setdefault(group, {})[str(identity)] = payload


def _require_length(option: Payload, value: str) -> None:
    min_length = option.get("min_length") or 0
    max_length = option.get("max_length") or _LONGEST_STRING
    if not min_length <= len(value) <= max_length:
        raise ActionUnavailable(
            f"the option {option['name']!r} takes {min_length} to {max_length} characters, "
            f"not {len(value)}"
        )


def _require_range(option: Payload, value: float) -> None:
    lowest, highest = option.get("min_value"), option.get("max_value")
    if (lowest is not None and value < lowest) or (highest is not None and value > highest):
        raise ActionUnavailable(
            f"the option {option['name']!r} takes {lowest} to {highest}, not {value}"
        )
