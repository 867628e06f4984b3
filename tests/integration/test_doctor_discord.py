"""The doctor reports each way in which the setup at Discord can be wrong, with advice."""

from typing import Any

import pytest

from bot.app import commands_to_register
from bot.doctor.discord_api import JoinedServer
from bot.doctor.report import Area, State
from bot.doctor.server_checks import missing_in_server
from bot.settings import Settings
from bot.storage.database import DatabaseThread
from bot.storage.models import Destination, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.bot_process import BotProcess
from sandbox.discord import Channel
from sandbox.discord.channel_kinds import FORUM
from sandbox.relay import song
from tests.support.builders import NOON, a_running_task
from tests.support.doctor_harness import DoctorHarness
from tests.support.sandbox_session import SandboxSession

UNREACHABLE = "http://127.0.0.1:9"
"""A URL where nothing listens."""


async def wait_until_started(sandbox: SandboxSession) -> None:
    """Wait until a started bot has registered its commands."""
    await sandbox.discord.wait_until_ready(timeout=120)
    await sandbox.discord.wait_until_commands(timeout=120)


async def watch_in(sandbox: SandboxSession, channel: Channel) -> None:
    """Save a watched task for a channel, as a bot does that has stopped since."""
    destination = Destination(channel.id, sandbox.guild.id)
    async with DatabaseThread(sandbox.folder / "suno.db") as database:
        store = TaskStore(database, Outbox(database), "custom")
        await store.add_watch(
            a_running_task(),
            WatchRequest(sandbox.ada.id, destination),
            NOON,
            known=True,
            deadline=3600,
        )


async def test_a_working_bot_is_healthy(sandbox: SandboxSession, doctor: DoctorHarness) -> None:
    """The report says who it is, what it needs and where it is."""
    async with BotProcess(sandbox.folder, sandbox.environment):
        await wait_until_started(sandbox)
        run = await doctor.run()
    assert run.report.healthy
    assert run.not_ok(Area.DISCORD) == []
    assert str(sandbox.discord.application_id) in run.result(Area.DISCORD, "application").text
    assert sandbox.discord.bot_user.name in run.result(Area.DISCORD, "application").text
    assert "no privileged intent" in run.result(Area.DISCORD, "intents").text
    assert "applications.commands" in run.result(Area.DISCORD, "invite").text
    assert "up to date" in run.result(Area.DISCORD, "commands").text
    assert "1 server" in run.result(Area.DISCORD, "servers").text
    assert run.printed.endswith("All is well.\n")


