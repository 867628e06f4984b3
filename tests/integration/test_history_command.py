"""The command ``/suno history``: pages, search, privacy and limits."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_for, catalog_in, languages
from bot.relay.models import TaskKind
from bot.storage.models import EndReason, HistoryEntry, HistoryPage, PostedNotice
from bot.ui.custom_ids import HistoryMenuId, HistoryViewId
from bot.ui.history_panel import (
    MAX_SEARCH_BYTES,
    ShownHistory,
    history_embed,
    history_view,
    truncate_search,
)
from sandbox.discord import Channel, Message, User
from sandbox.relay import RelayTask, TaskStage, failing, lyrics_task, song
from sandbox.relay.lifecycles import failed, succeeded
from tests.support.builders import a_clip, a_song
from tests.support.hostile import LONG_TEXTS, TASKS, assert_embeds_fit
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

ENGLISH = catalog_for("en-US")

LATEST = 2**63 - 1


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox with a running bot."""
    async with open_sandbox(tmp_path, rate_limit_speed=10) as sandbox, running_bot(sandbox):
        yield sandbox


async def finish(
    sandbox: SandboxSession, *titles: str, user: User | None = None, channel: Channel | None = None
) -> None:
    """Make and watch songs, one after the other; each title is used as the id."""
    for title in titles:
        task_id = id_of(title)
        sandbox.relay.add(song(task_id, title=title, takes=1))
        sandbox.relay.clock.advance(10)
        destination = channel or sandbox.songs
        interaction = await sandbox.discord.command(
            user or sandbox.ada, destination, "suno watch", id=task_id
        )
        await interaction.wait_for_answer()
        await sandbox.wait_for_notice(task_id, destination)


def id_of(title: str) -> str:
    """Return the id of the song with a title."""
    return title.replace(" ", "-")


def components(message: Message) -> list[dict[str, Any]]:
    """Return all buttons and menus of a message."""
    return [each for row in message.components for each in row["components"]]


def button_labelled(message: Message, label: str) -> dict[str, Any]:
    """Return the button with a label."""
    return next(each for each in components(message) if each.get("label") == label)


def menu(message: Message) -> dict[str, Any]:
    """Return the menu of a page."""
    return next(each for each in components(message) if "options" in each)


def page_text(message: Message) -> str:
    """Return the list on a page."""
    return str(message.embeds[0]["description"])


async def turn_page(sandbox: SandboxSession, message: Message, label: str) -> None:
    """Press a button of a page and wait for the new page."""
    before = page_text(message)
    await sandbox.discord.press(sandbox.ada, message, button_labelled(message, label)["custom_id"])
    await sandbox.discord.wait_for(lambda: page_text(message) != before, 120, "another page")


async def open_entry(sandbox: SandboxSession, message: Message, title: str) -> Message:
    """Choose an entry from the menu of a page; return the reply."""
    options = {option["label"]: option["value"] for option in menu(message)["options"]}
    chosen = await sandbox.discord.select(
        sandbox.ada, message, menu(message)["custom_id"], [options[title]]
    )
    return await chosen.wait_for_answer(timeout=120)


async def test_the_history_lists_the_users_ended_tasks(sandbox: SandboxSession) -> None:
    """An ephemeral list with title, style, outcome and time."""
    await finish(sandbox, "Paper Boats", "Tram Lines")
    answer = await sandbox.command_answer("suno history")
    assert answer.ephemeral
    first, about, second, _ = page_text(answer).split("\n")
    assert "**Tram Lines**" in first
    assert "**Paper Boats**" in second
    assert re.fullmatch(r"-# acoustic pop · done · <t:\d+:R>", about)


async def test_an_empty_history_is_a_sentence(sandbox: SandboxSession) -> None:
    """It says what to do; the only button leads to the other history."""
    answer = await sandbox.command_answer("suno history")
    assert page_text(answer) == ENGLISH.text("history-empty-server")
    (button,) = components(answer)
    assert button["label"] == ENGLISH.text("history-only-mine")


