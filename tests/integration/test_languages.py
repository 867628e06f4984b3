"""Who is spoken to in which language: people in theirs, channels in their server's."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.i18n import catalog as i18n
from bot.i18n.catalog import catalog_for
from sandbox.discord import Channel, Guild, Interaction, Message, User
from sandbox.relay import failing, song
from tests.support.sandbox_session import SandboxSession, open_sandbox, running_bot

SONG = "song-1"
CHINESE = catalog_for("zh-CN")
ENGLISH = catalog_for("en")


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxSession]:
    """Yield a sandbox in which the bot runs; everything at the relay is called in Chinese."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        sandbox.relay.add(a_song())
        yield sandbox


def a_song(takes: float = 100) -> Any:
    """Return a song without a word of English."""
    return song(SONG, title="纸船", style="民谣", lyrics="[Verse]\n雨街上的纸船", takes=takes)


def a_member(sandbox: SandboxSession, guild: Guild | None = None, locale: str = "zh-CN") -> User:
    """Return a member whose Discord speaks a language."""
    member = sandbox.discord.add_user("梅", locale=locale)
    (guild or sandbox.guild).add_member(member)
    return member


def a_chinese_server(sandbox: SandboxSession, *members: User) -> Channel:
    """Return a channel of a server whose language is Chinese."""
    guild = sandbox.discord.add_guild("歌友会", locale="zh-CN")
    for member in members:
        guild.add_member(member)
    return guild.add_channel("作品")


async def act(
    sandbox: SandboxSession, user: User, channel: Channel, command: str, **options: Any
) -> Interaction:
    """Use a command in a channel, about the song where it wants an id."""
    wanted = {option["name"] for option in registered(sandbox)[command].get("options") or ()}
    if "id" in wanted:
        options.setdefault("id", SONG)
    interaction = await sandbox.discord.command(user, channel, command, **options)
    await interaction.wait_for_answer(timeout=15)
    return interaction


async def answer(
    sandbox: SandboxSession, user: User, channel: Channel, command: str, **options: Any
) -> Message:
    """Return what a command answers."""
    return (await act(sandbox, user, channel, command, **options)).messages[0]


def texts(message: Message) -> Iterator[str]:
    """Yield everything that a reader of a message sees, apart from names of people and places."""
    yield message.content
    for embed in message.embeds:
        yield from (embed.get("title") or "", embed.get("description") or "")
        for field in embed.get("fields") or []:
            yield from (field["name"], field["value"])
    for row in message.components:
        yield from (button.get("label") or "" for button in row["components"])


def shown(message: Message) -> str:
    """Return what a reader sees, without links, mentions, times and what stands in code."""
    text = "\n".join(texts(message))
    return re.sub(r"\]\(\S+\)|<[^>]*>|`[^`]*`|https?://\S+", "", text)


def is_chinese(message: Message) -> bool:
    """Whether a message is written in Chinese, all of it."""
    rest = re.sub("Suno Bot|Suno|Discord|ID|Verse", "", shown(message))
    return bool(re.search("[\u4e00-\u9fff]", rest)) and not re.search("[A-Za-z]{2}", rest)


def is_english(message: Message) -> bool:
    """Whether a message is written in English, but for what the relay wrote."""
    rest = re.sub("纸船|民谣|雨街上的纸船", "", shown(message))
    return bool(re.search("[A-Za-z]{2}", rest)) and not re.search("[\u4e00-\u9fff]", rest)


def commands(sandbox: SandboxSession) -> list[str]:
    """Return the commands that everybody may use, as they are registered."""
    return [path for path, node in registered(sandbox).items() if is_for_everybody(path, node)]


def is_for_everybody(path: str, node: dict[str, Any]) -> bool:
    """Whether this is a slash command of ours, not a part of one and not for the few."""
    return path.startswith("suno ") and path.count(" ") == 1 and node["type"] == 1


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW"])
async def test_a_chinese_member_is_answered_in_chinese(
    sandbox: SandboxSession, locale: str
) -> None:
    """By every command, in an English server, before there is anything to show and after."""
    member = a_member(sandbox, locale=locale)
    assert {"suno status", "suno inbox"} <= set(commands(sandbox))
    for command in commands(sandbox):
        assert is_chinese(await answer(sandbox, member, sandbox.songs, command)), command
    await answer(sandbox, member, sandbox.songs, "suno watch")
    listed = await answer(sandbox, member, sandbox.songs, "suno list")
    assert SONG in str(listed.embeds)
    assert is_chinese(listed)
    sandbox.relay.clock.advance(200)
    await sandbox.wait_for_notice(SONG)
    for command in commands(sandbox):
        interaction = await act(sandbox, member, sandbox.songs, command)
        assert [m for m in interaction.messages if not is_chinese(m)] == [], command


