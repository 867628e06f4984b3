"""The requests of a page, by the name in their field ``do``; each returns the result to send."""

from collections.abc import Awaitable, Callable
from typing import Any

from sandbox.discord import ActionUnavailable, Interaction, User
from sandbox.discord.command_limits import BOOLEAN, CHANNEL, INTEGER, MENTIONABLE, NUMBER, ROLE
from sandbox.discord.command_limits import USER as USER_OPTION
from sandbox.page.command_list import menu_commands, slash_commands
from sandbox.page.relay_controls import RelayControls
from sandbox.page.rendering import TOGGLED_PERMISSIONS
from sandbox.page.session import PageSession

Payload = dict[str, Any]
Handler = Callable[[PageSession, Payload], Awaitable[Any]]

_ENTITY_SELECTS = {5: USER_OPTION, 6: ROLE, 7: MENTIONABLE, 8: CHANNEL}
_LONGEST_ADVANCE = 86_400.0
"""Seconds."""


class InvalidRequest(Exception):
    """The page asked for something that does not exist or is not allowed; its text may be shown."""


async def switch_user(session: PageSession, request: Payload) -> None:
    """Show what another user sees."""
    chosen = [one for one in session.page.users if str(one.id) == request.get("user")]
    if not chosen:
        raise InvalidRequest("There is no such person here.")
    session.switch_user(chosen[0])


async def available_commands(session: PageSession, request: Payload) -> Payload:
    """Return the commands that the user may use in a channel."""
    channel = session.channel(request["channel"])
    commands = session.page.discord.available_commands(session.user, channel)
    locale = session.user.locale
    return {"slash": slash_commands(commands, locale), "menu": menu_commands(commands, locale)}


async def send_message(session: PageSession, request: Payload) -> None:
    """Post a message of the user."""
    text = str(request["text"]).strip()
    if not 1 <= len(text) <= 2000:
        raise InvalidRequest("A message has 1 to 2000 characters.")
    session.page.discord.send_message(session.user, session.channel(request["channel"]), text)


async def command(session: PageSession, request: Payload) -> str:
    """Use a slash command."""
    options = _values(session, request.get("options") or [])
    channel = session.channel(request["channel"])
    interaction = await session.page.discord.command(
        session.user, channel, str(request["name"]), **options
    )
    return session.follow(interaction)


async def autocomplete(session: PageSession, request: Payload) -> list[Payload]:
    """Return the choices for the text of an option."""
    choices = await session.page.discord.autocomplete(
        session.user,
        session.channel(request["channel"]),
        str(request["name"]),
        str(request["option"]),
        str(request["text"]),
        timeout=3.0,
        **_values(session, request.get("others") or []),
    )
    return [{"name": name, "value": value} for name, value in choices]


async def press(session: PageSession, request: Payload) -> str:
    """Press a button of a message."""
    message = session.page.message_log.message(int(request["message"]), session.user)
    return session.follow(
        await session.page.discord.press(session.user, message, str(request["id"]))
    )


async def select(session: PageSession, request: Payload) -> str:
    """Choose from a select of a message."""
    message = session.page.message_log.message(int(request["message"]), session.user)
    component = message.find_component(str(request["id"])) or {}
    kind = _ENTITY_SELECTS.get(component.get("type", 0), 0)
    values = [_value(session, kind, value) for value in request["values"]]
    discord = session.page.discord
    return session.follow(await discord.select(session.user, message, str(request["id"]), values))


async def submit(session: PageSession, request: Payload) -> str:
    """Submit a modal."""
    shown = _interaction(session, request["interaction"])
    sent = await session.page.discord.submit_modal(session.user, shown, dict(request["values"]))
    return session.follow(sent)


async def use_menu(session: PageSession, request: Payload) -> str:
    """Use a command from the menu of a message."""
    message = session.page.message_log.message(int(request["message"]), session.user)
    discord = session.page.discord
    return session.follow(
        await discord.use_message_command(session.user, str(request["name"]), message)
    )


async def dismiss(session: PageSession, request: Payload) -> None:
    """Forget an ephemeral message."""
    message = session.page.message_log.message(int(request["message"]), session.user)
    session.page.message_log.dismiss(message)
    session.send_event("removed", id=str(message.id), channel=str(message.channel.id))


