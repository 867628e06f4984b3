"""Checks Discord: the token, the application, the gateway, the commands and the servers."""

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Any

import discord

from bot.app import commands_to_register
from bot.doctor.command_checks import compare_commands
from bot.doctor.discord_api import DiscordApi, DiscordApiError, Gateway, TokenRefusedError
from bot.doctor.formatting import format_count
from bot.doctor.report import Area, CheckResult, CheckResults, Reporter
from bot.doctor.server_checks import check_servers
from bot.doctor.settings_report import SettingsReport
from bot.settings import Settings
from bot.storage.database_facts import ChannelInUse
from bot.storage.inspection import UNREADABLE, channels_in_use
from bot.ui.permissions import invite_link

_reporter = Reporter(Area.DISCORD)

LOW_SESSION_STARTS = 50
"""Below it the remaining session starts are reported; Discord allows a thousand a day."""


async def check_discord(settings_report: SettingsReport, time_limit: float) -> CheckResults:
    """Yield what Discord says about the bot. Nothing is written, and no session begins."""
    if wrong := settings_report.unusable("DISCORD_TOKEN", "DISCORD_API_URL"):
        advice = f"Fix {' and '.join(wrong)} first."
        yield _reporter.warning("asked", text="Discord was not asked", advice=advice)
        return
    settings = settings_report.settings
    async with DiscordApi(settings, time_limit) as api:
        try:
            user, application = await api.login()
        except DiscordApiError as error:
            check = "token" if isinstance(error, TokenRefusedError) else "answers"
            yield _reporter.problem(check, text=error.text, advice=error.advice)
            return
        duration = api.requests.answered[0].duration
        yield _reporter.ok("answers", text=f"{api.url} answers, in {duration * 1000:.0f} ms")
        yield _reporter.ok("token", text=f"The token is accepted: the bot is {user} ({user.id})")
        for result in _check_application(application):
            yield result
        yield await _or_problem(_check_gateway(api, settings), "gateway")
        yield await _or_problem(_check_commands(api, application, settings), "commands")
        in_use = await asyncio.to_thread(_channels_in_use, settings_report, time_limit)
        try:
            async for result in check_servers(api, user, in_use):
                yield result
        except DiscordApiError as error:
            yield _reporter.problem("servers", text=error.text, advice=error.advice)


def _check_application(application: discord.AppInfo) -> Iterator[CheckResult]:
    name = f"The application is {application.name} ({application.id})"
    yield _reporter.ok("application", text=name)
    if application.interactions_endpoint_url:
        text = "The application sends commands to a web address, not to the bot"
        advice = "Clear General Information > Interactions Endpoint URL in the developer portal."
        yield _reporter.problem("endpoint", text=text, advice=advice)
    if application.bot_require_code_grant:
        text = "The application requires a code grant: the invite link does not work"
        advice = "Switch off Bot > Requires OAuth2 Code Grant in the developer portal."
        yield _reporter.problem("invite", text=text, advice=advice)
    yield _reporter.ok("intents", text="The bot needs no privileged intent")
    yield _reporter.ok("invite", text=f"The invite link is {invite_link(application.id)}")


async def _or_problem(check: Awaitable[CheckResult], name: str) -> CheckResult:
    """Return the result of a check; a call that fails is its result."""
    try:
        return await check
    except DiscordApiError as error:
        return _reporter.problem(name, text=error.text, advice=error.advice)


async def _check_gateway(api: DiscordApi, settings: Settings) -> CheckResult:
    gateway = await api.get("/gateway/bot", Gateway)
    limit = gateway.session_start_limit
    text = (
        f"The gateway is {gateway.url}: {format_count(gateway.shards, 'shard')},"
        f" {limit.remaining} of {limit.total} session starts left today"
    )
    used = settings.discord_gateway_url or gateway.url
    if limit.remaining < LOW_SESSION_STARTS:
        hours = limit.reset_after / 3_600_000
        advice = f"Do not restart the bot repeatedly: the limit is reset in {hours:.1f} h."
        report = _reporter.warning if limit.remaining else _reporter.problem
        return report("gateway", text=text, advice=advice)
    if used.rstrip("/") != gateway.url.rstrip("/"):
        text = f"The bot connects to {used}, but Discord's gateway is {gateway.url}"
        advice = "Clear DISCORD_GATEWAY_URL, unless a proxy of yours is at that address."
        return _reporter.warning("gateway", text=text, advice=advice)
    return _reporter.ok("gateway", text=text)


async def _check_commands(
    api: DiscordApi, application: discord.AppInfo, settings: Settings
) -> CheckResult:
    path = f"/applications/{application.id}/commands"
    registered = await api.get(path, list[dict[str, Any]], with_localizations="true")
    return compare_commands(await commands_to_register(settings), registered)


def _channels_in_use(settings_report: SettingsReport, time_limit: float) -> list[ChannelInUse]:
    """Return where the bot has something to do; nothing if the database cannot be read."""
    if settings_report.unusable_database:
        return []
    try:
        return channels_in_use(settings_report.settings.database, time_limit)
    except UNREADABLE:
        return []
