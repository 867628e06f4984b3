"""What can go wrong: every error of both protocols, and of the machine.

A trouble begins at some time, is bound to a request, a task, a channel or a person, and ends by
itself, at the latest when the story heals.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulation.faults import Effect, Fault, FaultBoard, Request
from tests.simulation.story import Story

HTML = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Scope:
    """Some of the requests, and a name for them."""

    name: str
    holds: Callable[[Request], bool]


@dataclass(frozen=True, slots=True)
class Occasion:
    """The moment at which a trouble begins, and for how long it lasts."""

    story: Story
    dice: Random
    seconds: float

    def later(self, end: Callable[[], object], at_most: float | None = None) -> None:
        """Call ``end`` when the trouble is over."""
        self.story.world.after(min(self.seconds, at_most or self.seconds), end)

    def add(self, board: FaultBoard, fault: Fault, at_most: float | None = None) -> None:
        """Let a fault strike until the trouble is over."""
        board.add(fault)
        self.later(lambda: board.remove(fault), at_most)

    def strike(self, board: FaultBoard, scope: Scope, name: str, effect: Effect) -> None:
        """Let requests meet an effect: all of them, or some, or only the next."""
        chance = self.dice.choice([1.0, 1.0, 0.5, 0.2])
        times = self.dice.choice([None, None, 1, 2, 6])
        self.add(board, Fault(f"{name} {scope.name}", scope.holds, effect, chance, times))


Trouble = Callable[[Occasion], None]


def begin_trouble(
    story: Story, troubles: tuple[Trouble, ...], dice: Random, at: float, longer: float = 0.0
) -> None:
    """Draw a trouble, and let it begin at a monotonic time; it may last so much ``longer``."""
    trouble = dice.choice(troubles)
    seconds = dice.choice([dice.uniform(5, 60), dice.uniform(60, 600), dice.uniform(600, 3000)])
    occasion = Occasion(story, Random(dice.getrandbits(64)), seconds + longer)

    def begin() -> None:
        if not story.healed:
            story.trace.note(f"trouble {trouble.__name__} for {occasion.seconds:.0f} s")
            trouble(occasion)

    story.world.at(at, begin)
