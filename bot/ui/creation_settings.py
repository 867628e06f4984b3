"""Renders the panel of a server's settings about creation: an overview, and a page for each.

Creation spends somebody's money, so the overview says first whether it is on, and what would still
prevent it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.i18n.catalog import Catalog
from bot.relay.providers import RelayModel
from bot.storage.models import ServerSettings
from bot.ui.creation_forms import model_options
from bot.ui.custom_ids import (
    CreationDefaultId,
    CreationPriceModalId,
    CreationSettingId,
    CreationSettingsButtonId,
    CreationSettingsMenuId,
)
from bot.ui.escaping import escape_line, sanitize_line, truncate
from bot.ui.limits import MAX_OPTION_TEXT
from bot.ui.panels import Panel, build_panel, panel_button
from bot.ui.persistent_modals import TextField, form_modal
from bot.ui.settings_panel import MAX_ROLES
from bot.ui.settings_values import role_names
from bot.ui.task_text import PARTIAL_COLOUR, SUCCESS_COLOUR, UNKNOWN_COLOUR

PAGES = ("roles", "user", "server", "models", "model", "price")
"""In the order of the overview."""
PRICE = "price"
"""The name of the modal's field."""
MAX_PRICE = 100
"""Characters of what is shown as the price."""

_QUOTAS = {"user": (1, 2, 3, 5, 10, 20, 50, 100), "server": (5, 10, 20, 50, 100, 200, 500, 1000)}
"""A day."""
_DEFAULTS: dict[str, dict[str, Any]] = {
    "roles": {"creation_roles": ()},
    "models": {"creation_models": (), "creation_model": ""},
    "model": {"creation_model": ""},
    "price": {"creation_price": ""},
}


@dataclass(frozen=True, slots=True)
class CreationSettingsView:
    """The settings of a server as one of its managers sees them."""

    settings: ServerSettings
    models: tuple[RelayModel, ...]
    """All that the relay of the server has, its default first."""
    has_account: bool
    """Whether there is an account that may be charged there."""
    guild: discord.Guild | None
    catalog: Catalog

    @property
    def offered(self) -> tuple[RelayModel, ...]:
        """The models from which the default can be chosen."""
        names = self.settings.creation_models
        return tuple(model for model in self.models if not names or model.name in names)


def creation_overview(view: CreationSettingsView, remark: str = "") -> Panel:
    """Return the overview; ``remark`` says above it what has happened."""
    catalog, is_on = view.catalog, view.settings.creation
    lines = [remark, ""] if remark else []
    lines += [catalog.text("create-settings-on" if is_on else "create-settings-off")]
    if not view.has_account:
        lines.append(catalog.text("create-settings-no-account"))
    lines.append("")
    lines += [
        catalog.text("settings-line", label=_label(name, view), value=_value(name, view))
        for name in PAGES
    ]
    menu: discord.ui.Select[discord.ui.View] = discord.ui.Select(
        custom_id=CreationSettingsMenuId().encode(),
        placeholder=catalog.text("settings-menu"),
        options=[
            discord.SelectOption(
                label=_label(name, view),
                value=name,
                description=truncate(
                    _value(name, view, plain=True), MAX_OPTION_TEXT, escaped=False
                ),
            )
            for name in PAGES
        ],
    )
    switch = panel_button(
        CreationSettingsButtonId("off" if is_on else "on"),
        catalog.text(f"create-settings-button-{'off' if is_on else 'on'}"),
        discord.ButtonStyle.secondary if is_on else discord.ButtonStyle.success,
    )
    colour = SUCCESS_COLOUR if is_on and view.has_account else UNKNOWN_COLOUR
    colour = PARTIAL_COLOUR if is_on and not view.has_account else colour
    return build_panel(catalog.text("create-settings-title"), lines, [menu, switch], colour)


def creation_page(name: str, view: CreationSettingsView, problem: str = "") -> Panel:
    """Return the page of a setting; ``problem`` says why a choice was not saved."""
    catalog = view.catalog
    if name == "roles" and not problem:
        problem = creation_roles_problem(view, view.settings.creation_roles) or ""
    now = catalog.text("settings-now", value=_value(name, view))
    lines = [catalog.text(f"create-settings-explain-{name}"), "", now]
    lines += ["", problem] if problem else []
    back = panel_button(CreationSettingsButtonId("overview"), catalog.text("settings-button-back"))
    return build_panel(_label(name, view), lines, [*_controls(name, view), back], UNKNOWN_COLOUR)


def price_modal(settings: ServerSettings, catalog: Catalog) -> discord.ui.Modal:
    """Return the modal in which the price is described."""
    field = TextField(
        PRICE,
        catalog.text("create-settings-label-price"),
        catalog.text("create-settings-hint-price"),
        MAX_PRICE,
        settings.creation_price[:MAX_PRICE],
        is_required=False,
    )
    return form_modal(CreationPriceModalId(), catalog.text("create-settings-label-price"), [field])


