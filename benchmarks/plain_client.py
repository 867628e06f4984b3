"""Sends a thousand messages with plain discord.py: all at once, with its own rate limits.

``python -m benchmarks.plain_client API_URL TOKEN CHANNELS_FILE``: a program of its own, as the bot
is one beside it.
"""

import asyncio
import json
import sys
from pathlib import Path

import discord
from discord.http import Route


async def send_all(token: str, channels: list[int]) -> None:
    """Send one message to each channel; what discord.py gives up is lost."""
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(token)
        messages = (client.get_partial_messageable(one).send("A song is done") for one in channels)
        await asyncio.gather(*messages, return_exceptions=True)


if __name__ == "__main__":
    Route.BASE = sys.argv[1]
    asyncio.run(send_all(sys.argv[2], json.loads(Path(sys.argv[3]).read_text())))
