"""The relay accounts of a chaos test: how they are connected and disconnected, and which there are.

The first two relays belong to the two servers, the third to the last user.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from bot.encryption import Cipher, parse_keys
from bot.i18n.catalog import catalog_for
from bot.storage.database import DatabaseThread
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from sandbox.bot_process import ENCRYPTION_KEY
from sandbox.discord import ActionUnavailable, Channel, Message, User
from tests.e2e.chaos.environment import Environment, host_of
from tests.e2e.chaos.plan import RELAYS

KEY_PREFIX = "sk-chaos"
"""The beginning of every key that people enter."""

_STEP_TIMEOUT = 2.0
"""Real seconds for which a user waits for each answer."""
_CATALOG = catalog_for("en-US")
_CONNECTED = _CATALOG.text("account-connected", relay="\N{BULLET}", ending="").partition(
    "\N{BULLET}"
)[0]
_DISCONNECTED = _CATALOG.text("account-disconnected", count=0).removesuffix(".")
_NOTHING_STORED = tuple(_CATALOG.text(key) for key in ("account-nothing-stored", "account-kept"))


@dataclass(eq=False, slots=True)
class AccountChange:
    """A request to connect or disconnect the account of a relay. Times are the relay's."""

    relay: str
    connects: bool
    asked_at: float
    panel: Message
    finished_at: float | None = None
    """When the user was told that it is done, if they waited for it so long."""

    @property
    def is_done(self) -> bool:
        """Whether the user was told that it is done."""
        return (_CONNECTED if self.connects else _DISCONNECTED) in self._text

    @property
    def is_refused(self) -> bool:
        """Whether the user was told that nothing has changed."""
        return any(text in self._text for text in _NOTHING_STORED)

    @property
    def _text(self) -> str:
        return "\n".join(embed.get("description", "") for embed in self.panel.embeds)

    def __str__(self) -> str:
        what = "connect" if self.connects else "disconnect"
        told = "done" if self.is_done else "refused" if self.is_refused else "unknown"
        return f"{what} the account at {self.relay}: {told}"


class Accounts:
    """Connects and disconnects accounts as people do, and knows which there may be."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._changes: list[AccountChange] = []
        self._locks = {relay: asyncio.Lock() for relay in RELAYS}
        self._key_count = 0

    async def change(self, relay: str, *, connects: bool) -> AccountChange | None:
        """Connect the account of a relay with another key, or disconnect it.

        Returns ``None`` if the user got no answer before anything could change.
        """
        async with self._locks[relay]:
            change = self._connect if connects else self._disconnect
            with suppress(TimeoutError, ActionUnavailable):
                return await change(relay)
            return None

    async def _connect(self, relay: str) -> AccountChange | None:
        user, panel = await self._open_panel(relay)
        discord = self._environment.discord
        opened = await discord.press(user, panel, f"account-connect:{_kind(relay)}:custom")
        await opened.wait_for_acknowledgement(timeout=_STEP_TIMEOUT)
        if opened.modal is None:
            return None
        change = self._begin(relay, panel, connects=True)
        values = {"url": f"https://{host_of(relay)}", "path": "", "key": self._new_key(relay)}
        await discord.submit_modal(user, opened, values)
        return await self._wait(change)

    async def _disconnect(self, relay: str) -> AccountChange:
        user, panel = await self._open_panel(relay)
        discord, kind = self._environment.discord, _kind(relay)
        asked = await discord.press(user, panel, f"account:{kind}:disconnect")
        await discord.wait_for(lambda: asked.updated_source, _STEP_TIMEOUT)
        change = self._begin(relay, panel, connects=False)
        await discord.press(user, panel, f"account:{kind}:confirm")
        return await self._wait(change)

    async def _open_panel(self, relay: str) -> tuple[User, Message]:
        """Let whoever manages an account open its panel. Raises ``TimeoutError``."""
        user, channel = self._manager(relay)
        command = "suno account" if _kind(relay) == "own" else "suno-settings relay"
        interaction = await self._environment.discord.command(user, channel, command)
        return user, await interaction.wait_for_answer(timeout=_STEP_TIMEOUT)

    def _begin(self, relay: str, panel: Message, *, connects: bool) -> AccountChange:
        change = AccountChange(relay, connects, self._environment.relay.clock.now(), panel)
        self._changes.append(change)
        return change

    async def _wait(self, change: AccountChange) -> AccountChange:
        """Wait until the user is told what came of a change, but not longer than the timeout."""
        with suppress(TimeoutError):
            await self._environment.discord.wait_for(
                lambda: change.is_done or change.is_refused, _STEP_TIMEOUT
            )
            change.finished_at = self._environment.relay.clock.now()
        return change

    def _new_key(self, relay: str) -> str:
        self._key_count += 1
        key = f"{KEY_PREFIX}-{relay}-{self._key_count}"
        self._environment.relays[relay].other_keys.add(key)
        return key

    def _manager(self, relay: str) -> tuple[User, Channel]:
        """Return who manages an account, and where."""
        environment = self._environment
        if relay == "own":
            return environment.users[-1], environment.discord.open_dm(environment.users[-1])
        return environment.users[0], environment.channels[0 if relay == "first" else 3]

    # What is known of them

    def usable(self, user: User, channel: Channel, since: float, until: float) -> frozenset[str]:
        """Return the relays whose accounts somebody may have used in a channel at some time.

        Everybody may use the operator's.
        """
        own = {relay for relay in RELAYS[1:] if self._is_owned(relay, user, channel)}
        return frozenset(
            {RELAYS[0], *(each for each in own if True in self._states(each, since, until))}
        )

    def may_be_disconnected(self, relays: frozenset[str], since: float) -> bool:
        """Whether the account of one of some relays may have been disconnected after a time."""
        return any(
            change.relay in relays
            and not change.connects
            and not change.is_refused
            and (change.finished_at is None or change.finished_at >= since)
            for change in self._changes
        )

    async def violations(self, database: DatabaseThread) -> list[str]:
        """Return which accounts are stored that should not be, and which are lost."""
        stored = await RelayAccountStore(database, Outbox(database)).all()
        cipher = Cipher(parse_keys(ENCRYPTION_KEY))
        keys = {
            each.base_url: cipher.decrypt(each.encrypted_key, each.id).get_secret_value()
            for each in stored
        }
        found = []
        now = self._environment.relay.clock.now()
        for relay in RELAYS[1:]:
            key = keys.get(f"https://{host_of(relay)}")
            if (key is not None) not in self._states(relay, now, now):
                found.append(f"the account at {relay} has the key {key}: {self._describe(relay)}")
            elif key is not None and key not in self._environment.relays[relay].other_keys:
                found.append(f"the account at {relay} has a key that nobody entered")
        return found

    def _describe(self, relay: str) -> str:
        return "; ".join(str(each) for each in self._changes if each.relay == relay)

    def _is_owned(self, relay: str, user: User, channel: Channel) -> bool:
        manager, place = self._manager(relay)
        return user is manager if relay == "own" else channel.guild is place.guild

    def _states(self, relay: str, since: float, until: float) -> set[bool]:
        """Return whether an account may have been connected in a span of time, and whether not."""
        states = {False}
        for change in self._changes:
            if change.relay != relay or change.is_refused or change.asked_at > until:
                continue
            is_over = change.is_done and change.finished_at is not None
            certain = is_over and (change.finished_at or 0.0) <= since
            states = {change.connects} if certain else {*states, change.connects}
        return states


def _kind(relay: str) -> str:
    """Return whose the account at a relay is, as in custom ids."""
    return "own" if relay == "own" else "server"