async def test_a_server_and_a_person_have_different_histories(sandbox: SandboxSession) -> None:
    """A button changes between both; a search stays."""
    await finish(sandbox, "Paper Boats", user=sandbox.bea)
    await finish(sandbox, "Paper Planes")
    await finish(sandbox, "Paper Moon", channel=sandbox.discord.open_dm(sandbox.ada))
    await finish(sandbox, "Tram Lines")
    page = await sandbox.command_answer("suno history", search="paper")
    for label, titles in (
        ("history-only-mine", {"Paper Planes", "Paper Moon"}),
        ("history-all-here", {"Paper Boats", "Paper Planes"}),
    ):
        await turn_page(sandbox, page, ENGLISH.text(label))
        assert set(re.findall(r"\*\*(\w+ \w+)\*\*", page_text(page))) == titles
    await turn_page(sandbox, page, ENGLISH.text("history-only-mine"))
    opened = await open_entry(sandbox, page, "Paper Moon")
    assert "Paper Moon" in str(opened.embeds)


async def test_entries_link_to_their_messages(sandbox: SandboxSession) -> None:
    """In the list and under an opened entry, for those who can see the channel."""
    await finish(sandbox, "Paper Boats")
    (notice,) = sandbox.notices(id_of("Paper Boats"))
    page = await sandbox.command_answer("suno history")
    async with asyncio.timeout(120):  # until the bot knows that it is posted
        while "](" not in page_text(page):
            page = await sandbox.command_answer("suno history")
    assert f"[**Paper Boats**]({notice.link})" in page_text(page)
    opened = await open_entry(sandbox, page, "Paper Boats")
    assert button_labelled(opened, ENGLISH.text("history-jump"))["url"] == notice.link


async def test_a_message_in_a_hidden_channel_is_not_linked(sandbox: SandboxSession) -> None:
    """Where the task is listed because it was watched in a visible channel, too."""
    hidden = a_hidden_channel(sandbox)
    await finish(sandbox, "Paper Boats")
    await finish(sandbox, "Paper Boats", channel=hidden, user=sandbox.bea)
    text = page_text(await sandbox.command_answer("suno history"))
    assert str(hidden.id) not in text


def post_button(message: Message) -> str:
    """Return the custom id of the button that posts an entry."""
    return str(button_labelled(message, ENGLISH.text("history-post"))["custom_id"])


async def test_an_entry_is_posted_in_the_channel(sandbox: SandboxSession) -> None:
    """With the name of the user, and without a mention or the marker of a notice."""
    await finish(sandbox, "Paper Boats")
    opened = await open_entry(sandbox, await sandbox.command_answer("suno history"), "Paper Boats")
    interaction = await sandbox.discord.press(sandbox.ada, opened, post_button(opened))
    assert (await interaction.wait_for_answer()).content == ENGLISH.text("history-posted")
    await sandbox.discord.wait_for(lambda: len(sandbox.songs.messages) == 2)
    posted = sandbox.songs.messages[-1]
    assert not posted.ephemeral
    assert not posted.pinged
    assert sandbox.ada.mention in posted.content
    assert "Paper Boats" in str(posted.embeds)
    assert "♪" not in str(posted.payload())


async def test_posting_an_entry_respects_permissions_and_limits(sandbox: SandboxSession) -> None:
    """Nothing is posted where the user may not post, or too much has been posted."""
    await finish(sandbox, "Paper Boats")
    opened = await open_entry(sandbox, await sandbox.command_answer("suno history"), "Paper Boats")
    sandbox.songs.deny("send_messages", target=sandbox.ada)
    refused = await sandbox.discord.press(sandbox.ada, opened, post_button(opened))
    assert (await refused.wait_for_answer()).content == ENGLISH.text("reader-may-not-share")
    sandbox.songs.allow("send_messages", target=sandbox.ada)
    answers = []
    for _ in range(21):
        pressed = await sandbox.discord.press(sandbox.ada, opened, post_button(opened))
        answers.append((await pressed.wait_for_answer()).content)
    assert answers.count(ENGLISH.text("history-posted")) < 21
    assert answers[-1].startswith("⏳")


