"""What the doctor tells of one task: all that is known, and a sentence that says why."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.doctor.delivery_explanation import conclusion
from bot.relay.models import TaskKind, TaskStatus
from bot.storage.models import DeliveryPurpose, EndReason
from bot.storage.task_facts import DeliveryFacts, TaskFacts
from sandbox.bot_process import BotProcess
from sandbox.relay import song, stuck
from tests.support.builders import NOON
from tests.support.doctor_harness import run_doctor_command
from tests.support.sandbox_session import SandboxSession

RUNNING = TaskFacts(
    relay="custom",
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
    """Return a task that has ended, with what is owed of it."""
    return replace(ENDED, deliveries=deliveries)


def held(reason: str) -> TaskFacts:
    """Return a task that has ended, whose notice is held."""
    return ended(replace(DUE, state="held", reason=reason, due_at=NOON + 600))


STORIES: dict[str, tuple[TaskFacts, str]] = {
    "it runs": (RUNNING, "Nothing was posted yet: the relay says that it is IN_PROGRESS."),
    "it was just added": (
        replace(RUNNING, polled_at=None, known=False),
        "Nothing was posted yet: the relay was not asked yet since it is watched.",
    ),
    "the relay is silent": (
        replace(RUNNING, polled_at=NOON - 3600, next_poll_at=NOON - 3595),
        "Nothing was posted yet: the relay could not be asked since"
        " 2023-11-14 21:13:20 UTC, 60 min ago.",
    ),
    "the relay was silent from the first look on": (
        replace(RUNNING, polled_at=None, added_at=NOON - 3600, next_poll_at=NOON - 3595),
        "Nothing was posted yet: the relay could not be asked since"
        " 2023-11-14 21:13:20 UTC, 60 min ago.",
    ),
    "the relay does not know it": (
        replace(RUNNING, known=False, misses=2),
        "Nothing was posted yet: the relay does not know it (in 2 looks).",
    ),
    "the relay lost it": (
        replace(RUNNING, misses=1),
        "Nothing was posted yet: the relay does not name it any more (in 1 look).",
    ),
    "the key was changed": (
        replace(RUNNING, misses=2, other_key=True),
        "Nothing was posted yet: the relay does not name it any more (in 2 looks); it knew it under"
        " another SUNO_API_KEY or SUNO_BASE_URL, so that it waits until its deadline.",
    ),
    "no link lasts": (
        replace(RUNNING, terminal_since=NOON - 10, status=TaskStatus.SUCCESS),
        "Nothing was posted yet: the relay says that it has ended, but gives no link yet that"
        " lasts.",
    ),
    "it was posted": (ended(SENT), "It was posted, in 1 message."),
    "it was posted twice": (ended(SENT, SENT), "It was posted, in 2 messages."),
    "nobody watched": (
        ended(),
        "Nothing was posted: nobody watched it any more when it ended.",
    ),
    "it is about to be posted": (ended(DUE), "Not posted yet: it is about to be."),
    "it is being posted": (
        ended(replace(DUE, state="sending")),
        "Not posted yet: it is being handed to Discord.",
    ),
    "one of two was posted": (
        ended(SENT, DUE),
        "1 of 2 messages posted: it is about to be.",
    ),
    "an older one goes first": (
        ended(replace(DUE, waits=True)),
        "Not posted yet: an older message to the same channel goes first.",
    ),
    "Discord was in trouble": (
        ended(replace(DUE, attempts=1, reason="503/0", due_at=NOON + 30)),
        "Not posted yet: Discord could not take it just then (503/0); the next try is in 30 s.",
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
    "what it says is refused": (
        held("400/50035"),
        "Not posted yet: it is held because Discord refuses what it says (400/50035); the next"
        " try is in 10 min.",
    ),
    "its place is gone": (
        ended(replace(DUE, state="dropped", reason="404/10003", due_at=None)),
        "It could not be posted: Discord says that the place is gone or closed to the bot"
        " (404/10003), and nobody could be told.",
    ),
    "its place is gone, and it was told directly": (
        ended(
            replace(DUE, state="dropped", reason="404/10003", due_at=None),
            replace(SENT, redirected_from=500, guild_id=None),
        ),
        "It was posted, in 1 message.",
    ),
    "only the history remembers it": (
        replace(ENDED, status=None, added_at=None),
        "It ended; what was posted of it is not remembered for longer than thirty days.",
    ),
}


@pytest.mark.parametrize(("facts", "says"), STORIES.values(), ids=STORIES.keys())
def test_one_sentence_says_why_nothing_was_posted_or_that_it_was(
    facts: TaskFacts, says: str
) -> None:
    """Whatever state the task and its messages are in."""
    assert conclusion(facts, now=NOON, in_use=True) == says


@pytest.mark.parametrize("facts", [RUNNING, ended(DUE), held("missing:")])
def test_where_no_bot_is_running_that_is_why(facts: TaskFacts) -> None:
    """Nothing else matters then."""
    assert "no bot is running" in conclusion(facts, now=NOON, in_use=False)


def test_a_task_of_another_relay_than_the_bot_asks_is_told_so() -> None:
    """It waits until SUNO_RELAY is what it was."""
    said = conclusion(RUNNING, now=NOON, in_use=True, asked="deerapi")
    assert "relay custom" in said
    assert "SUNO_RELAY=deerapi" in said
    assert "IN_PROGRESS" in conclusion(RUNNING, now=NOON, in_use=True, asked="custom")


async def test_the_way_of_a_task_is_told_beside_a_running_bot(sandbox: SandboxSession) -> None:
    """From the watch to the message, as it goes on."""
    sandbox.relay.add(song("a-song", title="Paper Boats", takes=5))
    async with BotProcess(sandbox.folder, sandbox.environment):
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        await sandbox.command_answer("suno watch", id="a-song")
        await sandbox.command_answer("suno watch", id="a-song", user=sandbox.bea)
        code, said = await run_doctor_command(sandbox, "why", "a-song")
        assert code == 0
        assert said.startswith("Nothing was posted yet: the relay says that it is ")
        assert f"2 people in channel {sandbox.songs.id}" in said
        assert "Next look" in said
        sandbox.relay.clock.advance(10)
        notice = await sandbox.wait_for_notice("a-song")
        code, said = await run_doctor_command(sandbox, "why", "a-song")
    assert code == 0
    assert said.startswith("It was posted, in 1 message.\n")
    link = f"https://discord.com/channels/{sandbox.guild.id}/{sandbox.songs.id}/{notice.id}"
    assert link in said
    assert "SUCCESS, music" in said
    assert "sent, for 2 people" in said


async def test_what_is_held_is_told_with_its_reason_and_the_word_about_it(
    sandbox: SandboxSession,
) -> None:
    """As JSON, with Discord's ids as texts."""
    told = await _held(sandbox)
    (task,) = told["tasks"]
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


