from bot.polling.adaptive.planner import Planner
from bot.relay.models import TaskKind
from bot.storage.models import PollTarget
from tests.support.builders import NOON, a_poll_target

MUSIC, LYRICS = TaskKind.MUSIC, TaskKind.LYRICS


def overdue(by: float, now: float, gap: float = 20) -> list[PollTarget]:
    """Return a batch that should have been polled before; its last polls were ``gap`` ago."""
    return [a_poll_target(polled_at=now - gap, next_poll_at=now - by)]


def short_of_budget(planner: Planner, *, rounds: int = 300) -> float:
    """Let a planner see full batches that are late; return the time after them."""
    now = NOON
    for _ in range(rounds):
        now += 0.2
        planner.adjust_price(overdue(8, now), now, full=True)
    return now


def test_while_the_budget_allows_every_task_is_polled_once_an_interval() -> None:
    """Whatever its age and its kind."""
    planner = Planner(5)
    planner.adjust_price(overdue(0, NOON), NOON, full=False)
    assert [planner.wait(kind, age) for kind in (MUSIC, None) for age in (0, 99, 1e6)] == [5] * 6
    assert planner.lookahead == 0


def test_a_little_late_is_not_short_of_budget() -> None:
    """Where many tasks are due at the same moment, the last of them wait for a slot or two."""
    planner = Planner(5)
    now = NOON
    for _ in range(300):
        now += 0.2
        planner.adjust_price(overdue(1, now, gap=6), now, full=True)
    assert planner.price == 0


def test_when_polls_come_too_late_they_get_a_price_and_are_planned() -> None:
    """A song that has just begun has to wait longer than one that may end any second."""
    planner = Planner(5)
    planner.learn_durations(MUSIC, [60.0 + number % 60 for number in range(500)])
    short_of_budget(planner)
    assert planner.price > 0.1
    assert planner.wait(MUSIC, 0) > 40
    assert planner.wait(MUSIC, 0) > planner.wait(MUSIC, 90) >= 5


def test_the_price_goes_back_to_nothing_when_there_is_room() -> None:
    """Then all is as if the budget had never been short."""
    planner = Planner(5)
    now = short_of_budget(planner)
    for _ in range(600):
        now += 1
        planner.adjust_price(overdue(0, now, gap=6), now, full=False)
    assert planner.price == 0
    assert planner.wait(MUSIC, 0) == 5


def test_no_outage_raises_the_price_until_no_poll_comes() -> None:
    """However late everything is."""
    planner = Planner(5)
    now = NOON
    for _ in range(10_000):
        now += 1
        planner.adjust_price(overdue(86_400, now, gap=86_400), now, full=True)
    assert planner.wait(MUSIC, 100) <= 320


def test_an_outage_does_not_slow_down_the_planning_after_it() -> None:
    """An hour in which nothing could be polled is not how long one pass over all tasks takes."""
    planner, undisturbed = Planner(5), Planner(5)
    now = short_of_budget(planner, rounds=50)
    short_of_budget(undisturbed, rounds=50)
    for _ in range(100):
        now += 0.2
        planner.adjust_price(overdue(3600, now, gap=3600), now, full=True)
    for _ in range(1500):
        now += 0.2
        planner.adjust_price(overdue(8, now), now, full=True)
        undisturbed.adjust_price(overdue(8, now), now, full=True)
    assert planner.price > undisturbed.price / 3


def test_each_kind_has_durations_of_its_own() -> None:
    """Lyrics are done while a song has not begun; the relay's own word for it tells which."""
    planner = Planner(1)
    watched = a_poll_target(kind=None, expected_kind=LYRICS, submitted_at=NOON, polled_at=NOON)
    for _ in range(300):
        planner.observe(watched, NOON + 6, ended=True)
    planner.learn_durations(MUSIC, [120.0] * 300)
    short_of_budget(planner)
    assert planner.wait(LYRICS, 0) < 10 < 30 < planner.wait(MUSIC, 0)


def test_what_is_learned_counts_from_when_the_task_began() -> None:
    """A task may have run for long before somebody watched it."""
    planner = Planner(1)
    watched = a_poll_target(submitted_at=NOON - 100, added_at=NOON, polled_at=None)
    for _ in range(300):
        planner.observe(watched._replace(submitted_at=NOON), NOON + 100, ended=False)
        planner.observe(watched, NOON + 10, ended=True)
    short_of_budget(planner)
    assert 80 < planner.wait(MUSIC, 20) < 100
