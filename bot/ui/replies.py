"""The answer to somebody's command: seen by that person only, in as many messages as it needs."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import discord

from bot.i18n.catalog import Catalog
from bot.relay.errors import RelayError
from bot.storage.errors import WatchError
from bot.storage.models import Caller
from bot.ui.escaping import code_span, truncate
from bot.ui.limits import MAX_CONTENT, whole_lines

MAX_QUOTE = 60
"""Code points of what a person typed that an answer repeats."""


def caller_of(interaction: discord.Interaction[Any]) -> Caller:
    """Return for whom the relay is asked when somebody uses a command or a button."""
    return Caller(interaction.user.id, interaction.guild_id)


class Reply:
    """Fills in the deferred answer first, then goes on in follow-ups."""

    def __init__(self, interaction: discord.Interaction[Any]) -> None:
        self._interaction = interaction
        self._begun = False

    async def send(
        self,
        text: str = "",
        *,
        embeds: Sequence[discord.Embed] = (),
        view: discord.ui.View | None = None,
    ) -> None:
        """Say one more thing, in as many messages as the text needs: the view is under the last."""
        *before, last = _pieces(text)
        for piece in before:
            await self._send(piece, (), None)
        await self._send(last, embeds, view)

    async def _send(
        self, text: str, embeds: Sequence[discord.Embed], view: discord.ui.View | None
    ) -> None:
        if self._begun:
            await self._interaction.followup.send(
                text or discord.utils.MISSING,
                embeds=embeds,
                view=view or discord.utils.MISSING,
                ephemeral=True,
            )
            return
        self._begun = True
        await self._interaction.edit_original_response(
            content=text or None, embeds=embeds, view=view
        )


def _pieces(text: str) -> Iterator[str]:
    """Yield ``text`` in pieces that a message can hold, each of whole lines; at least one."""
    lines = [truncate(line, MAX_CONTENT) for line in text.split("\n")]
    while lines:
        piece = whole_lines(lines, MAX_CONTENT)
        yield "\n".join(piece)
        lines = lines[len(piece) :]


def error_text(error: Exception, catalog: Catalog) -> str:
    """Return what a person is told about an error; never its inner text, unless it is ours."""
    if isinstance(error, RelayError):
        return catalog.text(f"relay-error-{error.kind.value.replace('_', '-')}")
    if isinstance(error, WatchError):
        return catalog.text(error.key, **_shown(error))
    if isinstance(error, discord.app_commands.TransformerError):
        return catalog.text("error-option")
    return catalog.text("error-unexpected")


def _shown(error: WatchError) -> dict[str, str | int]:
    """Return the values of an error, with what a person typed made harmless."""
    return {name: _fit(value) for name, value in error.values.items()}


def _fit(value: str | int | datetime) -> str | int:
    if isinstance(value, datetime):
        return discord.utils.format_dt(value, "R")
    return code_span(value, limit=MAX_QUOTE) if isinstance(value, str) else value
