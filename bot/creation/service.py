"""Handles requests to create songs and lyrics: checks the rules, stores the request with its watch.

Nothing is sent to a relay here: the submitter does that once the request is on disk.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import discord

from bot.creation.offers import CreationOffers, Permit
from bot.relay.creation import (
    CreationRequest,
    FieldProblem,
    ProblemKind,
    find_problems,
)
from bot.relay.models import TaskKind
from bot.relay.providers import RelayModel
from bot.storage.creation_rows import is_guessable_id
from bot.storage.creations import CreationStore
from bot.storage.history import History
from bot.storage.models import (
    Creation,
    CreationOffer,
    CreationRefusal,
    CreationRefusalReason,
    CreationReport,
    LiveCard,
    NewCreation,
    TaskKey,
    WatchRefusal,
)
from bot.storage.server_settings import ServerSettingsStore
from bot.watches.destinations import (
    DEFAULT_OPTIONS,
    HERE,
    Placement,
    WatchOptions,
    place,
    places_of,
    private_for_guests,
)
from bot.watches.recipient_check import REPLY_TIMEOUT, RecipientCheck

log = logging.getLogger(__name__)

MAX_MODEL_NAME = 80
"""Characters of the name of a model, as many as in the operator's file of profiles."""
RECIPIENT_CHECK_TIMEOUT = 2 * REPLY_TIMEOUT
"""Seconds after which a request is sent although nobody has said that direct messages arrive."""