async def test_an_entry_that_discord_rejects_is_not_said_to_be_posted(
    sandbox: SandboxSession,
) -> None:
    """The user reads only that it did not work."""
    await finish(sandbox, "Paper Boats")
    opened = await open_entry(sandbox, await sandbox.command_answer("suno history"), "Paper Boats")
    sandbox.discord.faults.add("POST /webhooks/{app}/{token}", status=400, code=50035)
    pressed = await sandbox.discord.press(sandbox.ada, opened, post_button(opened))
    failed = ENGLISH.text("error-unexpected")
    await sandbox.discord.wait_for(lambda: [each.content for each in pressed.messages] == [failed])
    assert len(sandbox.songs.messages) == 1


async def test_a_failed_task_cannot_be_posted(sandbox: SandboxSession) -> None:
    """There is no result to show."""
    sandbox.relay.add(failing("bad", takes=1))
    sandbox.relay.clock.advance(10)
    await sandbox.command_answer("suno watch", id="bad")
    await sandbox.wait_for_notice("bad")
    opened = await open_entry(sandbox, await sandbox.command_answer("suno history"), "bad")
    assert ENGLISH.text("history-post") not in str(opened.components)


async def test_a_search_shows_its_term_and_results(sandbox: SandboxSession) -> None:
    """Titles, styles and lyrics of any script are searched."""
    await finish(sandbox, "纸船", "Tram Lines")
    answer = await sandbox.command_answer("suno history", search="纸船")
    assert "“纸船”" in page_text(answer)
    assert "Tram Lines" not in page_text(answer)
    assert "“zzz”" in page_text(await sandbox.command_answer("suno history", search="zzz"))


async def test_a_single_page_has_no_page_buttons(sandbox: SandboxSession) -> None:
    """There is no other page."""
    await finish(sandbox, "Paper Boats")
    menu, button = components(await sandbox.command_answer("suno history"))
    assert "options" in menu
    assert button["label"] == ENGLISH.text("history-only-mine")


async def test_pages_can_be_turned_after_a_restart(tmp_path: Path) -> None:
    """The custom id of a button contains page and search."""
    search = '100% "雨": OR (x) 🌧'
    titles = [f"{number:02} {search}" for number in range(11)]
    async with open_sandbox(tmp_path, rate_limit_speed=10) as sandbox:
        async with running_bot(sandbox):
            sandbox.relay.add(*(song(f"id-{n:02}", title=t, takes=1) for n, t in enumerate(titles)))
            sandbox.relay.clock.advance(10)
            await sandbox.command_answer(
                "suno watch", id=" ".join(f"id-{number:02}" for number in range(10))
            )
            await sandbox.command_answer("suno watch", id="id-10")
            await sandbox.wait_for_summary()
            await sandbox.wait_for_notice("id-10")
            page = await sandbox.command_answer("suno history", search=search)
            assert button_labelled(page, "Previous")["disabled"]
        await sandbox.discord.wait_until_disconnected()
        async with running_bot(sandbox):
            await turn_page(sandbox, page, "Next")
            assert "**11.**" in page_text(page)
            assert len(menu(page)["options"]) == 1
            assert button_labelled(page, "Next")["disabled"]
            await turn_page(sandbox, page, "Previous")
            assert len(menu(page)["options"]) == 10
            assert "Page 1" in str(page.embeds[0]["footer"])


@asynccontextmanager
async def page_of_stopped_bot(folder: Path) -> AsyncIterator[tuple[SandboxSession, Message]]:
    """Show the history with one song, then stop the bot."""
    async with open_sandbox(folder, rate_limit_speed=10) as sandbox:
        async with running_bot(sandbox):
            await finish(sandbox, "Paper Boats")
            page = await sandbox.command_answer("suno history")
        await sandbox.discord.wait_until_disconnected()
        yield sandbox, page


async def test_a_chosen_song_is_shown_with_fresh_links(tmp_path: Path) -> None:
    """The card comes from a new look-up; the menu works after a restart."""
    async with page_of_stopped_bot(tmp_path) as (sandbox, page):
        sandbox.relay.add(song("Paper-Boats", title="Paper Boats", takes=1, media="https://new.ai"))
        sandbox.relay.clock.advance(10)
        async with running_bot(sandbox):
            card = await open_entry(sandbox, page, "Paper Boats")
    assert card.ephemeral
    assert card.content == ""
    assert "Paper Boats" in card.embeds[0]["title"]
    assert "https://new.ai" in str(card.components)


