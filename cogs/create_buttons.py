"""The buttons about creating more: under notices, and in the private menu of a song."""

import asyncio
from collections.abc import Mapping

import discord

from bot.client import SunoBot
from bot.creation.clip_actions import ClipActionService
from bot.creation.service import CreationService
from bot.i18n.catalog import catalog_for
from bot.relay.creation import CreationKind, CreationRequest
from bot.relay.models import Clip, Task
from bot.relay.providers import CHARGED_FILES, Capability
from bot.storage.errors import AnswerTooSlow
from bot.storage.models import (
    CreationOffer,
    CreationRefusal,
    CreationRefusalReason,
    CreationReport,
    QuotaUse,
    TaskKey,
)
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.clip_files import FileReply, stems_reply, timing_reply, wav_reply
from bot.ui.creation_actions import song_menu, version_name, version_of
from bot.ui.creation_forms import (
    FormId,
    creation_form,
    extension_of,
    form_values,
    song_as_shown,
    song_of_lyrics,
)
from bot.ui.creation_replies import creation_reply, quota_lines, refused_text
from bot.ui.custom_ids import (
    CreationButtonId,
    CreationModalId,
    ExtensionModalId,
    VersionButtonId,
)
from bot.ui.persistent_items import persistent_item
from bot.ui.replies import Reply, caller_of, confirm_stored
from bot.ui.suno_cog import SunoCog
from bot.watches.task_reader import TaskReader

Interaction = discord.Interaction[SunoBot]

READ_TIMEOUT = 1.5
"""Seconds until a modal is given up for which a relay has to be asked; Discord waits three."""


