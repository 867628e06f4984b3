"""Starts the bot, and starts it again when it has died, as a service manager does."""

from collections.abc import Callable
from random import Random

from tests.simulation.environment import Environment
from tests.simulation.loop import Crash, Livelock
from tests.simulation.process import BotProcess

LONGEST_RESTART_DELAY = 60.0
"""Seconds between two starts that fail, at most: the pause doubles from one to the next."""


class Supervisor:
    """Runs one process of the bot after the other, until the simulation ends."""

    def __init__(
        self, environment: Environment, start: Callable[[], BotProcess], random: Random
    ) -> None:
        """``random``: for how long a process takes to connect to the gateway."""
        self._environment = environment
        self._start = start
        self._random = random
        self.process: BotProcess | None = None
        """The process that runs."""
        self.started_at: list[float] = []
        """When each process was started (true Unix seconds)."""
        self.min_restart_delay = 5.0
        """Seconds until a process that has died is started again."""
        self.has_livelock = False
        """Whether the bot has stopped to let time pass; then it is not started again."""
        self._dead: list[BotProcess] = []
        self._failed_starts = 0
        """How many processes in a row have died before they were logged in."""

    @property
    def process_count(self) -> int:
        """How many processes there have been."""
        return len(self.started_at)

    @property
    def has_logged_in(self) -> bool:
        """Whether any process that has died had logged in."""
        return any(process.logged_in for process in self._dead)

    def run(self) -> None:
        """Run processes. Raises ``SimulationEnded``; returns only when the bot has a livelock."""
        while self._run_process():
            self._environment.sleep_until(self._environment.clock.now + self._restart_delay())

    def _run_process(self) -> bool:
        """Let one process live; return whether another one follows."""
        trace = self._environment.trace
        self.started_at.append(self._environment.clock.true_time())
        process = self._start()
        self.process = process
        trace.note(f"process {self.process_count} starts")
        self._environment.after(self._random.uniform(0.5, 5), lambda: self._connect(process))
        try:
            process.loop.run_until_complete(process.run())
            trace.note("process stopped")
        except Crash:
            trace.note("process killed")
        except Livelock:
            self.has_livelock = True
            return False
        except Exception as error:  # noqa: BLE001 # what the operating system would see
            trace.note(f"process failed: {type(error).__name__}: {error}")
        finally:
            self.process = None
            self._dead.append(process)
            process.loop.discard()
        self._failed_starts = 0 if process.logged_in else self._failed_starts + 1
        return True

    def _restart_delay(self) -> float:
        """Return for how long a supervisor waits; after starts that failed, longer every time."""
        doubled = 2.0 ** min(self._failed_starts, 10)
        return max(self.min_restart_delay, min(doubled, LONGEST_RESTART_DELAY))

    def _connect(self, process: BotProcess) -> None:
        if self.process is process and process.logged_in:
            process.connect()
        elif self.process is process:
            self._environment.after(1.0, lambda: self._connect(process))
