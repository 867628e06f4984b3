"""Notices that a relay account has no credit, and tells who connected it: once."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from bot.storage.account_credit import AccountCredit
from bot.storage.models import RelayAccount

log = logging.getLogger(__name__)

RETRY_INTERVAL = 60.0
"""Seconds until somebody is told who could not be told before."""
MAX_TOLD = 5
"""Direct messages that one tick sends: Discord limits how fast they are opened."""


class CreditMonitor:
    """Knows the accounts that relays refuse to charge."""

    def __init__(
        self,
        credit: AccountCredit,
        tell: Callable[[RelayAccount], Awaitable[bool]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``tell`` tells who connected an account, and returns whether that is done."""
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
        """Tell who does not know yet; return when to try again, if somebody is left.

        It is stored afterwards that they know: who is told as the process dies is told again.
        """
        untold = await self._credit.untold(MAX_TOLD)
        told = await asyncio.gather(*map(self._tell, untold))
        for account, is_told in zip(untold, told, strict=True):
            if is_told:
                await self._credit.set_told(account, self._clock())
        return self._clock() + RETRY_INTERVAL if untold else None
