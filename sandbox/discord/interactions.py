"""An interaction of a user with the bot, and its responses."""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.channels import Channel, Message
from sandbox.discord.errors import Payload
from sandbox.discord.guild_payloads import partial_guild_payload
from sandbox.discord.message_limits import FILE_SIZE
from sandbox.discord.message_parts import Origin
from sandbox.discord.permissions import Permission
from sandbox.discord.shared_state import SharedState
from sandbox.discord.users import User

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
"""The kinds of interaction."""

IN_GUILD, IN_BOT_DM, IN_PRIVATE_CHANNEL = 0, 1, 2
"""The contexts of an interaction."""

TIME_TO_ACKNOWLEDGE = 3.0
"""Seconds until an unanswered interaction is lost."""
TOKEN_LIFETIME = 15 * 60.0
"""Seconds in which an interaction's token can be used."""


@dataclass(eq=False, slots=True)
class Interaction:
    """A command, button press, choice or modal of one user."""

    shared: SharedState
    id: int
    token: str
    kind: int
    user: User
    channel: Channel
    data: Payload
    created_at: float
    """Seconds since 1970."""
    source: Message | None = None
    """The message whose component was used."""
    acknowledged_after: float | None = None
    """Seconds from the action to the first response, or None while there is none."""
    response_type: int | None = None
    original: Message | None = None
    """What ``@original`` is: the answer, or the source message once it was updated."""
    follow_ups: list[Message] = field(default_factory=list)
    modal: Payload | None = None
    """The modal that was shown as the answer."""
    choices: list[Payload] | None = None
    """The choices that were given for what was typed."""
    updated_source: bool = False

    @property
    def messages(self) -> list[Message]:
        """The answer and the follow-ups, as the user sees them now."""
        own_answer = self.original is not self.source or self.updated_source
        answers = [self.original] if self.original is not None and own_answer else []
        return [one for one in (*answers, *self.follow_ups) if not one.deleted]

    @property
    def answer(self) -> Message | None:
        """The first message with something to see in it, or None."""
        return next((one for one in self.messages if not one.thinking), None)

    @property
    def acknowledged(self) -> bool:
        """Whether the bot has said anything, if only that it is thinking."""
        return self.response_type is not None

    def wait_for_answer(self, timeout: float = 15.0) -> Coroutine[Any, Any, Message]:
        """Wait for a visible answer other than "thinking…". Raises TimeoutError without one."""
        return self._until_answered(timeout)

    async def _until_answered(self, seconds: float) -> Message:
        what = f"an answer to {self.describe()}"
        await self.shared.changes.wait_until(lambda: self.answer is not None, seconds, what)
        return next(one for one in self.messages if not one.thinking)

    def wait_for_acknowledgement(self, timeout: float = 15.0) -> Coroutine[Any, Any, bool]:
        """Wait for the first response, also a modal or "thinking…".

        Raises TimeoutError without one.
        """
        what = f"an acknowledgement of {self.describe()}"
        return self.shared.changes.wait_until(lambda: self.acknowledged, timeout, what)

    def describe(self) -> str:
        """Return a short description of the action."""
        name = self.data.get("name") or self.data.get("custom_id", "")
        verb = {COMMAND: "/", COMPONENT: "press ", AUTOCOMPLETE: "type /", MODAL_SUBMIT: "submit "}
        options = " ".join(_option_words(self.data.get("options") or []))
        return f"{self.user.name}: {verb[self.kind]}{name} {options}".rstrip()

    @property
    def is_late(self) -> bool:
        """Whether the time to acknowledge is over."""
        return self.shared.clock.now() - self.created_at > TIME_TO_ACKNOWLEDGE

    @property
    def token_expired(self) -> bool:
        """Whether the token is too old for anything."""
        return self.shared.clock.now() - self.created_at > TOKEN_LIFETIME

    @property
    def context(self) -> int:
        """The context: 0 a guild, 1 a direct message with the bot, 2 a conversation of users."""
        if self.channel.guild is not None:
            return IN_GUILD
        return IN_BOT_DM if self.channel.includes_bot else IN_PRIVATE_CHANNEL

    @property
    def by_user_install_only(self) -> bool:
        """Whether the bot can be used here only because the user has installed it."""
        guild = self.channel.guild
        return not self.channel.includes_bot if guild is None else not guild.application_installed

    @property
    def owners(self) -> Payload:
        """The ``authorizing_integration_owners``: guild ("0") and user ("1") with the bot."""
        owners: Payload = {}
        if not self.by_user_install_only:
            owners["0"] = "0" if self.channel.guild is None else str(self.channel.guild.id)
        if self.user.installed:
            owners["1"] = str(self.user.id)
        return owners

    @property
    def origin(self) -> Origin:
        """What messages that answer this carry of it."""
        name = self.data.get("name") if self.kind == COMMAND else None
        return Origin(self.id, self.kind, self.user, name, self.owners)

    def payload(self) -> Payload:
        """Return the data of INTERACTION_CREATE."""
        channel, user = self.channel, self.user
        payload: Payload = {
            "id": str(self.id),
            "application_id": str(self.shared.application_id),
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(channel.id),
            "channel": self._channel_payload(),
            "locale": user.locale,
            "context": self.context,
            "authorizing_integration_owners": self.owners,
            "app_permissions": str(int(channel.permissions_of(self.shared.bot))),
            "entitlements": [],
            "attachment_size_limit": channel.guild.file_size if channel.guild else FILE_SIZE,
        }
        if channel.guild is None:
            payload["user"] = user.payload()
        else:
            payload |= self._guild_part()
        if self.source is not None:
            payload["message"] = self.source.payload()
        return payload

    def _channel_payload(self) -> Payload:
        permissions = self.channel.permissions_of(self.user)
        payload = {**self.channel.payload(), "permissions": str(int(permissions))}
        if self.channel.guild is None and self.channel.includes_bot:
            payload["recipients"] = [self.shared.bot.payload()]
        return payload

    def _guild_part(self) -> Payload:
        guild = self.channel.guild
        if guild is None:
            return {}
        permissions: Permission = self.channel.permissions_of(self.user)
        member = guild.members[self.user.id].payload()
        return {
            "guild_id": str(guild.id),
            "guild": partial_guild_payload(guild),
            "guild_locale": guild.locale,
            "member": {**member, "permissions": str(int(permissions))},
        }


def _option_words(options: list[Payload]) -> list[str]:
    words: list[str] = []
    for option in options:
        value: Any = option.get("value")
        words.append(option["name"] if value is None else f"{option['name']}:{value}")
        words.extend(_option_words(option.get("options") or []))
    return words
