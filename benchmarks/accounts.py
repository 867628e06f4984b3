"""Measures what connected relay accounts cost, and that the trouble of some costs others nothing.

The bot is a process of its own between a local Discord and local relays. *Many accounts*: each has
a key of its own and one running song; the relay notes when each song is looked up. *Neighbours*:
the songs of one account end one after the other, alone or beside four accounts: the relay of one is
down, that of one refuses the key, that of one answers after many seconds, and one has more songs
than its rate limit lets it look up. A notice counts from the end of its song at the relay until it
is in Discord.
"""

import asyncio
import sqlite3
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from itertools import cycle, pairwise
from pathlib import Path

from pydantic import SecretStr
from sqlite_utils import Database
from yarl import URL

from benchmarks.delivery import while_running
from benchmarks.memory import resident
from benchmarks.quick_relay import KEY, QuickRelay
from benchmarks.rows import Row, ratios, seconds
from benchmarks.seeding import parsed_task, seed, streaming_song, task_id
from benchmarks.storage import folder_on_disk
from bot.encryption import Cipher, parse_keys
from bot.relay.providers import CUSTOM, FETCH_PATH
from bot.storage.account_rows import insert_account
from bot.storage.database import DatabaseThread
from bot.storage.limits import WatchLimits
from bot.storage.models import ACCOUNT_PREFIX, AccountOwner, Destination, RelayAccount, WatchRequest
from bot.storage.outbox import Outbox
from bot.storage.relay_accounts import RelayAccountStore
from bot.storage.tasks import TaskStore
from sandbox.bot_process import ENCRYPTION_KEY, BotProcess, settings_for
from sandbox.discord import Channel, LocalDiscord
from sandbox.discord.events import Event
from sandbox.relay import LocalRelay, song, stuck
from sandbox.relay.server import KEY as RELAY_KEY

ACCOUNTS, QUICK_ACCOUNTS, FEW_ACCOUNTS = 10_000, 100, 10
INTERVAL, QUICK_INTERVAL = 60.0, 1.0
"""Seconds between two polls of a song: 10,000 accounts make 167 polls a second."""
START_TIMEOUT = 300.0
"""Seconds until each account was polled."""
SONGS, QUICK_SONGS = 200, 10
ENDS_PER_SECOND = 8.0
"""Notices a second; Discord takes fifty."""
HEALTHY_INTERVAL = 1.0
"""Seconds between two polls of a song of the healthy account."""
FIRST_END = 2.0
"""Seconds from the start of the polls to the first end."""
ALONE_AND_BESIDE = 3
"""How often the healthy account is measured each way, by turns."""
GREEDY_SONGS = 2_000
SLOW_ANSWER = 20.0
"""Seconds."""
MAX_WAIT = 60.0
"""Seconds after which a notice counts as lost."""
HOST = "relay.example"
FIRST_USER_ID = 10**15


