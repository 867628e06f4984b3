"""How much may be watched: by a person, by a member of a server, and in a whole server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.i18n.catalog import catalog_for
from bot.storage.database import DatabaseThread
from bot.storage.errors import MemberWatchLimitReached, ServerWatchLimitReached, TooManyWatches
from bot.storage.limits import WatchLimits
from bot.storage.models import Destination, UnwatchOutcome, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.tasks import TaskStore
from sandbox.discord import User
from sandbox.relay import song
from tests.support.builders import HERE, NOON, a_running_task, a_song, watch_store_of
from tests.support.databases import location
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot
from tests.support.settings_panel import (
    choose,
    components_of,
    open_page,
    open_panel,
    shown_text,
    value_line,
)

pytestmark = pytest.mark.both_engines


ELSEWHERE = Destination(channel_id=600, guild_id=60)
DIRECT = Destination(channel_id=700)
LIMITS = WatchLimits(watches_per_user=3, watches_per_server=4, operator_account="deerapi")


@pytest.fixture
def store(database: DatabaseThread) -> TaskStore:
    """Return the task store of a relay."""
    return store_of(database)


def store_of(database: DatabaseThread, relay: str = "deerapi") -> TaskStore:
    """Return the task store of a named relay."""
    return TaskStore(database, Outbox(database), relay, LIMITS)


async def watch(
    store: TaskStore,
    task_id: str,
    *,
    user_id: int = 1,
    destination: Destination = HERE,
    member_limit: int | None = None,
) -> bool:
    """Watch a running song."""
    return True is await store.add_watch(
        a_running_task(task_id),
        WatchRequest(user_id, destination, member_limit=member_limit),
        NOON,
        known=True,
        deadline=3600,
    )


async def running(store: TaskStore) -> list[str]:
    """Return all tasks that are polled."""
    return sorted(watched.task_id for watched in await store.due_tasks(NOON, 100))


async def test_watches_per_user_are_limited_over_all_channels(store: TaskStore) -> None:
    """A refused watch leaves no row behind."""
    for task_id, destination in (("a", HERE), ("b", ELSEWHERE), ("c", DIRECT)):
        await watch(store, task_id, destination=destination)
    for destination in (HERE, ELSEWHERE, DIRECT):
        with pytest.raises(TooManyWatches, match="3 tasks"):
            await watch(store, "d", destination=destination)
    assert await running(store) == ["a", "b", "c"]


async def test_watches_per_server_are_limited(store: TaskStore) -> None:
    """The limit covers all members; other servers and direct messages are not affected."""
    for user_id in range(4):
        await watch(store, f"song-{user_id}", user_id=user_id)
    with pytest.raises(ServerWatchLimitReached, match="4 watches"):
        await watch(store, "another", user_id=9)
    assert await watch(store, "another", user_id=9, destination=ELSEWHERE)
    assert await watch(store, "one more", user_id=9, destination=DIRECT)
    assert (
        await watch_store_of(store).remove("song-0", user_id=0, now=NOON) is UnwatchOutcome.STOPPED
    )
    assert await watch(store, "another", user_id=9)


async def test_a_server_may_limit_the_watches_of_its_members(store: TaskStore) -> None:
    """The limit holds in that server only."""
    await watch(store, "a", member_limit=1)
    with pytest.raises(MemberWatchLimitReached, match="1 tasks"):
        await watch(store, "b", member_limit=1)
    assert await watch(store, "b", destination=DIRECT, member_limit=1)
    assert await watch(store, "b", destination=ELSEWHERE)


async def test_watches_at_another_relay_do_not_count(
    database: DatabaseThread, store: TaskStore
) -> None:
    """They are not polled and cannot be removed while the bot uses this relay."""
    other = store_of(database, "openai-hub")
    for task_id in "abc":
        await watch(other, task_id)
    await watch(other, "d", user_id=2)
    for task_id in "abc":
        assert await watch(store, task_id, member_limit=3)


async def test_repeating_a_watch_is_not_limited(store: TaskStore) -> None:
    """A repeated watch is accepted even if the limit was lowered."""
    for task_id in "abc":
        await watch(store, task_id)
    assert not await watch(store, "a", member_limit=1)


async def test_watching_a_finished_task_is_not_limited(store: TaskStore) -> None:
    """Its notice is enqueued at once and counts as no running watch."""
    for task_id in "abc":
        await watch(store, task_id)
    await watch(store, "d", user_id=2)
    assert await store.add_finished(a_song("e"), WatchRequest(1, HERE), NOON) is None


@pytest.mark.parametrize("most", [1, 2])
async def test_concurrent_watches_do_not_exceed_the_limit(store: TaskStore, most: int) -> None:
    """Each watch sees those before it."""
    tries = (watch(store, f"song-{number}", member_limit=most) for number in range(10))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [result for result in results if result is True] == [True] * most
    assert sum(isinstance(result, MemberWatchLimitReached) for result in results) == 10 - most
    assert len(await running(store)) == most


ENGLISH = catalog_for("en-US")
NAMES = [f"song-number-{number}" for number in range(10)]


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with ten songs; its server allows members one watch, and Ada manages it."""
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.guild.add_member(sandbox.ada, permissions=("manage_guild",))
        sandbox.relay.add(*(song(name) for name in NAMES))
        async with DatabaseThread(location(tmp_path / "suno.db")) as database:
            await ServerSettingsStore(database).change(sandbox.guild.id, watches_of_a_person=1)
        yield sandbox


