"""Runs the bot with addresses that lead to servers on this machine.

``python -m sandbox.local_bot --media URL ADDRESS --relay HOST PORT``: the songs below ``URL``, on a
host that does not exist, are fetched from the server at ``ADDRESS`` (host and port) instead; and
``https://HOST`` stands for the relay at ``PORT`` where somebody connects an account.
``--creates-in SERVER``: before its first start, a manager has turned creation on in this server.
"""

import argparse
import asyncio
from pathlib import Path

from bot.delivery.attachments.audio_fetcher import AudioFetcher, FetchedAudio
from bot.lifecycle import run
from bot.settings_loading import load_settings
from bot.storage.database import DatabaseThread
from bot.storage.server_settings import ServerSettingsStore
from sandbox.relay_hosts import session_for

CREATIONS_PER_USER = 20
"""A day: enough to try everything."""


class PageAudioFetcher(AudioFetcher):
    """Fetches audio below ``media_url`` from the page's server."""

    def __init__(self, media_url: str, address: str) -> None:
        super().__init__(loopback_port=int(address.rpartition(":")[2]))
        self._media_url = media_url
        self._local_url = f"http://{address}/media"

    async def fetch(self, link: str, limit: int) -> FetchedAudio:
        """Fetch an audio file of at most ``limit`` bytes. Raises only ``AudioFetchError``."""
        if not link.startswith(self._media_url):
            return await super().fetch("", limit)  # fails: the demo reaches this machine alone
        return await super().fetch(self._local_url + link.removeprefix(self._media_url), limit)


async def _turn_creation_on(path: Path, guild_id: int) -> None:
    async with DatabaseThread(path) as database:
        store = ServerSettingsStore(database)
        await store.change(guild_id, creation=True, creations_per_user=CREATIONS_PER_USER)


def main() -> None:
    """Run the bot until a signal stops it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--media", nargs=2)
    parser.add_argument("--relay", nargs=2, action="append", default=[])
    parser.add_argument("--creates-in", type=int)
    options = parser.parse_args()
    settings = load_settings()
    if options.creates_in and not settings.database_path.exists():
        asyncio.run(_turn_creation_on(settings.database_path, options.creates_in))
    fetcher = PageAudioFetcher(*options.media) if options.media else None
    hosts = {host: int(port) for host, port in options.relay}
    run(settings, fetcher, lambda: session_for(hosts))


if __name__ == "__main__":
    main()
