"""Checks whether Discord permanently refuses the bot's token: a single 401 may be temporary."""

import asyncio
import logging
from dataclasses import dataclass

import aiohttp
from pydantic import SecretStr

log = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=10.0)


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Requests the bot's own user from Discord, on connections of its own."""

    api_url: str
    token: SecretStr
    times: int = 2
    """Requests that must all be refused."""
    pause: float = 3.0
    """Seconds before each request."""

    async def is_refused(self) -> bool:
        """Return whether Discord refuses the token each time; false where that is unknown."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            for _ in range(self.times):
                await asyncio.sleep(self.pause)
                if not await self._is_refused_now(session):
                    return False
        return True

    async def until_refused(self, suspected: asyncio.Event) -> None:
        """Return once the token is permanently refused.

        ``suspected`` is set at each response of Discord with status 401.
        """
        while True:
            await suspected.wait()
            suspected.clear()
            log.warning("Discord answered 401; checking the token with GET /users/@me")
            if await self.is_refused():
                return
            log.warning("Discord accepts the token; refused requests are retried")

    async def _is_refused_now(self, session: aiohttp.ClientSession) -> bool:
        headers = {"Authorization": f"Bot {self.token.get_secret_value()}"}
        try:
            async with session.get(f"{self.api_url}/users/@me", headers=headers) as response:
                # Only JSON with a code is from Discord; a proxy's 401 is not about the token.
                return response.status == 401 and "code" in await response.json()
        except (aiohttp.ClientError, OSError, ValueError, TypeError):
            return False
