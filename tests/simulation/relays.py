"""All relays of a simulation: each request goes to the one that it is addressed to."""

from tests.simulation.clock import VirtualClock
from tests.simulation.faults import Effect, Reply, Request
from tests.simulation.random_sources import RandomSources
from tests.simulation.relay_clip_actions import FileRequest
from tests.simulation.relay_server import RelayServer, a_shape
from tests.simulation.relay_submissions import Submission
from tests.simulation.simulated_task import SimulatedTask

COUNTS = (1, 1, 2, 2, 3, 4)
"""How many relays a simulation may have."""


class Relays:
    """The relays, the operator's first."""

    def __init__(
        self, clock: VirtualClock, random: RandomSources, count: int | None = None
    ) -> None:
        """``count``: how many relays there are, if that is not drawn."""
        self._rng = random.accounts
        count = count or random.accounts.choice(COUNTS)
        shapes = [a_shape(random.scenario)]
        shapes += [a_shape(random.accounts) for _ in range(count - 1)]
        self.servers = [
            RelayServer(clock, f"relay{number}", shape, random)
            for number, shape in enumerate(shapes)
        ]
        self.operator_key = self.servers[0].new_key()
        self.spared: RelayServer | None = None
        """If set, nothing but the other relays ever fails."""
        self._by_host = {each.host: each for each in self.servers}

    def receive(self, request: Request) -> Reply:
        """Let the relay answer that is asked."""
        return self._by_host[request.host].receive(request)

    def answered(self, request: Request) -> None:
        """Note that nothing keeps the answer to a look-up from the bot."""
        self._by_host[request.host].answered(request)

    def failed(self, request: Request, effect: Effect) -> None:
        """Note that a fault strikes a request."""
        self._by_host[request.host].fail(request, effect)

    @property
    def begun(self) -> list[SimulatedTask]:
        """The tasks that were begun by submissions."""
        return [task for each in self.servers for task in each.submissions.begun.values()]

    @property
    def submissions(self) -> list[Submission]:
        """The submissions to all relays."""
        return [submission for each in self.servers for submission in each.submissions.received]

    @property
    def file_requests(self) -> list[FileRequest]:
        """The requests to all relays for files of clips."""
        return [request for each in self.servers for request in each.files.received]

    def of(self, task: SimulatedTask) -> RelayServer:
        """Return the relay of a task."""
        return next(each for each in self.servers if each.name == task.relay)

    def is_spared(self, task: SimulatedTask) -> bool:
        """Whether the relay of a task never fails."""
        return self.of(task) is self.spared

    def draw_failing(self) -> RelayServer:
        """Draw a relay that may fail."""
        return self._rng.choice([each for each in self.servers if each is not self.spared])

    def accept_all_keys(self) -> None:
        """Let every relay accept all of its keys again."""
        for each in self.servers:
            each.refused_keys.clear()
