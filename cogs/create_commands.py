"""The commands ``/suno create``, ``compose`` and ``write``, and the modals of requests to create.

What was typed is never lost: an answer that refuses it holds it as a file, and opens it again.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import discord
from discord import app_commands

from bot.client import SunoBot
from bot.creation.drafts import Draft, Drafts
from bot.creation.service import CreationService
from bot.i18n.catalog import catalog_for
from bot.i18n.translator import localized
from bot.relay.creation import MAX_DESCRIPTION, MAX_TOPIC, CreationKind, CreationRequest
from bot.relay.models import Clip
from bot.storage.models import (
    CreationOffer,
    CreationRefusal,
    CreationRefusalReason,
    CreationReport,
    TaskKey,
    WatchRefusal,
)
from bot.storage.server_settings import ServerSettingsStore
from bot.ui.creation_actions import version_of
from bot.ui.creation_forms import (
    FormId,
    creation_form,
    decode_form,
    form_of,
    form_values,
    model_options,
    read_form,
    read_seconds,
)
from bot.ui.creation_replies import (
    TIME_PROBLEM,
    creation_reply,
    draft_reply,
    has_typed_text,
    refused_text,
)
from bot.ui.custom_ids import CreationDraftId, CreationModalId, ExtensionModalId
from bot.ui.error_replies import error_text, log_unexpected
from bot.ui.escaping import sanitize
from bot.ui.limits import MAX_CHOICE, MAX_OPTIONS
from bot.ui.persistent_items import persistent_item
from bot.ui.persistent_modals import persistent_modal
from bot.ui.replies import Reply, caller_of, confirm_stored
from bot.ui.suno_cog import Subcommand, SunoCog, subcommand
from bot.watches.task_reader import TaskReader

Interaction = discord.Interaction[SunoBot]
Description = Annotated[str, app_commands.Range[str, 1, MAX_DESCRIPTION]]
Topic = Annotated[str, app_commands.Range[str, 1, MAX_TOPIC]]
Answer = CreationReport | CreationRefusal | WatchRefusal


class CreateCommands(SunoCog):
    """The three commands, their modals, and the button that opens a refused request again."""

    def __init__(
        self,
        bot: SunoBot,
        *,
        creations: CreationService,
        drafts: Drafts,
        task_reader: TaskReader,
        settings: ServerSettingsStore,
    ) -> None:
        super().__init__(
            bot,
            subcommands=[
                self._with_models(subcommand("create", self.create)),
                subcommand("compose", self.compose),
                subcommand("write", self.write),
            ],
            items=[persistent_item(CreationDraftId, self.reopen)],
            modals=[
                persistent_modal(CreationModalId, self.submit),
                persistent_modal(ExtensionModalId, self.submit),
            ],
        )
        self._creations = creations
        self._task_reader = task_reader
        self._settings = settings
        self._drafts = drafts

    @app_commands.rename(
        description=localized("option-description-name"),
        instrumental=localized("option-instrumental-name"),
        model=localized("option-model-name"),
    )
    @app_commands.describe(
        description=localized("option-description"),
        instrumental=localized("option-instrumental"),
        model=localized("option-model"),
    )
    async def create(
        self,
        interaction: Interaction,
        description: Description,
        *,
        instrumental: bool = False,
        model: str = "",
    ) -> None:
        """Create a song from a description."""
        request = CreationRequest(
            CreationKind.DESCRIPTION,
            description=description.strip(),
            instrumental=instrumental,
            model=model.strip(),
        )
        await self.submit(interaction, CreationModalId(request.kind), form_values(request))

    async def compose(self, interaction: Interaction) -> None:
        """Open the modal for a song from lyrics, title and style."""
        await self._open(interaction, CreationModalId(CreationKind.CUSTOM), {})

    @app_commands.rename(topic=localized("option-topic-name"))
    @app_commands.describe(topic=localized("option-topic"))
    async def write(self, interaction: Interaction, topic: Topic) -> None:
        """Create lyrics about a topic."""
        request = CreationRequest(CreationKind.LYRICS, description=topic.strip())
        await self.submit(interaction, CreationModalId(request.kind), form_values(request))

    async def submit(
        self, interaction: Interaction, form_id: FormId, values: Mapping[str, str]
    ) -> None:
        """Create what was entered; if that is refused or fails, say why and keep what was entered.

        Invisible characters are left out: NUL, and halves of emoji that nothing can encode.
        """
        await interaction.response.defer(ephemeral=True, thinking=True)
        catalog = catalog_for(interaction.locale.value)
        values = {name: sanitize(text) for name, text in values.items()}
        try:
            settings = await self._settings.of(interaction.guild_id)
            answer = await self._create(interaction, form_id, values)
        except Exception as error:  # noqa: BLE001 # whatever it is, the text is kept
            log_unexpected(interaction, error)
            text = error_text(error, catalog)
        else:
            if isinstance(answer, CreationReport):
                text = creation_reply(answer, settings, catalog)
                await confirm_stored(interaction, text, answer.creation.id)
                return
            text = refused_text(answer, catalog, form_of(form_id))
        if not has_typed_text(values):
            await Reply(interaction).send(text)
            return
        draft = self._drafts.add(Draft(interaction.user.id, form_id.encode(), values))
        content, file, view = draft_reply(text, draft, values, form_of(form_id), catalog)
        await interaction.edit_original_response(content=content, attachments=[file], view=view)

    async def reopen(self, interaction: Interaction, custom_id: CreationDraftId) -> None:
        """Open a refused request in its modal, as it was entered."""
        draft = self._drafts.get(custom_id.draft, interaction.user.id)
        form_id = decode_form(draft.form) if draft else None
        if draft is None or form_id is None:
            text = catalog_for(interaction.locale.value).text("create-draft-gone")
            await interaction.response.send_message(text, ephemeral=True)
            return
        await self._open(interaction, form_id, draft.values)

    async def _open(
        self, interaction: Interaction, form_id: FormId, values: Mapping[str, str]
    ) -> None:
        """Open a modal, unless its user may not create here."""
        catalog = catalog_for(interaction.locale.value)
        offer = await self._creations.offer(interaction, _account(form_id))
        if isinstance(offer, CreationRefusal):
            text = refused_text(offer, catalog)
            await interaction.response.send_message(text, ephemeral=True)
            return
        modal = creation_form(form_id, values, offer.models, catalog)
        await interaction.response.send_modal(modal)

    async def _create(
        self, interaction: Interaction, form_id: FormId, values: Mapping[str, str]
    ) -> Answer:
        request = read_form(form_id, values)
        if isinstance(form_id, CreationModalId):
            return await self._creations.create(interaction, request)
        invalid = CreationRefusal(CreationRefusalReason.INVALID, problems=(TIME_PROBLEM,))
        offer = await self._creations.offer(interaction, form_id.account)
        if isinstance(offer, CreationRefusal):
            return offer
        clip = await self._clip(interaction, form_id)
        if clip is None:
            return CreationRefusal(CreationRefusalReason.CLIP_UNKNOWN)
        try:
            start = read_seconds(values.get("extend_at", ""))
        except ValueError:
            return invalid
        if start and clip.duration:
            if start > clip.duration + 1:
                return invalid
            start = min(start, clip.duration)  # people see durations without fractions
        request = replace(
            request, extend_task_id=form_id.task_id, extend_clip_id=clip.id, extend_at=start
        )
        return await self._creations.create(interaction, request, account=form_id.account)

    async def _clip(self, interaction: Interaction, form_id: ExtensionModalId) -> Clip | None:
        """Return the version that is extended, ``None`` if it is not known."""
        key = TaskKey(form_id.account, form_id.task_id)
        task = await self._task_reader.read_at(key, caller_of(interaction))
        return version_of(task, form_id.version)

    def _with_models(self, command: Subcommand) -> Subcommand:
        """Suggest the offered models while one is typed."""

        async def suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
            offer = await self._creations.offer(interaction)
            if not isinstance(offer, CreationOffer):
                return []
            wanted = typed.strip().casefold()
            return [
                app_commands.Choice(name=words[:MAX_CHOICE], value=name)
                for name, words in model_options(offer.models)
                if wanted in f"{name} {words}".casefold()
            ][:MAX_OPTIONS]

        command.autocomplete("model")(suggest)
        return command


def _account(form_id: FormId) -> str:
    """Return the account that has to be used, empty if any may be."""
    return form_id.account if isinstance(form_id, ExtensionModalId) else ""


async def setup(bot: SunoBot) -> None:
    """Add the cog; discord.py calls this."""
    services = bot.services
    await bot.add_cog(
        CreateCommands(
            bot,
            creations=services.creations,
            drafts=services.drafts,
            task_reader=services.task_reader,
            settings=services.server_settings,
        )
    )
