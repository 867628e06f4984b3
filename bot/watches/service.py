"""Where people ask to be told: look whether that can work, watch, open a card, say what became."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import discord
from discord.utils import format_dt

from bot.delivery.discord_errors import is_recipient_unreachable, short_reason
from bot.i18n.catalog import Catalog, catalog_for
from bot.relay.errors import ErrorKind
from bot.storage.errors import TooManyMessages
from bot.storage.live_cards import LiveCards
from bot.storage.models import Destination, LiveCard, MentionSetting, ServerSettings
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.escaping import code_span
from bot.ui.permissions import is_guest, posting_permissions
from bot.ui.replies import error_text
from bot.watches.private_watches import DirectMessageWatches, say_refusal
from bot.watches.watchlist import Watchlist, WatchOutcome, WatchResult

log = logging.getLogger(__name__)

_TEXTS = {
    WatchOutcome.WATCHING: "watch-watching",
    WatchOutcome.ALREADY: "watch-already",
    WatchOutcome.FINISHED: "watch-finished",
    WatchOutcome.POSTED: "watch-posted",
    WatchOutcome.ON_ITS_WAY: "watch-on-its-way",
    WatchOutcome.HELD: "watch-held",
    WatchOutcome.UNKNOWN: "watch-unknown",
}
_UNSENT = {False: "watch-finished-unsent", True: "watch-failed-unsent"}
_FAILED = {
    WatchOutcome.FINISHED: "watch-failed",
    WatchOutcome.POSTED: "watch-failed-posted",
    WatchOutcome.ON_ITS_WAY: "watch-failed-on-its-way",
    WatchOutcome.HELD: "watch-failed-held",
}
_RUNNING = {WatchOutcome.WATCHING, WatchOutcome.ALREADY, WatchOutcome.UNCHECKED}
_TOLD_THERE = {*_RUNNING, WatchOutcome.FINISHED, WatchOutcome.ON_ITS_WAY, WatchOutcome.HELD}
"""What is, or will be, told in the place that was chosen."""
_NOT_WATCHED = {WatchOutcome.UNKNOWN, WatchOutcome.REFUSED}
"""What was typed is no task then, as far as is known, so that the log does not name it."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How somebody wants to be told; by default where they ask, by a mention."""

    channel: discord.abc.GuildChannel | discord.Thread | None = None
    mention: bool = True
    private: bool = False
    here: bool = False
    """Whether it has to be where the interaction came from, whatever the server's own channel."""
    appointed: bool = False
    """Whether the channel is the server's choice, so that the person need not be able to post."""


ORDINARY = WatchOptions()
HERE = WatchOptions(here=True)


