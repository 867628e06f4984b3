"""Builds what the commands and buttons call, and what only that uses."""

import time

from bot.app.relays import Accounts
from bot.app.stores import Stores
from bot.client import Services
from bot.creation.clip_actions import ClipActionService
from bot.creation.drafts import Drafts
from bot.creation.offers import CreationOffers
from bot.creation.service import CreationService
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.live_card_updater import LiveCardUpdater
from bot.delivery.welcome import WelcomeMessages
from bot.settings import Settings
from bot.storage.creation_debits import CreationDebits
from bot.storage.erasure import Erasure
from bot.storage.key_value import KeyValueStore
from bot.storage.watches import NoticeStates
from bot.watches.caller_lookups import CallerLookups
from bot.watches.lookup_limiter import LookupLimiter
from bot.watches.recipient_check import RecipientCheck
from bot.watches.service import WatchService
from bot.watches.task_reader import TaskReader
from bot.watches.watchlist import Watchlist


def build_services(
    settings: Settings,
    stores: Stores,
    accounts: Accounts,
    offers: CreationOffers,
    dispatcher: OutboxDispatcher,
    updater: LiveCardUpdater,
) -> Services:
    """Build what the commands and buttons call."""
    database = stores.database
    limiter = LookupLimiter(settings.poll_requests_per_second)
    clock = database.clock
    lookups = CallerLookups(accounts.registry, stores.watches, limiter)
    watchlist = Watchlist(lookups, stores.watches, clock)
    task_reader = TaskReader(accounts.registry, lookups, stores.watches)
    recipient_check = RecipientCheck(updater, NoticeStates(database))
    return Services(
        watch_service=WatchService(
            watchlist, stores.live_cards, recipient_check, stores.server_settings, clock
        ),
        watchlist=watchlist,
        task_reader=task_reader,
        creations=CreationService(
            offers,
            stores.creations,
            recipient_check,
            stores.server_settings,
            stores.history,
            clock,
        ),
        drafts=Drafts(time.monotonic),
        clip_actions=ClipActionService(
            offers,
            CreationDebits(database),
            task_reader,
            stores.server_settings,
            limiter,
            clock,
        ),
        credit=stores.credit,
        accounts=accounts.service,
        dispatcher=dispatcher,
        live_card_updater=updater,
        outbox=stores.outbox,
        live_cards=stores.live_cards,
        history=stores.history,
        erasure=Erasure(database),
        departed_servers=stores.departed_servers,
        server_settings=stores.server_settings,
        user_settings=stores.user_settings,
        welcome_messages=WelcomeMessages(
            stores.server_settings, clock, has_accounts=accounts.service.is_enabled
        ),
        limits=stores.limits,
        key_values=KeyValueStore(database),
    )