async def test_an_english_member_is_answered_in_english(sandbox: SandboxSession) -> None:
    """By every command, in a Chinese server."""
    channel = a_chinese_server(sandbox, sandbox.ada)
    for command in commands(sandbox):
        assert is_english(await answer(sandbox, sandbox.ada, channel, command)), command


@pytest.mark.parametrize("typed", ["x" * 200, " ".join(map(str, range(11))), "nobody-made-this"])
@pytest.mark.parametrize("command", ["suno status", "suno watch", "suno lyrics"])
async def test_a_mistake_is_explained_in_the_language_of_who_made_it(
    sandbox: SandboxSession, command: str, typed: str
) -> None:
    """A bad id, too many of them, one that nobody knows."""
    member = a_member(sandbox)
    assert is_chinese(await answer(sandbox, member, sandbox.songs, command, id=typed))


async def test_trouble_with_the_relay_is_told_in_the_language_of_who_asks(
    sandbox: SandboxSession,
) -> None:
    """With the promise that nothing is lost."""
    sandbox.relay.start_outage()
    told = await answer(sandbox, a_member(sandbox), sandbox.songs, "suno status")
    assert told.content == CHINESE.text("relay-error-unavailable")


async def test_a_fault_of_ours_is_told_in_the_language_of_who_met_it(
    sandbox: SandboxSession,
) -> None:
    """The log is English; the person is not."""
    path = "PATCH /webhooks/{app}/{token}/messages/@original"
    sandbox.discord.faults.add(path, status=400, times=1)
    told = await answer(sandbox, a_member(sandbox), sandbox.songs, "suno status")
    assert told.content == CHINESE.text("error-unexpected")


async def test_missing_permissions_are_called_as_in_the_persons_discord(
    sandbox: SandboxSession,
) -> None:
    """So that they can be found there, and listed as Chinese lists them."""
    sandbox.songs.deny("view_channel", "send_messages", target=sandbox.guild.bot_role)
    told = await answer(sandbox, a_member(sandbox), sandbox.songs, "suno watch")
    assert "查看频道、发送消息" in told.content
    assert is_chinese(told)


async def test_a_chinese_server_gets_its_notice_in_chinese(sandbox: SandboxSession) -> None:
    """Though the one who asked for it speaks English; the answer to that one is English."""
    channel = a_chinese_server(sandbox, sandbox.ada)
    assert is_english(await answer(sandbox, sandbox.ada, channel, "suno watch"))
    (card,) = await sandbox.discord.wait_for(lambda: sandbox.cards(channel), 10, "the card")
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG, channel)
    assert "你的歌做好了" in notice.content
    assert is_chinese(notice)
    assert is_chinese(card)


async def test_an_english_server_gets_its_notice_in_english(sandbox: SandboxSession) -> None:
    """Though a Chinese member asked for it: everybody there reads it."""
    assert is_chinese(await answer(sandbox, a_member(sandbox), sandbox.songs, "suno watch"))
    (card,) = await sandbox.discord.wait_for(sandbox.cards, 10, "the card")
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    assert is_english(notice)
    assert is_english(card)


@pytest.mark.parametrize(("locale", "speaks"), [("zh-CN", is_chinese), ("en-US", is_english)])
async def test_a_direct_message_speaks_as_its_reader_does(
    sandbox: SandboxSession, locale: str, speaks: Any
) -> None:
    """There is no server whose language would count."""
    member = a_member(sandbox, locale=locale)
    direct = sandbox.discord.open_dm(member)
    assert speaks(await answer(sandbox, member, direct, "suno watch"))
    sandbox.relay.clock.advance(200)
    assert speaks(await sandbox.wait_for_notice(SONG, direct))


async def test_a_private_watch_speaks_as_the_person_does(sandbox: SandboxSession) -> None:
    """Asked for in an English server, told in a direct message."""
    member = a_member(sandbox)
    await answer(sandbox, member, sandbox.songs, "suno watch", private=True)
    sandbox.relay.clock.advance(200)
    assert is_chinese(await sandbox.wait_for_notice(SONG, sandbox.discord.open_dm(member)))


async def test_a_failure_is_explained_in_the_language_of_the_place(sandbox: SandboxSession) -> None:
    """The relay wrote English; its own words stand below as they are."""
    reason = "Tags contained artist name: metallica"
    sandbox.relay.add(failing("failed", reason=reason))
    member = a_member(sandbox)
    channel = a_chinese_server(sandbox, member)
    await answer(sandbox, member, channel, "suno watch", id="failed")
    sandbox.relay.clock.advance(200)
    (embed,) = (await sandbox.wait_for_notice("failed", channel)).embeds
    assert embed["description"] == CHINESE.text("notice-reason-artist")
    said = {field["name"]: field["value"] for field in embed["fields"]}
    assert said[CHINESE.text("notice-own-words")] == reason
    assert said[CHINESE.text("notice-what-to-do")] == CHINESE.text("notice-advice-artist")


