"""Renders the settings of a server: an embed, and the components that change them."""

from collections.abc import Iterable

import discord

from bot.i18n.catalog import Catalog, catalog_for
from bot.storage.models import MentionSetting, ServerSettings
from bot.ui.custom_ids import SettingId
from bot.ui.views import StatelessView

LANGUAGES = (None, "en-US", "zh-CN")
"""The values of the language button in order; ``None`` is the server's own language."""

_LIMITS = (5, 20, 50)
"""Watches per user."""
MAX_ROLES = 10
_SECONDARY = discord.ButtonStyle.secondary


def watch_limit_choices(max_limit: int) -> tuple[int | None, ...]:
    """Return the values of the limit button in order; ``None`` is the default, ``max_limit``."""
    return (None, *(limit for limit in _LIMITS if limit < max_limit))


def settings_embed(settings: ServerSettings, max_limit: int, catalog: Catalog) -> discord.Embed:
    """Return the settings of a server, one field each.

    ``max_limit``: how many tasks a user may watch if the server does not set a lower limit.
    """
    embed = discord.Embed(title=catalog.text("settings-title"))
    values = {
        "channel": _channel(settings, catalog),
        "roles": _roles(settings, catalog),
        "mention": _mention(settings, catalog),
        "language": _language(settings, catalog),
        "uploads": catalog.text("settings-on" if settings.uploads else "settings-off"),
        "limit": _limit(settings, max_limit, catalog),
    }
    for name, value in values.items():
        embed.add_field(name=catalog.text(f"settings-{name}"), value=value)
    return embed


def settings_view(settings: ServerSettings, catalog: Catalog) -> discord.ui.View:
    """Return the five rows of menus and buttons, with the current values selected."""
    mentioned = settings.mention_role_id if settings.mention is MentionSetting.ROLE else None
    view = StatelessView()
    view.add_item(_channel_menu(settings, catalog))
    view.add_item(_role_menu("roles", settings.roles, catalog, max_values=MAX_ROLES))
    view.add_item(_mention_menu(settings, catalog))
    view.add_item(_role_menu("role", [mentioned], catalog, max_values=1))
    for name in ("uploads", "language", "limit", "reset"):
        view.add_item(
            discord.ui.Button(
                label=catalog.text(f"settings-button-{name}"),
                custom_id=SettingId(name).encode(),
                style=discord.ButtonStyle.danger if name == "reset" else _SECONDARY,
            )
        )
    return view


def _channel_menu(
    settings: ServerSettings, catalog: Catalog
) -> discord.ui.ChannelSelect[discord.ui.View]:
    return discord.ui.ChannelSelect(
        custom_id=SettingId("channel").encode(),
        channel_types=[discord.ChannelType.text],
        placeholder=catalog.text("settings-choose-channel"),
        min_values=0,
        default_values=_default_values([settings.channel_id], "channel"),
    )


def _role_menu(
    name: str, selected: Iterable[int | None], catalog: Catalog, *, max_values: int
) -> discord.ui.RoleSelect[discord.ui.View]:
    return discord.ui.RoleSelect(
        custom_id=SettingId(name).encode(),
        placeholder=catalog.text(f"settings-choose-{name}"),
        min_values=0,
        max_values=max_values,
        default_values=_default_values(selected, "role"),
    )


def _mention_menu(settings: ServerSettings, catalog: Catalog) -> discord.ui.Select[discord.ui.View]:
    return discord.ui.Select(
        custom_id=SettingId("mention").encode(),
        placeholder=catalog.text("settings-choose-mention"),
        options=[
            discord.SelectOption(
                label=catalog.text(f"settings-mention-{mention}"),
                value=mention,
                default=settings.mention is mention,
            )
            for mention in (MentionSetting.WATCHERS, MentionSetting.NOBODY)
        ],
    )


def _default_values(ids: Iterable[int | None], kind: str) -> list[discord.SelectDefaultValue]:
    types = {
        "channel": discord.SelectDefaultValueType.channel,
        "role": discord.SelectDefaultValueType.role,
    }
    return [discord.SelectDefaultValue(id=id_, type=types[kind]) for id_ in ids if id_]


def _channel(settings: ServerSettings, catalog: Catalog) -> str:
    if settings.channel_id is None:
        return catalog.text("settings-channel-here")
    return catalog.text("settings-channel-there", channel=f"<#{settings.channel_id}>")


def _roles(settings: ServerSettings, catalog: Catalog) -> str:
    if not settings.roles:
        return catalog.text("settings-roles-all")
    return catalog.listed(f"<@&{role}>" for role in settings.roles)


def _mention(settings: ServerSettings, catalog: Catalog) -> str:
    role = f"<@&{settings.mention_role_id}>"
    return catalog.text(f"settings-mention-{settings.mention}", role=role)


def _limit(settings: ServerSettings, max_limit: int, catalog: Catalog) -> str:
    limit = settings.watches_of_a_person
    if limit is None or limit >= max_limit:
        return catalog.text("settings-limit-none", limit=max_limit)
    return str(limit)


def _language(settings: ServerSettings, catalog: Catalog) -> str:
    if settings.language is None:
        return catalog.text("settings-language-own")
    return catalog_for(settings.language).text("language-name")
