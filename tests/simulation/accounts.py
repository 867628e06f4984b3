"""How servers and users connect relay accounts, and which they have as far as replies tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.i18n.catalog import catalog_for
from bot.storage.models import AccountOwner
from bot.ui.account_panel import KEY, PATH, URL
from bot.ui.custom_ids import AccountButtonId, AccountModalId, ErasureButtonId
from tests.simulation.discord_state import Channel, DiscordState, Interaction, Message, User
from tests.simulation.process import BotProcess
from tests.simulation.relay_server import RelayServer
from tests.simulation.users import COMPONENT, EVERYTHING, MODAL, UserAction, Users, modal_field

LONGEST_REQUEST = 900.0
"""Seconds after which a request about an account changes nothing any more."""

_WORDS = catalog_for("en-US")
_BULLET = "\N{BULLET}"
_CONNECTED = _WORDS.text("account-connected", relay=_BULLET, ending="").partition(_BULLET)[0]
_DISCONNECTED = _WORDS.text("account-disconnected", count=0).removesuffix(".")
"""The beginning of the text for every number of watches."""
_FORGOTTEN = _WORDS.text("forget-done")
_NOTHING_STORED = [_WORDS.text(key) for key in ("account-nothing-stored", "account-kept")]


@dataclass(eq=False, slots=True)
class AccountChange:
    """An account that is connected or replaced, or disconnected."""

    owner: AccountOwner
    relay: RelayServer | None
    """``None``: it is disconnected."""
    key: str
    asked_at: float
    """True Unix seconds."""
    interaction: Interaction | None
    """``None``: the server removes the bot."""

    @property
    def finished_at(self) -> float | None:
        """When the person was told that it is done, if they were (true Unix seconds)."""
        done = [_CONNECTED] if self.relay else [_DISCONNECTED, _FORGOTTEN]
        told = (at for at, text in self._seen() if any(each in text for each in done))
        return next(told, None)

    @property
    def refused_at(self) -> float | None:
        """When the person was told that nothing has changed, if they were."""
        told = (at for at, text in self._seen() if any(each in text for each in _NOTHING_STORED))
        return next(told, None)

    def is_over(self, now: float) -> bool:
        """Whether it is certain that it changes nothing any more."""
        told = self.finished_at is not None or self.refused_at is not None
        return told or now - self.asked_at > LONGEST_REQUEST

    def _seen(self) -> list[tuple[float, str]]:
        return self.interaction.seen if self.interaction else []

    def __str__(self) -> str:
        what = f"connect {self.relay.name} with {self.key}" if self.relay else "disconnect"
        told = "refused" if self.refused_at else f"done at {self.finished_at}"
        return f"{self.owner} {what} at {self.asked_at}: {told}"


class Accounts:
    """The accounts of servers and users. All times are true Unix seconds."""

    def __init__(self, state: DiscordState, users: Users) -> None:
        self._state = state
        self._users = users
        self.changes: list[AccountChange] = []
        """In the order in which people asked for them."""

    # What people do

    def connect(
        self, process: BotProcess | None, person: User, owner: AccountOwner, relay: RelayServer
    ) -> bool:
        """Enter a new key of a relay, also in place of another; return whether that was possible.

        It is not while an earlier request of the owner's may still change something.
        """
        key = relay.new_key()
        custom_id = AccountModalId(_kind(owner), "custom").encode()
        values = {URL: relay.base_url, PATH: "", KEY: key}
        data = {"custom_id": custom_id, "components": list(map(modal_field, values.items()))}
        what = f"connects {relay.name}"
        return self._change(process, person, owner, MODAL, data, what, relay, key)

    def disconnect(self, process: BotProcess | None, person: User, owner: AccountOwner) -> bool:
        """Confirm that an account is to be disconnected; return as ``connect`` does."""
        custom_id = AccountButtonId(_kind(owner), "confirm").encode()
        data = {"custom_id": custom_id, "component_type": 2}
        return self._change(process, person, owner, COMPONENT, data, "disconnects")

    def forget(self, process: BotProcess | None, person: User) -> bool:
        """Confirm that everything about a person is to be deleted; return as ``connect`` does."""
        owner = AccountOwner(user_id=person.id)
        custom_id = ErasureButtonId("delete", person.id).encode()
        data = {"custom_id": custom_id, "component_type": 2}
        if not self._change(process, person, owner, COMPONENT, data, "is forgotten with"):
            return False
        interaction = self.changes[-1].interaction
        assert interaction is not None
        asked_at, place = interaction.created_at, interaction.channel
        self._users.actions.append(
            UserAction("forget", EVERYTHING, person, place, asked_at, interaction)
        )
        return True

    def remove_bot(self, guild_id: int) -> None:
        """Note that a server removes the bot, whose account is disconnected by that."""
        now = self._state.clock.true_time()
        self.changes.append(AccountChange(AccountOwner(guild_id=guild_id), None, "", now, None))

    def _change(
        self,
        process: BotProcess | None,
        person: User,
        owner: AccountOwner,
        kind: int,
        data: dict[str, Any],
        what: str,
        relay: RelayServer | None = None,
        key: str = "",
    ) -> bool:
        now = self._state.clock.true_time()
        if not all(each.is_over(now) for each in self.changes_of(owner)):
            return False
        channel = self._place(person, owner)
        menu = panel(channel, data, now) if kind == COMPONENT else None
        whose = f"{what} the {_kind(owner)} account"
        interaction = self._users.interact(process, person, channel, kind, data, whose, menu)
        if interaction is not None:
            self.changes.append(AccountChange(owner, relay, key, now, interaction))
        return interaction is not None

    def _place(self, person: User, owner: AccountOwner) -> Channel:
        """Return where somebody manages an account: in its server, or in direct messages."""
        if owner.guild_id is None:
            return self._state.channels[person.direct]
        channels = self._state.channels.values()
        return next(each for each in channels if each.guild_id == owner.guild_id)

    # What is to be known of them

    def changes_of(self, owner: AccountOwner) -> Iterator[AccountChange]:
        """Yield the requests to change an account, except those that changed nothing."""
        return (each for each in self.changes if each.owner == owner and each.refused_at is None)

    def possible(self, owner: AccountOwner, since: float, until: float) -> set[AccountChange]:
        """Return what the account of an owner may have been at some moment in a span of time.

        The last change to it; a disconnection if there may have been none.
        """
        found = {AccountChange(owner, None, "", 0.0, None)}
        for change in self.changes_of(owner):
            if change.asked_at > until:
                break
            done_at = change.finished_at
            found = {change} if done_at is not None and done_at <= since else {*found, change}
        return found

    def relays(self, owner: AccountOwner, since: float, until: float) -> set[RelayServer]:
        """Return the relays at which an owner may have had an account in a span of time."""
        changes = self.possible(owner, since, until)
        return {each.relay for each in changes if each.relay is not None}


def _kind(owner: AccountOwner) -> str:
    return "own" if owner.guild_id is None else "server"


def panel(channel: Channel, button: dict[str, Any], now: float) -> Message:
    """Return a private message with the button that is pressed."""
    component = {"type": 2, "style": 2, "label": "-", "custom_id": button["custom_id"]}
    row = {"type": 1, "components": [component]}
    return Message(channel.id, channel.id, "", [], [row], None, (), now)