async def test_the_word_that_a_notice_is_held_is_chinese_too(sandbox: SandboxSession) -> None:
    """And so is the inbox."""
    member = a_member(sandbox)
    channel = a_chinese_server(sandbox, member)
    await answer(sandbox, member, channel, "suno watch")
    channel.deny("send_messages")
    sandbox.relay.clock.advance(200)
    direct = sandbox.discord.open_dm(member)
    await sandbox.discord.wait_for(lambda: direct.messages, 15, "the word")
    assert "发送消息" in direct.messages[0].content
    assert is_chinese(direct.messages[0])
    waiting = await answer(sandbox, member, direct, "suno inbox")
    assert SONG in str(waiting.embeds)
    assert is_chinese(waiting)


BRAND = "suno"
"""The name of a command that is the same everywhere."""


def described(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a registered command, its subcommands, options and choices, each with its path."""
    here = f"{path} {node['name']}".strip()
    yield here, node
    for part in (*(node.get("options") or ()), *(node.get("choices") or ())):
        yield from described(part, here)


def registered(sandbox: SandboxSession) -> dict[str, dict[str, Any]]:
    """Return everything that is registered, by its path."""
    commands = sandbox.discord.commands.listed(None)
    return {path: node for command in commands for path, node in described(command)}


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW"])
async def test_every_command_has_a_chinese_name_and_description(
    sandbox: SandboxSession, locale: str
) -> None:
    """Options and choices too: a command without its translation is not finished."""
    for path, node in registered(sandbox).items():
        if node["name"] != BRAND:
            assert is_word_of(locale, node, "name"), path
        if node.get("description"):
            assert is_word_of(locale, node, "description"), path


def is_word_of(locale: str, node: dict[str, Any], what: str) -> bool:
    """Whether a name or description has a Chinese text in a locale."""
    localised = (node.get(f"{what}_localizations") or {}).get(locale, "")
    return bool(re.search("[\u4e00-\u9fff]", localised)) and localised != node[what]


async def test_the_names_that_the_bot_registers_are_english_elsewhere(
    sandbox: SandboxSession,
) -> None:
    """A locale without a catalogue shows the English text; no translation repeats it."""
    for path, node in registered(sandbox).items():
        for what in ("name", "description"):
            assert set(node.get(f"{what}_localizations") or ()) <= {"zh-CN", "zh-TW"}, path
    assert "suno status" in registered(sandbox)
    assert registered(sandbox)["suno status"]["description"] == ENGLISH.text("command-status")


async def test_a_chinese_name_is_told_apart_from_its_siblings(sandbox: SandboxSession) -> None:
    """Discord refuses two subcommands, and two options of one, with the same name."""
    for locale in ("zh-CN", "zh-TW"):
        for path, node in registered(sandbox).items():
            names = [
                (part.get("name_localizations") or {}).get(locale, part["name"])
                for part in node.get("options") or ()
            ]
            assert len(names) == len(set(names)), path


@pytest.fixture
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a copy of the catalogues that the bot reads until the end of the test."""
    copy = tmp_path / "words"
    shutil.copytree(Path(i18n.__file__).parent, copy)
    monkeypatch.setattr(i18n, "_CATALOGUES", copy)
    yield copy
    monkeypatch.undo()
    forget_words()


def forget_words() -> None:
    """Let the catalogues be read anew."""
    i18n.catalog_for.cache_clear()
    i18n.catalog_in.cache_clear()
    i18n.languages.cache_clear()


async def test_commands_are_registered_anew_when_a_translation_changes(
    tmp_path: Path, catalogues: Path
) -> None:
    """And not when nothing changes: registering is a write with a daily limit."""
    chinese = catalogues / "zh-CN/commands.ftl"
    async with open_sandbox(tmp_path) as sandbox:
        writes = []
        for change in ("", "", "马上", ""):
            text = chinese.read_text(encoding="utf-8")
            replaced = text.replace("command-status = ", f"command-status = {change}")
            chinese.write_text(replaced, encoding="utf-8")
            forget_words()
            async with running_bot(sandbox):
                writes.append(sandbox.discord.commands.overwrites)
            await sandbox.discord.wait_until_disconnected()
        assert writes == [1, 1, 2, 2]
        texts = registered(sandbox)["suno status"]["description_localizations"]
        assert texts["zh-CN"].startswith("马上")
