"""The simulation of one seed: the bot, everything outside it, and the faults of both."""

import json
import logging
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from bot.settings import Settings
from bot.storage.models import CREATION_PREFIX
from sandbox.bot_process import ENCRYPTION_KEY
from tests.simulation import clock
from tests.simulation.accounts import Accounts
from tests.simulation.creation_log import CreationLog
from tests.simulation.creations import Creations
from tests.simulation.database import Disk
from tests.simulation.discord_server import DiscordServer
from tests.simulation.discord_state import SEND, VIEW, Channel, DiscordState, Message, User
from tests.simulation.environment import Environment, SimulationEnded
from tests.simulation.faults import Effect, FaultInjector, Pause, Reply, Request
from tests.simulation.file_presses import FilePresses
from tests.simulation.messages import is_minimal, speaks_for
from tests.simulation.network import Network
from tests.simulation.process import BotProcess
from tests.simulation.random_sources import RandomSources
from tests.simulation.relays import Relays
from tests.simulation.simulated_task import SimulatedTask
from tests.simulation.supervisor import Supervisor
from tests.simulation.trace import TraceHandler
from tests.simulation.users import Users

CHECK_EVERY = 300.0
"""Seconds between two looks whether everything has come to rest."""
SETTLED_FOR = 1500.0
"""Seconds for which time runs on when it has: whatever comes late is seen then."""
MAX_SETTLING_TIME = 3600.0
"""Seconds beyond the deadline of a watch in which everything must have come to rest after the last
fault; a day more where troubles lasted for days."""

ANSWER_READ = 0.9
"""Seconds after which an answer is read that is not late."""

WITH_OPERATOR, SHARED = 0.8, 0.8
"""How often the operator has an account where there are several relays, and shares it."""

WITH_CREATIONS = 0.5
"""In how many simulations people create songs and lyrics, unless it is told otherwise."""
CHARGED = 0.95
"""In how many of these the operator's account may be charged, where it is shared."""
PROFILES = Path(__file__).with_name("profiles.toml")
"""What the relays can do in these."""

_PENDING_ID = re.compile(rf"\b{CREATION_PREFIX}[0-9]+")
_RUNNING = "SELECT count(*) FROM tasks WHERE state = 'running'"
_WAITING = "SELECT channel_id FROM deliveries WHERE state NOT IN ('sent', 'dropped')"


@dataclass(frozen=True, slots=True)
class Result:
    """How a simulation ended."""

    seed: int
    digest: str
    simulated: float
    """Virtual seconds."""
    violations: tuple[str, ...]
    applied: dict[str, int] = field(default_factory=dict)
    """How often each fault struck."""