ANSWERS_WITHOUT_SONG = {"failed": failed(None, "expired"), "emptied": succeeded([])}


@pytest.mark.parametrize("cause", ["forgotten", "down", "failed", "emptied"])
async def test_an_expired_song_is_shown_from_the_database(tmp_path: Path, cause: str) -> None:
    """The card says that its links may have expired."""
    async with page_of_stopped_bot(tmp_path) as (sandbox, page):
        sandbox.relay.remove("Paper-Boats")
        if cause == "down":
            sandbox.relay.start_outage()
        elif cause in ANSWERS_WITHOUT_SONG:
            stage = TaskStage(0, ANSWERS_WITHOUT_SONG[cause])
            sandbox.relay.add(RelayTask("Paper-Boats", TaskKind.MUSIC, (stage,)))
        async with running_bot(sandbox):
            card = await open_entry(sandbox, page, "Paper Boats")
    assert "expired" in card.content
    assert "Paper Boats" in card.embeds[0]["title"]
    assert "cdn1.suno.ai" in str(card.components)


async def test_histories_of_servers_are_separate(sandbox: SandboxSession) -> None:
    """Watches in direct messages are not in a server's history."""
    other = sandbox.discord.add_guild("Other Club")
    other.add_member(sandbox.ada)
    elsewhere = other.add_channel("elsewhere")
    direct = sandbox.discord.open_dm(sandbox.ada)
    await finish(sandbox, "Here")
    await finish(sandbox, "There", channel=elsewhere)
    await finish(sandbox, "Directly", channel=direct)
    lists = {}
    for channel in (sandbox.songs, elsewhere, direct):
        interaction = await sandbox.discord.command(sandbox.ada, channel, "suno history")
        lists[channel.name] = page_text(await interaction.wait_for_answer())
    found = {name: re.findall("Here|There|Directly", text) for name, text in lists.items()}
    assert list(found.values()) == [["Here"], ["There"], ["Directly", "There", "Here"]]


async def test_watches_in_hidden_channels_are_not_listed(
    sandbox: SandboxSession,
) -> None:
    """Members with access to the channel see them in the whole server."""
    hidden = a_hidden_channel(sandbox)
    await finish(sandbox, "In the open")
    await finish(sandbox, "Secret", user=sandbox.bea, channel=hidden)
    assert "Secret" in page_text(await sandbox.command_answer("suno history", sandbox.bea))
    for search in ("", "Secret"):
        answer = await sandbox.command_answer("suno history", search=search)
        assert "**Secret**" not in page_text(answer)
    assert "In the open" in page_text(await sandbox.command_answer("suno history"))


@pytest.mark.parametrize("event", ["thread archived", "channel deleted", "server out"])
async def test_watches_in_unknown_channels_are_not_listed(
    sandbox: SandboxSession, event: str
) -> None:
    """A deleted channel may have been hidden."""
    hidden = a_hidden_channel(sandbox)
    thread = sandbox.guild.add_thread(hidden, "inner")
    await finish(sandbox, "In the open")
    await finish(sandbox, "Secret", user=sandbox.bea, channel=hidden)
    await finish(sandbox, "Secret thread", user=sandbox.bea, channel=thread)
    if event == "thread archived":
        thread.archive()
    elif event == "channel deleted":
        hidden.delete()
    else:
        sandbox.guild.start_outage()
    answer = page_text(await sandbox.command_answer("suno history"))
    assert "**In the open**" in answer
    assert "**Secret" not in answer