def creation_changes(name: str, values: Sequence[str], settings: ServerSettings) -> dict[str, Any]:
    """Return the new values of the settings that a menu changes, by their names.

    A default model that is not offered any more is given up.
    """
    if not values:
        return _DEFAULTS[name]
    if name == "roles":
        return {"creation_roles": tuple(map(int, values))}
    if name == "models":
        kept = settings.creation_model if settings.creation_model in values else ""
        return {"creation_models": tuple(values), "creation_model": kept}
    if name == "model":
        return {"creation_model": values[0]}
    return {f"creations_per_{name}": int(values[0])}


def default_changes(name: str) -> dict[str, Any]:
    """Return the default of a setting, by the names of what changes."""
    return _DEFAULTS[name]


def creation_roles_problem(view: CreationSettingsView, role_ids: tuple[int, ...]) -> str | None:
    """Return why some roles cannot decide who may create, ``None`` if they can."""
    guild = view.guild
    if guild is None or not role_ids:
        return None
    if guild.id in role_ids:
        return view.catalog.text("create-settings-problem-everyone")
    gone = not any(map(guild.get_role, role_ids))
    return view.catalog.text("create-settings-problem-gone") if gone else None


def _controls(name: str, view: CreationSettingsView) -> Iterable[discord.ui.Item[discord.ui.View]]:
    settings = view.settings
    if name == "roles":
        yield _role_menu(view)
    elif name in ("models", "model"):
        models = view.models if name == "models" else view.offered
        if models:
            yield _model_menu(name, models, view)
    elif name == "price":
        label = view.catalog.text("create-settings-button-price")
        yield panel_button(CreationSettingsButtonId("price"), label, discord.ButtonStyle.primary)
    else:
        yield _quota_menu(name, view)
        return
    if any(getattr(settings, field) for field in _DEFAULTS[name]):
        label = view.catalog.text(f"create-settings-default-{name}")
        yield panel_button(CreationDefaultId(name), label)


def _role_menu(view: CreationSettingsView) -> discord.ui.RoleSelect[discord.ui.View]:
    roles = [view.guild and view.guild.get_role(each) for each in view.settings.creation_roles]
    return discord.ui.RoleSelect(
        custom_id=CreationSettingId("roles").encode(),
        placeholder=view.catalog.text("settings-choose-roles"),
        min_values=0,
        max_values=MAX_ROLES,
        default_values=[role for role in roles if role],
    )


def _model_menu(
    name: str, models: tuple[RelayModel, ...], view: CreationSettingsView
) -> discord.ui.Select[discord.ui.View]:
    settings, options = view.settings, model_options(models)
    several = name == "models"
    chosen = settings.creation_models if several else (settings.creation_model,)
    return discord.ui.Select(
        custom_id=CreationSettingId(name).encode(),
        placeholder=_value(name, view, plain=True)[:MAX_OPTION_TEXT],
        min_values=0 if several else 1,
        max_values=len(options) if several else 1,
        options=[
            discord.SelectOption(label=words, value=value, default=value in chosen)
            for value, words in options
        ],
    )


def _quota_menu(name: str, view: CreationSettingsView) -> discord.ui.Select[discord.ui.View]:
    current = getattr(view.settings, f"creations_per_{name}")
    return discord.ui.Select(
        custom_id=CreationSettingId(name).encode(),
        options=[
            discord.SelectOption(
                label=view.catalog.text("create-settings-a-day", number=number),
                value=str(number),
                default=number == current,
            )
            for number in sorted({*_QUOTAS[name], current})
        ],
    )


def _label(name: str, view: CreationSettingsView) -> str:
    return view.catalog.text(f"create-settings-label-{name}")


def _value(name: str, view: CreationSettingsView, *, plain: bool = False) -> str:
    """Return the words of a setting's value: with mentions and escaped, or ``plain``."""
    settings, catalog = view.settings, view.catalog
    shown = sanitize_line if plain else escape_line
    if name == "roles":
        names = role_names(settings.creation_roles, view.guild, catalog, plain=plain)
        return names or catalog.text("create-settings-roles-all")
    if name == "models":
        versions = [_version(model, view) for model in settings.creation_models]
        return shown(catalog.listed(versions)) or catalog.text("create-settings-models-all")
    if name == "model":
        if settings.creation_model in {model.name for model in view.offered}:
            return shown(_version(settings.creation_model, view))
        first = view.offered[0].version if view.offered else "–"
        return catalog.text("create-settings-model-first", model=shown(first))
    if name == "price":
        return shown(settings.creation_price) or catalog.text("create-settings-price-none")
    number = getattr(settings, f"creations_per_{name}")
    return catalog.text("create-settings-a-day", number=number)


def _version(name: str, view: CreationSettingsView) -> str:
    """Return a model's version as people know it; its name if the relay has none such."""
    return next((model.version for model in view.models if model.name == name), name)
