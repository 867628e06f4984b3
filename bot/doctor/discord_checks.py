"""Discord: the token, the application, the gateway, the commands, and the way in."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Iterator
from typing import Any

import discord

from bot.doctor.command_checks import compare_commands, offered_commands
from bot.doctor.discord_api import DiscordApi, DiscordApiError, Gateway, TokenRefusedError
from bot.doctor.formatting import counted
from bot.doctor.report import Area, Finding, Findings, Notebook
from bot.doctor.server_checks import look_at_servers
from bot.settings import Settings, SettingsReport
from bot.storage.inspection import ChannelInUse, channels_in_use
from bot.ui.permissions import invite_link

_note = Notebook(Area.DISCORD)

FEW_STARTS = 50
"""Of the thousand times a day that Discord lets a bot begin a session."""


async def look_at_discord(report: SettingsReport, time_limit: float) -> Findings:
    """Yield what Discord says of the bot. Nothing is written there; the gateway is left alone."""
    if missing := report.lacks("DISCORD_TOKEN", "DISCORD_API_URL"):
        advice = f"Mend {' and '.join(missing)} first."
        yield _note.warning("asked", text="Not asked", advice=advice)
        return
    settings = report.settings
    async with DiscordApi(settings, time_limit) as api:
        try:
            user, application = await api.login()
        except DiscordApiError as error:
            check = "token" if isinstance(error, TokenRefusedError) else "answers"
            yield _note.problem(check, text=error.text, advice=error.advice)
            return
        took = api.requests.answered[0].duration
        yield _note.ok("answers", text=f"{api.url} answers, in {took * 1000:.0f} ms")
        yield _note.ok("token", text=f"The token is accepted: the bot is {user} ({user.id})")
        for finding in _application(application):
            yield finding
        yield await _told(_gateway(api, settings), "gateway")
        yield await _told(_commands(api, application, settings), "commands")
        in_use = await asyncio.to_thread(_channels_in_use, report, time_limit)
        try:
            async for finding in look_at_servers(api, user, in_use):
                yield finding
        except DiscordApiError as error:
            yield _note.problem("servers", text=error.text, advice=error.advice)


def _application(application: discord.AppInfo) -> Iterator[Finding]:
    yield _note.ok("application", text=f"The application is {application.name} ({application.id})")
    if application.interactions_endpoint_url:
        text = "The application sends commands to an address on the web, not to the bot"
        advice = "Empty General Information > Interactions Endpoint URL in the developer portal."
        yield _note.problem("endpoint", text=text, advice=advice)
    if application.bot_require_code_grant:
        text = "The application requires a code grant: the invite link does not work"
        advice = "Switch off Bot > Requires OAuth2 Code Grant in the developer portal."
        yield _note.problem("invite", text=text, advice=advice)
    yield _note.ok("intents", text="Intents: it needs no privileged one")
    yield _note.ok("invite", text=f"Invite it with {invite_link(application.id)}")


async def _told(finding: Awaitable[Finding], check: str) -> Finding:
    """Wait for a finding; trouble on the way is the finding, then."""
    try:
        return await finding
    except DiscordApiError as error:
        return _note.problem(check, text=error.text, advice=error.advice)


async def _gateway(api: DiscordApi, settings: Settings) -> Finding:
    gateway = await api.get("/gateway/bot", Gateway)
    limit = gateway.session_start_limit
    text = (
        f"The gateway is {gateway.url}: {counted(gateway.shards, 'shard')},"
        f" {limit.remaining} of {limit.total} starts left today"
    )
    chosen = settings.discord_gateway_url or gateway.url
    if limit.remaining >= FEW_STARTS and chosen.rstrip("/") != gateway.url.rstrip("/"):
        text = f"The bot connects to {chosen}, but Discord names {gateway.url}"
        advice = "Empty DISCORD_GATEWAY_URL, unless a proxy of yours is at that address."
        return _note.warning("gateway", text=text, advice=advice)
    if limit.remaining >= FEW_STARTS:
        return _note.ok("gateway", text=text)
    hours = limit.reset_after / 3_600_000
    advice = f"Do not restart the bot again and again: Discord counts anew in {hours:.1f} h."
    note = _note.warning if limit.remaining else _note.problem
    return note("gateway", text=text, advice=advice)


async def _commands(api: DiscordApi, application: discord.AppInfo, settings: Settings) -> Finding:
    path = f"/applications/{application.id}/commands"
    registered = await api.get(path, list[dict[str, Any]], with_localizations="true")
    return compare_commands(await offered_commands(settings), registered)


def _channels_in_use(report: SettingsReport, time_limit: float) -> list[ChannelInUse]:
    """Return where the bot has something to do; nothing where the database cannot tell."""
    if report.lacks("DATABASE_PATH"):
        return []
    try:
        return channels_in_use(report.settings.database_path, time_limit)
    except sqlite3.Error:
        return []
