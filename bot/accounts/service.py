"""Connects and disconnects the relay accounts of servers and users.

A key is tested with a look-up that costs nothing before it is stored, and is stored encrypted only.
"""

import logging
import math
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import SecretStr

from bot.accounts.registry import AccountRegistry
from bot.encryption import Cipher
from bot.relay.circuit_breaker import CircuitStatus
from bot.relay.client import RelayClient
from bot.relay.errors import EndpointNotFoundError
from bot.relay.models import TaskKind
from bot.relay.providers import KNOWN_RELAYS, RelayProfile
from bot.storage.errors import (
    AccountAddressRefused,
    AccountDisconnectedMeanwhile,
    AccountKeyRefused,
    AccountsDisabled,
    TooManyAccountAttempts,
)
from bot.storage.models import AccountOwner, RelayAccount
from bot.storage.relay_accounts import RelayAccountStore

log = logging.getLogger(__name__)

MAX_KEY_LENGTH = 512
"""Characters."""
KEY_ENDING = 4
"""Characters of a key that are shown."""
ATTEMPTS, ATTEMPT_WINDOW = 5, 600.0
"""How often a user may try to connect an account within so many seconds."""
MAX_USERS_COUNTED = 10_000

MakeProfile = Callable[[str, str, str], RelayProfile]
"""Returns the profile for a relay's name, address and path. Raises ``ValueError``."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a person enters to connect an account."""

    relay: str
    """The name of a known relay, or ``custom``."""
    base_url: str
    """Empty: the known one."""
    fetch_path: str
    """Empty: the known one."""
    key: SecretStr


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """An account that was tested and stored."""

    account: RelayAccount
    batch_path: str | None
    """The path of the batch look-up, ``None`` if there is none or it has shown nothing yet."""
    single_only: bool
    """Whether there is none: only single look-ups seem to work."""


