"""Whether Discord refuses the bot's token for good: a single 401 may pass."""

import asyncio
import logging
from dataclasses import dataclass

import aiohttp
from pydantic import SecretStr

log = logging.getLogger(__name__)

_PATIENCE = aiohttp.ClientTimeout(total=10.0)


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Asks Discord who the bot is, on connections of its own. Spans in seconds."""

    api_url: str
    token: SecretStr
    times: int = 2
    pause: float = 3.0
    """Before each time."""

    async def is_refused(self) -> bool:
        """Return whether Discord refuses the token each time; false where that stays unknown."""
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
            for _ in range(self.times):
                await asyncio.sleep(self.pause)
                if not await self._is_refused_now(session):
                    return False
        return True

    async def until_refused(self, suspected: asyncio.Event) -> None:
        """Return once the token is refused for good.

        ``suspected`` is set at each request that Discord answers with 401.
        """
        while True:
            await suspected.wait()
            suspected.clear()
            log.warning("Discord answered 401; checking the token with GET /users/@me")
            if await self.is_refused():
                return
            log.warning("Discord accepts the token; what it answered with 401 is tried again")

    async def _is_refused_now(self, session: aiohttp.ClientSession) -> bool:
        headers = {"Authorization": f"Bot {self.token.get_secret_value()}"}
        try:
            async with session.get(f"{self.api_url}/users/@me", headers=headers) as response:
                # Only JSON with a code is Discord's answer; a proxy's 401 is not about the token.
                return response.status == 401 and "code" in await response.json()
        except (aiohttp.ClientError, OSError, ValueError, TypeError):
            return False
