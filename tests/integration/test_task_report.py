"""Tests of ``doctor why``: what the database knows of one task, and why it has no notice."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.doctor.task_summary import summarize
from bot.relay.models import TaskKind, TaskStatus
from bot.storage.account_facts import KeyProblem
from bot.storage.models import DeliveryPurpose, EndReason
from bot.storage.task_facts import DeliveryFacts, OwnerKind, TaskFacts
from sandbox.bot_process import BotProcess
from sandbox.relay import song, stuck
from tests.support.builders import NOON
from tests.support.doctor_harness import run_doctor_command
from tests.support.sandbox_session import SandboxSession

RUNNING = TaskFacts(
    account="custom",
    running=True,
    kind=TaskKind.MUSIC,
    status=TaskStatus.IN_PROGRESS,
    end_reason=None,
    known=True,
    other_key=False,
    misses=0,
    terminal_since=None,
    added_at=NOON - 60,
    polled_at=NOON - 5,
    changed_at=NOON - 30,
    next_poll_at=NOON,
    deadline_at=NOON + 3600,
    ended_at=None,
)
SERVERS = replace(RUNNING, account="account-1", relay="openai-hub", owner=OwnerKind.SERVER)
ENDED = replace(
    RUNNING, running=False, end_reason=EndReason.FINISHED, next_poll_at=None, ended_at=NOON - 10
)
DUE = DeliveryFacts(
    id=1,
    purpose=DeliveryPurpose.NOTICE,
    channel_id=500,
    guild_id=50,
    people=1,
    state="due",
    attempts=0,
    reason=None,
    redirected_from=None,
    waits=False,
    created_at=NOON - 10,
    due_at=NOON,
    sent_at=None,
    message_id=None,
)
SENT = replace(DUE, state="sent", sent_at=NOON, message_id=7)


def ended(*deliveries: DeliveryFacts) -> TaskFacts:
    """Return an ended task with these deliveries."""
    return replace(ENDED, deliveries=deliveries)


def held(reason: str) -> TaskFacts:
    """Return an ended task whose notice is held."""
    return ended(replace(DUE, state="held", reason=reason, due_at=NOON + 600))


SUMMARIES: dict[str, tuple[TaskFacts, str]] = {
    "it runs": (RUNNING, "Nothing was posted yet: the relay says that it is IN_PROGRESS."),
    "it was just added": (
        replace(RUNNING, polled_at=None, known=False),
        "Nothing was posted yet: the relay was not asked about it yet.",
    ),
    "the relay is unreachable": (
        replace(RUNNING, polled_at=NOON - 3600, next_poll_at=NOON - 3595),
        "Nothing was posted yet: the relay could not be asked since"
        " 2023-11-14 21:13:20 UTC, 60 min ago.",
    ),
    "the relay was never reachable": (
        replace(RUNNING, polled_at=None, added_at=NOON - 3600, next_poll_at=NOON - 3595),
        "Nothing was posted yet: the relay could not be asked since"
        " 2023-11-14 21:13:20 UTC, 60 min ago.",
    ),
    "the relay does not know it": (
        replace(RUNNING, known=False, misses=2),
        "Nothing was posted yet: the relay does not know it (in 2 polls).",
    ),
    "the relay lost it": (
        replace(RUNNING, misses=1),
        "Nothing was posted yet: the relay does not return it any more (in 1 poll).",
    ),
    "the key was changed": (
        replace(RUNNING, misses=2, other_key=True),
        "Nothing was posted yet: the relay does not return it any more (in 2 polls); it"
        " returned it under another SUNO_API_KEY or SUNO_BASE_URL, so the task waits until its"
        " deadline.",
    ),
    "the key of a connected account was replaced": (
        replace(SERVERS, misses=2, other_key=True),
        "Nothing was posted yet: the relay does not return it any more (in 2 polls); it"
        " returned it under another key, so the task waits until its deadline.",
    ),
    "the key of a connected account is rejected": (
        replace(SERVERS, key_problem=KeyProblem.REJECTED),
        "Nothing was posted yet: the relay rejects the key of the account.",
    ),
    "the key of a connected account is lost": (
        replace(SERVERS, key_problem=KeyProblem.UNREADABLE),
        "Nothing was posted yet: no key in ENCRYPTION_KEY decrypts the key of the account.",
    ),
    "no link is permanent": (
        replace(RUNNING, terminal_since=NOON - 10, status=TaskStatus.SUCCESS),
        "Nothing was posted yet: the relay says that it has ended, but gives no permanent"
        " link yet.",
    ),
    "it was posted": (ended(SENT), "The task was posted, in 1 message."),
    "it was posted twice": (ended(SENT, SENT), "The task was posted, in 2 messages."),
    "nobody watched": (
        ended(),
        "Nothing was posted: nobody watched the task any more when it ended.",
    ),
    "it is about to be posted": (ended(DUE), "Not posted yet: it is about to be sent."),
    "it is being posted": (
        ended(replace(DUE, state="sending")),
        "Not posted yet: it is being sent to Discord.",
    ),
    "one of two was posted": (
        ended(SENT, DUE),
        "1 of 2 messages posted: it is about to be sent.",
    ),
    "an older one goes first": (
        ended(replace(DUE, waits=True)),
        "Not posted yet: an older message to the same channel goes first.",
    ),
    "Discord had an error": (
        ended(replace(DUE, attempts=1, reason="503/0", due_at=NOON + 30)),
        "Not posted yet: Discord could not accept it at that moment (503/0);"
        " the next try is in 30 s.",
    ),
    "no connection": (
        ended(replace(DUE, attempts=1, reason="ClientOSError", due_at=NOON)),
        "Not posted yet: the connection to Discord failed (ClientOSError); the next try is due.",
    ),
    "permissions are missing": (
        held("missing:view-channel,send-messages-in-threads"),
        "Not posted yet: it is held because the bot lacks View Channel, Send Messages in Threads"
        " there; the next try is in 10 min.",
    ),
    "some permission is missing": (
        held("missing:"),
        "Not posted yet: it is held because the bot lacks a permission there; the next try is in"
        " 10 min.",
    ),
    "the thread is locked": (
        held("unlocked_thread"),
        "Not posted yet: it is held because the thread is locked; the next try is in 10 min.",
    ),
    "the thread is archived": (
        held("open_thread"),
        "Not posted yet: it is held because the thread is archived; the next try is in 10 min.",
    ),
    "its content is refused": (
        held("400/50035"),
        "Not posted yet: it is held because Discord refuses its content (400/50035); the next"
        " try is in 10 min.",
    ),
    "its channel is gone": (
        ended(replace(DUE, state="dropped", reason="404/10003", due_at=None)),
        "The task could not be posted: Discord says that the channel is gone or closed to the bot"
        " (404/10003), and no watcher could be reached.",
    ),
    "its channel is gone, and a direct message was sent": (
        ended(
            replace(DUE, state="dropped", reason="404/10003", due_at=None),
            replace(SENT, redirected_from=500, guild_id=None),
        ),
        "The task was posted, in 1 message.",
    ),
    "only the history has it": (
        replace(ENDED, status=None, added_at=None),
        "The task ended; deliveries older than thirty days are not kept.",
    ),
}


@pytest.mark.parametrize(("facts", "says"), SUMMARIES.values(), ids=SUMMARIES.keys())
def test_the_summary_gives_the_reason_for_each_state(facts: TaskFacts, says: str) -> None:
    """The summary explains each state of a task and of its deliveries."""
    assert summarize(facts, now=NOON, in_use=True, relay=None) == says


@pytest.mark.parametrize("facts", [RUNNING, ended(DUE), held("missing:")])
def test_without_a_running_bot_the_summary_says_so(facts: TaskFacts) -> None:
    """If no bot runs, the summary gives that as the only reason."""
    assert "no bot is running" in summarize(facts, now=NOON, in_use=False, relay=None)


def test_the_summary_names_the_relay_if_the_bot_uses_another() -> None:
    """If the bot uses another relay, the summary names the relay of the task."""
    summary = summarize(RUNNING, now=NOON, in_use=True, relay="deerapi")
    assert "relay custom" in summary
    assert "SUNO_RELAY=deerapi" in summary
    assert "IN_PROGRESS" in summarize(RUNNING, now=NOON, in_use=True, relay="custom")


async def test_a_task_is_reported_while_a_bot_runs(sandbox: SandboxSession) -> None:
    """The report shows the task while it runs at the relay and after its notice was sent."""
    sandbox.relay.add(song("a-song", title="Paper Boats", takes=5))
    async with BotProcess(sandbox.folder, sandbox.environment):
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        await sandbox.command_answer("suno watch", id="a-song")
        await sandbox.command_answer("suno watch", id="a-song", user=sandbox.bea)
        code, output = await run_doctor_command(sandbox, "why", "a-song")
        assert code == 0
        assert output.startswith("Nothing was posted yet: the relay says that it is ")
        assert f"2 people in channel {sandbox.songs.id}" in output
        assert "Next poll" in output
        sandbox.relay.clock.advance(10)
        notice = await sandbox.wait_for_notice("a-song")
        code, output = await run_doctor_command(sandbox, "why", "a-song")
    assert code == 0
    assert output.startswith("The task was posted, in 1 message.\n")
    link = f"https://discord.com/channels/{sandbox.guild.id}/{sandbox.songs.id}/{notice.id}"
    assert link in output
    assert "SUCCESS, music" in output
    assert "sent, for 2 people" in output


async def test_a_held_notice_and_the_message_about_it_are_reported_as_json(
    sandbox: SandboxSession,
) -> None:
    """The JSON report contains both deliveries, with Discord's ids as strings."""
    report = await _held(sandbox)
    (task,) = report["tasks"]
    notice, word = task["deliveries"]
    assert "lacks Send Messages" in task["summary"]
    assert notice["state"] == "held"
    assert notice["channel_id"] == str(sandbox.songs.id)
    assert notice["guild_id"] == str(sandbox.guild.id)
    assert notice["attempts"] == 1
    assert notice["reason"] == "missing:send-messages"
    assert notice["explanation"] == "the bot lacks Send Messages there"
    assert notice["link"] is None
    assert word["purpose"] == "word"
    assert word["link"].startswith("https://discord.com/channels/@me/")