async def test_only_this_channel_is_listed_before_the_server_is_known(tmp_path: Path) -> None:
    """Without the server's data, access to other channels is unknown."""
    async with open_sandbox(tmp_path, rate_limit_speed=10) as sandbox:
        async with running_bot(sandbox):
            await finish(sandbox, "In the open")
            await finish(sandbox, "Elsewhere", channel=sandbox.lyrics)
            await finish(sandbox, "Secret", user=sandbox.bea, channel=a_hidden_channel(sandbox))
        await sandbox.discord.wait_until_disconnected()
        sandbox.guild.start_outage()
        async with running_bot(sandbox):
            answer = page_text(await sandbox.command_answer("suno history"))
    assert re.findall(r"\*\*([A-Z].*?)\*\*", answer) == ["In the open"]


async def test_threads_are_listed_for_those_who_see_their_channel(sandbox: SandboxSession) -> None:
    """An archived thread is listed only in itself."""
    thread = sandbox.guild.add_thread(sandbox.lyrics, "inner")
    await finish(sandbox, "In a thread", channel=thread)
    assert "**In a thread**" in page_text(await sandbox.command_answer("suno history"))
    interaction = await sandbox.discord.command(sandbox.bea, thread, "suno history")
    assert "**In a thread**" in page_text(await interaction.wait_for_answer())


def a_hidden_channel(sandbox: SandboxSession) -> Channel:
    """Return a channel that only Bea and the bot can view."""
    hidden = sandbox.guild.add_channel("hidden")
    hidden.deny("view_channel", target=sandbox.guild.everyone)
    hidden.allow("view_channel")
    hidden.allow("view_channel", target=sandbox.bea)
    return hidden


async def test_opening_a_deleted_entry_is_explained(sandbox: SandboxSession) -> None:
    """The displayed page may be older than the history."""
    direct = sandbox.discord.open_dm(sandbox.ada)
    await finish(sandbox, "Paper Boats", channel=direct)
    interaction = await sandbox.discord.command(sandbox.ada, direct, "suno history")
    page = await interaction.wait_for_answer()
    question = await sandbox.command_answer("suno forget")
    forget = button_labelled(question, "Delete it all")["custom_id"]
    await sandbox.discord.press(sandbox.ada, question, forget)
    await sandbox.discord.wait_for(lambda: "forgotten" in question.content, 120)
    opened = await open_entry(sandbox, page, "Paper Boats")
    assert opened.content == ENGLISH.text("history-gone")


async def test_pages_of_another_user_cannot_be_turned(sandbox: SandboxSession) -> None:
    """The buttons check their owner."""
    await finish(sandbox, *(f"Song {number}" for number in range(11)))
    page = await sandbox.command_answer("suno history")
    button_labelled(page, "Next")["custom_id"] = f"history:{sandbox.bea.id}:1:"
    before = page_text(page)
    interaction = await sandbox.discord.press(sandbox.ada, page, f"history:{sandbox.bea.id}:1:")
    refusal = ENGLISH.text("history-not-yours")
    assert (await interaction.wait_for_answer()).content == refusal
    menu(page)["custom_id"] = f"history-open:{sandbox.bea.id}"
    value = menu(page)["options"][0]["value"]
    chosen = await sandbox.discord.select(
        sandbox.ada, page, f"history-open:{sandbox.bea.id}", [value]
    )
    assert (await chosen.wait_for_answer()).content == refusal
    assert page_text(page) == before


async def test_lyrics_and_songs_have_different_icons(sandbox: SandboxSession) -> None:
    """The kind is visible in the list."""
    await finish(sandbox, "Paper Boats")
    sandbox.relay.add(lyrics_task("words", title="Tram Lines", takes=1))
    sandbox.relay.clock.advance(10)
    await sandbox.command_answer("suno watch", id="words")
    await sandbox.wait_for_notice("words")
    first, _, second, _ = page_text(await sandbox.command_answer("suno history")).split("\n")
    assert ("📝" in first, "🎵" in second) == (True, True)


@st.composite
def pages(draw: st.DrawFn, fewest: int = 0) -> HistoryPage:
    """Return a page of hostile tasks: few different ones, up to ten in all."""
    entries = [
        HistoryEntry(
            id=draw(st.integers(1, LATEST)),
            task=draw(TASKS),
            end_reason=draw(st.sampled_from(EndReason)),
            ended_at=draw(st.floats(0, 4e9)),
        )
        for _ in range(draw(st.integers(fewest, 2)))
    ]
    shown = (entries * 10)[: draw(st.integers(fewest, 10))]
    return HistoryPage(draw(st.integers(0, 10**6)), tuple(shown), draw(st.booleans()))


