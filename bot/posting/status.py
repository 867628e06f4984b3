"""The answer to how a task is doing: its card, and what can be done about it."""

from dataclasses import dataclass

import discord

from bot.posting.cards import status_card
from bot.posting.songs import link_buttons
from bot.posting.views import status_view
from bot.suno.tasks import Task
from bot.watching.durations import Typical
from bot.words import Words


@dataclass(frozen=True, slots=True)
class Status:
    """A card and its buttons, as a message takes them."""

    embeds: list[discord.Embed]
    view: discord.ui.View | None


def status_of(task: Task, words: Words, *, now: float, typical: Typical | None = None) -> Status:
    """Return how ``task`` is doing at ``now`` (Unix seconds); ``typical`` as for the card."""
    return Status(
        embeds=status_card(task, words, now=now, typical=typical),
        view=status_view(task, link_buttons(task, words), words),
    )