def rows(quick: bool) -> list[Row]:
    """Measure many accounts, and the neighbours of one."""
    accounts, interval = (QUICK_ACCOUNTS, QUICK_INTERVAL) if quick else (ACCOUNTS, INTERVAL)
    songs, times = (QUICK_SONGS, 1) if quick else (SONGS, ALONE_AND_BESIDE)
    few, many = asyncio.run(_few_and_many(accounts, interval))
    alone, beside = asyncio.run(_by_turns(songs, times))
    each = (many.resident - few.resident) * 1024 / (accounts - FEW_ACCOUNTS)
    size = f"{accounts:,} accounts, one running song each, polled every {interval:g} s"
    return [
        Row(
            topic="accounts",
            measure=f"resident memory of the bot: {each:.1f} KiB for each account",
            ours=f"{many.resident:.1f} MiB",
            theirs=f"{few.resident:.1f} MiB: with {FEW_ACCOUNTS} accounts",
            ratios=ratios([many.resident], [few.resident]),
            size=size,
            at_most=4,
        ),
        Row(
            topic="accounts",
            measure=f"how late a poll is recorded, p95; median {seconds(many.median)}",
            ours=seconds(many.p95),
            theirs=f"{interval:g} s: the interval; {seconds(few.p95)} with {FEW_ACCOUNTS} accounts",
            ratios=ratios([many.p95], [interval]),
            size=f"{size}, {many.polls:,} polls",
        ),
        Row(
            topic="accounts",
            measure="p95 from the end of a song to its notice, beside four accounts in trouble",
            ours=seconds(statistics.median(beside)),
            theirs=f"{seconds(statistics.median(alone))}: the same account alone",
            ratios=ratios(beside, alone),
            size=f"{songs} songs polled every {HEALTHY_INTERVAL:g} s, {times} ×",
            at_most=1.1,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Life:
    """What was seen of one bot process with accounts."""

    resident: float
    """MiB."""
    lateness: Sequence[float]
    """Seconds by which the polls came later than an interval after the ones before."""

    @property
    def polls(self) -> int:
        """How many polls were seen."""
        return len(self.lateness)

    @property
    def median(self) -> float:
        """The median lateness (seconds)."""
        return statistics.median(self.lateness)

    @property
    def p95(self) -> float:
        """What one of twenty polls exceeds (seconds)."""
        return p95(self.lateness)


def p95(values: Sequence[float]) -> float:
    """Return what one of twenty exceeds."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


async def _few_and_many(accounts: int, interval: float) -> tuple[Life, Life]:
    async with LocalDiscord(rate_limited=False) as discord, LocalRelay() as operator:
        discord.gateway.identify_limits.seconds = 0
        guild = discord.add_guild("Song Club")
        place = Destination(guild.add_channel("songs").id, guild.id)
        lives = []
        for count in (FEW_ACCOUNTS, accounts):
            with folder_on_disk() as folder:
                await seed(folder / "suno.db", count, later=interval, places=[place])
                give_accounts(folder / "suno.db", count)
                settings = settings_for(discord, operator, folder)
                settings |= {"POLL_INTERVAL": f"{interval:g}", "POLL_REQUESTS_PER_SECOND": "2"}
                lives.append(await live(folder, settings, count, interval))
        few, many = lives
        return few, many


def give_accounts(path: Path, count: int) -> None:
    """Let each of so many seeded songs belong to a connected account of its own."""
    cipher = Cipher(parse_keys(ENCRYPTION_KEY))
    with closing(sqlite3.connect(path)) as connection, connection:
        for number in range(count):
            account_id = f"{ACCOUNT_PREFIX}{number:016x}"
            account = an_account(account_id, number, HOST, f"{KEY}-{number}", cipher)
            insert_account(Database(connection), account)
            for table in ("tasks", "watches"):
                connection.execute(
                    f"UPDATE {table} SET account = ? WHERE account = ? AND task_id = ?",  # noqa: S608 # names of ours
                    [account.id, CUSTOM, task_id(number)],
                )


def an_account(account_id: str, number: int, host: str, key: str, cipher: Cipher) -> RelayAccount:
    """Return the account of a user."""
    return RelayAccount(
        id=account_id,
        owner=owner_of(number),
        relay=CUSTOM,
        base_url=f"https://{host}",
        fetch_path=FETCH_PATH,
        encrypted_key=cipher.encrypt(SecretStr(key), account_id),
        key_ending="0000",
        connected_by=FIRST_USER_ID + number,
        connected_at=time.time(),
        locale="en-US",
    )


def owner_of(number: int) -> AccountOwner:
    """Return whose an account is."""
    return AccountOwner(user_id=FIRST_USER_ID + number)


async def live(folder: Path, settings: dict[str, str], accounts: int, interval: float) -> Life:
    """Let a bot poll the songs of all accounts.

    An interval after the first poll of the last account, what the start has delayed is over; the
    polls of the next one and a half are counted.
    """
    looks: dict[str, list[float]] = defaultdict(list)

    def note(ids: Sequence[str]) -> None:
        for each in ids:
            looks[each].append(time.perf_counter())

    async with QuickRelay([streaming_song(task_id(n)) for n in range(accounts)]) as relay:
        relay.on_look = note
        async with a_bot(folder, settings, {HOST: relay.base_url}) as bot:
            await while_running(bot, _all_looked_at(looks, accounts))
            await while_running(bot, asyncio.sleep(interval))
            for times in looks.values():
                del times[:-1]
            await while_running(bot, asyncio.sleep(1.5 * interval))
            memory = resident(bot.pid)
    gaps = [later - earlier for times in looks.values() for earlier, later in pairwise(times)]
    return Life(memory, [gap - interval for gap in gaps])


async def _all_looked_at(looks: dict[str, list[float]], accounts: int) -> None:
    async with asyncio.timeout(START_TIMEOUT):
        while len(looks) < accounts:  # noqa: ASYNC110 # nothing notifies
            await asyncio.sleep(0.1)


@asynccontextmanager
async def a_bot(
    folder: Path, settings: dict[str, str], relays: Mapping[str, str]
) -> AsyncIterator[BotProcess]:
    """Run a bot for which hosts stand for relays at these addresses."""
    hosts = [
        option
        for host, address in relays.items()
        for option in ("--relay", host, str(URL(address).port))
    ]
    async with BotProcess(folder, settings, ("-m", "sandbox.local_bot", *hosts)) as bot:
        yield bot


async def _by_turns(songs: int, times: int) -> tuple[list[float], list[float]]:
    """Return the p95 of the healthy account's notices, alone and beside others, so many times."""
    alone, beside = [], []
    for _ in range(times):
        alone.append(p95(await notice_delays(songs, in_trouble=False)))
        beside.append(p95(await notice_delays(songs, in_trouble=True)))
    return alone, beside


async def notice_delays(songs: int, *, in_trouble: bool) -> list[float]:
    """Return how long after its end the notice of each song of the healthy account came."""
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(LocalDiscord())
        operator = await stack.enter_async_context(LocalRelay())
        folder = stack.enter_context(folder_on_disk())
        guild = discord.add_guild("Song Club")
        channels = [guild.add_channel(f"songs-{number}") for number in range(songs)]
        watched = {"healthy": [f"song-{number}" for number in range(songs)]}
        if in_trouble:
            watched |= {name: [name] for name in ("down", "rejecting", "slow")}
            watched["greedy"] = [f"greedy-{number}" for number in range(GREEDY_SONGS)]
        relays = {name: await stack.enter_async_context(LocalRelay(speed=1.0)) for name in watched}
        for name, ids in watched.items():
            relays[name].add(*map(stuck, ids))
        if in_trouble:
            make_trouble(relays)
        await store_watches(folder / "suno.db", watched, channels, guild.id)
        settings = settings_for(discord, operator, folder) | {
            "POLL_INTERVAL": f"{HEALTHY_INTERVAL:g}",
            "POLL_REQUESTS_PER_SECOND": "5",
        }
        addresses = {host_of(name): relay.base_url for name, relay in relays.items()}
        bot = await stack.enter_async_context(a_bot(folder, settings, addresses))
        healthy = relays["healthy"]
        await while_running(bot, healthy.wait_for_requests())
        return await while_running(bot, _delays(discord, healthy, channels))


def make_trouble(relays: Mapping[str, LocalRelay]) -> None:
    """Let three relays be in trouble; the greedy account is so by its songs alone."""
    relays["down"].start_outage()
    relays["rejecting"].key = "sk-another"
    relays["slow"].delay = lambda: asyncio.sleep(SLOW_ANSWER)


def host_of(name: str) -> str:
    """Return the host of the relay of an account."""
    return f"{name}.example"


async def store_watches(
    path: Path, watched: Mapping[str, Sequence[str]], channels: Sequence[Channel], guild_id: int
) -> None:
    """Store accounts and their songs; each song is watched in the next channel."""
    cipher = Cipher(parse_keys(ENCRYPTION_KEY))
    limits = WatchLimits(watches_per_user=GREEDY_SONGS, watches_per_server=2 * GREEDY_SONGS)
    now = time.time()
    async with DatabaseThread(path) as database:
        outbox = Outbox(database)
        accounts = RelayAccountStore(database, outbox)
        for number, (name, ids) in enumerate(watched.items()):
            account = await accounts.connect(
                owner_of(number),
                partial(
                    an_account, number=number, host=host_of(name), key=RELAY_KEY, cipher=cipher
                ),
            )
            tasks = TaskStore(database, outbox, account.id, limits)
            await asyncio.gather(
                *(
                    tasks.add_watch(
                        parsed_task(stuck(task_id), now),
                        WatchRequest(
                            account.connected_by, Destination(channel.id, guild_id), mention=False
                        ),
                        now,
                        known=True,
                        deadline=86400.0,
                    )
                    for task_id, channel in zip(ids, cycle(channels), strict=False)
                )
            )


async def _delays(
    discord: LocalDiscord, relay: LocalRelay, channels: Sequence[Channel]
) -> list[float]:
    """Let the songs end one after the other, each told in the channel with its number."""
    arrived: dict[int, float] = {}

    def note(event: Event) -> None:
        if event.kind == "message" and event.message is not None:
            arrived[event.message.channel.id] = time.perf_counter()

    discord.on_event(note)
    began = time.perf_counter()
    ends = {
        channel.id: FIRST_END + number / ENDS_PER_SECOND for number, channel in enumerate(channels)
    }
    relay.add(*(song(f"song-{number}", takes=end) for number, end in enumerate(ends.values())))
    await discord.wait_for(
        lambda: len(arrived) >= len(ends), max(ends.values()) + MAX_WAIT, "every notice"
    )
    return [arrived[channel] - began - end for channel, end in ends.items()]
