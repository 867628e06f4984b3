import math
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.polling.adaptive.inspection_policy import MAX_WAIT, InspectionPolicy

Wait = Callable[[float], float]


def cost(wait: Wait, hazard: Callable[[float], float], price: float) -> float:
    """Return what a policy costs: the mean delay (seconds), and the price of all polls.

    Added up in steps of a tenth of a second, for a task whose end is at most an hour away.
    """
    step, alive, spent, age = 0.1, 1.0, price, 0.0
    poll_at, unseen = wait(0.0), 0.0
    while age < 3600 and alive > 1e-6:
        end_reason = alive * (1 - math.exp(-hazard(age) * step))
        alive -= end_reason
        unseen += end_reason
        age += step
        spent += unseen * step
        if age >= poll_at:
            spent += price * alive
            unseen, poll_at = 0.0, age + wait(age)
    return spent


def memoryless(_age: float) -> float:
    """One in fifty tasks ends in every second."""
    return 0.02


def like_songs(age: float) -> float:
    """Nothing ends before half a minute, and everything by four."""
    return 0.0001 if age < 30 else 1 / max(240 - age, 2)


def test_a_task_is_first_polled_when_it_may_have_ended() -> None:
    """A poll of a song that cannot be done yet would be wasted."""
    assert InspectionPolicy(like_songs, 1.0).wait(0) > 30


def test_polls_come_faster_the_surer_the_end_is() -> None:
    """Songs end within four minutes: toward that the waits shrink."""
    policy = InspectionPolicy(like_songs, 1.0)
    assert policy.wait(40) > policy.wait(180) > 2


def test_where_age_tells_nothing_all_waits_are_the_one_that_is_best() -> None:
    """The best wait w between polls of what has no memory: (e^hw - 1) / h - w is the price."""
    hazard, price = 0.02, 1.5
    policy = InspectionPolicy(memoryless, price)
    for age in (0, 33, 100):
        wait = policy.wait(age)
        saved = [(math.exp(hazard * w) - 1) / hazard - w for w in (wait - 2.5, wait + 2.5)]
        assert saved[0] < price < saved[1]


def test_more_expensive_polls_are_rarer() -> None:
    """At every age."""
    cheap, dear = InspectionPolicy(like_songs, 0.2), InspectionPolicy(like_songs, 5.0)
    assert all(cheap.wait(age) <= dear.wait(age) for age in range(0, 240, 7))
    assert cheap.wait(100) < dear.wait(100) / 2


def test_a_task_of_any_age_is_polled_again() -> None:
    """Also one that is older than any that was ever seen, and where nothing ever ends."""
    for hazard in (memoryless, like_songs, lambda _age: 1e-9):
        policy = InspectionPolicy(hazard, 60.0)
        assert all(0 < policy.wait(age) <= MAX_WAIT for age in (0, 1e3, 86_400, 1e7))


@settings(max_examples=25, deadline=None)
@given(
    heights=st.lists(st.floats(0.001, 0.2), min_size=3, max_size=3),
    price=st.floats(0.2, 5),
    period=st.floats(2, 60),
)
def test_no_even_beat_costs_less(heights: list[float], price: float, period: float) -> None:
    """Whatever the hazard, however well the beat is chosen; 3 % are the coarseness of the grid."""

    def hazard(age: float) -> float:
        return heights[min(int(age // 60), 2)]

    best = cost(InspectionPolicy(hazard, price).wait, hazard, price)
    assert best <= cost(lambda _age: period, hazard, price) * 1.03
