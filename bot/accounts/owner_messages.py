"""Tells those who connected relay accounts what keeps the bot from using them, until they know."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.storage.models import RelayAccount

MAX_TOLD = 5
"""Direct messages that are sent at once: Discord limits how fast they are opened."""

TellOwner = Callable[[RelayAccount], Awaitable[bool]]
"""Tells who connected an account, and returns whether that is done; if not, it is repeated."""


class OwnerMessageStore(Protocol):
    """Stores about which accounts somebody has to be told something."""

    async def untold(self, limit: int) -> list[RelayAccount]:
        """Return accounts of which the person does not know yet."""

    async def set_told(self, account: RelayAccount, now: float) -> None:
        """Store that the person knows, at a time in Unix seconds."""


async def tell_owners(
    store: OwnerMessageStore, tell: TellOwner, clock: Callable[[], float]
) -> bool:
    """Tell those who do not know yet; return whether there were any.

    It is stored afterwards that they know: who is told as the process dies is told again.
    """
    untold = await store.untold(MAX_TOLD)
    told = await asyncio.gather(*map(tell, untold))
    for account, is_told in zip(untold, told, strict=True):
        if is_told:
            await store.set_told(account, clock())
    return bool(untold)
