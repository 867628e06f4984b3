"""Notices that a relay account has no credit, and tells who connected it: once."""

import logging
import time
from collections.abc import Callable

from bot.accounts.owner_messages import TellOwner, tell_owners
from bot.storage.account_credit import AccountCredit

log = logging.getLogger(__name__)

RETRY_INTERVAL = 60.0
"""Seconds until somebody is told who could not be told before."""


class CreditMonitor:
    """Knows the accounts that relays refuse to charge."""

    def __init__(
        self,
        credit: AccountCredit,
        tell: TellOwner,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._credit = credit
        self._tell = tell
        self._clock = clock

    async def record(self, account: str, *, has_credit: bool) -> None:
        """Store what a relay has said about the credit of an account."""
        if has_credit:
            if await self._credit.set_available(account):
                log.info("Relay account has credit again: account=%s", account)
        elif await self._credit.set_missing(account, self._clock()):
            log.warning("Relay account has no credit, nothing is created: account=%s", account)

    async def tick(self) -> float | None:
        """Tell who does not know yet; return when to try again, if somebody is left."""
        has_untold = await tell_owners(self._credit, self._tell, self._clock)
        return self._clock() + RETRY_INTERVAL if has_untold else None
