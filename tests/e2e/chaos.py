"""Chaos: people, a bot that dies, a relay and a Discord that fail; and an auditor at the end.

``python -m tests.e2e.chaos --rounds 200 --seed 1`` runs the bot as a process of its own between a
local Discord and a local relay, lets everything go wrong that a seed makes of it, heals it all,
waits until nothing is owed, and compares what people were told with what arrived. Ends with exit
code 1 if anything was lost, doubled or wrong. The clock of everybody is moved together
(``moved_clock``).
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

from sandbox.bot_process import BotProcess, settings_for
from sandbox.discord import (
    ActionUnavailable,
    Channel,
    Event,
    Interaction,
    LocalDiscord,
    Request,
    User,
)
from sandbox.relay import LocalRelay, RelayTask, failing, half_success, lyrics_task, song, stuck
from sandbox.relay.lifecycles import clip_ids
from tests.e2e.chaos_audit import (
    WATCHES_PER_USER,
    Deed,
    ErrorClassification,
    Fate,
    Heard,
    Posted,
    Truth,
    Verb,
    audit,
)
from tests.e2e.chaos_plan import (
    PEOPLE,
    PUBLIC_PLACES,
    End,
    NewTask,
    Round,
    WatchOptions,
    nonce_window,
    plan,
)
from tests.e2e.chaos_troubles import Troubles
from tests.support.adjustable_clock import AdjustableClock

DEADLINE = 900.0
"""Seconds after which the bot gives a watch up."""

_PATIENT_READER = 2.0
"""Real seconds for which a person waits for an answer."""
_LONGEST_AIM = 1.5
"""Real seconds for which an end waits for the moment that it is aimed at."""
_STEP = 60.0
"""Seconds by which the clock is moved while everything heals: not so many that it is an outage, in
which deadlines stand still."""
_LONGEST_HEALING = 150.0
"""Real seconds."""

_OWED = """
    SELECT (SELECT count(*) FROM tasks WHERE state = 'running')
         + (SELECT count(*) FROM deliveries WHERE state IN ('due', 'sending', 'held'))
