"""Builds the parts of delivery as production wires them; a test names only what differs."""

import time
from collections.abc import Callable

import discord

from bot.delivery.attachments.attachment_policy import AttachmentPolicy, AudioAttachments
from bot.delivery.attachments.audio_fetcher import AudioFetcher
from bot.delivery.discord_requests import RequestMonitor
from bot.delivery.dispatcher import OutboxDispatcher
from bot.delivery.error_policy import RETRY_POLICY, RetryPolicy
from bot.delivery.live_card_updater import LIVE_CARD_TIMING, LiveCardTiming, LiveCardUpdater
from bot.delivery.relay_facts import RelayFacts
from bot.metrics import Metrics
from bot.storage.live_cards import LiveCards
from bot.storage.outbox import Outbox
from bot.storage.server_settings import ServerSettingsStore


def a_dispatcher(
    client: discord.Client,
    outbox: Outbox,
    policy: RetryPolicy = RETRY_POLICY,
    *,
    clock: Callable[[], float] = time.time,
    request_monitor: RequestMonitor | None = None,
    fetcher: AudioFetcher | None = None,
) -> OutboxDispatcher:
    """Return a dispatcher for ``outbox``; with an open ``fetcher``, it attaches files."""
    settings = ServerSettingsStore(outbox._database)  # the same file holds the settings of servers
    audio = AudioAttachments(fetcher, clock) if fetcher else None
    return OutboxDispatcher(
        client,
        outbox,
        attachments=AttachmentPolicy(client, settings, audio),
        settings=settings,
        metrics=Metrics(),
        request_monitor=request_monitor or RequestMonitor(),
        policy=policy,
        clock=clock,
    )


def a_live_card_updater(
    client: discord.Client,
    cards: LiveCards,
    timing: LiveCardTiming = LIVE_CARD_TIMING,
    *,
    clock: Callable[[], float] = time.time,
    request_monitor: RequestMonitor | None = None,
    dispatcher_busy: Callable[[], bool] = lambda: False,
    relay_facts: RelayFacts = RelayFacts(),  # noqa: B008 # frozen
) -> LiveCardUpdater:
    """Return an updater of ``cards``; no notice waits unless ``dispatcher_busy`` says so."""
    return LiveCardUpdater(
        client,
        cards,
        timing,
        dispatcher_busy=dispatcher_busy,
        request_monitor=request_monitor or RequestMonitor(),
        relay_facts=relay_facts,
        clock=clock,
    )