class AccountService:
    """Connects and disconnects accounts."""

    def __init__(
        self,
        accounts: RelayAccountStore,
        registry: AccountRegistry,
        cipher: Cipher | None,
        make_profile: MakeProfile,
        make_client: Callable[[RelayProfile, SecretStr], RelayClient],
        clock: Callable[[], float] = time.time,
        relays: Mapping[str, RelayProfile] = KNOWN_RELAYS,
    ) -> None:
        """``cipher``: ``None`` without ``ENCRYPTION_KEY``; then nothing can be connected."""
        self.relays = relays
        """Those that people can choose from, by name."""
        self._accounts = accounts
        self._registry = registry
        self._cipher = cipher
        self._make_profile = make_profile
        self._make_client = make_client
        self._clock = clock
        self._attempts: OrderedDict[int, list[float]] = OrderedDict()
        self._connecting: dict[AccountOwner, set[object]] = {}
        """The requests to connect an account that are under way."""

    @property
    def is_enabled(self) -> bool:
        """Whether accounts can be connected at all."""
        return self._cipher is not None

    async def of(self, owner: AccountOwner) -> RelayAccount | None:
        """Return the account of a server or a user."""
        return await self._accounts.of(owner)

    async def circuit_status(self, account: RelayAccount) -> CircuitStatus | None:
        """Return whether the relay of an account works, as far as its connection has seen.

        ``None`` if it has no connection: its key cannot be read.
        """
        connection = await self._registry.by_id(account.id)
        return connection.client.circuit_status if connection else None

    async def connect(
        self, owner: AccountOwner, new: NewAccount, *, user_id: int, locale: str
    ) -> ConnectedAccount:
        """Test an account and store it, in place of the old one.

        Raises ``RelayError`` if the relay cannot be asked or refuses the key, and the
        ``WatchError`` of what is wrong with the input, of a limit, or of a disconnection meanwhile;
        then nothing is changed.
        """
        if self._cipher is None:
            raise AccountsDisabled
        self._count_attempt(user_id)
        profile, key = self._checked(new)
        with self._connecting_request(owner) as is_wanted:
            batch_path, single_only = await self._test(profile, key)
            if not is_wanted():
                raise AccountDisconnectedMeanwhile
            # Nothing is awaited before the database has the request: an erasure comes later.
            stored = await self._store(self._cipher, owner, profile, key, user_id, locale)
        await self._registry.reopen(stored)
        log.info("Account connected: account=%s relay=%s", stored.id, stored.relay)
        return ConnectedAccount(stored, batch_path, single_only)

    async def watch_count(self, owner: AccountOwner) -> int:
        """Return how many watches a disconnection would end."""
        return await self._accounts.watch_count(owner)

    async def disconnect(self, owner: AccountOwner) -> int:
        """Delete the account of a server or a user, and end its watches; return how many.

        Each of them is told in one message.
        """
        async with self.erasing(owner):
            disconnected = await self._accounts.disconnect(owner, self._clock())
        if disconnected is None:
            return 0
        log.info("Account disconnected: account=%s", disconnected.account)
        return disconnected.watches

    @asynccontextmanager
    async def erasing(self, *owners: AccountOwner) -> AsyncIterator[None]:
        """Surround a change to the database that deletes accounts, among them those of ``owners``.

        Requests of the owners to connect an account fail that are under way. Afterwards the
        connections of deleted accounts are closed, those of other processes a moment later, and the
        messages about their watches are sent.
        """
        for owner in owners:
            self._connecting.pop(owner, None)
        yield
        self._accounts.announce_deletion()
        await self._registry.close_deleted()

    def connecting_servers(self) -> list[int]:
        """Return the servers to which an account is being connected."""
        return [owner.guild_id for owner in self._connecting if owner.guild_id is not None]

    @contextmanager
    def _connecting_request(self, owner: AccountOwner) -> Iterator[Callable[[], bool]]:
        """Record a request to connect an account; yield whether it is still wanted."""
        request = object()
        self._connecting.setdefault(owner, set()).add(request)
        try:
            yield lambda: request in self._connecting.get(owner, ())
        finally:
            requests = self._connecting.get(owner, set())
            requests.discard(request)
            if not requests:
                self._connecting.pop(owner, None)

    def _count_attempt(self, user_id: int) -> None:
        now = self._clock()
        recent = [at for at in self._attempts.pop(user_id, []) if 0 <= now - at < ATTEMPT_WINDOW]
        if len(recent) >= ATTEMPTS:
            self._attempts[user_id] = recent
            until = math.ceil(recent[0] + ATTEMPT_WINDOW)
            raise TooManyAccountAttempts(datetime.fromtimestamp(until, UTC))
        self._attempts[user_id] = [*recent, now]
        if len(self._attempts) > MAX_USERS_COUNTED:
            self._attempts.popitem(last=False)

    def _checked(self, new: NewAccount) -> tuple[RelayProfile, SecretStr]:
        """Return the profile and the key that a person has entered, if they can be used."""
        key = new.key.get_secret_value().strip()
        if not 8 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
            raise AccountKeyRefused
        if " " in key:
            raise AccountKeyRefused
        try:
            profile = self._make_profile(new.relay, new.base_url, new.fetch_path)
        except ValueError as error:
            raise AccountAddressRefused from error
        if key.lower() in (profile.base_url + profile.fetch_path).lower():
            raise AccountAddressRefused  # addresses are stored and logged as they are
        return profile, SecretStr(key)

    async def _test(self, profile: RelayProfile, key: SecretStr) -> tuple[str | None, bool]:
        """Look up a task that cannot exist. Raises ``RelayError``.

        Returns the path of the batch look-up if it works, and whether there is none. Neither is
        certain of a relay that says in a single look-up only that it does not know the task.
        """
        task_id = str(uuid.uuid4())
        client = self._make_client(profile, key)
        try:
            await client.look_up([task_id], kinds={task_id: TaskKind.MUSIC})
        except EndpointNotFoundError as error:
            if not error.answered:
                raise
            return None, error.single_only
        finally:
            await client.aclose()
        return client.batch_path, False

    async def _store(
        self,
        cipher: Cipher,
        owner: AccountOwner,
        profile: RelayProfile,
        key: SecretStr,
        user_id: int,
        locale: str,
    ) -> RelayAccount:
        now = self._clock()

        def account(account_id: str) -> RelayAccount:
            return RelayAccount(
                id=account_id,
                owner=owner,
                relay=profile.name,
                base_url=profile.base_url,
                fetch_path=profile.fetch_path,
                encrypted_key=cipher.encrypt(key, account_id),
                key_ending=key.get_secret_value()[-KEY_ENDING:],
                connected_by=user_id,
                connected_at=now,
                locale=locale,
            )

        return await self._accounts.connect(owner, account)
