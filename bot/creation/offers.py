"""Decides who may create here, what, and with which relay account."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import discord

from bot.accounts.connection import AccountConnection
from bot.accounts.registry import AccountRegistry
from bot.relay.creation import find_model
from bot.relay.providers import Capability, RelayModel, RelayProfile
from bot.storage.creations import CreationStore
from bot.storage.models import (
    Caller,
    CreationOffer,
    CreationQuotas,
    CreationRefusal,
    CreationRefusalReason,
    ServerSettings,
)
from bot.watches.destinations import governing_server, lacks_role


@dataclass(frozen=True, slots=True)
class Permit:
    """That a person may create here: with which account, and within which quotas."""

    connection: AccountConnection
    settings: ServerSettings
    caller: Caller
    quotas: CreationQuotas
    models: tuple[RelayModel, ...]
    """The offered models, the default first."""

    def allows_model(self, name: str) -> bool:
        """Whether the server lets requests name a model."""
        allowed = self.settings.creation_models
        return not allowed or name in allowed


class CreationOffers:
    """Decides what people may create.

    In a server that is what its managers allow, with the server's account, else the person's own,
    else the operator's if ``operator_creates``. In a direct message, and where the bot is no
    member, everybody may create with an account of their own.
    """

    def __init__(
        self,
        accounts: AccountRegistry,
        store: CreationStore,
        *,
        operator_creates: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``operator_creates``: whether the operator's account may be used, where it is shared."""
        self._accounts = accounts
        self._store = store
        self._operator_creates = operator_creates
        self._clock = clock

    async def permit(
        self, interaction: discord.Interaction[Any], settings: ServerSettings, account: str = ""
    ) -> Permit | CreationRefusal:
        """Return what lets the user of an interaction create, or why they may not.

        ``account``: the one that has to be used; empty: the first that may be.
        """
        guild_id = governing_server(interaction)
        if guild_id is not None and not settings.creation:
            return CreationRefusal(CreationRefusalReason.OFF)
        if guild_id is not None and lacks_role(interaction, settings.creation_roles):
            reason = CreationRefusalReason.ROLE_MISSING
            return CreationRefusal(reason, role_ids=settings.creation_roles)
        caller = Caller(interaction.user.id, guild_id, interaction.channel_id)
        usable = await self._usable(caller)
        if not usable:
            return CreationRefusal(CreationRefusalReason.NO_ACCOUNT)
        connection = next((each for each in usable if account in ("", each.account)), None)
        if connection is None:
            return CreationRefusal(CreationRefusalReason.OTHER_ACCOUNT)
        quotas = _quotas(caller, settings)
        models = _offered_models(connection.profile, settings)
        return Permit(connection, settings, caller, quotas, models)

    async def describe(self, permit: Permit) -> CreationOffer:
        """Return what a permit offers, and what is left of its quotas."""
        use = await self._store.quota_use(
            permit.caller.user_id, permit.caller.guild_id, permit.quotas, self._clock()
        )
        return CreationOffer(
            permit.connection.account,
            permit.connection.profile.capabilities,
            permit.models,
            use,
            price=permit.settings.creation_price,
        )

    async def models_of_server(self, guild_id: int) -> tuple[RelayModel, ...] | None:
        """Return all models of the relay that is used for members without an account of their own.

        ``None`` if there is no account that may be charged for them.
        """
        nobody = Caller(0, guild_id)
        usable = await self._usable(nobody)
        return usable[0].profile.models if usable else None

    async def makes_songs(self, account: str, guild_id: int | None) -> bool:
        """Whether songs can be made with an account in a server, or in direct messages."""
        connection = await self._accounts.by_id(account)
        if connection is None or Capability.MUSIC not in connection.profile.capabilities:
            return False
        of_operator = connection is self._accounts.operator
        return not of_operator or (self._operator_creates and guild_id is not None)

    async def _usable(self, caller: Caller) -> list[AccountConnection]:
        """Return the connections of the accounts that may be charged, in order."""
        operator_creates = self._operator_creates and caller.guild_id is not None
        return [
            each
            for each in await self._accounts.for_caller(caller)
            if operator_creates or each is not self._accounts.operator
        ]


def _quotas(caller: Caller, settings: ServerSettings) -> CreationQuotas:
    if caller.guild_id is None:
        return CreationQuotas()
    return CreationQuotas(settings.creations_per_user, settings.creations_per_server)


def _offered_models(profile: RelayProfile, settings: ServerSettings) -> tuple[RelayModel, ...]:
    """Return the models that a server offers of a relay, its default first.

    Those that the relay has no longer are left out, unless nothing would remain.
    """
    known = [each.name for each in profile.models]
    chosen = settings.creation_models
    names = tuple(each for each in chosen if each in known) or chosen or tuple(known)
    default = settings.creation_model
    if default in names:
        names = (default, *(each for each in names if each != default))
    return tuple(find_model(each, profile) for each in names)