"""


@dataclass(slots=True)
class Report:
    """How it went."""

    classify: ErrorClassification
    metrics: dict[str, int | float]
    log: list[str]
    """What happened, round by round."""
    malformed: Sequence[Request] = ()
    """What the bot asked of Discord that Discord never takes."""
    owed: int = 0
    """What was still owed when the healing was given up."""

    @property
    def violations(self) -> list[str]:
        """Everything that breaks the promise, a line each."""
        left = [f"{self.owed} watches or messages are still owed"] if self.owed else []
        refused = [f"Discord never takes {one.method} {one.path}" for one in self.malformed]
        return [*left, *refused, *self.classify.violations]


@dataclass(slots=True)
class _Asked:
    """A deed, and the interaction that its answer comes in."""

    deed: Deed
    interaction: Interaction


@dataclass
class Chaos:
    """The world, and what happened in it."""

    discord: LocalDiscord
    relay: LocalRelay
    clock: AdjustableClock
    bot: BotProcess
    folder: Path
    people: list[User]
    places: list[Channel]
    troubles: Troubles
    tell: Callable[[str], None]
    truths: list[Truth] = field(default_factory=list)
    asked: list[_Asked] = field(default_factory=list)
    lives: int = 0
    log: list[str] = field(default_factory=list)
    dead: asyncio.Event = field(default_factory=asyncio.Event)
    read: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody has read an answer."""

    async def round(self, planned: Round) -> None:
        """Play one round to its end; the bot lives then."""
        self.note(f"round {planned.number}: {len(planned.tasks)} tasks")
        self.troubles.heal_until(planned.number)
        await self.live()
        for task in planned.tasks:
            self.make(task)
        for mishap in planned.mishaps:
            self.note(f"  {mishap.trouble} (place {mishap.place}, {mishap.times} times)")
            await self.troubles.begin(mishap, planned.number)
        wishes = [asyncio.create_task(self.ask(wish)) for wish in planned.wishes]
        end = asyncio.create_task(self.end(planned))
        await asyncio.sleep(planned.quiet)
        for seconds in planned.passes:
            self.let_pass(seconds)
            await asyncio.sleep(0.15)
        await end
        await asyncio.gather(*wishes)
        await self.live()

    def note(self, line: str) -> None:
        """Keep what happened, for whoever has to find out why."""
        self.log.append(line)
        self.tell(line)

    def let_pass(self, seconds: float) -> None:
        """Move everybody's clock."""
        self.relay.clock.advance(seconds)
        self.discord.clock.advance(seconds)
        self.clock.advance(seconds)

    def make(self, task: NewTask) -> None:
        """Let the relay make a task, unless it is one that it never knows."""
        made = _task_of(task)
        if made is not None:
            self.relay.add(made)
        self.truths.append(_truth_of(task, self.relay.clock.now()))

    async def ask(self, wish: WatchOptions) -> None:
        """Let a person type something, and read the answer if there is one."""
        await asyncio.sleep(wish.after)
        user = self.people[wish.person]
        public = wish.place < PUBLIC_PLACES
        place = self.places[wish.place] if public else self.discord.open_dm(user)
        deed = Deed(wish.verb, _task_id(wish.task), user.id, place.id, self.relay.clock.now())
        if not self.may(deed):
            return
        try:
            interaction = await self.discord.command(
                user, place, f"suno {wish.verb}", id=deed.task_id
            )
        except ActionUnavailable:
            return
        self.asked.append(_Asked(deed, interaction))
        reading = asyncio.create_task(interaction.wait_for_answer(timeout=_PATIENT_READER))
        dying = asyncio.create_task(self.dead.wait())
        await asyncio.wait({reading, dying}, return_when=asyncio.FIRST_COMPLETED)
        dying.cancel()
        reading.cancel()
        with suppress(TimeoutError, asyncio.CancelledError):
            deed.answer = (await reading).content
            deed.last_answer_at = self.relay.clock.now()
            self.read.set()
        self.note(f"  {deed}")

    def may(self, deed: Deed) -> bool:
        """Whether it will be clear what the deed changes.

        Who got no answer asks no more about that task, and who stops has watched it once.
        """
        earlier = [
            one.deed.heard
            for one in self.asked
            if (one.deed.task_id, one.deed.user) == (deed.task_id, deed.user)
        ]
        if deed.verb is Verb.UNWATCH:
            return earlier == [Heard.WATCHING]
        return Heard.SILENCE not in earlier

    async def end(self, planned: Round) -> None:
        """End the bot as planned, let time pass without it, and start it again."""
        if planned.end is None:
            return
        await self._until_the_moment(planned)
        self.note(f"  the bot is {planned.end}; {planned.passes_dead:.0f} s pass")
        if planned.end is End.STOPPED:
            await self.bot.stop()
        else:
            await self.bot.kill()
        self.dead.set()
        await self.discord.wait_until_disconnected()
        self.let_pass(planned.passes_dead)
        await self.live()

    async def _until_the_moment(self, planned: Round) -> None:
        """Wait for what the end is aimed at, but not for ever."""
        looks = len(self.relay.requests)
        come = asyncio.Event()
        self.read.clear()

        def watch(event: Event) -> None:
            message = event.message
            if event.kind == "message" and message and message.author.bot:
                come.set()

        stop = self.discord.on_event(watch)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_AIM):
                if planned.end is End.KILLED_AT_MESSAGE:
                    await come.wait()
                elif planned.end is End.KILLED_AT_LOOK:
                    await self.relay.wait_for_requests(looks + 1)
                    await asyncio.sleep(planned.end_after / 20)
                elif planned.end is End.KILLED_AFTER_ANSWER:
                    await self.read.wait()
                else:
                    await asyncio.sleep(planned.end_after)
        stop()

    async def live(self) -> None:
        """See to it that the bot lives; it may end by itself where Discord cannot be reached."""
        for _ in range(40):
            if self.bot.pid is None:
                self.lives += 1
                await self.bot.start()
            with suppress(TimeoutError):
                await self.discord.wait_until_ready(timeout=1.5)
                self.dead.clear()
                return
            self.let_pass(5.0)  # it may have to wait before it may connect again
        raise RuntimeError(f"The bot does not come up:\n{self.bot.log[-3000:]}")

    async def heal(self) -> int:
        """Mend everything and let time pass until nothing is owed; return what still is."""
        self.note("healing")
        self.troubles.heal()
        began = time.monotonic()
        while (owed := self.owed()) and time.monotonic() - began < _LONGEST_HEALING:
            await self.live()
            self.let_pass(_STEP)
            await asyncio.sleep(0.25)
        return owed

    def owed(self) -> int:
        """Return how many watches run and messages wait, from the database."""
        with closing(sqlite3.connect(f"file:{self.folder / 'suno.db'}?mode=ro", uri=True)) as db:
            (count,) = db.execute(_OWED).fetchone()
        return int(count)

    def classify(self) -> ErrorClassification:
        """Let the auditor look at everything."""
        for one in self.asked:
            if one.deed.answer is None and one.interaction.answer is not None:
                one.deed.answer = one.interaction.answer.content
        deeds = [one.deed for one in self.asked]
        posted = posted_by_the_bot(self.discord)
        return audit(self.truths, deeds, posted, moderated=self.troubles.moderated)

    def metrics(self) -> dict[str, int | float]:
        """Return how much happened."""
        told = [one.deed.heard for one in self.asked if one.deed.verb is Verb.WATCH]
        own = self.discord.bot_user
        channels = self.discord.state.channels.values()
        return {
            "tasks": len(self.truths),
            "deeds": len(self.asked),
            "watches confirmed": sum(one in (Heard.WATCHING, Heard.FINISHED) for one in told),
            "answers missing": sum(one.deed.heard is Heard.SILENCE for one in self.asked),
            "lives of the bot": self.lives,
            "troubles": self.troubles.begun,
            "messages": sum(m.author is own for c in channels for m in c.history.values()),
            "looks at the relay": len(self.relay.requests),
            "seconds passed": round(self.clock.ahead),
        }


