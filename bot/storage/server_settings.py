"""What those who manage a server have set there, and whether it was greeted."""

import logging
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.storage.database import DatabaseThread
from bot.storage.delivery_rows import OPEN, VISIBLE_STATE
from bot.storage.engine import Connection
from bot.storage.errors import CreatingOff
from bot.storage.models import ServerSettings, ServerUsage

log = logging.getLogger(__name__)

_SETTINGS: TypeAdapter[ServerSettings] = TypeAdapter(ServerSettings)


class ServerSettingsStore:
    """The settings of every server."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def of(self, guild_id: int | None) -> ServerSettings:
        """Return the settings of a server; the defaults in a direct message."""
        if guild_id is None:
            return ServerSettings()
        return await self._database.view(lambda db: _read(db, guild_id))

    async def change(self, guild_id: int, **changes: Any) -> ServerSettings:
        """Change some settings of a server, by their names; return all of them."""
        return await self._database.run(lambda db: change_settings(db, guild_id, **changes))

    async def usage(self, guild_id: int) -> ServerUsage:
        """Return what the bot is doing for a server at the moment."""
        states = await self._database.read(
            f"SELECT {VISIBLE_STATE} AS shown, count(*) AS number, min(created_at) AS oldest"  # noqa: S608 # names of ours
            " FROM deliveries d"
            f" WHERE guild_id = ? AND {OPEN} GROUP BY shown",
            [guild_id],
        )
        places = await self._database.read(
            "SELECT channel_id FROM watches WHERE guild_id = ?1 AND delivery_id IS NULL"  # noqa: S608 # names of ours
            f" UNION SELECT channel_id FROM deliveries WHERE guild_id = ?1 AND {OPEN}",
            [guild_id],
        )
        held = next((row for row in states if row["shown"] == "held"), None)
        return ServerUsage(
            due=sum(row["number"] for row in states if row is not held),
            held=held["number"] if held else 0,
            held_since=held["oldest"] if held else None,
            channels=tuple(row["channel_id"] for row in places),
        )

    async def claim_welcome(self, guild_id: int, now: float) -> bool:
        """Record that a server is greeted now; return whether it was not before."""
        return bool(
            await self._database.write(
                "INSERT INTO welcomed_servers (guild_id, welcomed_at) VALUES (?, ?)"
                " ON CONFLICT DO NOTHING",
                [guild_id, now],
            )
        )

    async def reset(self, guild_id: int) -> None:
        """Let everything in a server be as by default."""
        await self._database.write("DELETE FROM server_settings WHERE guild_id = ?", [guild_id])


def change_settings(db: Connection, guild_id: int, **changes: Any) -> ServerSettings:
    """Within a transaction: change some settings of a server; return all of them."""
    settings = replace(_read(db, guild_id), **changes)
    db.execute(
        "INSERT INTO server_settings (guild_id, settings) VALUES (?, ?)"
        " ON CONFLICT (guild_id) DO UPDATE SET settings = excluded.settings",
        [guild_id, _SETTINGS.dump_json(settings, exclude_defaults=True).decode()],
    )
    return settings


def require_creating(db: Connection, guild_id: int | None) -> None:
    """Within a transaction: raise ``CreatingOff`` if it is off in a server; ``None``: no server."""
    if guild_id is not None and not _read(db, guild_id).creation:
        raise CreatingOff


def _read(db: Connection, guild_id: int) -> ServerSettings:
    row = db.execute(
        "SELECT settings FROM server_settings WHERE guild_id = ?", [guild_id]
    ).fetchone()
    try:
        return _SETTINGS.validate_json(row[0]) if row else ServerSettings()
    except ValidationError as error:
        log.warning(
            "Server settings are unreadable, the defaults hold: guild=%d errors=%d",
            guild_id,
            error.error_count(),
        )
        return ServerSettings()
