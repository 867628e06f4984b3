"""What a page may ask for, by the word ``do``; each gives what is sent back."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from sandbox.discord import Interaction, User
from sandbox.discord.command_limits import BOOLEAN, CHANNEL, INTEGER, MENTIONABLE, NUMBER, ROLE
from sandbox.discord.command_limits import USER as PERSON
from sandbox.page.command_list import menu_commands, slash_commands
from sandbox.page.rendering import SWITCHED

if TYPE_CHECKING:
    from sandbox.page.session import Visit

Asked = dict[str, Any]
Request = Callable[["Visit", Asked], Awaitable[Any]]

_ENTITY_SELECTS = {5: PERSON, 6: ROLE, 7: MENTIONABLE, 8: CHANNEL}
_LONGEST_JUMP = 86_400.0


class InvalidRequest(Exception):
    """The page asked for something that is not there; the text may be shown."""


async def become(visit: "Visit", asked: Asked) -> None:
    """See through the eyes of another of the people."""
    chosen = [one for one in visit.page.people if str(one.id) == asked.get("user")]
    if not chosen:
        raise InvalidRequest("There is no such person here.")
    visit.become(chosen[0])


async def offered(visit: "Visit", asked: Asked) -> Asked:
    """Give the commands that this person may use in a channel."""
    channel = visit.channel(asked["channel"])
    commands = visit.page.discord.offered(visit.me, channel)
    locale = visit.me.locale
    return {"slash": slash_commands(commands, locale), "menu": menu_commands(commands, locale)}


async def say(visit: "Visit", asked: Asked) -> None:
    """Post what a person typed."""
    text = str(asked["text"]).strip()
    if not 1 <= len(text) <= 2000:
        raise InvalidRequest("A message has 1 to 2000 characters.")
    visit.page.discord.say(visit.me, visit.channel(asked["channel"]), text)


async def command(visit: "Visit", asked: Asked) -> str:
    """Use a slash command."""
    options = _values(visit, asked.get("options") or [])
    place = visit.channel(asked["channel"])
    interaction = await visit.page.discord.command(visit.me, place, str(asked["name"]), **options)
    return visit.follow(interaction)


async def autocomplete(visit: "Visit", asked: Asked) -> list[Asked]:
    """Give the choices for what is being typed into an option."""
    choices = await visit.page.discord.autocomplete(
        visit.me,
        visit.channel(asked["channel"]),
        str(asked["name"]),
        str(asked["option"]),
        str(asked["text"]),
        timeout=3.0,
        **_values(visit, asked.get("others") or []),
    )
    return [{"name": name, "value": value} for name, value in choices]


async def press(visit: "Visit", asked: Asked) -> str:
    """Press a button of a message."""
    message = visit.page.ledger.message(int(asked["message"]), visit.me)
    return visit.follow(await visit.page.discord.press(visit.me, message, str(asked["id"])))


async def select(visit: "Visit", asked: Asked) -> str:
    """Choose from a select of a message."""
    message = visit.page.ledger.message(int(asked["message"]), visit.me)
    component = message.find_component(str(asked["id"])) or {}
    kind = _ENTITY_SELECTS.get(component.get("type", 0), 0)
    values = [_value(visit, kind, value) for value in asked["values"]]
    discord = visit.page.discord
    return visit.follow(await discord.select(visit.me, message, str(asked["id"]), values))


async def submit(visit: "Visit", asked: Asked) -> str:
    """Send a modal that was filled in."""
    shown = _interaction(visit, asked["interaction"])
    sent = await visit.page.discord.submit_modal(visit.me, shown, dict(asked["values"]))
    return visit.follow(sent)


async def use_menu(visit: "Visit", asked: Asked) -> str:
    """Use a command from the menu of a message."""
    message = visit.page.ledger.message(int(asked["message"]), visit.me)
    discord = visit.page.discord
    return visit.follow(await discord.message_command(visit.me, str(asked["name"]), message))


async def dismiss(visit: "Visit", asked: Asked) -> None:
    """Forget an ephemeral message."""
    message = visit.page.ledger.message(int(asked["message"]), visit.me)
    visit.page.ledger.dismiss(message)
    visit.tell("removed", id=str(message.id), channel=str(message.channel.id))


async def permit(visit: "Visit", asked: Asked) -> None:
    """Give the bot a permission in a channel, or take it away."""
    channel, name = visit.channel(asked["channel"]), str(asked["name"])
    if name not in SWITCHED or channel.guild is None:
        raise InvalidRequest("That cannot be changed here.")
    change = channel.allow if asked["allowed"] else channel.deny
    change(name)
    visit.page.tell_channels()


async def new_task(visit: "Visit", asked: Asked) -> str:
    """Start a task at the relay; give its id."""
    return visit.page.relay.start(str(asked["kind"]))


async def advance(visit: "Visit", asked: Asked) -> None:
    """Let the relay's tasks be older."""
    seconds = float(asked["seconds"])
    if not 0 <= seconds <= _LONGEST_JUMP:
        raise InvalidRequest("Time goes forward, at most a day at once.")
    visit.page.relay.advance(seconds)


async def break_relay(visit: "Visit", asked: Asked) -> None:
    """Let the relay fail in one way, or with ``none`` heal it."""
    visit.page.relay.fail(str(asked["fault"]))


async def run_bot(visit: "Visit", asked: Asked) -> None:
    """Start, stop or kill the bot."""
    keeper = visit.page.bot
    deeds = {"start": keeper.start, "stop": keeper.stop, "kill": keeper.kill} if keeper else {}
    await deeds[str(asked["deed"])]()


def _values(visit: "Visit", options: list[Asked]) -> dict[str, Any]:
    """Turn what was typed into options into what the local Discord takes."""
    return {one["name"]: _value(visit, int(one["type"]), one["value"]) for one in options}


def _value(visit: "Visit", kind: int, value: Any) -> Any:
    world = visit.page.discord.state
    if kind == INTEGER:
        return int(value)
    if kind == NUMBER:
        return float(value)
    if kind == BOOLEAN:
        return value in (True, "true")
    if kind == CHANNEL:
        return world.channels[int(value)]
    if kind in (PERSON, ROLE, MENTIONABLE):
        roles = {key: one for guild in world.guilds.values() for key, one in guild.roles.items()}
        known: dict[int, Any] = {**(roles if kind != PERSON else {}), **_people(visit, kind)}
        return known[int(value)]
    return str(value)


def _people(visit: "Visit", kind: int) -> dict[int, User]:
    return {} if kind == ROLE else visit.page.discord.state.users


def _interaction(visit: "Visit", identity: object) -> Interaction:
    known = {str(one.id): one for one in visit.page.discord.interactions}
    return known[str(identity)]


REQUESTS: dict[str, Request] = {
    "become": become,
    "offered": offered,
    "say": say,
    "command": command,
    "autocomplete": autocomplete,
    "press": press,
    "select": select,
    "submit": submit,
    "menu": use_menu,
    "dismiss": dismiss,
    "permit": permit,
    "task": new_task,
    "advance": advance,
    "relay": break_relay,
    "bot": run_bot,
}