@pytest.mark.parametrize("language", sorted(languages()))
@settings(max_examples=50, deadline=None)
@given(page=pages(), typed=LONG_TEXTS, mine=st.booleans())
def test_every_page_is_within_discords_limits(
    language: str, page: HistoryPage, typed: str, mine: bool
) -> None:
    """Any titles and searches fit, with two lines per entry."""
    catalog = catalog_in(language)
    search = truncate_search(typed)
    notice = PostedNotice(LATEST, LATEST, LATEST)
    notices = {entry.task.id: notice for entry in page.entries}
    shown = ShownHistory(LATEST, "mine" if mine else "here", search, in_server=True)
    embed = history_embed(page, shown, catalog, notices)
    assert_embeds_fit([embed])
    if page.entries:
        lines = (embed.description or "").split("\n")
        assert len(lines) == 2 * len(page.entries) + bool(search)


def test_a_bracket_in_a_title_does_not_end_the_link_to_its_message() -> None:
    """What follows it stays part of the link, and leads nowhere else."""
    task = a_song("song", clips=(a_clip(title="Sea] (https://example.org) [Sky"),))
    entry = HistoryEntry(1, task, EndReason.FINISHED, 0.0)
    embed = history_embed(
        HistoryPage(0, (entry,), more=False),
        ShownHistory(LATEST, "here"),
        catalog_in("en"),
        {"song": PostedNotice(1, 2, 3)},
    )
    label = r"**Sea) (https\://example.org) (Sky**"
    assert f"[{label}](https://discord.com/channels/1/2/3)" in str(embed.description)


@settings(max_examples=50, deadline=None)
@given(page=pages(fewest=1), typed=LONG_TEXTS)
def test_every_menu_and_button_is_within_discords_limits(page: HistoryPage, typed: str) -> None:
    """Custom ids are at most 100 bytes and decode to their input."""
    search = truncate_search(typed)
    view = history_view(
        page, ShownHistory(LATEST, "mine", search, in_server=True), catalog_in("en")
    )
    assert view
    (opening, *turning) = [each for row in view.to_components() for each in row["components"]]
    assert HistoryMenuId.decode(opening["custom_id"]) == HistoryMenuId(LATEST, "mine")
    for option in opening["options"]:
        assert 1 <= len(option["label"]) <= 100
        assert 1 <= len(option["description"]) <= 100
        assert len(option["value"]) <= 100
    ids = [button["custom_id"] for button in turning]
    assert len(set(ids)) == len(ids)
    for custom_id in ids:
        button = HistoryViewId.decode(custom_id)
        assert button
        assert (button.owner, button.search) == (LATEST, search)
        assert len(custom_id.encode()) <= 100


@given(typed=st.text(max_size=200))
def test_a_search_is_truncated_to_fit_a_custom_id(typed: str) -> None:
    """The cut is between characters, and truncating again changes nothing."""
    kept = truncate_search(typed)
    assert len(kept.encode()) <= MAX_SEARCH_BYTES
    assert truncate_search(kept) == kept
    assert " ".join(typed.split()).encode(errors="ignore").startswith(kept.encode())


async def test_a_search_without_visible_characters_is_none(sandbox: SandboxSession) -> None:
    """It would be quoted as nothing."""
    await finish(sandbox, "River")
    answer = await sandbox.command_answer("suno history", search="\u200b\u202e")
    assert "River" in page_text(answer)
    assert "“" not in page_text(answer)


async def test_a_search_that_is_too_long_is_truncated(sandbox: SandboxSession) -> None:
    """The reply shows the truncated term."""
    title = "雨街纸船屋顶音乐会开始了我们一起唱到天亮再回家吧"
    await finish(sandbox, f"{title}-1")
    answer = await sandbox.command_answer("suno history", search=title)
    assert title in page_text(answer)
    assert f"“{title[:20]}”" in page_text(answer)
