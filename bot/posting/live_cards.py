"""The card in a channel that shows how watched tasks are doing, and edits itself."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import aiohttp
import discord

from bot.posting.cards import progress_bar, state_line, style_of
from bot.posting.discord_calls import DiscordCalls
from bot.posting.discord_traffic import DiscordTraffic
from bot.posting.escaping import code, plain_line
from bot.posting.refusals import verdict
from bot.posting.songs import DONE, RUNNING, link_buttons
from bot.posting.views import StatelessView
from bot.suno.tasks import Outcome, Task
from bot.watching.cards import Card, Cards, CardTask
from bot.watching.endings import Ending
from bot.words import Words, words_for

LIVE_BUTTON = r"card:(?P<action>join|leave):(?P<card>\d+)"
"""The custom id of a button under a card in a channel."""


@dataclass(frozen=True, slots=True)
class CardPace:
    """How often cards are edited; spans in seconds."""

    between_edits: float = 5.0
    """The least time between two edits of one card."""
    between_rounds: float = 2.0
    longest_edit: float = 5.0
    """What discord.py holds back longer is left to itself: one slow channel holds up no other."""
    edits_in_a_round: int = 10
    """With the time between rounds, this bounds their share: there is other work too."""


CARD_PACE = CardPace()

_TITLE = 120
_SHORT_ID = 8
_NAMED_WATCHERS = 20
_MARKS = {Outcome.SUCCESS: "✅", Outcome.PARTIAL: "🟡", Outcome.FAILURE: "❌"}


def live_card(card: Card, words: Words, *, now: float) -> discord.Embed:
    """Return what a card shows: one task at length, or several in a line each."""
    if len(card.tasks) == 1:
        title, lines = _single(card.tasks[0], card, words, now)
    else:
        title, lines = _group(card, words)
    if card.watchers:
        lines = [*lines, "", words.say("live-watching", watchers=_watchers(card, words))]
    elif not card.tasks or not card.over:
        lines = [*lines, "", words.say("live-nobody")]
    return discord.Embed(
        title=title, description="\n".join(lines).strip(), colour=DONE if card.over else RUNNING
    )


def live_view(card: Card, words: Words) -> discord.ui.View | None:
    """Return the buttons of a card: join and leave while it runs, previews while it streams."""
    if card.over or not card.watchers:
        return None
    view = StatelessView()
    for action, style in (
        ("join", discord.ButtonStyle.primary),
        ("leave", discord.ButtonStyle.secondary),
    ):
        view.add_item(
            discord.ui.Button(
                label=words.say(f"live-button-{action}"),
                style=style,
                custom_id=f"card:{action}:{card.id}",
            )
        )
    if len(card.tasks) == 1:
        for link in link_buttons(card.tasks[0].task, words)[:3]:
            view.add_item(discord.ui.Button(label=link.label, url=link.url))
    return view


def _single(shown: CardTask, card: Card, words: Words, now: float) -> tuple[str, list[str]]:
    task = shown.task
    title = plain_line(task.title, limit=_TITLE)
    title = title or words.say("live-untitled-over" if shown.ending else "live-untitled")
    lines = [state_line(task, words, now)]
    if shown.ending:
        lines = [_end(shown, card, words)]
    elif task.progress:
        lines.append(progress_bar(task.progress))
    lines += filter(None, [style_of(task)])
    lines.append(words.say("live-short-id", id=_short(task)))
    return title, lines


def _group(card: Card, words: Words) -> tuple[str, list[str]]:
    done = sum(shown.ending is not None for shown in card.tasks)
    title = words.say("live-group", done=done, total=len(card.tasks))
    if card.over:
        title = words.say("live-over")
    return title, list(_lines(card, words))


def _lines(card: Card, words: Words) -> Iterator[str]:
    for shown in card.tasks:
        title = plain_line(shown.task.title, limit=60)
        name = f"**{title}**" if title else _short(shown.task)
        if shown.ending:
            yield f"{name} · {_end(shown, card, words)}"
        else:
            progress = f" · {shown.task.progress}%" if shown.task.progress else ""
            yield f"⏳ {name}{progress}"


def _end(shown: CardTask, card: Card, words: Words) -> str:
    """Return how a task ended, with a link to its notice once that is there."""
    if shown.ending is Ending.FINISHED:
        mark = _MARKS.get(shown.task.outcome or Outcome.PARTIAL, "🟡")
        said = words.say("live-ended")
    else:
        mark, said = "❔", words.say(f"live-{(shown.ending or '').replace('_', '-')}")
    if shown.message_id is None:
        return f"{mark} {said}"
    guild = card.place.guild_id or "@me"
    url = f"https://discord.com/channels/{guild}/{card.place.channel_id}/{shown.message_id}"
    return f"{mark} {words.say('live-notice', url=url)}"


def _watchers(card: Card, words: Words) -> str:
    named = " ".join(f"<@{watcher}>" for watcher in card.watchers[:_NAMED_WATCHERS])
    more = len(card.watchers) - _NAMED_WATCHERS
    return words.say("live-more-watchers", watchers=named, number=more) if more > 0 else named


def _short(task: Task) -> str:
    """Return the beginning of the id: the whole of it stands in the notice."""
    return code(task.id if len(task.id) <= _SHORT_ID else f"{task.id[:_SHORT_ID]}…")


class CardKeeper:
    """Posts cards and keeps them up to date: at most every few seconds, and only on change.

    Cards come after notices: while ``notices_wait``, none is edited.
    """

    def __init__(
        self,
        client: discord.Client,
        cards: Cards,
        pace: CardPace = CARD_PACE,
        clock: Callable[[], float] = time.time,
        notices_wait: Callable[[], bool] = lambda: False,
        traffic: DiscordTraffic | None = None,
    ) -> None:
        self._client = client
        self._cards = cards
        self._pace = pace
        self._clock = clock
        self._notices_wait = notices_wait
        self._traffic = traffic or DiscordTraffic()
        self._calls = DiscordCalls(pace.longest_edit)
        self._looks: dict[int, str] = {}
        self._under_way: dict[int, asyncio.Task[None]] = {}
        """The edits, by the ids of the cards: none is begun beside one of the same card."""

    async def post(self, card: Card) -> None:
        """Post a new card. Where that fails it is forgotten; raises what discord.py raises."""
        words = words_for(card.place.locale)
        place = card.place
        channel = self._client.get_partial_messageable(place.channel_id, guild_id=place.guild_id)
        try:
            message = await channel.send(
                embed=live_card(card, words, now=self._clock()),
                view=live_view(card, words) or discord.utils.MISSING,
                allowed_mentions=discord.AllowedMentions.none(),
                silent=True,
            )
        except (discord.DiscordException, aiohttp.ClientError, OSError):
            await self._cards.forget(card.id)
            raise
        await self._cards.posted(card, message.id)

    async def round(self) -> float | None:
        """Edit the cards that have something new to show; return when to look again.

        None while Discord takes nothing at all, or too many edits are late.
        """
        now = self._clock()
        pace = self._pace
        if wait := self._traffic.global_wait:
            return now + max(wait, pace.between_rounds)
        if self._notices_wait() or self._calls.full:
            return now + pace.between_rounds
        limit = pace.edits_in_a_round
        cards = await self._cards.due(
            now, least=pace.between_edits, limit=limit + len(self._under_way)
        )
        edits = [self._begin(card) for card in cards if card.id not in self._under_way][:limit]
        if edits:
            done, _ = await asyncio.wait(edits, timeout=pace.longest_edit)
            for edit in done:
                edit.result()  # a fault of ours is the round's
        return now + pace.between_rounds if await self._cards.any() else None

    async def finish(self) -> None:
        """Wait for no edit any more; the calls into discord.py are left alone."""
        edits = list(self._under_way.values())
        for edit in edits:
            edit.cancel()
        await asyncio.gather(*edits, return_exceptions=True)

    def _begin(self, card: Card) -> asyncio.Task[None]:
        edit = asyncio.create_task(self._edit(card))
        self._under_way[card.id] = edit
        edit.add_done_callback(lambda _: self._under_way.pop(card.id))
        return edit

    async def _edit(self, card: Card) -> None:
        words = words_for(card.place.locale)
        embed = live_card(card, words, now=self._clock())
        view = live_view(card, words)
        look = json.dumps([embed.to_dict(), view.to_components() if view else None])
        if look != self._looks.get(card.id):
            try:
                call = self._calls.start(self._message(card).edit(embed=embed, view=view))
                await call.in_time()
                await call.result()  # late, it counts all the same
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                await self._give_up_or_wait(card, error)
                return
        self._looks[card.id] = look
        await self._cards.shown(card)
        if card.over:
            self._looks.pop(card.id, None)

    async def _give_up_or_wait(self, card: Card, error: Exception) -> None:
        if verdict(error).passing:
            await self._cards.failed(card, self._clock())
        else:  # somebody deleted it, or the place is closed: the notices go their own way
            await self._cards.forget(card.id)
            self._looks.pop(card.id, None)

    def _message(self, card: Card) -> discord.PartialMessage:
        place = card.place
        channel = self._client.get_partial_messageable(place.channel_id, guild_id=place.guild_id)
        return channel.get_partial_message(card.message_id or 0)
