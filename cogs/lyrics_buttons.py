"""The buttons of the lyrics reader: turn pages, share the reader, send a file."""

import discord

from bot.client import SunoBot
from bot.i18n.catalog import Catalog, catalog_for
from bot.relay.models import Task
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.custom_ids import LyricsButtonId, LyricsMenuId
from bot.ui.lyrics_reader import lyrics_file, lyrics_page, timed_sections
from bot.ui.lyrics_sections import page_of
from bot.ui.persistent_items import persistent_item, selected_values
from bot.ui.replies import Reply, caller_of, post_for_user, refusal_to_post
from bot.ui.suno_cog import SunoCog
from bot.watches.languages import channel_locale
from bot.watches.task_reader import TaskReader

Interaction = discord.Interaction[SunoBot]


class LyricsButtons(SunoCog):
    """Answers the buttons of the lyrics reader."""

    def __init__(
        self, bot: SunoBot, *, task_reader: TaskReader, settings: ServerSettingsStore
    ) -> None:
        items = (
            persistent_item(LyricsButtonId, self.press),
            persistent_item(LyricsMenuId, self.choose_page),
        )
        super().__init__(bot, items=items)
        self._task_reader = task_reader
        self._settings = settings

    async def choose_page(self, interaction: Interaction, custom_id: LyricsMenuId) -> None:
        """Show the page that was chosen in the menu."""
        (page,) = map(page_of, selected_values(interaction))
        await self.press(
            interaction, LyricsButtonId("page", page, custom_id.owner, custom_id.task_id)
        )

    async def press(self, interaction: Interaction, custom_id: LyricsButtonId) -> None:
        """Turn the page, share the reader or send the file."""
        if custom_id.action == "page" and _is_own_reader(interaction, custom_id):
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
        task = await self._task_reader.read(custom_id.task_id, caller_of(interaction))
        if task is None:
            text = catalog_for(interaction.locale.value).text("reader-gone")
            await interaction.followup.send(text, ephemeral=True)
            return
        settings = await self._settings.of(interaction.guild_id)
        public = catalog_for(channel_locale(interaction, settings))
        actions = {"page": _turn_page, "share": _share, "file": _send_file}
        await actions[custom_id.action](interaction, custom_id, task, public)


def _is_own_reader(interaction: Interaction, custom_id: LyricsButtonId) -> bool:
    """Whether the reader is private, or was shared by the user of the button."""
    return custom_id.owner in (0, interaction.user.id)


def _timed_sections(interaction: Interaction) -> list[discord.SelectOption]:
    """Return the sections and their times in the menu of the reader that was used."""
    return timed_sections(interaction.message) if interaction.message else []


async def _turn_page(
    interaction: Interaction, custom_id: LyricsButtonId, task: Task, public: Catalog
) -> None:
    """Show another page: in this message, or in a new private reader for anybody but the owner."""
    owner = custom_id.owner if _is_own_reader(interaction, custom_id) else 0
    catalog = public if owner else catalog_for(interaction.locale.value)
    sections = _timed_sections(interaction)
    page = lyrics_page(task, custom_id.page, catalog, owner=owner, sections=sections)
    await interaction.edit_original_response(embed=page.embed, view=page.view)


async def _share(
    interaction: Interaction, custom_id: LyricsButtonId, task: Task, public: Catalog
) -> None:
    """Post the reader to the channel, with the name of the user."""
    catalog = catalog_for(interaction.locale.value)
    if refusal := refusal_to_post(interaction, catalog):
        await Reply(interaction).send(refusal)
        return
    sections = _timed_sections(interaction)
    owner = interaction.user.id
    page = lyrics_page(task, custom_id.page, public, owner=owner, sections=sections)
    shared = catalog.text("reader-shared")
    await post_for_user(interaction, public, [page.embed], page.view, shared)


async def _send_file(
    interaction: Interaction, _: LyricsButtonId, task: Task, _public: Catalog
) -> None:
    """Send the lyrics as a file in an ephemeral message."""
    file = lyrics_file(task, catalog_for(interaction.locale.value))
    await interaction.edit_original_response(attachments=[file])


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        LyricsButtons(bot, task_reader=services.task_reader, settings=services.server_settings)
    )