def posted_by_the_bot(discord: LocalDiscord) -> list[Posted]:
    """Return every message of the bot that is not for one person's eyes alone."""
    return [
        Posted(channel.id, message.content, str(message.payload()), frozenset(message.pinged))
        for channel in discord.state.channels.values()
        for message in channel.history.values()
        if message.author is discord.bot_user
    ]


def _task_id(number: int) -> str:
    return f"chaos-{number:05}-of-tasks"


def _task_of(task: NewTask) -> RelayTask | None:
    task_id, title = _task_id(task.number), _title(task)
    if task.fate is Fate.SONG:
        return song(task_id, title=title, takes=task.takes)
    if task.fate is Fate.HALF:
        return half_success(task_id, title=title, takes=task.takes)
    if task.fate is Fate.LYRICS:
        return lyrics_task(task_id, title=title, text=_saying(task), takes=task.takes)
    if task.fate is Fate.FAILED:
        return failing(task_id, reason=_saying(task), takes=task.takes)
    return stuck(task_id) if task.fate is Fate.STUCK else None


def _truth_of(task: NewTask, now: float) -> Truth:
    links = [f"https://cdn1.suno.ai/{clip}.mp3" for clip in clip_ids(_task_id(task.number), 2)]
    proofs = {
        Fate.SONG: links,
        Fate.HALF: links[:1],
        Fate.LYRICS: [_saying(task)],
        Fate.FAILED: [_saying(task)],
    }
    ends = task.fate not in (Fate.STUCK, Fate.NEVER)
    titled = task.fate in (Fate.SONG, Fate.HALF, Fate.LYRICS)
    return Truth(
        _task_id(task.number),
        task.fate,
        now + task.takes if ends else None,
        _title(task) if titled else "",
        tuple(proofs.get(task.fate, ())),
    )