async def test_nothing_that_people_or_relays_wrote_is_told(sandbox: SandboxSession) -> None:
    """No title, no lyrics, and nobody's id."""
    said = str(await _held(sandbox))
    assert "Paper Boats" not in said
    assert "clips" not in said
    assert str(sandbox.ada.id) not in said


async def _held(sandbox: SandboxSession) -> dict[str, Any]:
    sandbox.relay.add(song("a-song", title="Paper Boats", takes=5))
    async with BotProcess(sandbox.folder, sandbox.environment):
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        await sandbox.command_answer("suno watch", id="a-song")
        sandbox.songs.deny("send_messages")
        sandbox.relay.clock.advance(10)
        await sandbox.discord.wait_for(lambda: sandbox.discord.open_dm(sandbox.ada).messages)
        await _sent_word(sandbox)
        code, said = await run_doctor_command(sandbox, "why", "a-song", "--json")
    assert code == 0
    told: dict[str, Any] = json.loads(said)
    return told


async def _sent_word(sandbox: SandboxSession) -> None:
    """Wait until the bot has noted that its word was sent."""
    code, said = await run_doctor_command(sandbox, "why", "a-song", "--json")
    while json.loads(said)["tasks"][0]["deliveries"][-1]["state"] != "sent":
        code, said = await run_doctor_command(sandbox, "why", "a-song", "--json")
    assert code == 0


async def test_a_task_that_nobody_looks_after_is_told_so(sandbox: SandboxSession) -> None:
    """The bot was killed: its database says what it knew."""
    sandbox.relay.add(stuck("b-song"))
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        await sandbox.command_answer("suno watch", id="b-song")
        await bot.kill()
        code, said = await run_doctor_command(sandbox, "why", "b-song")
    assert code == 0
    assert "no bot is running" in said


async def test_an_id_never_heard_of_is_told_with_exit_code_1(sandbox: SandboxSession) -> None:
    """Also as JSON, and without a trace of a terminal's commands in it."""
    async with BotProcess(sandbox.folder, sandbox.environment):
        await sandbox.discord.wait_until_commands(timeout=30)
        code, said = await run_doctor_command(sandbox, "why", "x\x1b[2Jsong")
        assert code == 1
        assert said.startswith("Nothing is known here of task x\\x1b[2Jsong: ")
        code, said = await run_doctor_command(sandbox, "why", "x-song", "--json")
        assert code == 1
        assert json.loads(said) == {
            "task_id": "x-song",
            "found": False,
            "error": "Nothing is known here of task x-song:"
            " nobody watched it, or whoever did has stopped.",
            "tasks": [],
        }


async def test_without_a_database_nothing_is_made_and_the_path_is_told(
    sandbox: SandboxSession,
) -> None:
    """It may be that DATABASE_PATH is wrong, or that this is another folder than the bot's."""
    code, said = await run_doctor_command(sandbox, "why", "a-song")
    assert code == 1
    assert "There is no database at" in said
    assert "DATABASE_PATH" in said
    assert not list(sandbox.folder.glob("suno.db*"))


async def test_a_file_that_is_no_database_is_told(sandbox: SandboxSession) -> None:
    """In a sentence."""
    (sandbox.folder / "suno.db").write_bytes(b"not a database " * 100)
    code, said = await run_doctor_command(sandbox, "why", "a-song")
    assert code == 1
    assert "cannot be read" in said
    assert "Traceback" not in said