async def watch_concurrently(sandbox: SandboxSession, user: User) -> list[str]:
    """Watch each song with a command of its own, concurrently; return the replies."""
    answers = await asyncio.gather(
        *(sandbox.command_answer("suno watch", user, id=name) for name in NAMES)
    )
    return [answer.content for answer in answers]


async def test_concurrent_commands_do_not_exceed_the_limit_of_a_server(
    sandbox: SandboxSession,
) -> None:
    """Of ten commands, one is accepted, and nine are refused with the reason."""
    async with running_bot(sandbox):
        replies = await watch_concurrently(sandbox, sandbox.bea)
    assert sum("Watching" in text for text in replies) == 1
    assert replies.count(ENGLISH.text("watch-error-too-many-here", limit=1)) == 9


async def test_managers_of_a_server_are_exempt_from_its_limit(
    sandbox: SandboxSession,
) -> None:
    """The limits of the operator hold for them, too."""
    async with running_bot(sandbox, watches_per_user=3):
        replies = await watch_concurrently(sandbox, sandbox.ada)
    assert sum("Watching" in text for text in replies) == 3
    assert replies.count(ENGLISH.text("watch-error-too-many", limit=3)) == 7


async def test_a_server_can_only_set_a_lower_limit_than_the_operator(
    sandbox: SandboxSession,
) -> None:
    """The panel offers lower values, and shows the default where none is set."""
    async with running_bot(sandbox, watches_per_user=10):
        panel = await open_page(sandbox, await open_panel(sandbox), "limit")
        options = components_of(panel)["settings:limit"]["options"]
        assert [option["value"] for option in options] == ["5", "default"]
        await choose(sandbox, panel, "settings:limit", "default")
        assert value_line("limit", "settings-limit-value", limit=10) in shown_text(panel)


async def test_the_refusal_for_a_full_server_is_explained_once(sandbox: SandboxSession) -> None:
    """The reply to several ids is in the user's language; a direct message still works."""
    chinese = sandbox.discord.add_user("Chen", locale="zh-CN")
    sandbox.guild.add_member(chinese, permissions=("manage_guild",))
    async with running_bot(sandbox, watches_per_server=2):
        replies = (await sandbox.command_answer("suno watch", id=" ".join(NAMES[:5]))).content
        watched, refused, limit = replies.split("\n")
        assert watched.count("`song-num…`") == 2
        assert refused.count("`song-number-") == 3
        assert limit == ENGLISH.text("watch-error-server-full", limit=2)
        replies = (await sandbox.command_answer("suno watch", chinese, id=NAMES[5])).content
        assert catalog_for("zh-CN").text("watch-error-server-full", limit=2) in replies
        private = await sandbox.use_command("suno watch", id=NAMES[5], private=True)
        assert "Watching" in private.messages[0].content


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_who_creates_in_a_full_server_reads_which_command_still_works(
    sandbox: SandboxSession, locale: str
) -> None:
    """``/suno create`` has no option for a direct message."""
    user = sandbox.discord.add_user("Chen", locale)
    sandbox.guild.add_member(user, permissions=("manage_guild",))
    async with DatabaseThread(location(sandbox.folder / "suno.db")) as database:
        await ServerSettingsStore(database).change(sandbox.guild.id, creation=True)
    async with running_bot(sandbox, watches_per_server=1, shared_relay_creates=True):
        await sandbox.command_answer("suno watch", id=NAMES[0])
        answer = await sandbox.command_answer("suno create", user, description="a harbour")
    option = catalog_for(locale).text("option-private-name")
    before, _, _ = answer.content.partition(f"`{option}`")
    assert before != answer.content
    assert "</suno watch:" in before
    assert sandbox.relay.submissions.recorded == []