async def test_the_report_contains_no_content_and_no_user_id(sandbox: SandboxSession) -> None:
    """The report contains no title, no lyrics and no id of a watching user."""
    output = str(await _held(sandbox))
    assert "Paper Boats" not in output
    assert "clips" not in output
    assert str(sandbox.ada.id) not in output


async def _held(sandbox: SandboxSession) -> dict[str, Any]:
    sandbox.relay.add(song("a-song", title="Paper Boats", takes=5))
    async with BotProcess(sandbox.folder, sandbox.environment):
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        await sandbox.command_answer("suno watch", id="a-song")
        sandbox.songs.deny("send_messages")
        sandbox.relay.clock.advance(10)
        await sandbox.discord.wait_for(lambda: sandbox.discord.open_dm(sandbox.ada).messages)
        await _wait_until_direct_message_recorded(sandbox)
        code, output = await run_doctor_command(sandbox, "why", "a-song", "--json")
    assert code == 0
    report: dict[str, Any] = json.loads(output)
    return report


async def _wait_until_direct_message_recorded(sandbox: SandboxSession) -> None:
    """Wait until the bot has recorded that its direct message was sent."""
    code, output = await run_doctor_command(sandbox, "why", "a-song", "--json")
    while json.loads(output)["tasks"][0]["deliveries"][-1]["state"] != "sent":
        code, output = await run_doctor_command(sandbox, "why", "a-song", "--json")
    assert code == 0


