"""What the doctor says of Discord: every way in which it can be broken has its advice."""

from typing import Any

import pytest

from bot.doctor.command_checks import offered_commands
from bot.doctor.discord_api import JoinedServer
from bot.doctor.report import Area, State
from bot.doctor.server_checks import lacks
from bot.settings import Settings
from bot.storage.database import DatabaseThread
from bot.storage.models import Destination
from bot.storage.outbox import Outbox
from bot.storage.tasks import TaskStore
from sandbox.bot_process import BotProcess
from sandbox.discord import Channel
from sandbox.relay import song
from tests.support.builders import NOON, a_running_task
from tests.support.doctor_harness import DoctorHarness
from tests.support.sandbox_session import SandboxSession

NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""


async def started(sandbox: SandboxSession) -> None:
    """Wait until a bot that was started has registered its commands."""
    await sandbox.discord.wait_until_ready(timeout=30)
    await sandbox.discord.wait_until_commands(timeout=30)


async def watch_in(sandbox: SandboxSession, channel: Channel) -> None:
    """Keep that something is watched in a channel, as a bot would that has stopped since."""
    destination = Destination(channel.id, sandbox.guild.id)
    async with DatabaseThread(sandbox.folder / "suno.db") as database:
        store = TaskStore(database, Outbox(database), "custom")
        await store.add_watch(
            a_running_task(),
            known=True,
            user_id=sandbox.ada.id,
            destination=destination,
            now=NOON,
            deadline=3600,
        )


async def test_a_bot_that_works_is_found_in_good_health(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """Who it is, what it needs and where it is; nothing to mend."""
    async with BotProcess(sandbox.folder, sandbox.environment):
        await started(sandbox)
        visit = await doctor.run()
    assert visit.examination.healthy
    assert visit.troubles(Area.DISCORD) == []
    assert str(sandbox.discord.application_id) in visit.found(Area.DISCORD, "application").text
    assert sandbox.discord.bot_user.name in visit.found(Area.DISCORD, "application").text
    assert "no privileged" in visit.found(Area.DISCORD, "intents").text
    assert "applications.commands" in visit.found(Area.DISCORD, "invite").text
    assert "up to date" in visit.found(Area.DISCORD, "commands").text
    assert "1 server" in visit.found(Area.DISCORD, "servers").text
    assert visit.printed.endswith("All is well.\n")


async def test_nothing_is_written_at_discord_and_no_session_begun(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """A bot that runs is not disturbed: only its REST API is read."""
    await doctor.run()
    assert {request.method for request in sandbox.discord.requests} == {"GET"}
    assert sandbox.discord.gateway.identifies == 0
    assert not sandbox.discord.commands.registered


async def test_a_refused_token_is_told_without_the_token(doctor: DoctorHarness) -> None:
    """With where to get a new one; the visit itself makes sure that the token is not printed."""
    found = (await doctor.run(DISCORD_TOKEN="a-token-of-yesterday")).found(Area.DISCORD, "token")
    assert found.state is State.PROBLEM
    assert "Reset Token" in found.advice


async def test_a_discord_that_is_gone_is_told_and_stops_nothing_else(doctor: DoctorHarness) -> None:
    """With its address and the setting that holds it."""
    visit = await doctor.run(DISCORD_API_URL=f"{NOBODY}/api/v10")
    found = visit.found(Area.DISCORD, "answers")
    assert NOBODY in found.text
    assert "DISCORD_API_URL" in found.advice
    assert visit.found(Area.RELAY, "key").state is State.OK


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
    found = (await doctor.run()).found(Area.DISCORD, "answers")
    assert found.state is State.PROBLEM
    assert says in found.text
    assert advice in found.advice
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
async def test_trouble_with_one_question_does_not_keep_the_others_from_being_asked(
    sandbox: SandboxSession, doctor: DoctorHarness, request_: str, check: str
) -> None:
    """Only the finding that it was about is missing."""
    sandbox.discord.faults.add(request_, status=500, times=None)
    visit = await doctor.run()
    assert visit.found(Area.DISCORD, check).state is State.PROBLEM
    others = {"gateway", "commands", "servers"} - {check}
    assert all(visit.found(Area.DISCORD, other).state is not State.PROBLEM for other in others)


async def test_a_discord_that_does_not_answer_in_time_is_told(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """And what was asked before that is told all the same."""
    sandbox.discord.faults.add("GET /gateway/bot", delay=30.0)
    visit = await doctor.run(time_limit=1.0)
    assert visit.found(Area.DISCORD, "token").state is State.OK
    assert "in time" in visit.found(Area.DISCORD, "gateway").text


async def test_commands_that_were_never_registered_are_told(doctor: DoctorHarness) -> None:
    """A warning: the bot registers them when it starts."""
    found = (await doctor.run()).found(Area.DISCORD, "commands")
    assert found.state is State.WARNING
    assert "No command is registered" in found.text
    assert "Start" in found.advice


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda commands: commands.pop(0), "lack /suno"),
        (lambda commands: commands[0].update(name="sing"), "have besides /sing"),
        (lambda commands: _option(commands).update(description="as before"), "differ in /suno"),
        (lambda commands: commands[-1].update(name_localizations={}), "Watch Suno tasks"),
    ],
    ids=["one less", "another", "another description", "no translation"],
)
async def test_commands_of_another_version_are_told_by_name(
    sandbox: SandboxSession, doctor: DoctorHarness, change: Any, says: str
) -> None:
    """Also where only a description or a translation is another one."""
    settings = Settings.model_validate(
        {name.lower(): value for name, value in sandbox.environment.items()}
    )
    sandbox.discord.commands.overwrite(None, await offered_commands(settings))
    change(sandbox.discord.commands.listed(None))
    found = (await doctor.run()).found(Area.DISCORD, "commands")
    assert found.state is State.WARNING
    assert says in found.text
    assert "Start this version" in found.advice