def _title(task: NewTask) -> str:
    return f"Number {task.number}"


def _saying(task: NewTask) -> str:
    return f"What {task.number} says"


@asynccontextmanager
async def a_chaos(folder: Path, tell: Callable[[str], None]) -> AsyncIterator[Chaos]:
    """Open a world with a bot in it."""
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(LocalDiscord())
        relay = await stack.enter_async_context(LocalRelay(speed=1.0))
        guild = discord.add_guild("Song Club")
        people = [discord.add_user(f"Person {number}") for number in range(PEOPLE)]
        for person in people:
            guild.add_member(person)
        places = [guild.add_channel(name) for name in ("songs", "lyrics", "more")]
        places.append(guild.add_thread(places[2], "a thread"))
        settings = settings_for(discord, relay, folder) | {
            "POLL_INTERVAL": "0.5",
            "POLL_REQUESTS_PER_SECOND": "50",
            "WATCH_DEADLINE": str(DEADLINE),
            "WATCHES_PER_USER": str(WATCHES_PER_USER),
            "MESSAGES_PER_USER": "1000000",  # these people are few, and never tire
            "MESSAGES_PER_CHANNEL": "1000000",
        }
        clock = AdjustableClock(folder / "clock")
        program = ("-m", "tests.support.adjustable_clock", str(folder / "clock"))
        bot = BotProcess(folder, settings, program)
        troubles = Troubles(discord, relay, guild, places)
        chaos = Chaos(discord, relay, clock, bot, folder, people, places, troubles, tell)
        await chaos.live()
        await discord.wait_until_commands(timeout=30)
        try:
            yield chaos
        finally:
            await bot.kill()


async def run_chaos(
    folder: Path, *, seed: int, rounds: int, tell: Callable[[str], None] = lambda _: None
) -> Report:
    """Play the rounds of a seed, heal, and let the auditor look; ``tell`` gets every line."""
    began = time.monotonic()
    async with a_chaos(folder, tell) as chaos:
        chaos.discord.nonce_window = nonce_window(seed)
        chaos.note(f"Discord knows a nonce again for {chaos.discord.nonce_window:.0f} s")
        for planned in plan(seed, rounds):
            await chaos.round(planned)
        owed = await chaos.heal()
        metrics = {"rounds": rounds, **chaos.metrics()}
        metrics["real seconds"] = round(time.monotonic() - began)
        return Report(chaos.classify(), metrics, chaos.log, chaos.discord.malformed_requests, owed)


@click.command()
@click.option("--rounds", default=200, show_default=True, help="How many rounds.")
@click.option("--seed", default=1, show_default=True, help="What happens in them.")
@click.option("--verbose", is_flag=True, help="Tell every round as it happens.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep database and log there.")
def main(rounds: int, seed: int, verbose: bool, folder: Path | None) -> None:
    """Let everything go wrong, and see whether the promise holds."""
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        tell = click.echo if verbose else lambda _: None
        report = asyncio.run(run_chaos(place, seed=seed, rounds=rounds, tell=tell))
    for name, figure in report.metrics.items():
        click.echo(f"{figure:>10} {name}")
    classify = report.classify
    for name, found in (
        ("lost", classify.lost),
        ("doubled", classify.doubled),
        ("wrong", classify.wrong),
    ):
        click.echo(f"{len(found):>10} {name}")
    if report.violations:
        click.echo(f"\nThe promise was broken with --seed {seed} --rounds {rounds}:", err=True)
        for violation in report.violations:
            click.echo(f"- {violation}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