async def test_the_doctor_sends_get_requests_alone_and_starts_no_session(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """A running bot is not disturbed."""
    await doctor.run()
    assert {request.method for request in sandbox.discord.requests} == {"GET"}
    assert sandbox.discord.gateway.identifies == 0
    assert not sandbox.discord.commands.registered


async def test_a_refused_token_is_reported_without_the_token(doctor: DoctorHarness) -> None:
    """``run_checks`` asserts that the token is in no output."""
    result = (await doctor.run(DISCORD_TOKEN="a-token-of-yesterday")).result(Area.DISCORD, "token")
    assert result.state is State.PROBLEM
    assert "Reset Token" in result.advice


async def test_an_unreachable_discord_does_not_stop_other_areas(
    doctor: DoctorHarness,
) -> None:
    """The text names the URL, and the advice the setting that holds it."""
    run = await doctor.run(DISCORD_API_URL=f"{UNREACHABLE}/api/v10")
    result = run.result(Area.DISCORD, "answers")
    assert UNREACHABLE in result.text
    assert "DISCORD_API_URL" in result.advice
    assert run.result(Area.RELAY, "key").state is State.OK


ELSEWHERE = {"Location": "https://elsewhere.example/"}


@pytest.mark.parametrize(
    ("fault", "says", "advice"),
    [
        pytest.param({"status": 500}, "in trouble (HTTP 500)", "Wait", id="500"),
        pytest.param({"status": 503, "html": True}, "in trouble (HTTP 503)", "Wait", id="503"),
        pytest.param({"status": 403, "html": True}, "not Discord's API", "proxy", id="web page"),
        pytest.param({"status": 401, "html": True}, "not Discord's API", "proxy", id="401 page"),
        pytest.param({"status": 403}, "403", "DISCORD_API_URL", id="403"),
        pytest.param(
            {"status": 301, "headers": ELSEWHERE}, "not Discord's API", "proxy", id="redirect"
        ),
        pytest.param(
            {"status": 200, "text": "hello"}, "not Discord's API", "DISCORD_API_URL", id="no user"
        ),
        pytest.param({"retry_after": 30.0}, "limits the rate", "30 s", id="429"),
        pytest.param(
            {"retry_after": 30.0, "via": False}, "limits the rate", "30 s", id="429 of a proxy"
        ),
        pytest.param({"status": 404, "text": "404: Not Found"}, "404", "DISCORD_API_URL", id="404"),
        pytest.param({"drop": True}, "cut", "DISCORD_API_URL", id="cut"),
    ],
)
async def test_a_failed_login_is_reported_at_once_with_what_to_do(
    sandbox: SandboxSession, doctor: DoctorHarness, fault: dict[str, Any], says: str, advice: str
) -> None:
    """No other request follows; aiohttp alone repeats one whose connection was cut, once."""
    sandbox.discord.faults.add("GET /users/@me", times=None, **fault)
    result = (await doctor.run()).result(Area.DISCORD, "answers")
    assert result.state is State.PROBLEM
    assert says in result.text
    assert advice in result.advice
    paths = [request.path for request in sandbox.discord.requests]
    assert paths == ["/users/@me"] * (2 if "drop" in fault else 1)


@pytest.mark.parametrize(
    ("request_", "check"),
    [
        ("GET /gateway/bot", "gateway"),
        ("GET /applications/{id}/commands", "commands"),
        ("GET /users/@me/guilds", "servers"),
    ],
)
async def test_a_failed_request_affects_its_own_check_alone(
    sandbox: SandboxSession, doctor: DoctorHarness, request_: str, check: str
) -> None:
    """The checks that follow are made all the same."""
    sandbox.discord.faults.add(request_, status=500, times=None)
    run = await doctor.run()
    assert run.result(Area.DISCORD, check).state is State.PROBLEM
    others = {"gateway", "commands", "servers"} - {check}
    assert all(run.result(Area.DISCORD, other).state is not State.PROBLEM for other in others)


async def test_a_discord_that_does_not_answer_in_time_is_reported(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """What it answered before is reported too."""
    sandbox.discord.faults.add("GET /gateway/bot", delay=30.0)
    run = await doctor.run(time_limit=1.0)
    assert run.result(Area.DISCORD, "token").state is State.OK
    assert "in time" in run.result(Area.DISCORD, "gateway").text


async def test_commands_that_were_never_registered_are_a_warning(doctor: DoctorHarness) -> None:
    """The bot registers them when it starts."""
    result = (await doctor.run()).result(Area.DISCORD, "commands")
    assert result.state is State.WARNING
    assert "No command is registered" in result.text
    assert "Start" in result.advice


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda commands: commands.pop(0), "lack /suno"),
        (lambda commands: commands[0].update(name="sing"), "also contain /sing"),
        (lambda commands: _option(commands).update(description="as before"), "differ in /suno"),
        (lambda commands: commands[-1].update(name_localizations={}), "Watch Suno tasks"),
    ],
    ids=["one less", "another", "another description", "no translation"],
)
async def test_commands_of_another_version_are_reported_by_name(
    sandbox: SandboxSession, doctor: DoctorHarness, change: Any, says: str
) -> None:
    """A different description or translation counts too."""
    settings = Settings.model_validate(
        {name.lower(): value for name, value in sandbox.environment.items()}
    )
    sandbox.discord.commands.overwrite(None, await commands_to_register(settings))
    change(sandbox.discord.commands.listed(None))
    result = (await doctor.run()).result(Area.DISCORD, "commands")
    assert result.state is State.WARNING
    assert says in result.text
    assert "Start this version" in result.advice


def _option(commands: list[dict[str, Any]]) -> dict[str, Any]:
    group = next(command for command in commands if command["name"] == "suno")
    option: dict[str, Any] = group["options"][0]["options"][0]
    return option


