"""The look of ``/suno forget``: what will be deleted, what stays, and the two buttons."""

import discord

from bot.i18n import Words
from bot.storage.erasure import Holdings
from bot.ui.components import StatelessView

CONFIRM = r"forget:(?P<action>delete|keep):(?P<owner>[0-9]{1,20})"
"""The custom id of a button under the question."""


def question(holdings: Holdings, words: Words) -> str:
    """Return what is asked before everything about a person is deleted."""
    counts = {
        "running": holdings.running,
        "ended": holdings.ended,
        "unposted": holdings.unposted,
        "history": holdings.history,
    }
    kept = [f"• {words.say(f'forget-{key}', count=n)}" for key, n in counts.items() if n]
    return "\n".join([words.say("forget-question"), *kept, "", words.say("forget-stays")])


def question_view(owner: int, words: Words) -> discord.ui.View:
    """Return the buttons under the question."""
    view = StatelessView()
    for action, style in (
        ("delete", discord.ButtonStyle.danger),
        ("keep", discord.ButtonStyle.secondary),
    ):
        label = words.say(f"forget-button-{action}")
        custom_id = f"forget:{action}:{owner}"
        view.add_item(discord.ui.Button(label=label, style=style, custom_id=custom_id))
    return view