async def set_permission(session: PageSession, request: Payload) -> None:
    """Give the bot a permission in a channel, or take it away."""
    channel, name = session.channel(request["channel"]), str(request["name"])
    if name not in TOGGLED_PERMISSIONS or channel.guild is None:
        raise InvalidRequest("That cannot be changed here.")
    change = channel.allow if request["allowed"] else channel.deny
    change(name)
    session.page.broadcast_channels()


async def new_task(session: PageSession, request: Payload) -> str:
    """Start a task at a relay; return its id."""
    return _relay(session, request).start(str(request["kind"]))


async def advance(session: PageSession, request: Payload) -> None:
    """Advance the age of the relays' tasks."""
    seconds = float(request["seconds"])
    if not 0 <= seconds <= _LONGEST_ADVANCE:
        raise InvalidRequest("Time goes forward, at most a day at once.")
    for relay in session.page.relays.values():
        relay.advance(seconds)


async def set_relay_fault(session: PageSession, request: Payload) -> None:
    """Make a relay fail in one way; ``none`` makes it work again."""
    _relay(session, request).set_fault(str(request["fault"]))


async def set_submission_fault(session: PageSession, request: Payload) -> None:
    """Change what becomes of requests to create at a relay; ``none``: they are accepted."""
    _relay(session, request).set_submission_fault(str(request["fault"]))


async def control_bot(session: PageSession, request: Payload) -> None:
    """Start, stop or kill the bot."""
    bot = session.page.bot
    actions = {"start": bot.start, "stop": bot.stop, "kill": bot.kill} if bot else {}
    await actions[str(request["action"])]()


async def set_membership(session: PageSession, request: Payload) -> None:
    """Invite the bot to the server, or remove it."""
    session.page.set_membership(invited=bool(request["invited"]))


async def play_tour(session: PageSession, _request: Payload) -> None:
    """Play the tour on every page."""
    bot = session.page.bot
    if session.page.tour is None or (bot is not None and bot.state != "on"):
        raise InvalidRequest("The tour needs the bot: start it first.")
    session.page.tour.start()


def _relay(session: PageSession, request: Payload) -> RelayControls:
    """Return the relay of the account that is named; the operator's unless one is."""
    return session.page.relays[str(request.get("account", "operator"))]


def _values(session: PageSession, options: list[Payload]) -> dict[str, Any]:
    """Convert the options of a command to the values that the local Discord takes."""
    return {one["name"]: _value(session, int(one["type"]), one["value"]) for one in options}


def _value(session: PageSession, kind: int, value: Any) -> Any:
    state = session.page.discord.state
    if kind == INTEGER:
        return int(value)
    if kind == NUMBER:
        return float(value)
    if kind == BOOLEAN:
        return value in (True, "true")
    if kind == CHANNEL:
        return state.channels[int(value)]
    if kind in (USER_OPTION, ROLE, MENTIONABLE):
        roles = {key: one for guild in state.guilds.values() for key, one in guild.roles.items()}
        known: dict[int, Any] = {**(roles if kind != USER_OPTION else {}), **_users(session, kind)}
        return known[int(value)]
    return str(value)


def _users(session: PageSession, kind: int) -> dict[int, User]:
    return {} if kind == ROLE else session.page.discord.state.users


def _interaction(session: PageSession, identity: object) -> Interaction:
    known = {str(one.id): one for one in session.page.discord.interactions}
    return known[str(identity)]


_HANDLERS: dict[str, Handler] = {
    "switch_user": switch_user,
    "available_commands": available_commands,
    "send_message": send_message,
    "command": command,
    "autocomplete": autocomplete,
    "press": press,
    "select": select,
    "submit": submit,
    "menu": use_menu,
    "dismiss": dismiss,
    "set_permission": set_permission,
    "task": new_task,
    "advance": advance,
    "relay": set_relay_fault,
    "submissions": set_submission_fault,
    "bot": control_bot,
    "membership": set_membership,
    "tour": play_tour,
}


async def handle_request(session: PageSession, request: Payload) -> Payload:
    """Carry out a request; the reply holds its result, or the text of an error."""
    reply: Payload = {"ref": request.get("ref")}
    try:
        reply["result"] = await _HANDLERS[request["do"]](session, request)
    except (InvalidRequest, ActionUnavailable, LookupError, ValueError, TimeoutError) as error:
        reply["error"] = str(error).splitlines()[0] if str(error) else "That did not work."
    return reply
