"""Renders the relay account of a server or a user: what is connected, and how to change that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import discord

from bot.i18n.catalog import Catalog
from bot.relay.errors import ErrorKind
from bot.relay.providers import CUSTOM, FETCH_PATH, KNOWN_RELAYS, RelayProfile
from bot.storage.models import NOBODY, RelayAccount
from bot.ui.custom_ids import AccountButtonId, AccountConnectId, AccountModalId
from bot.ui.escaping import code_span
from bot.ui.panels import Panel, build_panel, panel_button
from bot.ui.persistent_modals import TextField, form_modal
from bot.ui.task_text import PARTIAL_COLOUR, RUNNING_COLOUR, SUCCESS_COLOUR

MAX_KEY, MAX_URL, MAX_PATH = 512, 200, 100
"""Characters that the fields of the modal take."""
KEY, URL, PATH = "key", "url", "path"
"""The names of these fields."""

_EXAMPLES = {URL: "https://api.example.com", PATH: FETCH_PATH}
_TEST_PROBLEMS = {
    ErrorKind.AUTH: "auth",
    ErrorKind.QUOTA: "quota",
    ErrorKind.RATE_LIMIT: "rate-limit",
    ErrorKind.UNAVAILABLE: "unavailable",
}
"""Why a test failed; every other error means that something else than a Suno relay answers."""
_TROUBLES = {ErrorKind.AUTH: "auth", ErrorKind.QUOTA: "quota"}


@dataclass(frozen=True, slots=True)
class AccountView:
    """The account of a server or a user as its owner sees it; times are Unix seconds."""

    owner: str
    """``server`` or ``own``, as in the custom ids."""
    account: RelayAccount | None
    is_enabled: bool
    """Whether keys can be stored and read at all."""
    catalog: Catalog
    is_readable: bool = True
    """Whether the key of this account can be read."""
    answered_at: float | None = None
    """When the relay last answered, as far as is known."""
    failing_since: float | None = None
    """``None`` while the relay works."""
    error: ErrorKind | None = None
    """How it fails."""
    relays: Mapping[str, RelayProfile] = field(default_factory=lambda: KNOWN_RELAYS)
    """Those that people can choose from, by name."""


def account_panel(view: AccountView, problem: str = "") -> Panel:
    """Return what is connected, or the relays to choose from.

    ``problem`` says why what was entered cannot be used.
    """
    if view.account is None:
        return _connect_panel(view, problem)
    catalog, account = view.catalog, view.account
    trouble = _trouble(view, account)
    lines = [
        *([problem, ""] if problem else []),
        catalog.text("account-relay", relay=_relay_text(account, view)),
        catalog.text("account-key", ending=code_span(account.key_ending)),
        _connected_text(account, catalog),
        catalog.text("account-answered", time=_relative(view.answered_at))
        if view.answered_at
        else catalog.text("account-answered-unknown"),
        *([trouble] if trouble else []),
        "",
        catalog.text(f"account-use-{view.owner}"),
    ]
    buttons = [_disconnect_button(view)]
    if view.is_enabled:
        buttons.insert(0, _replace_button(view, account))
    return _panel(view, lines, buttons, PARTIAL_COLOUR if trouble else SUCCESS_COLOUR)


def connected_panel(
    view: AccountView, account: RelayAccount, batch_path: str | None, *, single_only: bool
) -> Panel:
    """Return what is shown when an account was tested and stored.

    ``batch_path``: of the batch look-up, ``None`` if it has shown nothing yet, or if the relay has
    only single ones (``single_only``).
    """
    catalog = view.catalog
    found = []
    if batch_path is not None:
        found = [catalog.text("account-connected-path", path=code_span(batch_path))]
    elif single_only:
        found = [catalog.text("account-connected-single")]
    lines = [
        catalog.text("account-connected", relay=_relay_text(account, view)),
        catalog.text("account-key", ending=code_span(account.key_ending)),
        *found,
        "",
        catalog.text(f"account-use-{view.owner}"),
        catalog.text("account-connected-try"),
    ]
    buttons = [_replace_button(view, account), _disconnect_button(view)]
    return _panel(view, lines, buttons, SUCCESS_COLOUR)


def disconnected_panel(view: AccountView, watches: int) -> Panel:
    """Return what is shown when an account was deleted. ``watches``: how many ended with it."""
    return _panel(view, [view.catalog.text("account-disconnected", count=watches)], [])


def testing_panel(view: AccountView, relay: str) -> Panel:
    """Return what is shown while a key is tested."""
    name = relay_name(relay, view.catalog, view.relays)
    return _panel(view, [view.catalog.text("account-testing", relay=name)], [])


def disconnect_question(view: AccountView, watches: int) -> Panel:
    """Return the question whether to disconnect an account, with what would end."""
    catalog = view.catalog
    lines = [
        catalog.text("account-disconnect-question"),
        catalog.text("account-disconnect-watches", count=watches),
    ]
    buttons = [
        panel_button(
            AccountButtonId(view.owner, "confirm"),
            catalog.text("account-button-confirm"),
            discord.ButtonStyle.danger,
        ),
        panel_button(AccountButtonId(view.owner, "show"), catalog.text("account-button-keep")),
    ]
    return _panel(view, lines, buttons, PARTIAL_COLOUR)


def account_modal(
    owner: str,
    relay: str,
    catalog: Catalog,
    known: RelayAccount | None,
    relays: Mapping[str, RelayProfile] = KNOWN_RELAYS,
) -> discord.ui.Modal:
    """Return the modal for a key; for a relay that is not listed, also for its address.

    ``known``: the account whose key is replaced; its address is filled in.
    """
    fields = [_field(KEY, catalog, MAX_KEY)]
    if relay == CUSTOM:
        url = known.base_url if known and known.relay == CUSTOM else ""
        path = known.fetch_path if known and known.relay == CUSTOM else ""
        path = "" if path == FETCH_PATH else path
        fields += [
            _field(URL, catalog, MAX_URL, value=url),
            _field(PATH, catalog, MAX_PATH, value=path, is_required=False),
        ]
    title = catalog.text("account-modal-title", relay=relay_name(relay, catalog, relays))
    return form_modal(AccountModalId(owner, relay), title, fields)


def connection_problem_text(
    kind: ErrorKind,
    relay: str,
    url: str,
    catalog: Catalog,
    relays: Mapping[str, RelayProfile] = KNOWN_RELAYS,
) -> str:
    """Return why the test of a key failed, and what to do. ``url``: as it was entered, or empty."""
    host = _host(url or relays[relay].base_url)
    return catalog.text(
        f"account-test-{_TEST_PROBLEMS.get(kind, 'no-relay')}", host=code_span(host)
    )


def relay_name(
    relay: str, catalog: Catalog, relays: Mapping[str, RelayProfile] = KNOWN_RELAYS
) -> str:
    """Return the name of a relay, as on a button."""
    known = relays.get(relay)
    return known.title if known and relay != CUSTOM else catalog.text("account-relay-custom")


def _connect_panel(view: AccountView, problem: str) -> Panel:
    catalog = view.catalog
    if not view.is_enabled:
        return _panel(view, [catalog.text("account-error-disabled")], [])
    explanation = [catalog.text(f"account-none-{view.owner}"), "", catalog.text("account-safety")]
    lines = [*([problem] if problem else explanation), "", catalog.text("account-choose")]
    buttons = [
        panel_button(
            AccountConnectId(view.owner, name),
            relay_name(name, catalog, view.relays),
            discord.ButtonStyle.secondary if name == CUSTOM else discord.ButtonStyle.primary,
        )
        for name in view.relays
    ]
    return _panel(view, lines, buttons)


def _trouble(view: AccountView, account: RelayAccount) -> str | None:
    """Return what is wrong with an account, ``None`` if nothing is known to be."""
    if not view.is_enabled:
        return view.catalog.text("account-trouble-disabled")
    if not view.is_readable:
        return view.catalog.text("account-trouble-unreadable")
    since = account.rejected_since or view.failing_since
    if since is None:
        return None
    name = "auth" if account.rejected_since else _TROUBLES.get(view.error or ErrorKind.AUTH)
    return view.catalog.text(f"account-trouble-{name or 'other'}", time=_relative(since))


def _connected_text(account: RelayAccount, catalog: Catalog) -> str:
    """Return when an account was connected, and by whom unless that person was forgotten."""
    time = _relative(account.connected_at)
    if account.connected_by == NOBODY:
        return catalog.text("account-since", time=time)
    return catalog.text("account-by", user=f"<@{account.connected_by}>", time=time)


def _relay_text(account: RelayAccount, view: AccountView) -> str:
    host = code_span(_host(account.base_url))
    name = relay_name(account.relay, view.catalog, view.relays)
    return host if account.relay == CUSTOM else f"{name} ({host})"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def _field(
    name: str, catalog: Catalog, max_length: int, *, value: str = "", is_required: bool = True
) -> TextField:
    return TextField(
        name,
        catalog.text(f"account-field-{name}"),
        catalog.text(f"account-field-{name}-hint", example=_EXAMPLES.get(name, "")),
        max_length,
        value[:max_length],
        is_required,
    )


def _replace_button(view: AccountView, account: RelayAccount) -> discord.ui.Button[discord.ui.View]:
    relay = account.relay if account.relay in view.relays else CUSTOM
    return panel_button(
        AccountConnectId(view.owner, relay),
        view.catalog.text("account-button-replace"),
        discord.ButtonStyle.primary if account.rejected_since else discord.ButtonStyle.secondary,
    )


def _disconnect_button(view: AccountView) -> discord.ui.Button[discord.ui.View]:
    label = view.catalog.text("account-button-disconnect")
    return panel_button(AccountButtonId(view.owner, "disconnect"), label)


def _panel(
    view: AccountView,
    lines: Iterable[str],
    buttons: Iterable[discord.ui.Button[discord.ui.View]],
    colour: discord.Colour = RUNNING_COLOUR,
) -> Panel:
    return build_panel(view.catalog.text(f"account-title-{view.owner}"), lines, buttons, colour)


def _relative(seconds: float) -> str:
    return f"<t:{seconds:.0f}:R>"
