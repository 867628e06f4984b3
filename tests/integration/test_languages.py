"""The language of each text: replies in the user's, channels in their server's."""

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
    """Yield a sandbox with a running bot and Chinese texts at the relay."""
    async with open_sandbox(tmp_path) as sandbox, running_bot(sandbox):
        sandbox.relay.add(a_song())
        yield sandbox


def a_song(takes: float = 100) -> Any:
    """Return a song without any English text."""
    return song(SONG, title="纸船", style="民谣", lyrics="[Verse]\n雨街上的纸船", takes=takes)


def a_member(sandbox: SandboxSession, guild: Guild | None = None, locale: str = "zh-CN") -> User:
    """Return a member whose Discord client has a locale."""
    member = sandbox.discord.add_user("梅", locale=locale)
    (guild or sandbox.guild).add_member(member)
    return member


def a_chinese_server(sandbox: SandboxSession, *members: User) -> Channel:
    """Return a channel of a server with a Chinese locale."""
    guild = sandbox.discord.add_guild("歌友会", locale="zh-CN")
    for member in members:
        guild.add_member(member)
    return guild.add_channel("作品")


async def use_command(
    sandbox: SandboxSession, user: User, channel: Channel, command: str, **options: Any
) -> Interaction:
    """Use a command in a channel, with the song's id, or another text, if it takes one."""
    values = {"id": SONG, "description": "1", "topic": "1"}
    wanted = {option["name"] for option in registered(sandbox)[command].get("options") or ()}
    options = {name: value for name, value in values.items() if name in wanted} | options
    interaction = await sandbox.discord.command(user, channel, command, **options)
    await interaction.wait_for_answer(timeout=120)
    return interaction


async def answer(
    sandbox: SandboxSession, user: User, channel: Channel, command: str, **options: Any
) -> Message:
    """Return the reply to a command."""
    return (await use_command(sandbox, user, channel, command, **options)).messages[0]


def texts(message: Message) -> Iterator[str]:
    """Yield all visible texts of a message except the names of users and channels."""
    yield message.content
    for embed in message.embeds:
        yield from (embed.get("title") or "", embed.get("description") or "")
        for field in embed.get("fields") or []:
            yield from (field["name"], field["value"])
    for row in message.components:
        yield from (button.get("label") or "" for button in row["components"])


def visible_text(message: Message) -> str:
    """Return the visible text without links, mentions, timestamps and code."""
    text = "\n".join(texts(message))
    return re.sub(r"\]\(\S+\)|<[^>]*>|`[^`]*`|https?://\S+", "", text)


def is_chinese(message: Message) -> bool:
    """Whether all of a message is Chinese."""
    rest = re.sub("Suno Bot|Suno|Discord|DeerAPI|OpenAI-Hub|ID|Verse", "", visible_text(message))
    return bool(re.search("[\u4e00-\u9fff]", rest)) and not re.search("[A-Za-z]{2}", rest)


def is_english(message: Message) -> bool:
    """Whether a message is English, except the texts of the relay."""
    rest = re.sub("纸船|民谣|雨街上的纸船", "", visible_text(message))
    return bool(re.search("[A-Za-z]{2}", rest)) and not re.search("[\u4e00-\u9fff]", rest)


def commands(sandbox: SandboxSession) -> list[str]:
    """Return the registered commands for all users."""
    return [path for path, node in registered(sandbox).items() if is_for_everybody(path, node)]


def is_for_everybody(path: str, node: dict[str, Any]) -> bool:
    """Whether this is a slash command, not a group, without special permissions."""
    return path.startswith("suno ") and path.count(" ") == 1 and node["type"] == 1


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW"])
async def test_a_chinese_member_is_answered_in_chinese(
    sandbox: SandboxSession, locale: str
) -> None:
    """Every command in an English server, with and without a watched task."""
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
        interaction = await use_command(sandbox, member, sandbox.songs, command)
        assert [m for m in interaction.messages if not is_chinese(m)] == [], command


async def test_an_english_member_is_answered_in_english(sandbox: SandboxSession) -> None:
    """Every command in a Chinese server."""
    channel = a_chinese_server(sandbox, sandbox.ada)
    for command in commands(sandbox):
        assert is_english(await answer(sandbox, sandbox.ada, channel, command)), command


@pytest.mark.parametrize("typed", ["x" * 200, " ".join(map(str, range(11))), "nobody-made-this"])
@pytest.mark.parametrize("command", ["suno status", "suno watch", "suno lyrics"])
async def test_invalid_input_is_explained_in_the_users_language(
    sandbox: SandboxSession, command: str, typed: str
) -> None:
    """An invalid id, too many ids, an unknown id."""
    member = a_member(sandbox)
    assert is_chinese(await answer(sandbox, member, sandbox.songs, command, id=typed))


