"""Renders the settings panel of a server: an overview, and a page for each setting.

A message has space for five rows, and a menu with a value shows no label. So the overview lists
all values and has one menu, which opens the page of a setting: what it means, and its control.
"""

from collections.abc import Iterable

import discord

from bot.storage.models import MentionSetting
from bot.ui.custom_ids import SettingId, SettingsDefaultId, SettingsMenuId, SettingsPageId
from bot.ui.escaping import truncate
from bot.ui.limits import MAX_OPTION_TEXT
from bot.ui.panels import Panel, build_panel, panel_button
from bot.ui.settings_problems import problems
from bot.ui.settings_values import ServerView, choice_label, choices, chosen, value_text

PAGES = ("channel", "roles", "mention", "language", "notices", "uploads", "limit")
"""The settings in the order of the overview; each has a page."""

NOTICE_CHANNEL_TYPES = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
    discord.ChannelType.forum,
    discord.ChannelType.media,
]
"""The channels that a server can set for notices; a thread would be archived some day."""

MAX_ROLES = 10
_PAGE_OF_MENU = {"role": "mention"}
"""The page that a menu is on, if it has another name."""


def page_of(menu: str) -> str:
    """Return the page that a menu or a button of an earlier version is about."""
    return _PAGE_OF_MENU.get(menu, menu)


def overview(view: ServerView, remark: str = "") -> Panel:
    """Return the overview; ``remark`` says above it what has happened."""
    catalog = view.catalog
    found = problems(view.settings, view.guild, catalog)
    lines = [remark] if remark else []
    for name in PAGES:
        lines += [_value_line(name, view), *filter(None, [found.get(name)])]
    lines.append(catalog.text("settings-create", on="yes" if view.settings.creation else "no"))
    if view.has_accounts:
        lines.append(catalog.text("settings-relay"))
    menu: discord.ui.Select[discord.ui.View] = discord.ui.Select(
        custom_id=SettingsMenuId().encode(),
        placeholder=catalog.text("settings-menu"),
        options=[
            discord.SelectOption(
                label=catalog.text(f"settings-label-{name}"),
                value=name,
                description=truncate(
                    value_text(name, view, plain=True), MAX_OPTION_TEXT, escaped=False
                ),
            )
            for name in PAGES
        ],
    )
    reset = panel_button(SettingsPageId("reset"), catalog.text("settings-button-reset"))
    return build_panel(catalog.text("settings-title"), lines, [menu, reset])


def setting_page(name: str, view: ServerView, problem: str = "") -> Panel:
    """Return the page of a setting; ``problem`` says why a choice was not saved."""
    catalog = view.catalog
    problem = problem or problems(view.settings, view.guild, catalog).get(name, "")
    now = catalog.text("settings-now", value=value_text(name, view))
    lines = [catalog.text(f"settings-explain-{name}"), "", now]
    lines += ["", problem] if problem else []
    title = catalog.text(f"settings-label-{name}")
    return build_panel(title, lines, [*_controls(name, view), _back(view)])


def reset_page(view: ServerView) -> Panel:
    """Return the question whether to reset all settings."""
    catalog = view.catalog
    confirm = panel_button(
        SettingsDefaultId("all"),
        catalog.text("settings-reset-confirm"),
        discord.ButtonStyle.danger,
    )
    keep = panel_button(SettingsPageId("overview"), catalog.text("settings-reset-keep"))
    lines = [catalog.text("settings-reset-question")]
    return build_panel(catalog.text("settings-title"), lines, [confirm, keep])


def _value_line(name: str, view: ServerView) -> str:
    label = view.catalog.text(f"settings-label-{name}")
    return view.catalog.text("settings-line", label=label, value=value_text(name, view))


def _controls(name: str, view: ServerView) -> list[discord.ui.Item[discord.ui.View]]:
    """Return the controls of a setting's page."""
    settings = view.settings
    if name == "channel":
        default = [_default_button("channel", view)] if settings.channel_id else []
        return [_channel_menu(view), *default]
    if name == "roles":
        default = [_default_button("roles", view)] if settings.roles else []
        return [_role_menu("roles", settings.roles, view, max_values=MAX_ROLES), *default]
    controls: list[discord.ui.Item[discord.ui.View]] = [_choice_menu(name, view)]
    if name == "mention" and settings.mention is not MentionSetting.NOBODY:
        role = settings.role_to_mention
        controls.append(_role_menu("role", [role], view, max_values=1))
        controls += [_default_button("role", view)] if role else []
    return controls


def _choice_menu(name: str, view: ServerView) -> discord.ui.Select[discord.ui.View]:
    current = chosen(name, view.settings)
    return discord.ui.Select(
        custom_id=SettingId(name).encode(),
        placeholder=view.catalog.text(f"settings-label-{name}"),
        options=[
            discord.SelectOption(
                label=choice_label(name, value, view), value=value, default=value == current
            )
            for value in choices(name, view.max_limit)
        ],
    )


def _channel_menu(view: ServerView) -> discord.ui.ChannelSelect[discord.ui.View]:
    channel_id = view.settings.channel_id
    known = view.guild and channel_id and view.guild.get_channel_or_thread(channel_id)
    return discord.ui.ChannelSelect(
        custom_id=SettingId("channel").encode(),
        channel_types=NOTICE_CHANNEL_TYPES,
        placeholder=view.catalog.text("settings-choose-channel"),
        min_values=0,
        default_values=[known] if known else [],
    )


def _role_menu(
    name: str, role_ids: Iterable[int | None], view: ServerView, *, max_values: int
) -> discord.ui.RoleSelect[discord.ui.View]:
    roles = [view.guild and view.guild.get_role(role_id or 0) for role_id in role_ids]
    return discord.ui.RoleSelect(
        custom_id=SettingId(name).encode(),
        placeholder=view.catalog.text(f"settings-choose-{name}"),
        min_values=0,
        max_values=max_values,
        default_values=[role for role in roles if role],
    )


def _default_button(name: str, view: ServerView) -> discord.ui.Button[discord.ui.View]:
    label = view.catalog.text(f"settings-default-{name}")
    return panel_button(SettingsDefaultId(name), label)


def _back(view: ServerView) -> discord.ui.Button[discord.ui.View]:
    return panel_button(SettingsPageId("overview"), view.catalog.text("settings-button-back"))
