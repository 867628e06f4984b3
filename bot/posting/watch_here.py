"""Watch tasks where an interaction came from, and say what became of that."""

from collections.abc import Sequence
from typing import Any

import discord

from bot.posting.escaping import code
from bot.posting.held import needed_to_post
from bot.posting.replies import explain
from bot.watching.records import Place
from bot.watching.watchlist import Added, Watchlist, WatchResult
from bot.words import Words, words_for

_TEXTS = {
    Added.WATCHING: "watch-watching",
    Added.ALREADY: "watch-already",
    Added.FINISHED: "watch-finished",
    Added.UNKNOWN: "watch-unknown",
    Added.UNCHECKED: "watch-unchecked",
}


async def watch_here(
    interaction: discord.Interaction[Any], watchlist: Watchlist, ids: Sequence[str]
) -> str:
    """Watch tasks for a person in the channel of the interaction; return what to answer.

    Where the bot may not post, nothing is watched, and the answer names what is missing.
    """
    words = words_for(interaction.locale.value)
    if missing := _missing_permissions(interaction):
        names = ", ".join(words.say(f"permission-{name}") for name in missing)
        return words.say("watch-no-permission", permissions=names)
    results = await watchlist.add(ids, user_id=interaction.user.id, place=_place(interaction))
    return "\n".join(_say(result, words) for result in results)


def _place(interaction: discord.Interaction[Any]) -> Place:
    """Return where the interaction came from, with the language that is spoken there."""
    locale = interaction.guild_locale or interaction.locale
    assert interaction.channel_id is not None  # noqa: S101 - every command and button has one
    return Place(interaction.channel_id, interaction.guild_id, locale.value)


def _missing_permissions(interaction: discord.Interaction[Any]) -> list[str]:
    """Return what the bot lacks to post there, as keys of the permissions' names."""
    if interaction.guild_id is None:
        return []
    in_thread = isinstance(interaction.channel, discord.Thread)
    needed = needed_to_post(interaction.app_permissions, in_thread=in_thread)
    return [name for name, has in needed.items() if not has]


def _say(result: WatchResult, words: Words) -> str:
    if result.error:
        return explain(result.error, words)
    return words.say(_TEXTS[result.added], id=code(result.task.id))