async def test_relay_errors_are_explained_in_the_users_language(
    sandbox: SandboxSession,
) -> None:
    """The reply says that watches are kept."""
    sandbox.relay.start_outage()
    reply = await answer(sandbox, a_member(sandbox), sandbox.songs, "suno status")
    assert reply.content == CHINESE.text("relay-error-unavailable")


async def test_unexpected_errors_are_explained_in_the_users_language(
    sandbox: SandboxSession,
) -> None:
    """The log stays English."""
    path = "PATCH /webhooks/{app}/{token}/messages/@original"
    sandbox.discord.faults.add(path, status=400, times=1)
    reply = await answer(sandbox, a_member(sandbox), sandbox.songs, "suno status")
    assert reply.content == CHINESE.text("error-unexpected")


async def test_permissions_have_their_names_in_the_users_client(
    sandbox: SandboxSession,
) -> None:
    """They are listed as the language lists them."""
    sandbox.songs.deny("view_channel", "send_messages", target=sandbox.guild.bot_role)
    reply = await answer(sandbox, a_member(sandbox), sandbox.songs, "suno watch")
    assert "查看频道、发送消息" in reply.content
    assert is_chinese(reply)


async def test_a_chinese_server_gets_its_notice_in_chinese(sandbox: SandboxSession) -> None:
    """The watcher has an English client and gets an English reply."""
    channel = a_chinese_server(sandbox, sandbox.ada)
    assert is_english(await answer(sandbox, sandbox.ada, channel, "suno watch"))
    (card,) = await sandbox.discord.wait_for(lambda: sandbox.cards(channel), 120, "the card")
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG, channel)
    assert is_chinese(notice)
    assert is_chinese(card)


async def test_an_english_community_gets_its_notice_in_english(sandbox: SandboxSession) -> None:
    """The watcher has a Chinese client, but the server has chosen English."""
    sandbox.guild.set_locale("en-US")
    assert is_chinese(await answer(sandbox, a_member(sandbox), sandbox.songs, "suno watch"))
    (card,) = await sandbox.discord.wait_for(sandbox.cards, 120, "the card")
    sandbox.relay.clock.advance(200)
    notice = await sandbox.wait_for_notice(SONG)
    assert is_english(notice)
    assert is_english(card)


async def test_a_server_without_a_language_gets_its_notice_in_that_of_the_watcher(
    sandbox: SandboxSession,
) -> None:
    """Outside Community servers the preferred locale is English, which nobody has chosen."""
    assert is_chinese(await answer(sandbox, a_member(sandbox), sandbox.songs, "suno watch"))
    (card,) = await sandbox.discord.wait_for(sandbox.cards, 120, "the card")
    sandbox.relay.clock.advance(200)
    assert is_chinese(await sandbox.wait_for_notice(SONG))
    assert is_chinese(card)


async def choose_language(sandbox: SandboxSession, user: User, value: str) -> Message:
    """Choose a language in the menu of the command; return the message after that."""
    message = await answer(sandbox, user, sandbox.songs, "suno language")
    chosen = await sandbox.discord.select(user, message, "language", [value])
    await sandbox.discord.wait_for(lambda: chosen.updated_source)
    return message


async def test_people_can_choose_their_language(sandbox: SandboxSession) -> None:
    """Answers use it, and direct messages and servers without a language of their own."""
    changed = await choose_language(sandbox, sandbox.ada, "zh-CN")
    assert CHINESE.text("language-set", language=CHINESE.text("language-name")) == changed.content
    assert is_chinese(await answer(sandbox, sandbox.ada, sandbox.songs, "suno watch"))
    (card,) = await sandbox.discord.wait_for(sandbox.cards, 120, "the card")
    join, _ = (button["custom_id"] for button in card.components[0]["components"])
    pressed = await sandbox.discord.press(sandbox.ada, card, join)
    assert is_chinese(await pressed.wait_for_answer())
    await answer(sandbox, sandbox.ada, sandbox.songs, "suno watch", private=True)
    sandbox.relay.clock.advance(200)
    assert is_chinese(await sandbox.wait_for_notice(SONG))
    assert is_chinese(await sandbox.wait_for_notice(SONG, sandbox.discord.open_dm(sandbox.ada)))