class CreateButtons(SunoCog):
    """Answers the buttons *More…*, *Try again*, *Edit*, *Make a song*, and those of a version."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        creations: CreationService,
        clip_actions: ClipActionService,
        task_reader: TaskReader,
        settings: ServerSettingsStore,
    ) -> None:
        super().__init__(
            bot,
            items=[
                persistent_item(CreationButtonId, self.press),
                persistent_item(VersionButtonId, self.press_version),
            ],
        )
        self._creations = creations
        self._clip_actions = clip_actions
        self._task_reader = task_reader
        self._settings = settings

    async def press(self, interaction: Interaction, custom_id: CreationButtonId) -> None:
        """Open the menu of a song, repeat a request, or open a modal for another one."""
        key = TaskKey(custom_id.account, custom_id.task_id)
        actions = {
            "more": self._show_menu,
            "again": self._repeat,
            "edit": self._edit,
            "song": self._make_song,
        }
        await actions[custom_id.action](interaction, key)

    async def press_version(self, interaction: Interaction, custom_id: VersionButtonId) -> None:
        """Open the modal that extends a version, or send one of its files."""
        key = TaskKey(custom_id.account, custom_id.task_id)
        if custom_id.action == "extend":
            await self._extend(interaction, key, custom_id.version)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        task = await self._task_reader.read_shown(key, caller_of(interaction))
        clip = version_of(task, custom_id.version)
        if task is None or clip is None:
            await self._refuse(interaction, CreationRefusal(CreationRefusalReason.CLIP_UNKNOWN))
            return
        reply = await self._file(interaction, custom_id, clip, task)
        if isinstance(reply, CreationRefusal):
            await self._refuse(interaction, reply)
            return
        files = [reply.file] if reply.file else []
        await interaction.edit_original_response(
            content=reply.content or None, embed=reply.embed, attachments=files, view=reply.view
        )

    async def _file(
        self, interaction: Interaction, custom_id: VersionButtonId, clip: Clip, task: Task
    ) -> FileReply | CreationRefusal:
        """Return the answer with what was asked for of a version."""
        key = TaskKey(custom_id.account, custom_id.task_id)
        catalog = catalog_for(interaction.locale.value)
        version = version_name(task, custom_id.version, catalog)
        if custom_id.action == "wav":
            link = await self._clip_actions.wav(interaction, key, clip.id)
            return link if isinstance(link, CreationRefusal) else wav_reply(link, version, catalog)
        if custom_id.action == "stems":
            stems = await self._clip_actions.stems(interaction, key, clip.id)
            if isinstance(stems, CreationRefusal):
                return stems
            return stems_reply(stems, version, catalog)
        lyrics = await self._clip_actions.timing(interaction, key, clip.id)
        if isinstance(lyrics, CreationRefusal):
            return lyrics
        return timing_reply(lyrics, task, custom_id.version, catalog)

    async def _show_menu(self, interaction: Interaction, key: TaskKey) -> None:
        """Show what can be made of a song, to whoever pressed the button alone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        offer = await self._creations.offer(interaction, key.account)
        capabilities = frozenset(Capability)
        if _is_of_other_account(offer):  # a song like this one can still be made
            offer = await self._creations.offer(interaction)
            capabilities = frozenset({Capability.MUSIC})
        if isinstance(offer, CreationRefusal):
            await self._refuse(interaction, offer)
            return
        catalog = catalog_for(interaction.locale.value)
        task = await self._task_reader.read_shown(key, caller_of(interaction))
        if task is None:
            await Reply(interaction).send(catalog.text("create-menu-gone"))
            return
        text, view = song_menu(
            key.account,
            task,
            offer.capabilities & capabilities,
            catalog,
            can_repeat=await self._creations.can_repeat(key),
        )
        settings = await self._settings.of(interaction.guild_id)
        lines = [text, *quota_lines(offer.quota, settings, offer.price, catalog)]
        if (
            offer.quota != QuotaUse(None, None)
            and offer.capabilities & capabilities & CHARGED_FILES
        ):
            lines.append(f"-# {catalog.text('create-files-count')}")
        await Reply(interaction).send("\n".join(lines), view=view)

    async def _repeat(self, interaction: Interaction, key: TaskKey) -> None:
        """Make the request of a task once more, for whoever pressed the button."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        settings = await self._settings.of(interaction.guild_id)
        answer = await self._creations.again(interaction, key)
        catalog = catalog_for(interaction.locale.value)
        if isinstance(answer, CreationReport):
            text = creation_reply(answer, settings, catalog)
            await confirm_stored(interaction, text, answer.creation.id)
        else:
            await Reply(interaction).send(refused_text(answer, catalog))

    async def _edit(self, interaction: Interaction, key: TaskKey) -> None:
        """Open a modal with the request of a task; for others, with what everybody sees of it."""
        request = await self._creations.stored_request(key, interaction.user.id)
        if request is None:
            task = await self._read(interaction, key)
            if task is None or not task.clips:
                text = catalog_for(interaction.locale.value).text("create-not-yours")
                await interaction.response.send_message(text, ephemeral=True)
                return
            request = song_as_shown(task)
        form_id = await self._form_of(interaction, key, request)
        if form_id is None:
            await self._refuse(interaction, CreationRefusal(CreationRefusalReason.CLIP_UNKNOWN))
            return
        await self._open(interaction, form_id, form_values(request))

    async def _make_song(self, interaction: Interaction, key: TaskKey) -> None:
        """Open a modal with the lyrics of a task."""
        task = await self._read(interaction, key)
        if task is None:
            text = catalog_for(interaction.locale.value).text("reader-gone")
            await interaction.response.send_message(text, ephemeral=True)
            return
        values = form_values(song_of_lyrics(task))
        await self._open(interaction, CreationModalId(CreationKind.CUSTOM), values)

    async def _extend(self, interaction: Interaction, key: TaskKey, number: int) -> None:
        """Open a modal for the continuation of a version."""
        clip = version_of(await self._read(interaction, key), number)
        if clip is None:
            await self._refuse(interaction, CreationRefusal(CreationRefusalReason.CLIP_UNKNOWN))
            return
        request = await self._creations.stored_request(key, interaction.user.id)
        form_id = ExtensionModalId(number, key.account, key.task_id)
        await self._open(interaction, form_id, form_values(extension_of(clip, request)))

    async def _form_of(
        self, interaction: Interaction, key: TaskKey, request: CreationRequest
    ) -> FormId | None:
        """Return the modal of a request; ``None`` if the version that it extends is not known."""
        if request.kind is not CreationKind.EXTENSION:
            return CreationModalId(request.kind)
        source = TaskKey(key.account, request.extend_task_id)
        task = await self._read(interaction, source)
        for number, clip in enumerate(task.clips if task else (), 1):
            if clip.id == request.extend_clip_id:
                return ExtensionModalId(number, source.account, source.task_id)
        return None

    async def _read(self, interaction: Interaction, key: TaskKey) -> Task | None:
        """Return a task for a modal, which has to be opened soon; ``None`` if it is not found.

        Raises ``AnswerTooSlow`` where nothing says so in time.
        """
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                return await self._task_reader.read_shown(key, caller_of(interaction))
        except TimeoutError:
            raise AnswerTooSlow from None

    async def _open(
        self, interaction: Interaction, form_id: FormId, values: Mapping[str, str]
    ) -> None:
        """Open a modal, unless its user may not create here."""
        account = form_id.account if isinstance(form_id, ExtensionModalId) else ""
        offer = await self._creations.offer(interaction, account)
        if isinstance(offer, CreationRefusal):
            await self._refuse(interaction, offer)
            return
        catalog = catalog_for(interaction.locale.value)
        await interaction.response.send_modal(creation_form(form_id, values, offer.models, catalog))

    async def _refuse(self, interaction: Interaction, refusal: CreationRefusal) -> None:
        """Say why something is not done."""
        text = refused_text(refusal, catalog_for(interaction.locale.value))
        if interaction.response.is_done():
            await Reply(interaction).send(text)
        else:
            await interaction.response.send_message(text, ephemeral=True)


def _is_of_other_account(offer: CreationOffer | CreationRefusal) -> bool:
    return (
        isinstance(offer, CreationRefusal) and offer.reason is CreationRefusalReason.OTHER_ACCOUNT
    )


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        CreateButtons(
            bot,
            creations=services.creations,
            clip_actions=services.clip_actions,
            task_reader=services.task_reader,
            settings=services.server_settings,
        )
    )
