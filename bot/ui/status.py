"""The answer to how a task is doing: its card, and what can be done about it."""

from dataclasses import dataclass

import discord

from bot.i18n import Words
from bot.relay.models import Task
from bot.storage.durations import Typical
from bot.ui.songs import link_buttons
from bot.ui.status_card import status_card
from bot.ui.views import status_view


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