async def test_a_chosen_language_is_that_of_one_person(sandbox: SandboxSession) -> None:
    """Others, and the channels of Community servers, keep their own."""
    sandbox.guild.set_locale("en-US")
    await choose_language(sandbox, sandbox.ada, "zh-CN")
    assert is_english(await answer(sandbox, sandbox.bea, sandbox.songs, "suno watch"))
    assert is_chinese(await answer(sandbox, sandbox.ada, sandbox.songs, "suno watch"))
    sandbox.relay.clock.advance(200)
    assert is_english(await sandbox.wait_for_notice(SONG))


async def test_the_automatic_language_is_that_of_the_client(sandbox: SandboxSession) -> None:
    """Nothing is stored then."""
    await choose_language(sandbox, sandbox.ada, "zh-CN")
    await choose_language(sandbox, sandbox.ada, "default")
    assert is_english(await answer(sandbox, sandbox.ada, sandbox.songs, "suno list"))
    forgotten = await answer(sandbox, sandbox.ada, sandbox.songs, "suno forget")
    assert forgotten.content == ENGLISH.text("forget-nothing")


async def test_a_chosen_language_outlives_a_restart(tmp_path: Path) -> None:
    """It is stored."""
    async with open_sandbox(tmp_path) as sandbox:
        async with running_bot(sandbox):
            await choose_language(sandbox, sandbox.ada, "zh-CN")
        async with running_bot(sandbox):
            assert is_chinese(await answer(sandbox, sandbox.ada, sandbox.songs, "suno help"))


async def test_forgetting_a_person_forgets_their_language(sandbox: SandboxSession) -> None:
    """The question tells of it."""
    await choose_language(sandbox, sandbox.ada, "zh-CN")
    question = await answer(sandbox, sandbox.ada, sandbox.songs, "suno forget")
    assert CHINESE.text("forget-settings", count=1) in question.content
    erased = await sandbox.discord.press(sandbox.ada, question, f"forget:delete:{sandbox.ada.id}")
    await sandbox.discord.wait_for(lambda: erased.updated_source)
    assert is_english(await answer(sandbox, sandbox.ada, sandbox.songs, "suno list"))
    forgotten = await answer(sandbox, sandbox.ada, sandbox.songs, "suno forget")
    assert forgotten.content == ENGLISH.text("forget-nothing")


async def test_a_redirected_notice_uses_the_chosen_language(sandbox: SandboxSession) -> None:
    """Its channel is gone, so the watcher gets it directly."""
    channel = a_chinese_server(sandbox, sandbox.ada)
    await choose_language(sandbox, sandbox.ada, "en-US")
    await answer(sandbox, sandbox.ada, channel, "suno watch")
    channel.delete()
    sandbox.relay.clock.advance(200)
    direct = sandbox.discord.open_dm(sandbox.ada)
    notice = await sandbox.wait_for_notice(SONG, direct)
    assert ENGLISH.text("notice-instead", place=channel.mention) in notice.content


async def test_a_redirected_notice_uses_the_language_of_each_watcher(
    sandbox: SandboxSession,
) -> None:
    """Not that of the notice, which is the language of whoever watched first."""
    channel, member = sandbox.guild.add_channel("drafts"), a_member(sandbox)
    for user in (sandbox.ada, member):
        await answer(sandbox, user, channel, "suno watch")
    channel.delete()
    sandbox.relay.clock.advance(200)
    for user, catalog in ((sandbox.ada, ENGLISH), (member, CHINESE)):
        notice = await sandbox.wait_for_notice(SONG, sandbox.discord.open_dm(user))
        assert catalog.text("notice-instead", place=channel.mention) in notice.content


@pytest.mark.parametrize(("locale", "speaks"), [("zh-CN", is_chinese), ("en-US", is_english)])
async def test_a_watch_in_a_direct_message_uses_the_users_language(
    sandbox: SandboxSession, locale: str, speaks: Any
) -> None:
    """There is no server locale."""
    member = a_member(sandbox, locale=locale)
    direct = sandbox.discord.open_dm(member)
    assert speaks(await answer(sandbox, member, direct, "suno watch"))
    sandbox.relay.clock.advance(200)
    assert speaks(await sandbox.wait_for_notice(SONG, direct))


async def test_a_private_watch_uses_the_users_language(sandbox: SandboxSession) -> None:
    """The locale of the server does not apply to its notice."""
    member = a_member(sandbox)
    await answer(sandbox, member, sandbox.songs, "suno watch", private=True)
    sandbox.relay.clock.advance(200)
    assert is_chinese(await sandbox.wait_for_notice(SONG, sandbox.discord.open_dm(member)))


