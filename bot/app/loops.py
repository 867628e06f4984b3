"""Builds the background loops, and what only they use."""

from bot.accounts.credit import CreditMonitor
from bot.accounts.pauses import AccountPauses
from bot.accounts.registry import POLL_LOOP, AccountRegistry
from bot.app.stores import Stores
from bot.background import BackgroundLoops, Loop, RetentionJob
from bot.creation.recorder import SubmissionRecorder
from bot.creation.submitter import CreationSubmitter
from bot.delivery.account_messages import AccountMessages
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.live_card_updater import LiveCardUpdater
from bot.leadership import Leadership
from bot.metrics import Metrics
from bot.settings import Settings
from bot.storage.leases import LeaderLock
from bot.storage.retention import Retention


def build_loops(
    settings: Settings,
    stores: Stores,
    registry: AccountRegistry,
    messages: AccountMessages,
    dispatcher: OutboxDispatcher,
    updater: LiveCardUpdater,
    metrics: Metrics,
) -> BackgroundLoops:
    """Build the loops under the names that metrics and health probes publish."""
    database = stores.database
    clock = database.clock
    credit = CreditMonitor(stores.credit, messages.tell_no_credit, clock)
    submitter = _build_submitter(settings, stores, registry, credit, metrics)
    retention = RetentionJob(Retention(database), stores.departed_servers, clock)
    operator = registry.operator
    polls = [Loop(POLL_LOOP, operator.poller.tick, operator.tasks.changed)] if operator else []
    refresh = stores.user_settings.refresh
    caches = [Loop("settings", refresh, stores.user_settings.changed, refresh)]
    loops = BackgroundLoops(
        (
            *polls,
            *(caches if database.is_shared else ()),
            Loop("accounts", registry.tick, stores.accounts.changed, registry.follower_tick),
            Loop("create", submitter.tick, stores.creations.changed),
            Loop("credit", credit.tick, stores.credit.changed),
            Loop("deliver", dispatcher.tick, stores.outbox.changed),
            Loop("show", updater.tick, stores.live_cards.changed),
            Loop("tidy", retention.tick, stores.departed_servers.changed, retention.tick),
        ),
        finish=(
            *((operator.poller.finish,) if operator else ()),
            submitter.finish,
            dispatcher.finish,
            updater.finish,
        ),
        leadership=Leadership(LeaderLock(database) if database.is_shared else None),
        lead=(registry.start_polling,),
        abandon=(
            registry.stop_polling,
            submitter.abandon,
            dispatcher.abandon,
            updater.abandon,
        ),
        on_failure=lambda loop: metrics.failed_ticks.labels(loop).inc(),
        clock=clock,
    )
    for name in (POLL_LOOP, *loops.names):
        metrics.failed_ticks.labels(name)  # exported as 0 until the first failure
    return loops


def _build_submitter(
    settings: Settings,
    stores: Stores,
    registry: AccountRegistry,
    credit: CreditMonitor,
    metrics: Metrics,
) -> CreationSubmitter:
    clock = stores.database.clock
    pauses = AccountPauses(stores.database, clock)
    return CreationSubmitter(
        stores.creations,
        registry,
        pauses,
        SubmissionRecorder(stores.creations, credit, pauses, metrics, clock=clock),
        clock=clock,
        operator_creates=settings.shared_relay and settings.shared_relay_creates,
    )
