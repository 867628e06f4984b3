"""Runs the bot with the audio of the demo's page: ``python -m sandbox.bot_with_audio URL ADDRESS``.

The songs of the demo are said to be below ``URL``, on a host that does not exist. Their files are
fetched from the page's server at ``ADDRESS`` (host and port, on this machine) instead.
"""

import sys

from bot.delivery.attachments.audio_fetcher import AudioFetcher, FetchedAudio
from bot.lifecycle import run
from bot.settings import load_settings


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


if __name__ == "__main__":
    run(load_settings(), PageAudioFetcher(sys.argv[1], sys.argv[2]))