async def test_a_failure_is_explained_in_the_language_of_the_channel(
    sandbox: SandboxSession,
) -> None:
    """The relay's text follows unchanged."""
    reason = "Tags contained artist name: metallica"
    sandbox.relay.add(failing("failed", reason=reason))
    member = a_member(sandbox)
    channel = a_chinese_server(sandbox, member)
    await answer(sandbox, member, channel, "suno watch", id="failed")
    sandbox.relay.clock.advance(200)
    (embed,) = (await sandbox.wait_for_notice("failed", channel)).embeds
    assert embed["description"] == CHINESE.text("notice-reason-artist")
    fields = {field["name"]: field["value"] for field in embed["fields"]}
    assert fields[CHINESE.text("notice-relay-reason")] == reason
    assert fields[CHINESE.text("notice-what-to-do")] == CHINESE.text("notice-advice-artist")


async def test_held_notices_and_the_inbox_are_chinese_too(sandbox: SandboxSession) -> None:
    """Both use the user's language."""
    member = a_member(sandbox)
    channel = a_chinese_server(sandbox, member)
    await answer(sandbox, member, channel, "suno watch")
    channel.deny("send_messages")
    sandbox.relay.clock.advance(200)
    direct = sandbox.discord.open_dm(member)
    await sandbox.discord.wait_for(lambda: direct.messages, 120, "the word")
    assert "发送消息" in direct.messages[0].content
    assert is_chinese(direct.messages[0])
    waiting = await answer(sandbox, member, direct, "suno inbox")
    assert "纸船" in str(waiting.embeds)
    assert is_chinese(waiting)


BRAND = "suno"
"""The name of a command that is the same everywhere."""


def described(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a registered command, its subcommands, options and choices with their paths."""
    here = f"{path} {node['name']}".strip()
    yield here, node
    for part in (*(node.get("options") or ()), *(node.get("choices") or ())):
        yield from described(part, here)


def registered(sandbox: SandboxSession) -> dict[str, dict[str, Any]]:
    """Return all registered commands, groups and options by their paths."""
    commands = sandbox.discord.commands.listed(None)
    assert commands
    return {path: node for command in commands for path, node in described(command)}


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW"])
async def test_every_command_has_a_chinese_name_and_description(
    sandbox: SandboxSession, locale: str
) -> None:
    """Options and choices are translated too."""
    for path, node in registered(sandbox).items():
        if node["name"] != BRAND:
            assert has_chinese_text(locale, node, "name"), path
        if node.get("description"):
            assert has_chinese_text(locale, node, "description"), path


def has_chinese_text(locale: str, node: dict[str, Any], what: str) -> bool:
    """Whether a name or description has a Chinese text in a locale."""
    localised = (node.get(f"{what}_localizations") or {}).get(locale, "")
    return bool(re.search("[\u4e00-\u9fff]", localised)) and localised != node[what]


async def test_registered_names_are_english_in_other_locales(
    sandbox: SandboxSession,
) -> None:
    """No translation repeats the English text."""
    for path, node in registered(sandbox).items():
        for what in ("name", "description"):
            assert set(node.get(f"{what}_localizations") or ()) <= {"zh-CN", "zh-TW"}, path
    assert "suno status" in registered(sandbox)
    assert registered(sandbox)["suno status"]["description"] == ENGLISH.text("command-status")


async def test_chinese_names_are_unique_among_siblings(sandbox: SandboxSession) -> None:
    """Discord rejects equal names of subcommands or options."""
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
    clear_catalog_caches()


def clear_catalog_caches() -> None:
    """Let the catalogues be read again."""
    i18n.catalog_for.cache_clear()
    i18n.catalog_in.cache_clear()
    i18n.languages.cache_clear()


async def test_a_changed_translation_registers_the_commands_again(
    tmp_path: Path, catalogues: Path
) -> None:
    """Unchanged catalogues cause no registration."""
    chinese = catalogues / "zh-CN/commands.ftl"
    async with open_sandbox(tmp_path) as sandbox:
        writes = []
        for change in ("", "", "马上", ""):
            text = chinese.read_text(encoding="utf-8")
            replaced = text.replace("command-status = ", f"command-status = {change}")
            chinese.write_text(replaced, encoding="utf-8")
            clear_catalog_caches()
            async with running_bot(sandbox):
                writes.append(sandbox.discord.commands.overwrites)
            await sandbox.discord.wait_until_disconnected()
        assert writes == [1, 1, 2, 2]
        texts = registered(sandbox)["suno status"]["description_localizations"]
        assert texts["zh-CN"].startswith("马上")
