"""Runs the bot as a process of its own, which is configured by its settings alone."""

import asyncio
import base64
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from yarl import URL

from sandbox.discord import LocalDiscord
from sandbox.relay import LocalRelay

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""
ENCRYPTION_KEY = base64.b64encode(b"no secret, for the sandbox alone").decode()
"""With which the bot encrypts the keys of relays."""


def settings_for(discord: LocalDiscord, relay: LocalRelay, folder: Path) -> dict[str, str]:
    """Return the settings for the two servers, with shorter intervals than in production.

    No audio is attached: its links lead out of this machine.
    """
    return {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "SUNO_RELAY": "custom",
        "SUNO_BASE_URL": relay.base_url,
        "SUNO_API_KEY": relay.key,
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
        "DATABASE_PATH": str(folder / "suno.db"),
        "POLL_INTERVAL": "0.5",
        "POLL_REQUESTS_PER_SECOND": "10",
        "ATTACH_AUDIO": "false",
    }


_PROFILES = """
[relays.custom]
capabilities = ["music", "lyrics", "extend", "wav", "timing", "stems"]

[relays.deerapi]
capabilities = ["music", "lyrics", "extend", "wav", "timing", "stems"]
"""
"""What can be created at the relays that the local one stands for: everything."""


def creation_settings(folder: Path) -> dict[str, str]:
    """Return the settings with which servers create with the operator's relay."""
    profiles = folder / "relays.toml"
    profiles.write_text(_PROFILES, encoding="utf-8")
    return {"SHARED_RELAY_CREATES": "true", "RELAY_PROFILES": str(profiles)}


def local_program(guild_id: int, *options: str) -> tuple[str, ...]:
    """Return what runs ``sandbox.local_bot`` for a server in which creation is on."""
    return ("-m", "sandbox.local_bot", "--creates-in", str(guild_id), *options)


RELAY_HOSTS = ("api.deerapi.com", "api.openai-hub.com", "relay.example")
"""The hosts that stand for the local relay where somebody connects an account."""


def relay_options(relay: LocalRelay) -> list[str]:
    """Return the options of ``sandbox.local_bot`` that lead those hosts to a relay."""
    port = str(URL(relay.base_url).port)
    return [option for host in RELAY_HOSTS for option in ("--relay", host, port)]


class BotProcess:
    """Starts, stops and kills the bot, any number of times on the same folder.

    ``folder`` holds its database and its log and is its current directory, so that no ``.env`` of
    the checkout is read. ``settings`` are all the settings that it sees. ``program`` is what
    Python is told to run, should the bot not be started as people start it; ``wrapper`` is a
    command that runs Python in its stead.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        program: Sequence[str] = ("-m", "bot", "run"),
        wrapper: Sequence[str] = (),
    ) -> None:
        self.log_path = folder / "bot.log"
        self._folder = folder
        self._settings = dict(settings)
        self.program = program
        self._wrapper = wrapper
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def log(self) -> str:
        """The log of all its runs so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    async def start(self) -> None:
        """Start the bot; returns at once."""
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._wrapper,
                sys.executable,
                *self.program,
                cwd=self._folder,
                env=without_settings(os.environ) | self._settings | {"PYTHONPATH": str(ROOT)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def stop(self, grace_period: float = 10.0) -> int:
        """Ask it to stop, kill it after ``grace_period`` seconds; return its exit code."""
        process = self._running()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(grace_period):
                    await process.wait()
            except TimeoutError:
                return await self.kill()
        return await self.ended()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal without waiting."""
        self._running().send_signal(number)

    async def kill(self) -> int:
        """Kill it with SIGKILL; return its exit code, -9 if it was still running."""
        process = self._running()
        if process.returncode is None:
            process.kill()
        return await self.ended()

    async def ended(self) -> int:
        """Wait for the end of the process; return its exit code."""
        return await self._running().wait()

    @property
    def pid(self) -> int | None:
        """The id of its process, ``None`` while it does not run."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("The bot was not started.")
        return self._process


_PREFIXES = (
    "DISCORD_",
    "SUNO_",
    "POLL_",
    "LOG_",
    "METRICS_",
    "WATCHES_",
    "MESSAGES_",
    "DATABASE_",
    "ENCRYPTION_KEY",
    "SHARED_RELAY",
    "RELAY_PROFILES",
    "WATCH_DEADLINE",
    "ATTACH_AUDIO",
    "SHARDS",
)


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which nothing is set up for the bot."""
    return {name: value for name, value in environment.items() if not name.startswith(_PREFIXES)}