class Simulation:
    """What there is in the simulation of a seed: the bot, Discord, relays, people, faults."""

    def __init__(
        self, seed: int, relay_count: int | None = None, creations: float = WITH_CREATIONS
    ) -> None:
        """``relay_count``: how many relays there are, if that is not drawn.

        ``creations``: in how many simulations people create songs and lyrics.
        """
        self.disk = Disk()  # before any random number is drawn: it is prepared once in a process
        self.environment = Environment(seed)
        clock.begin(self.environment.clock, seed)
        self.trace = self.environment.trace
        self.random = RandomSources.of(self.environment.rng)
        self.has_creations = self.random.creations.random() < creations
        self.state = DiscordState(self.environment.clock)
        self.discord = DiscordServer(self.state, self.random.scenario.uniform(60, 300))
        self.relays = Relays(self.environment.clock, self.random, relay_count)
        self.discord_faults = FaultInjector(self.environment.rng("discord faults"))
        self.relay_faults = FaultInjector(self.environment.rng("relay faults"))
        self._discord_network, self._relay_network = self._build_networks()
        self.error_codes: dict[int, set[int]] = defaultdict(set)
        """By channel: with which Discord has refused something there."""
        self.users = Users(self.state, self.trace)
        self.accounts = Accounts(self.state, self.users)
        log = CreationLog(self.disk.connection, self.environment.clock.true_time)
        self.creations = Creations(self.state, self.users, log)
        self.file_presses = FilePresses(self.state, self.users)
        self.settings = self._draw_settings()
        self.supervisor = Supervisor(self.environment, self._new_process, self.random.scenario)
        self.channels: list[Channel] = []
        """Where people ask."""
        self.forums: list[Channel] = []
        self.members: list[User] = []
        self.tasks: list[SimulatedTask] = []
        self.failures: list[str] = []
        """What went wrong in a way that no oracle needs to judge."""
        self.has_day_long_disruptions = False
        """Whether troubles may last for more than a day."""
        self.faults_stopped = False
        self._settled_since = 0.0

    def _build_networks(self) -> tuple[Network, Network]:
        """Build those to Discord and to the relays; messages travel equally fast in both."""
        slowness = self.random.scenario.choice([0.01, 0.05, 0.3])
        discord = Network(
            self.environment,
            self.discord.receive,
            self.discord_faults,
            slowness,
            replied=self._note_error_code,
            failed=self._pause_after,
        )
        relays = Network(
            self.environment,
            self.relays.receive,
            self.relay_faults,
            slowness,
            answered=self.relays.answered,
            failed=self.relays.failed,
        )
        return discord, relays

    def _new_process(self) -> BotProcess:
        return BotProcess(
            self.environment,
            self.settings,
            self.disk,
            self._discord_network,
            self._relay_network,
            self.state,
        )

    def _has_operator(self) -> bool:
        """Draw whether the operator has an account, as with one relay always."""
        return len(self.relays.servers) == 1 or self.random.accounts.random() < WITH_OPERATOR

    def _draw_settings(self) -> Settings:
        rng = self.random.scenario
        return Settings(
            _env_file=None,
            discord_token="token",
            suno_relay="custom",
            suno_base_url=self.relays.servers[0].base_url,
            suno_api_key=self.relays.operator_key if self._has_operator() else "",
            shared_relay=self.random.accounts.random() < SHARED,
            shared_relay_creates=self.has_creations and self.random.creations.random() < CHARGED,
            relay_profiles=PROFILES if self.has_creations else None,
            encryption_key=ENCRYPTION_KEY,
            attach_audio=False,
            poll_interval=rng.choice([10.0, 20.0, 45.0]),
            poll_batch_size=rng.choice([2, 10, 100]),
            watch_deadline=rng.choice([3600.0, 7200.0]),
        )

    def _note_error_code(self, request: Request, reply: Reply) -> None:
        """Remember with which error Discord refuses something in a channel, true or not."""
        if reply.status < 400 or reply.content_type != "application/json":
            return
        code = json.loads(reply.body).get("code", 0)
        if request.channel_id is not None:
            self.error_codes[request.channel_id].add(code)
        elif request.user_id is not None:
            self.error_codes[self.state.users[request.user_id].direct].add(code)

    def play(self) -> None:
        """Let everything happen, until the simulation ends."""
        root, handler = logging.getLogger(), TraceHandler(self.trace)
        root.addHandler(handler)
        logging.getLogger("bot").setLevel(logging.DEBUG)
        try:
            self.supervisor.run()
        except SimulationEnded:
            pass
        finally:
            root.removeHandler(handler)
        if self.supervisor.has_livelock:
            self.failures.append("the bot turns for ever without letting time pass")
        self.failures += handler.unexpected + self.discord.complaints
        if not self.supervisor.has_logged_in:
            self.failures.append("no process has logged in, so that nothing was tried")

    @property
    def process(self) -> BotProcess | None:
        """The process of the bot that runs."""
        return self.supervisor.process

    def pause(self, pause: Pause) -> None:
        """Let the process not run for a while."""
        if self.process is None or self.faults_stopped:
            return
        what = "machine" if pause.suspended else "process"
        self.trace.note(f"the {what} pauses for {pause.seconds:.0f} s")
        self.process.loop.pause(pause)

    def _pause_after(self, _: Request, effect: Effect) -> None:
        """Let the process not run after it has had an answer."""
        if (pause := effect.pause) is not None:
            self.environment.after(ANSWER_READ, lambda: self.pause(pause))

    def remove_bot(self, guild_id: int) -> None:
        """Let a server remove the bot."""
        if self.faults_stopped or not self.state.remove_guild(guild_id):
            return
        self.trace.note(f"server {guild_id} removes the bot")
        self.accounts.remove_bot(guild_id)
        if self.process is not None:
            self.process.tell("GUILD_DELETE", {"id": str(guild_id)})

    # The end

    def stop_faults_at(self, when: float) -> None:
        """From then on nothing goes wrong any more."""
        self.environment.at(when, self._stop_faults)

    def _stop_faults(self) -> None:
        self.trace.note("all faults stop")
        self.faults_stopped = True
        self.environment.clock.wall_error = 0.0
        if self.process is not None:
            self.process.loop.cancel_crash()
            self.process.loop.resume()
        self.discord_faults.clear()
        self.relay_faults.clear()
        self.relays.accept_all_keys()
        self.disk.full = False
        self._settled_since = self.environment.clock.now
        longest = (
            MAX_SETTLING_TIME + self.settings.watch_deadline + 86400 * self.has_day_long_disruptions
        )
        self._check_until(self.environment.clock.now + longest)

    def _check_until(self, limit: float) -> None:
        now = self.environment.clock.now
        if not self.is_settled():
            self._settled_since = now
        if now - self._settled_since >= SETTLED_FOR or now >= limit:
            raise SimulationEnded
        self.environment.after(CHECK_EVERY, lambda: self._check_until(limit))

    def is_settled(self) -> bool:
        """Whether nothing is owed any more that can be delivered."""
        connection = self.disk.connection
        (running,) = connection.execute(_RUNNING).fetchone()
        places = [self.state.channels.get(row[0]) for row in connection.execute(_WAITING)]
        return not running and all(place and self.refuses_for_good(place) for place in places)

    # What oracles ask

    def refuses_for_good(self, channel: Channel) -> bool:
        """Whether a channel lets the bot post nothing, also now that all faults have stopped."""
        banned = self.state.banned_words.get(channel.guild_id or 0)
        denied = channel.denied & (SEND | VIEW) or self.state.has_left(channel)
        return not channel.deleted and bool(denied or banned)

    def was_unheard(self, message: Message) -> bool:
        """Whether an answer that told the bot of this message was lost."""
        return any(
            request is message.begun_by
            if message.begun_by
            else isinstance(request.body, dict) and str(request.body.get("nonce")) == message.nonce
            for request in self._discord_network.unheard
        )

    @property
    def places(self) -> list[Channel]:
        """The channels and forums of the servers."""
        return [*self.channels, *self.forums]

    def place_of(self, message: Message) -> Channel:
        """Return where a message is: that of a post is in its forum."""
        return self.state.channels[message.channel_id].ruling

    def places_spoken_for(self, message: Message) -> set[int]:
        """Return the places for which a message is that could not be posted there."""
        return {
            each.ruling.id for each in self.state.channels.values() if speaks_for(message, each.id)
        }

    def may_be_in_doubt(self, message: Message) -> bool:
        """Whether the bot may have lost track of what it posted where a message is, or is for."""
        here = self.place_of(message).id
        places = {here, *self.places_spoken_for(message)}
        return self.supervisor.process_count > 1 or not places.isdisjoint(
            self._discord_network.troubled
        )

    def ids_of(self, message: Message) -> list[str]:
        """Return the ids of the tasks that a message is about.

        A minimal message may not name them, nor one whose embeds Discord dropped before the bot
        could add them as text: then the database says what was sent.
        """
        unnamed, posted_at = is_minimal(message) or message.embeds_dropped, message.created_at
        ids: list[str] | None = None
        if unnamed and message.begun_by is not None:
            ids = self.disk.tasks_of_message(message.id, posted_at)
        elif unnamed:
            ids = self.disk.tasks_of_nonce(message.nonce, posted_at)
        known = dict.fromkeys(task.id for task in (*self.tasks, *self.relays.begun))
        found = [task_id for task_id in known if task_id in (ids or message.text)]
        found += _PENDING_ID.findall("\n".join(ids) if ids else message.text)
        if not found:  # ids of several clips are too long for buttons
            told = self.disk.tasks_of_nonce(message.nonce, posted_at)
            found = [each for each in told if "," in each]
        return list(dict.fromkeys(found))