def _option(commands: list[dict[str, Any]]) -> dict[str, Any]:
    group = next(command for command in commands if command["name"] == "suno")
    option: dict[str, Any] = group["options"][0]["options"][0]
    return option


async def test_a_gateway_that_lets_the_bot_begin_only_a_few_times_more_is_a_warning(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """Before Discord takes its token away."""
    sandbox.discord.gateway.identify_limits.count_earlier(990)
    found = (await doctor.run()).found(Area.DISCORD, "gateway")
    assert found.state is State.WARNING
    assert "10 of 1000" in found.text
    assert "24.0 h" in found.advice


async def test_a_gateway_that_lets_the_bot_begin_no_more_is_a_problem(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """Until Discord counts anew."""
    sandbox.discord.gateway.identify_limits.count_earlier(1000)
    assert (await doctor.run()).found(Area.DISCORD, "gateway").state is State.PROBLEM


async def test_a_gateway_other_than_discord_names_is_a_warning(doctor: DoctorHarness) -> None:
    """The bot may wait for it in vain; it may as well be a proxy."""
    found = (await doctor.run(DISCORD_GATEWAY_URL="ws://127.0.0.1:9/")).found(
        Area.DISCORD, "gateway"
    )
    assert found.state is State.WARNING
    assert "ws://127.0.0.1:9" in found.text
    assert "DISCORD_GATEWAY_URL" in found.advice


async def test_an_application_that_sends_its_commands_elsewhere_is_a_problem(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """No command would ever reach the bot, and nothing else would show it."""
    sandbox.discord.state.application_settings["interactions_endpoint_url"] = (
        "https://old.example/hook"
    )
    found = (await doctor.run()).found(Area.DISCORD, "endpoint")
    assert found.state is State.PROBLEM
    assert "Interactions Endpoint URL" in found.advice


async def test_an_application_that_cannot_be_invited_is_a_problem(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """With the switch that does it."""
    sandbox.discord.state.application_settings["bot_require_code_grant"] = True
    visit = await doctor.run()
    assert "code grant" in visit.printed
    assert "OAuth2 Code Grant" in visit.printed


async def test_a_bot_in_no_server_is_told_to_be_invited(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """That is where one begins."""
    sandbox.guild.remove_bot()
    found = (await doctor.run()).found(Area.DISCORD, "servers")
    assert found.state is State.WARNING
    assert "invite link" in found.advice


async def test_a_permission_that_is_missing_in_a_server_is_named(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """With the server; one where the bot is administrator lacks nothing."""
    sandbox.guild.revoke("embed_links", "send_messages_in_threads")
    other = sandbox.discord.add_guild("Choir")
    other.revoke("attach_files")
    other.grant("administrator")
    visit = await doctor.run()
    found = visit.found(Area.DISCORD, "permissions")
    assert found.state is State.WARNING
    assert found.text.startswith("Song Club: lacks ")
    assert "Embed Links" in found.text
    assert "Send Messages in Threads" in found.text
    assert "2 servers" in visit.found(Area.DISCORD, "servers").text


def test_an_administrator_lacks_nothing_whatever_else_is_said() -> None:
    """The one permission stands for all."""
    assert lacks(JoinedServer(id=1, name="Choir", permissions=1 << 3)) == []
    assert "send_messages" in lacks(JoinedServer(id=1, name="Choir", permissions=1 << 10))


async def test_many_servers_are_read_page_by_page_and_told_in_short(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """More than Discord tells at once; not each gets a line."""
    for number in range(205):
        sandbox.discord.add_guild(f"Choir {number}").revoke("send_messages")
    visit = await doctor.run()
    assert "206 servers" in visit.found(Area.DISCORD, "servers").text
    assert visit.printed.count("lacks Send Messages") == 10
    assert "195 more servers" in visit.printed


@pytest.mark.parametrize(
    ("permission", "state", "says"),
    [
        ("send_messages", State.PROBLEM, "the bot lacks Send Messages"),
        ("embed_links", State.WARNING, "plain text"),
        ("view_channel", State.WARNING, "cannot see it"),
    ],
)
async def test_a_channel_in_use_that_lacks_a_permission_is_named(
    sandbox: SandboxSession, doctor: DoctorHarness, permission: str, state: State, says: str
) -> None:
    """By name where it may be known, with how much waits there."""
    await watch_in(sandbox, sandbox.songs)
    sandbox.songs.deny(permission)
    found = (await doctor.run()).found(Area.DISCORD, "channel")
    assert found.state is state
    assert "Song Club" in found.text
    assert "1 watched" in found.text
    assert says in found.text
    assert "Allow it" in found.advice


async def test_a_thread_in_use_has_the_permissions_of_its_channel(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """In a thread it is another permission that counts."""
    await watch_in(sandbox, sandbox.guild.add_thread(sandbox.songs, "b-side"))
    sandbox.songs.deny("send_messages_in_threads")
    found = (await doctor.run()).found(Area.DISCORD, "channel")
    assert found.state is State.PROBLEM
    assert "#b-side" in found.text
    assert "Send Messages in Threads" in found.text


async def test_a_channel_in_use_that_is_gone_is_told(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """By its id: nothing else is known of it any more."""
    await watch_in(sandbox, sandbox.songs)
    sandbox.songs.delete()
    found = (await doctor.run()).found(Area.DISCORD, "channel")
    assert str(sandbox.songs.id) in found.text
    assert "gone" in found.text


async def test_a_held_notice_shows_in_the_database_and_at_its_channel(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """What waits, and which permission it waits for."""
    sandbox.relay.add(song("a-song", takes=1))
    async with BotProcess(sandbox.folder, sandbox.environment):
        await started(sandbox)
        await sandbox.command_answer("suno watch", id="a-song")
        sandbox.songs.deny("send_messages")
        sandbox.relay.clock.advance(10)
        await sandbox.discord.wait_for(lambda: sandbox.discord.open_dm(sandbox.ada).messages)
        visit = await doctor.run()
    assert "1 notice held" in visit.found(Area.DATABASE, "held").text
    assert "(0 watched, 1 held): the bot lacks Send Messages" in visit.printed


async def test_a_name_at_discord_cannot_disturb_the_terminal(
    sandbox: SandboxSession, doctor: DoctorHarness
) -> None:
    """What a server is called is hostile text."""
    evil = sandbox.discord.add_guild("\x1b[2J\u202eevil [red]club[/red]\r\nok all is well")
    evil.revoke("send_messages")
    visit = await doctor.run()
    assert "\x1b" not in visit.printed
    assert "\u202e" not in visit.printed
    assert "[red]club[/red]" in visit.printed
    assert "\nok all is well" not in visit.printed