class WatchService:
    """Takes wishes to watch, from commands and from buttons."""

    def __init__(
        self,
        watchlist: Watchlist,
        cards: LiveCards,
        private: DirectMessageWatches,
        settings: ServerSettingsStore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._watchlist = watchlist
        self._cards = cards
        self._private = private
        self._settings = settings
        self._clock = clock

    async def watch(
        self,
        interaction: discord.Interaction[Any],
        ids: Sequence[str],
        wish: WatchOptions = ORDINARY,
    ) -> str:
        """Watch tasks for the person of an interaction; return what to answer.

        Where the bot may not post, nothing is watched, and the answer names what is missing.
        """
        catalog = catalog_for(interaction.locale.value)
        settings = await self._settings.of(interaction.guild_id)
        if rule := _rule_against(interaction, settings, catalog):
            return rule
        wish = _with_default(wish, settings, interaction)
        if refusal := _refusal(interaction, wish, catalog):
            return refusal
        try:
            destination = await self._place(interaction, wish, settings)
        except discord.Forbidden as error:
            if not is_recipient_unreachable(error):
                raise
            return say_refusal(short_reason(error), catalog)
        results = await self._watchlist.add(
            ids,
            user_id=interaction.user.id,
            destination=destination,
            asked_in=interaction.guild_id,
            mention=wish.mention and (wish.private or settings.mention is MentionSetting.WATCHERS),
            member_limit=None if _manages(interaction) else settings.watches_of_a_person,
        )
        for result in results:
            if result.added not in _NOT_WATCHED:
                how = ", outcome=failure" if result.failed else ""
                log.info(
                    "Task %s for channel %s: %s%s",
                    *(result.task.id, destination.channel_id, result.added, how),
                )
        card, limited = await self._open_card(
            interaction, destination, results, claimed=wish.private
        )
        if wish.private and (
            refusal := await self._no_message(interaction, destination, card, results)
        ):
            return refusal
        elsewhere = destination.channel_id != interaction.channel_id
        where = f"<#{destination.channel_id}>" if elsewhere and not wish.private else ""
        said = [_say(result, destination, where, catalog) for result in results]
        if limited:
            said.append(catalog.text("watch-no-card", time=format_dt(limited.until, "R")))
        return "\n".join(dict.fromkeys(said))  # a limit is told once, whatever it refused

    async def _open_card(
        self,
        interaction: discord.Interaction[Any],
        destination: Destination,
        results: Sequence[WatchResult],
        *,
        claimed: bool,
    ) -> tuple[LiveCard | None, TooManyMessages | None]:
        """Open a card for what runs, or return the limit that it meets.

        It is posted later, unless whoever wants it has claimed it.
        """
        running = _ids(results, _RUNNING)
        if not running:
            return None, None
        now, user_id = self._clock(), interaction.user.id
        try:
            card = await self._cards.create(
                destination, running, now, user_id=user_id, claimed=claimed
            )
        except TooManyMessages as limited:
            return None, limited
        return card, None

    async def _no_message(
        self,
        interaction: discord.Interaction[Any],
        destination: Destination,
        card: LiveCard | None,
        results: Sequence[WatchResult],
    ) -> str | None:
        """Return what to say where no direct message arrives: what was added is taken back then."""
        finished = [
            each
            for each in results
            if each.added in (WatchOutcome.FINISHED, WatchOutcome.ON_ITS_WAY)
        ]
        reason = await self._private.refusal(destination, card, [each.task.id for each in finished])
        if reason is None:
            return None
        await self._watchlist.remove(
            _ids(results, {WatchOutcome.WATCHING, WatchOutcome.UNCHECKED}),
            user_id=interaction.user.id,
            channel_id=destination.channel_id,
        )
        catalog = catalog_for(interaction.locale.value)
        shown = (
            catalog.text(
                f"watch-{'failed' if each.failed else 'finished'}-unsent",
                id=code_span(each.task.id),
            )
            for each in finished
        )
        return "\n".join([say_refusal(reason, catalog), *shown])

    async def _place(
        self, interaction: discord.Interaction[Any], wish: WatchOptions, settings: ServerSettings
    ) -> Destination:
        """Return where to tell the person, with the language that is spoken there."""
        if wish.private:
            direct = await interaction.client.create_dm(interaction.user)
            return Destination(direct.id, None, interaction.locale.value)
        locale = settings.language or (interaction.guild_locale or interaction.locale).value
        if wish.channel:
            return Destination(wish.channel.id, wish.channel.guild.id, locale)
        assert interaction.channel_id is not None  # noqa: S101 # commands and buttons have one
        return Destination(interaction.channel_id, interaction.guild_id, locale)


def _manages(interaction: discord.Interaction[Any]) -> bool:
    """Whether the person makes the rules of the server, and is above them."""
    return interaction.guild_id is not None and interaction.permissions.manage_guild


def _rule_against(
    interaction: discord.Interaction[Any], settings: ServerSettings, catalog: Catalog
) -> str | None:
    """Return why the person may not watch in the server at all, ``None`` where they may."""
    if interaction.guild_id is None or _manages(interaction):
        return None
    user = interaction.user
    roles = {role.id for role in user.roles} if isinstance(user, discord.Member) else set()
    if settings.roles and roles.isdisjoint(settings.roles):
        names = catalog.listed(f"<@&{role}>" for role in settings.roles)
        return catalog.text("watch-role-missing", roles=names)
    return None


def _with_default(
    wish: WatchOptions, settings: ServerSettings, interaction: discord.Interaction[Any]
) -> WatchOptions:
    """Return the wish with the server's own channel, where it names none and that one is there."""
    if (
        wish.private
        or wish.here
        or wish.channel
        or not settings.channel_id
        or interaction.guild is None
    ):
        return wish
    channel = interaction.guild.get_channel_or_thread(settings.channel_id)
    return replace(wish, channel=channel, appointed=channel is not None)


def _refusal(
    interaction: discord.Interaction[Any], wish: WatchOptions, catalog: Catalog
) -> str | None:
    """Return why it cannot work, as far as that is known before anything is tried."""
    if wish.private:
        return None
    if is_guest(interaction):
        return catalog.text("watch-only-for-you")
    if interaction.guild_id is None and not wish.channel:
        return None
    channel: Any = wish.channel or interaction.channel
    if wish.channel:
        if not wish.appointed and (key := _not_yours(interaction, wish.channel)):
            return catalog.text(key, channel=f"<#{channel.id}>")
        granted = channel.permissions_for(channel.guild.me)
    else:
        granted = interaction.app_permissions
    needed = posting_permissions(granted, in_thread=isinstance(channel, discord.Thread))
    missing = [name for name, has in needed.items() if not has]
    if not missing:
        return None
    names = catalog.listed(catalog.text(f"permission-{name}") for name in missing)
    return catalog.text("watch-no-permission", permissions=names)


def _not_yours(
    interaction: discord.Interaction[Any], channel: discord.abc.GuildChannel | discord.Thread
) -> str | None:
    """Return the key of what to say where the person may not have something posted, if so.

    Discord does not tell the bot who is in a private thread, and a mention lets a person in: only
    who asks there, or manages the threads, is sure to be.
    """
    assert isinstance(interaction.user, discord.Member)  # noqa: S101 # channels are a server's
    own = channel.permissions_for(interaction.user)
    in_thread = isinstance(channel, discord.Thread)
    if not all(posting_permissions(own, in_thread=in_thread).values()):
        return "watch-not-yours"
    private = isinstance(channel, discord.Thread) and channel.is_private()
    if private and channel.id != interaction.channel_id and not own.manage_threads:
        return "watch-private-thread"
    return None


def _ids(results: Sequence[WatchResult], wanted: Collection[WatchOutcome]) -> list[str]:
    return [result.task.id for result in results if result.added in wanted]


def _say(result: WatchResult, destination: Destination, where: str, catalog: Catalog) -> str:
    if result.error:
        return error_text(result.error, catalog)
    link = f"https://discord.com/channels/{destination.guild_id or '@me'}/{destination.channel_id}"
    text = catalog.text(
        _key(result), id=code_span(result.task.id), link=f"{link}/{result.message_id}"
    )
    if where and result.added in _TOLD_THERE:
        return catalog.text("watch-elsewhere", text=text, place=where)
    return text


def _key(result: WatchResult) -> str:
    """Return the key of what is said of a wish that met no limit."""
    if result.added is WatchOutcome.UNCHECKED:
        return _unchecked(result)
    if result.failed and result.added in _FAILED:
        return _FAILED[result.added]
    return _TEXTS[result.added]


def _unchecked(result: WatchResult) -> str:
    """Return the key of what is said of a watch of which nothing is known yet."""
    if result.trouble is None:
        return "watch-unseen"
    wrong = result.trouble.kind is ErrorKind.NOT_FOUND
    return "watch-unreachable" if wrong else "watch-unchecked"