class CreationService:
    """Handles requests to create, of commands and of buttons."""

    def __init__(
        self,
        offers: CreationOffers,
        store: CreationStore,
        recipient_check: RecipientCheck,
        settings: ServerSettingsStore,
        history: History,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._offers = offers
        self._store = store
        self._recipient_check = recipient_check
        self._settings = settings
        self._history = history
        self._clock = clock

    async def offer(
        self, interaction: discord.Interaction[Any], account: str = ""
    ) -> CreationOffer | CreationRefusal:
        """Return what the user of an interaction may create here, or why they may not.

        ``account``: that of the song which is continued; empty: whichever creates here.
        """
        settings = await self._settings.of(interaction.guild_id)
        permit = await self._offers.permit(interaction, settings, account)
        if isinstance(permit, CreationRefusal):
            return permit
        return await self._offers.describe(permit)

    async def create(
        self,
        interaction: discord.Interaction[Any],
        request: CreationRequest,
        options: WatchOptions = DEFAULT_OPTIONS,
        *,
        account: str = "",
        repeated: Creation | None = None,
    ) -> CreationReport | CreationRefusal | WatchRefusal:
        """Store a request, and watch what it creates; return what to tell its user.

        A request without a model gets the default. ``account`` as for ``offer``. ``repeated`` is
        the request that it repeats. Raises the ``WatchError`` of a quota or limit that is reached,
        or ``AlreadyRepeated``; then nothing is stored.
        """
        settings = await self._settings.of(interaction.guild_id)
        permit = await self._offers.permit(interaction, settings, account)
        if isinstance(permit, CreationRefusal):
            return permit
        request = _with_model(request, permit)
        if problems := _problems(request, permit):
            return CreationRefusal(CreationRefusalReason.INVALID, problems=problems)
        options = private_for_guests(interaction, replace(options, authored=True))
        placement = await place(interaction, options, settings)
        if isinstance(placement, WatchRefusal):
            return placement
        return await self._store_request(request, permit, placement, repeated)

    async def again(
        self, interaction: discord.Interaction[Any], key: TaskKey
    ) -> CreationReport | CreationRefusal | WatchRefusal:
        """Make the request of a task once more, by today's rules, for whoever asks now.

        Raises as ``create`` does, and ``RequestForgotten`` if it is deleted meanwhile.
        """
        stored = await self._store.of_task(key)
        is_here = not is_guessable_id(key.task_id) or await self._store.is_told_in(
            places_of(interaction), key
        )
        if stored is None or not is_here:  # numbers of another database are given again
            return CreationRefusal(CreationRefusalReason.REQUEST_UNKNOWN)
        account = key.account if stored.request.extend_clip_id else ""
        return await self.create(
            interaction, stored.request, HERE, account=account, repeated=stored
        )

    async def switch_off(self, guild_id: int) -> None:
        """Let nobody create in a server any more; what waits there to be sent is not sent."""
        count = await self._store.switch_off(guild_id, self._clock())
        if count:
            log.info("Creations rejected, creating is off: guild=%d count=%d", guild_id, count)

    async def models_of_server(self, guild_id: int) -> tuple[RelayModel, ...] | None:
        """Return the models that a server can offer, ``None`` if it has no account for them."""
        return await self._offers.models_of_server(guild_id)

    async def can_repeat(self, key: TaskKey) -> bool:
        """Whether the request of a task is stored, whoever has written it."""
        return await self._store.is_stored(key)

    async def stored_request(self, key: TaskKey, user_id: int) -> CreationRequest | None:
        """Return the request of a task if this person has written it, and it is still stored."""
        stored = await self._store.of_task(key)
        return stored.request if stored is not None and stored.written_by == user_id else None

    async def _store_request(
        self,
        request: CreationRequest,
        permit: Permit,
        placement: Placement,
        repeated: Creation | None,
    ) -> CreationReport | WatchRefusal:
        now, account = self._clock(), permit.connection.account
        typical = await self._history.duration_stats(account, request.task_kind)
        creation, quota, card = await self._store.add(
            NewCreation(
                account=account,
                request=request,
                user_id=permit.caller.user_id,
                author_id=repeated.written_by if repeated else None,
                repeats=repeated.id if repeated else None,
                destination=placement.destination,
                caller_guild_id=permit.caller.guild_id,
                now=now,
                deadline=permit.connection.schedule.deadline,
                quotas=permit.quotas,
                mention=placement.mention,
                member_limit=placement.member_limit,
                has_card=not placement.destination.forum,
                claims_card=placement.private,
                due_at=now + RECIPIENT_CHECK_TIMEOUT if placement.private else now,
            )
        )
        log.info(
            "Creation requested: creation=%d account=%s kind=%s channel=%d",
            creation.id,
            creation.account,
            request.kind,
            placement.destination.channel_id,
        )
        report = CreationReport(
            creation,
            placement.destination,
            quota,
            elsewhere=placement.elsewhere,
            private=placement.private,
            price=permit.settings.creation_price,
            typical=typical,
        )
        return await self._check_recipient(report, card) if card else report

    async def _check_recipient(
        self, report: CreationReport, card: LiveCard
    ) -> CreationReport | WatchRefusal:
        """Cancel a request and return the refusal if no direct message reaches its user.

        Nothing is sent to the relay before that is known, or ``RECIPIENT_CHECK_TIMEOUT`` is over.
        The live card is the first message. Raises nothing: the request is stored, and who is told
        of an error would ask, and pay, again.
        """
        creation = report.creation
        try:
            refusal = await self._recipient_check.refusal(report.destination, card, [])
            report = replace(report, is_unreachable=refusal is not None)
            if refusal is None:
                await self._store.release(creation, self._clock())
            elif await self._store.withdraw(creation):
                return refusal
        except Exception:
            log.exception("Direct message not checked, the request stays: creation=%d", creation.id)
        return report


def _with_model(request: CreationRequest, permit: Permit) -> CreationRequest:
    """Return a request for a song with a model; lyrics have none."""
    if request.task_kind is TaskKind.LYRICS:
        return replace(request, model="")
    default = permit.models[0].name if permit.models else ""
    return replace(request, model=request.model or default)


def _problems(request: CreationRequest, permit: Permit) -> tuple[FieldProblem, ...]:
    """Return what must be changed before anything is spent."""
    problems = find_problems(request, permit.connection.profile)
    if request.model and not (permit.allows_model(request.model) and _is_name(request.model)):
        problems.append(FieldProblem("model", ProblemKind.UNSUPPORTED))
    return tuple(problems)


def _is_name(model: str) -> bool:
    return len(model) <= MAX_MODEL_NAME and model.isascii() and model.isprintable()