async def test_few_remaining_session_starts_are_a_warning(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """Discord resets the token of a bot that uses up all of them."""
    sandbox.discord.gateway.identify_limits.count_earlier(990)
    result = (await doctor.run()).result(Area.DISCORD, "gateway")
    assert result.state is State.WARNING
    assert "10 of 1000" in result.text
    assert "24.0 h" in result.advice


async def test_no_remaining_session_start_is_a_problem(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """The bot cannot connect until Discord resets the limit."""
    sandbox.discord.gateway.identify_limits.count_earlier(1000)
    assert (await doctor.run()).result(Area.DISCORD, "gateway").state is State.PROBLEM


async def test_another_gateway_than_that_of_discord_is_a_warning(doctor: DoctorHarness) -> None:
    """It may be a wrong address, or a proxy."""
    result = (await doctor.run(DISCORD_GATEWAY_URL="ws://127.0.0.1:9/")).result(
        Area.DISCORD, "gateway"
    )
    assert result.state is State.WARNING
    assert "ws://127.0.0.1:9" in result.text
    assert "DISCORD_GATEWAY_URL" in result.advice


async def test_an_application_with_an_interactions_endpoint_is_a_problem(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """No command would reach the bot, and nothing else shows it."""
    sandbox.discord.state.application_settings["interactions_endpoint_url"] = (
        "https://old.example/hook"
    )
    result = (await doctor.run()).result(Area.DISCORD, "endpoint")
    assert result.state is State.PROBLEM
    assert "Interactions Endpoint URL" in result.advice


async def test_an_application_that_requires_a_code_grant_is_a_problem(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """The advice names the switch in the developer portal."""
    sandbox.discord.state.application_settings["bot_require_code_grant"] = True
    run = await doctor.run()
    assert "code grant" in run.printed
    assert "OAuth2 Code Grant" in run.printed


async def test_a_bot_in_no_server_is_a_warning_that_mentions_the_invite_link(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """A new bot begins like this."""
    sandbox.guild.remove_bot()
    result = (await doctor.run()).result(Area.DISCORD, "servers")
    assert result.state is State.WARNING
    assert "invite link" in result.advice


async def test_a_permission_that_is_missing_in_a_server_is_named(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """The text names the server; an administrator lacks nothing."""
    sandbox.guild.revoke("embed_links", "send_messages_in_threads")
    other = sandbox.discord.add_guild("Choir")
    other.revoke("attach_files")
    other.grant("administrator")
    run = await doctor.run()
    result = run.result(Area.DISCORD, "permissions")
    assert result.state is State.WARNING
    assert result.text.startswith("Song Club: ")
    assert "Embed Links" in result.text
    assert "Send Messages in Threads" in result.text
    assert "2 servers" in run.result(Area.DISCORD, "servers").text


def test_an_administrator_lacks_no_permission() -> None:
    """The administrator permission includes all others."""
    assert missing_in_server(JoinedServer(id=1, name="Choir", permissions=1 << 3)) == []
    assert "send_messages" in missing_in_server(
        JoinedServer(id=1, name="Choir", permissions=1 << 10)
    )


async def test_many_servers_are_read_page_by_page_and_summarized(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """Discord returns 200 at once; only the first ten are listed."""
    for number in range(205):
        sandbox.discord.add_guild(f"Choir {number}").revoke("send_messages")
    run = await doctor.run()
    assert "206 servers" in run.result(Area.DISCORD, "servers").text
    assert run.printed.count("the bot lacks Send Messages\n") == 10
    assert "195 more servers" in run.printed


@pytest.mark.parametrize(
    ("permission", "state", "says"),
    [
        ("send_messages", State.PROBLEM, "the bot lacks Send Messages"),
        ("embed_links", State.WARNING, "plain text"),
        ("view_channel", State.WARNING, "cannot see it"),
    ],
)
async def test_a_used_channel_with_a_missing_permission_is_reported(
    sandbox: SandboxSession, doctor: DoctorHarness, permission: str, state: State, says: str
) -> None:
    """By its name if the bot can see it, with how much waits there."""
    await watch_in(sandbox, sandbox.songs)
    sandbox.songs.deny(permission)
    result = (await doctor.run()).result(Area.DISCORD, "channel")
    assert result.state is state
    assert "Song Club" in result.text
    assert "1 watched" in result.text
    assert says in result.text
    assert "Allow it" in result.advice


async def test_a_used_thread_has_the_permissions_of_its_channel(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """Send Messages in Threads takes the place of Send Messages."""
    await watch_in(sandbox, sandbox.guild.add_thread(sandbox.songs, "b-side"))
    sandbox.songs.deny("send_messages_in_threads")
    result = (await doctor.run()).result(Area.DISCORD, "channel")
    assert result.state is State.PROBLEM
    assert "#b-side" in result.text
    assert "Send Messages in Threads" in result.text


async def test_a_used_forum_without_a_usable_tag_is_reported(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """Posts need a tag there, and all are for moderators."""
    forum = sandbox.guild.add_channel("hits", FORUM)
    await watch_in(sandbox, forum)
    forum.add_tag("Official", moderated=True)
    forum.require_tag()
    result = (await doctor.run()).result(Area.DISCORD, "channel")
    assert result.state is State.PROBLEM
    assert "#hits" in result.text
    assert "tag" in result.text
    sandbox.guild.grant("manage_threads")
    assert not any("tag" in text for text in (await doctor.run()).not_ok(Area.DISCORD))


async def test_a_used_channel_that_was_deleted_is_reported(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """By its id, because its name cannot be read any more."""
    await watch_in(sandbox, sandbox.songs)
    sandbox.songs.delete()
    result = (await doctor.run()).result(Area.DISCORD, "channel")
    assert str(sandbox.songs.id) in result.text
    assert "gone" in result.text


async def test_a_held_notice_is_reported_for_the_database_and_for_its_channel(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """The channel's result names the permission that is missing."""
    sandbox.relay.add(song("a-song", takes=1))
    async with BotProcess(sandbox.folder, sandbox.environment):
        await wait_until_started(sandbox)
        await sandbox.command_answer("suno watch", id="a-song")
        sandbox.songs.deny("send_messages")
        sandbox.relay.clock.advance(10)
        await sandbox.discord.wait_for(lambda: sandbox.discord.open_dm(sandbox.ada).messages)
        run = await doctor.run()
    assert "1 notice held" in run.result(Area.DATABASE, "held").text
    assert "(0 watched, 1 held): the bot lacks Send Messages" in run.printed


async def test_the_name_of_a_server_cannot_control_the_terminal(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """Names at Discord are hostile text."""
    hostile = sandbox.discord.add_guild("\x1b[2J\u202eevil [red]club[/red]\r\nok all is well")
    hostile.revoke("send_messages")
    run = await doctor.run()
    assert "\x1b" not in run.printed
    assert "\u202e" not in run.printed
    assert "[red]club[/red]" in run.printed
    assert "\nok all is well" not in run.printed
