"""The oracle of relay accounts: keys stay secret, and no account is lost or delays another.

What messages say about the songs of accounts is in ``oracle``.
"""

from collections.abc import Iterator

from sqlite_utils import Database

from bot.encryption import Cipher, parse_keys
from bot.storage.account_rows import read_accounts
from bot.storage.models import AccountOwner
from sandbox.bot_process import ENCRYPTION_KEY
from tests.simulation.accounts import AccountChange
from tests.simulation.bindings import Bindings
from tests.simulation.discord_state import Interaction
from tests.simulation.expectations import Expectation, Key
from tests.simulation.messages import is_summary
from tests.simulation.relay_server import KEY_PREFIX, RelayServer
from tests.simulation.simulated_task import mark_of
from tests.simulation.simulation import Simulation

CLOSING_TIME = 5.0
"""Seconds within which a request with an old key arrives that was sent before it was replaced."""
POSTING_TIME = 30.0
"""Seconds within which a notice is posted when a poll has seen the end of its task."""

_CIPHER = Cipher(parse_keys(ENCRYPTION_KEY))


def find_account_violations(
    simulation: Simulation, expectations_by_key: dict[Key, Expectation]
) -> Iterator[str]:
    """Yield each violation of what is promised about accounts."""
    yield from _wrong_accounts(simulation)
    yield from _used_keys(simulation)
    yield from _told_keys(simulation)
    for interaction in simulation.state.interactions.values():
        yield from _shown_to_strangers(simulation, interaction)
    if simulation.relays.spared is not None:
        for key, expectation in expectations_by_key.items():
            yield from _late_notices(simulation, simulation.relays.spared, key, expectation)


def _wrong_accounts(simulation: Simulation) -> Iterator[str]:
    """Yield the accounts that are lost, and those that should not be there any more."""
    stored = {each.owner: each for each in read_accounts(Database(simulation.disk.connection))}
    now = simulation.state.clock.true_time()
    for owner in {*stored, *(each.owner for each in simulation.accounts.changes)}:
        account = stored.get(owner)
        key = ""
        if account is not None:
            key = _CIPHER.decrypt(account.encrypted_key, account.id).get_secret_value()
        possible = {each.key for each in simulation.accounts.possible(owner, now, now)}
        if owner.guild_id is not None and owner.guild_id not in simulation.state.guilds:
            possible = {""}
        if key not in possible:
            yield f"ACCOUNT of {owner} has the key {key!r}, not one of {sorted(possible)}"


def _used_keys(simulation: Simulation) -> Iterator[str]:
    """Yield the keys with which relays were asked after they were replaced or disconnected."""
    changes = {each.key: each for each in simulation.accounts.changes if each.relay}
    for relay in simulation.relays.servers:
        for at, key in relay.requests:
            change = changes.get(key)
            if change is None:
                if key != simulation.relays.operator_key:
                    yield f"USED {relay.name} was asked with the unknown key {key!r}"
            elif at > _end_of(simulation, change) + CLOSING_TIME:
                yield f"USED {relay.name} was asked at {at} by a key that was gone: {change}"
                break


def _end_of(simulation: Simulation, change: AccountChange) -> float:
    """Return when a key was certainly not stored any more (true Unix seconds)."""
    if change.refused_at is not None:
        return change.refused_at
    later = [
        each.finished_at
        for each in simulation.accounts.changes_of(change.owner)
        if each.asked_at > change.asked_at and each.finished_at is not None
    ]
    return min(later, default=float("inf"))


def _told_keys(simulation: Simulation) -> Iterator[str]:
    """Yield what holds a key although everybody may read it, or anybody who finds the file."""
    for channel in simulation.state.channels.values():
        for message in channel.messages.values():
            if KEY_PREFIX in message.text:
                yield f"KEY in a message: {message.text!r}"
    for interaction in simulation.state.interactions.values():
        for _, text in interaction.seen:
            if KEY_PREFIX in text:
                yield f"KEY in an answer: {text!r}"
    if KEY_PREFIX.encode() in simulation.disk.connection.serialize():
        yield "KEY in the database"


def _shown_to_strangers(simulation: Simulation, interaction: Interaction) -> Iterator[str]:
    """Yield if a person was shown what only the account of others could tell."""
    shown = "\n".join(text for _, text in interaction.seen)
    for relay in simulation.relays.servers:
        if mark_of(relay.name) in shown and relay not in _visible(simulation, interaction):
            where = interaction.channel.name or "a direct message"
            yield f"SHOWN to {interaction.person.name} in {where} of {relay.name}: {shown!r}"


def _visible(simulation: Simulation, interaction: Interaction) -> set[RelayServer]:
    """Return the relays of which a person may know: that they could use, or that are told here."""
    accounts, bindings = simulation.accounts, Bindings(simulation)
    until = max((at for at, _ in interaction.seen), default=interaction.created_at)
    owners = [AccountOwner(user_id=interaction.person.id)]
    if interaction.channel.guild_id is not None:
        owners.append(AccountOwner(guild_id=interaction.channel.guild_id))
    visible = {relay for each in owners for relay in accounts.relays(each, 0.0, until)}
    if bindings.shared is not None:
        visible.add(bindings.shared)
    for action in simulation.users.actions:
        is_here = action.person is interaction.person or action.place is interaction.channel
        if is_here and action.verb == "watch":
            visible |= bindings.relays(action, until)
    return visible


def _late_notices(
    simulation: Simulation, spared: RelayServer, key: Key, expectation: Expectation
) -> Iterator[str]:
    """Yield if a notice of the only relay that never failed came late."""
    watches = [each for each in expectation.actions if each.verb == "watch"]
    task = spared.tasks.get(key[0])
    if len(watches) != 1 or task is None or task.ends_at is None or task.vanishes_at is not None:
        return
    (watch,) = watches
    if watch.is_stored:
        return  # how late a relay begins what is created is its own affair
    if sum(each.interaction is watch.interaction for each in simulation.users.actions) > 1:
        return  # what is watched together may be told together
    limit = simulation.settings.poll_interval + POSTING_TIME
    for message in (each for each in expectation.arrived if not is_summary(each)):
        late = message.created_at - max(task.ends_at, watch.asked_at)
        if Bindings(simulation).relays(watch, message.created_at) == {spared} and late > limit:
            yield f"LATE {key[0]} of {spared.name} was told {late:.0f} s after its end: {watch}"
