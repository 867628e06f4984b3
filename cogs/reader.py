"""Someone turns a page of lyrics, shares them, or wants them as a file."""

import discord
from discord.ext import commands

from bot.client import SunoBot
from bot.i18n.catalog import catalog_for
from bot.relay.models import Task
from bot.ui.components import PersistentItem
from bot.ui.lyrics_reader import TEMPLATE, lyrics_file, lyrics_page, reader_custom_id
from bot.ui.replies import Reply, caller_of

Interaction = discord.Interaction[SunoBot]


class ReaderButton(
    PersistentItem,
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=TEMPLATE,
):
    """A button under lyrics. All it knows stands in its custom id, so it outlives a restart."""

    def __init__(self, action: str, page: str, owner: str, task: str) -> None:
        custom_id = reader_custom_id(action, int(page), int(owner), task)
        super().__init__(discord.ui.Button(custom_id=custom_id))
        self.action = action
        self.page = int(page)
        self.owner = int(owner)
        self.task_id = task

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]  # our client
        """Do what the button says, for the person who pressed it."""
        if self.action == "page" and self.owner in (0, interaction.user.id):
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
        catalog = catalog_for(interaction.locale.value)
        watchlist = interaction.client.services.watchlist
        task = await watchlist.read(self.task_id, caller_of(interaction))
        if task is None:
            await interaction.followup.send(catalog.text("reader-gone"), ephemeral=True)
            return
        actions = {"page": self._turn, "share": self._share, "file": self._hand_out}
        await actions[self.action](interaction, task)

    async def _turn(self, interaction: Interaction, task: Task) -> None:
        """Turn the page: of this message, or in a reader of one's own."""
        own = self.owner in (0, interaction.user.id)
        locale = (interaction.guild_locale if self.owner and own else None) or interaction.locale
        catalog = catalog_for(locale.value)
        page = lyrics_page(task, self.page, catalog, owner=self.owner if own else 0)
        await interaction.edit_original_response(embed=page.embed, view=page.view)

    async def _share(self, interaction: Interaction, task: Task) -> None:
        """Post the reader to the channel, for the person who asked and in their name."""
        catalog = catalog_for(interaction.locale.value)
        if not _may_post(interaction.permissions, interaction):
            await Reply(interaction).send(catalog.text("reader-may-not-share"))
            return
        if not _may_post(interaction.app_permissions, interaction):
            await Reply(interaction).send(catalog.text("reader-cannot-share"))
            return
        public = catalog_for((interaction.guild_locale or interaction.locale).value)
        page = lyrics_page(task, self.page, public, owner=interaction.user.id)
        await Reply(interaction).send(catalog.text("reader-shared"))
        await interaction.followup.send(
            public.text("reader-shared-by", user=interaction.user.mention),
            embed=page.embed,
            view=page.view or discord.utils.MISSING,
            allowed_mentions=discord.AllowedMentions.none(),
        )

    async def _hand_out(self, interaction: Interaction, task: Task) -> None:
        """Give the lyrics as a file, to that person alone."""
        file = lyrics_file(task, catalog_for(interaction.locale.value))
        await interaction.edit_original_response(attachments=[file])


def _may_post(granted: discord.Permissions, interaction: Interaction) -> bool:
    if interaction.guild_id is None:
        return True
    if isinstance(interaction.channel, discord.Thread):
        return granted.send_messages_in_threads
    return granted.send_messages


class Reader(commands.Cog):
    """Makes the reader's buttons known, also those of earlier runs."""

    def __init__(self, bot: SunoBot) -> None:
        self._bot = bot

    async def cog_load(self) -> None:
        """Register the buttons."""
        self._bot.add_dynamic_items(ReaderButton)

    async def cog_unload(self) -> None:
        """Forget them again."""
        self._bot.remove_dynamic_items(ReaderButton)


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    await bot.add_cog(Reader(bot))
