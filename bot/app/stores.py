"""Builds the parts of the database that several parts of the bot share."""

from dataclasses import dataclass

from bot.settings import Settings
from bot.storage.account_credit import AccountCredit
from bot.storage.creations import CreationStore
from bot.storage.database import DatabaseThread
from bot.storage.history import History
from bot.storage.limits import WatchLimits
from bot.storage.live_cards import LiveCards
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.retention import DepartedServers
from bot.storage.server_settings import ServerSettingsStore
from bot.storage.user_settings import UserSettingsStore
from bot.storage.watch_store import WatchStore


@dataclass(frozen=True, slots=True)
class Stores:
    """The parts of the database that several parts of the bot share."""

    database: DatabaseThread
    limits: WatchLimits
    outbox: Outbox
    live_cards: LiveCards
    watches: WatchStore
    creations: CreationStore
    server_settings: ServerSettingsStore
    user_settings: UserSettingsStore
    departed_servers: DepartedServers
    accounts: RelayAccountStore
    credit: AccountCredit
    history: History


def build_stores(settings: Settings, database: DatabaseThread) -> Stores:
    """Build them; the database need not be open yet."""
    limits = WatchLimits(
        settings.watches_per_user,
        settings.watches_per_server,
        messages_per_user=settings.messages_per_user,
        messages_per_channel=settings.messages_per_channel,
        operator_account=settings.operator_account,
    )
    outbox = Outbox(database)
    live_cards = LiveCards(database, limits)
    return Stores(
        database=database,
        limits=limits,
        outbox=outbox,
        live_cards=live_cards,
        watches=WatchStore(database, outbox, limits),
        creations=CreationStore(database, outbox, live_cards, limits),
        server_settings=ServerSettingsStore(database),
        user_settings=UserSettingsStore(database),
        departed_servers=DepartedServers(database),
        accounts=RelayAccountStore(database, outbox),
        credit=AccountCredit(database),
        history=History(database, settings.operator_account),
    )
