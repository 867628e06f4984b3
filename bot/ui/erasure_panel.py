"""Renders ``/suno forget``: what will be deleted, what stays, and the two buttons."""

import discord

from bot.i18n.catalog import Catalog
from bot.storage.models import PersonalData
from bot.ui.custom_ids import ErasureButtonId
from bot.ui.views import StatelessView


def erasure_question(personal_data: PersonalData, catalog: Catalog) -> str:
    """Return the question before everything stored about a person is deleted."""
    counts = {
        "running": personal_data.running,
        "ended": personal_data.ended,
        "unposted": personal_data.unposted,
        "history": personal_data.history,
    }
    kept = [f"• {catalog.text(f'forget-{key}', count=n)}" for key, n in counts.items() if n]
    return "\n".join([catalog.text("forget-question"), *kept, "", catalog.text("forget-stays")])


def erasure_view(owner: int, catalog: Catalog) -> discord.ui.View:
    """Return the buttons under the question."""
    view = StatelessView()
    for action, style in (
        ("delete", discord.ButtonStyle.danger),
        ("keep", discord.ButtonStyle.secondary),
    ):
        label = catalog.text(f"forget-button-{action}")
        custom_id = ErasureButtonId(action, owner).encode()
        view.add_item(discord.ui.Button(label=label, style=style, custom_id=custom_id))
    return view
