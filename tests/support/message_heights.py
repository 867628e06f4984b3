"""Measures how tall each kind of message of the bot is, in pixels, on the demo page.

Discord shows every line of a message to everyone in a channel, so the height of a message is a
property that people notice. The page draws messages in Discord's sizes; files are not counted.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from playwright.async_api import Browser, Page, expect

from sandbox.discord import Channel, Message, User
from sandbox.discord.message_parts import walk_components
from sandbox.page import PageEnvironment
from sandbox.page.page_state import MEDIA_URL
from sandbox.page.relay_controls import with_local_media
from sandbox.page.sample_songs import SONGS, long_chinese_lyrics
from sandbox.relay import RelayTask, failing, half_success, lyrics_task, song
from sandbox.relay.faults import (
    Fault,
    after_charging,
    answers,
    cut_before_headers,
    rate_limited,
    refuses_submission,
    suno_error,
)
from tests.support.browser import WIDE, open_page

BUDGETS = {
    "notice": 420,
    "card": 200,
    "status": 260,
    "failure": 380,
    "summary": 420,
    "answer": 200,
    "menu": 260,
}
"""The most pixels that a message of each kind may take in a window of 1360 pixels."""

_LONG = "and then the whole orchestra begins again from the very beginning "
_LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitän" * 8
_TYPICAL = SONGS[0]
_LINES = "\n".join(f"[Part {number}]\n{_LONG * 6}" for number in range(1, 60))

_HEIGHT_WITHOUT_FILES = """(node) => {
  const files = [...node.querySelectorAll(".file")];
  return node.offsetHeight - files.reduce((sum, file) => sum + file.offsetHeight, 0);
}"""

TASKS: dict[str, Callable[[], RelayTask]] = {
    "song": lambda: song(
        title=_TYPICAL.title, style=_TYPICAL.style, lyrics=_TYPICAL.lyrics, media=MEDIA_URL
    ),
    "half": lambda: half_success(title=_TYPICAL.title),
    "lyrics": lambda: lyrics_task(title=_TYPICAL.title, text=_TYPICAL.lyrics),
    "failure": failing,
    "song with long texts": lambda: song(
        title=_LONG * 8, style=_LONG * 10, lyrics=_LINES, clips=2, media=MEDIA_URL
    ),
    "song with many versions": lambda: song(
        title=_LONG_WORD, style=_LONG_WORD, lyrics="\n" * 400 + _LONG_WORD, clips=12
    ),
    "song with Chinese texts": lambda: song(
        title="长河" * 90, style="流行" * 120, lyrics=long_chinese_lyrics(40), clips=3
    ),
    "lyrics with long lines": lambda: lyrics_task(title=_LONG * 8, text=_LINES),
    "failure with a long reason": lambda: failing(reason=_LONG * 60),
    "failure with a tall reason": lambda: failing(reason="blocked\n\n" * 300),
}
"""What relays send, by a name: first what is typical, then what is hostile."""


SUMMARIES: dict[str, tuple[str, ...]] = {
    "five tasks": ("song", "half", "lyrics", "failure", "song with Chinese texts"),
    "five tasks with long texts": (
        *("song with long texts", "song with many versions", "song with Chinese texts"),
        *("lyrics with long lines", "failure with a long reason"),
    ),
}
"""Tasks that are watched together, by a name."""

CREATIONS: dict[str, Callable[[], Fault] | None] = {
    "created song": None,
    "rejected song": lambda: refuses_submission("400 moderation"),
    "song rejected with a tall reason": lambda: answers(
        400, suno_error("fail_to_fetch_task", "artist name is blocked\n\n" * 300)
    ),
    "unconfirmed song": lambda: after_charging(cut_before_headers()),
}
"""What becomes of songs that are created with titles as long as possible, by a name."""
_TITLES = {"en-US": f"{_LONG_WORD[:40]} {_LONG[:39]}", "zh-CN": "长河" * 40}
_SUBMIT_PATH = "/suno/submit/music"


@dataclass(frozen=True, slots=True)
class MessageHeight:
    """The height of one message."""

    kind: str
    """One of the keys of ``BUDGETS``."""
    task: str
    """One of the keys of ``TASKS``, ``SUMMARIES`` or ``CREATIONS``."""
    pixels: int
    message_id: int


async def measure_heights(
    environment: PageEnvironment,
    browser: Browser,
    user: User,
    channel: Channel,
    *,
    size: tuple[int, int] = WIDE,
) -> AsyncIterator[MessageHeight]:
    """Let ``user`` ask for and watch each task in ``channel``; yield the height of each message.

    The relay's clock must stand still.
    """
    discord = environment.discord
    async with open_page(browser, environment.server.url, size=size) as page:
        await _show(page, user, channel)
        for name, build in TASKS.items():
            task = with_local_media(build(), MEDIA_URL)
            environment.relay.add(task)
            length = task.stages[-1].at
            environment.relay.age(length / 3)  # a song streams already
            asked = await discord.command(user, channel, "suno status", id=task.id)
            status = await asked.wait_for_answer(timeout=120)
            yield await _measure(page, "status", name, status)
            seen = set(channel.history)
            await discord.command(user, channel, "suno watch", id=task.id)
            card = await _next_message(environment, channel, seen)
            yield await _measure(page, "card", name, card)
            seen = set(channel.history)
            environment.relay.age(length)
            notice = await _next_message(environment, channel, seen)
            kind = "failure" if name.startswith("failure") else "notice"
            yield await _measure(page, kind, name, notice)
        for name, names in SUMMARIES.items():
            summary = await _summary(environment, user, channel, names)
            yield await _measure(page, "summary", name, summary)
        await _turn_creation_on(environment, channel)
        for name, fault in CREATIONS.items():
            async for each in _creation(environment, page, user, channel, name, fault):
                yield each
        song_notice = [each for each in channel.messages if "create:more:" in str(each.payload())]
        pressed = await discord.press(user, song_notice[-1], _custom_id(song_notice[-1]))
        menu = await pressed.wait_for_answer(timeout=120)
        yield await _measure(page, "menu", "created song", menu)


async def _turn_creation_on(environment: PageEnvironment, channel: Channel) -> None:
    admin, discord = environment.users.admin, environment.discord
    assert channel.guild is not None
    discord.state.guilds[channel.guild.id].add_member(admin, administrator=True)
    asked = await discord.command(admin, channel, "suno-settings create")
    panel = await asked.wait_for_answer(timeout=120)
    pressed = await discord.press(admin, panel, "create-settings-button:on")
    await discord.wait_for(lambda: pressed.updated_source, timeout=120)


async def _creation(
    environment: PageEnvironment,
    page: Page,
    user: User,
    channel: Channel,
    name: str,
    fault: Callable[[], Fault] | None,
) -> AsyncIterator[MessageHeight]:
    """Let ``user`` compose a song; yield the answer, the card that waits, and the notice.

    The relay is too busy at first, so that the card can be seen before anything is begun.
    """
    discord, relay = environment.discord, environment.relay
    relay.faults.add(rate_limited("1"), times=1, path=_SUBMIT_PATH)
    if fault is not None:
        relay.faults.add(fault(), times=1, path=_SUBMIT_PATH)
    charges, seen = len(relay.submissions.charges), set(channel.history)
    opened = await discord.command(user, channel, "suno compose")
    await discord.wait_for(lambda: opened.modal, timeout=120)
    values = {"title": _TITLES[user.locale], "style": _TYPICAL.style, "lyrics": _TYPICAL.lyrics}
    sent = await discord.submit_modal(user, opened, values)
    answer = await sent.wait_for_answer(timeout=120)
    yield await _measure(page, "answer", name, answer)
    card = await _next_message(environment, channel, seen)
    yield await _measure(page, "card", name, card)
    seen = set(channel.history)
    if fault is None:
        await relay.wait_for_charges(charges + 1)
        relay.age(60)
    notice = await _next_message(environment, channel, seen)
    yield await _measure(page, "notice" if fault is None else "failure", name, notice)


def _custom_id(message: Message) -> str:
    """Return the custom id of the button that opens the menu of a song."""
    ids = [str(each.get("custom_id")) for each in walk_components(message.components)]
    return next(each for each in ids if each.startswith("create:more:"))


async def _summary(
    environment: PageEnvironment, user: User, channel: Channel, names: Sequence[str]
) -> Message:
    """Let ``user`` watch some tasks together; return the message when all of them have ended."""
    tasks = [with_local_media(TASKS[name](), MEDIA_URL) for name in names]
    environment.relay.add(*tasks)
    ids = " ".join(task.id for task in tasks)
    asked = await environment.discord.command(user, channel, "suno watch", id=ids)
    await asked.wait_for_answer(timeout=120)
    seen = set(channel.history)
    environment.relay.age(max(task.stages[-1].at for task in tasks))
    return await _next_message(environment, channel, seen, having="♫ ")


async def _show(page: Page, user: User, channel: Channel) -> None:
    """Show the view of a user, and a channel."""
    await page.locator(".switcher").click()
    await page.get_by_role("menuitemradio", name=user.name).click()
    await page.locator(".channel-item", has_text=channel.name).click()


async def _next_message(
    environment: PageEnvironment, channel: Channel, seen: set[int], *, having: str = ""
) -> Message:
    """Wait until a message is posted in ``channel`` whose id is not in ``seen``; return it.

    ``having``: a text that is in it.
    """
    new = await environment.discord.wait_for(
        lambda: [
            each
            for each in channel.messages
            if each.id not in seen and having in str(each.payload())
        ],
        timeout=60,
    )
    return new[0]


_SCROLL = "(node) => node.scrollIntoView({ block: 'nearest' })"


async def _measure(page: Page, kind: str, task: str, message: Message) -> MessageHeight:
    node = page.locator(f"#message-{message.id}")
    await node.wait_for()
    await node.evaluate(_SCROLL)  # at once: a card may be replaced by its next state
    for picture in await node.locator("img").all():
        await picture.evaluate(_SCROLL)
        await expect(picture).to_have_js_property("complete", value=True)
    pixels = await node.evaluate(_HEIGHT_WITHOUT_FILES)
    return MessageHeight(kind, task, round(pixels), message.id)
