"""Keeps the pauses that relays ask for: a connection alone forgets them when it is closed."""

import time
from collections.abc import Callable

from bot.accounts.connection import AccountConnection
from bot.relay.errors import ErrorKind, RelayError
from bot.relay.requester import MAX_RETRY_AFTER
from bot.storage.account_rows import read_pause, write_pause
from bot.storage.database import DatabaseThread


class AccountPauses:
    """Until when relays want no request of an account, whichever process asks them."""

    def __init__(self, database: DatabaseThread, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, connection: AccountConnection, error: RelayError) -> None:
        """Store the pause that the answer of a relay asks for, if it does."""
        if error.kind is not ErrorKind.RATE_LIMIT or not error.retry_after:
            return
        until, fingerprint = self._clock() + error.retry_after, connection.tasks.fingerprint
        await self._database.run(lambda db: write_pause(db, connection.account, fingerprint, until))

    async def resume(self, connection: AccountConnection) -> None:
        """Let a connection wait for the rest of the pause that an earlier one was asked for."""
        now, fingerprint = self._clock(), connection.tasks.fingerprint
        until = await self._database.view(
            lambda db: read_pause(db, connection.account, fingerprint)
        )
        # A later end than any relay may ask for is of a clock that was set back.
        if until is not None and now < until <= now + MAX_RETRY_AFTER:
            connection.client.pause(until - now)
