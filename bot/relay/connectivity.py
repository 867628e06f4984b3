"""Whether there is anybody at a relay's address: a connection, and nothing said on it."""

import asyncio

from yarl import URL

from bot.relay.errors import ErrorKind, SunoError
from bot.relay.transport import quoted

PATIENCE = 10.0
"""Seconds for the name, the connection and the certificate."""


async def reach(base_url: str, patience: float = PATIENCE) -> None:
    """Open a connection and close it. Raise SunoError (``unavailable``) where that cannot be."""
    url = URL(base_url)
    try:
        async with asyncio.timeout(patience):
            _, writer = await asyncio.open_connection(
                url.host, url.port, ssl=url.scheme == "https" or None
            )
    except TimeoutError:
        trouble = f"no connection within {patience:g} s"
    except (OSError, ValueError) as error:
        trouble = f"no connection ({type(error).__name__}: {quoted(str(error))})"
    else:
        writer.transport.abort()
        return
    raise SunoError(ErrorKind.UNAVAILABLE, trouble)