async def test_a_task_without_a_running_bot_is_reported_as_such(sandbox: SandboxSession) -> None:
    """After a kill, the report is made from the database undisturbed_delays."""
    sandbox.relay.add(stuck("b-song"))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        await sandbox.command_answer("suno watch", id="b-song")
        await bot.kill()
        code, output = await run_doctor_command(sandbox, "why", "b-song")
    assert code == 0
    assert "no bot is running" in output


async def test_an_unknown_id_gives_exit_code_1(sandbox: SandboxSession) -> None:
    """With and without --json, wherever that stands; control characters are escaped."""
    async with BotProcess(sandbox.folder, sandbox.environment):
        await sandbox.discord.wait_until_commands(timeout=120)
        code, output = await run_doctor_command(sandbox, "why", "x\x1b[2Jsong")
        assert code == 1
        assert output.startswith("Nothing is known about task x\\x1b[2Jsong: ")
        for words in (("why", "x-song", "--json"), ("--json", "why", "x-song")):
            code, output = await run_doctor_command(sandbox, *words)
            assert code == 1
            content = json.loads(output)
            assert "x-song" in content.pop("error")
            assert content == {"task_id": "x-song", "found": False, "tasks": []}


async def test_a_missing_database_is_reported_and_not_created(
    sandbox: SandboxSession,
) -> None:
    """A wrong DATABASE_PATH is reported, and no file is created there."""
    code, output = await run_doctor_command(sandbox, "why", "a-song")
    assert code == 1
    assert "There is no database at" in output
    assert "DATABASE_PATH" in output
    assert not list(sandbox.folder.glob("suno.db*"))


async def test_a_file_that_is_not_a_database_is_reported(sandbox: SandboxSession) -> None:
    """A file that is no database is reported in one sentence, without a traceback."""
    (sandbox.folder / "suno.db").write_bytes(b"not a database " * 100)
    code, output = await run_doctor_command(sandbox, "why", "a-song")
    assert code == 1
    assert "cannot be read" in output
    assert "Traceback" not in output
