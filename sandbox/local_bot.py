"""Runs the bot with addresses that lead to servers on this machine.

``python -m sandbox.local_bot --media URL ADDRESS --relay HOST PORT``: the songs below ``URL``, on a
host that does not exist, are fetched from the server at ``ADDRESS`` (host and port) instead; and
``https://HOST`` stands for the relay at ``PORT`` where somebody connects an account.
"""

import argparse

from bot.delivery.attachments.audio_fetcher import AudioFetcher, FetchedAudio
from bot.lifecycle import run
from bot.settings import load_settings
from sandbox.relay_hosts import session_for


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


def main() -> None:
    """Run the bot until a signal stops it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--media", nargs=2)
    parser.add_argument("--relay", nargs=2, action="append", default=[])
    options = parser.parse_args()
    fetcher = PageAudioFetcher(*options.media) if options.media else None
    hosts = {host: int(port) for host, port in options.relay}
    run(load_settings(), fetcher, lambda: session_for(hosts))


if __name__ == "__main__":
    main()
