"""The commands: whether Discord offers people what this version of the bot has."""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from bot.app import COGS, Timing, build_bot, make_relay_client
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.doctor.report import Area, Finding, Notebook
from bot.settings import Settings
from bot.storage.database import DatabaseThread

_note = Notebook(Area.DISCORD)

Payload = Mapping[str, Any]

_NO_RELAY = {"suno_relay": "deerapi", "suno_base_url": "", "suno_fetch_path": ""}


async def offered_commands(settings: Settings) -> list[dict[str, Any]]:
    """Return the commands as the bot would register them, of a bot that is never started."""
    settings = settings.model_copy(update=_NO_RELAY)  # nobody is asked, so any relay will do
    async with aiohttp.ClientSession() as session:
        client = make_relay_client(settings, session)
        unopened = DatabaseThread(settings.database_path)
        bot = build_bot(settings, unopened, client, AudioFetcher(), COGS, Timing(), fingerprint="")
        async with bot.client:
            return await bot.client.load_cogs()


def compare_commands(offered: Sequence[Payload], registered: Sequence[Payload]) -> Finding:
    """Say whether Discord has the commands that this version offers."""
    ours, theirs = _by_name(offered), _by_name(registered)
    if not theirs:
        text = "No command is registered: nobody can use the bot yet"
        return _note.warning("commands", text=text, advice=_REGISTER)
    changed = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    parts = (
        ("lack", [name for name in ours if name not in theirs]),
        ("differ in", changed),
        ("have besides", [name for name in theirs if name not in ours]),
    )
    said = [f"{verb} {', '.join(names)}" for verb, names in parts if names]
    if said:
        text = f"The registered commands {', and '.join(said)}: they are of another version"
        return _note.warning("commands", text=text, advice=_REGISTER)
    names = ", ".join(theirs)
    return _note.ok("commands", text=f"{len(theirs)} commands are registered, up to date: {names}")


_REGISTER = "Start this version of the bot: it registers them. docs/doctor.md says more."

_CHAT_INPUT = 1
_NESTED = ("options", "choices")
_COMPARED = (
    *("type", "name", "description", "name_localizations", "description_localizations", *_NESTED),
    *("default_member_permissions", "contexts", "integration_types", "nsfw"),
    *("required", "autocomplete", "channel_types", "value"),
    *("min_value", "max_value", "min_length", "max_length"),
)
"""What the bot says of a command; Discord adds more."""


def _by_name(commands: Sequence[Payload]) -> dict[str, Payload]:
    """Return commands by the names that people know, in a form in which they can be compared."""
    plain = (_plain({"type": _CHAT_INPUT, **command}) for command in commands)
    return {f"{'/' * (one['type'] == _CHAT_INPUT)}{one['name']}": one for one in plain}


def _plain(part: Payload) -> Payload:
    """Return a command, an option or a choice without what only its writing makes different.

    Discord leaves out what is empty or as by default, and writes permissions as texts.
    """
    plain = {key: part[key] for key in _COMPARED if part.get(key) not in _EMPTY}
    for key in _NESTED:
        if key in plain:
            plain[key] = [_plain(one) for one in plain[key]]
    for key in ("contexts", "integration_types"):
        if key in plain:
            plain[key] = sorted(plain[key])
    if "default_member_permissions" in plain:
        plain["default_member_permissions"] = str(plain["default_member_permissions"])
    return plain


_EMPTY: tuple[object, ...] = (None, "", False, [], {})
