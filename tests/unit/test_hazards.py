from itertools import pairwise

from bot.polling.adaptive.hazards import MAX_AGE, HazardEstimator


def learned(lives: list[float]) -> HazardEstimator:
    """Return what is known after tasks that took so long (seconds)."""
    hazards = HazardEstimator()
    for seconds in lives:
        hazards.record_running(0, seconds)
        hazards.record_end(seconds)
    return hazards


def test_of_what_was_never_seen_the_old_are_expected_to_take_longer() -> None:
    """At every age something may end; the older, the less soon."""
    hazards = HazardEstimator()
    found = [hazards.at(age) for age in (30, 60, 600, 6000, MAX_AGE * 2)]
    assert all(younger > older > 0 for younger, older in pairwise(found))


def test_an_age_at_which_tasks_ended_is_distinguished_from_one_they_lived_through() -> None:
    """Songs of a minute: nothing happens at half a minute, and much at a whole one."""
    hazards = learned([60.0] * 300)
    assert hazards.at(30) < 0.001
    assert hazards.at(60) > 0.05


def test_the_hazard_is_ends_a_second() -> None:
    """One task in a hundred ends in every second of its first minute."""
    hazards = HazardEstimator()
    for age in range(60):
        for _ in range(200):
            hazards.record_running(age, age + 1)
        hazards.record_end(age + 0.5)
        hazards.record_end(age + 0.5)
    assert 0.008 < hazards.at(30) < 0.012


def test_what_still_runs_teaches_that_a_relay_turned_slow() -> None:
    """Long before the first of its tasks has ended."""
    hazards = learned([60.0] * 300)
    before = hazards.at(60)
    for _ in range(2000):
        hazards.record_running(50, 110)
    assert hazards.at(60) < before / 5


def test_old_evidence_makes_room_for_new() -> None:
    """After ten thousand songs of a minute, a thousand of half a minute count."""
    hazards = learned([60.0] * 10_000)
    for _ in range(1000):
        hazards.record_running(0, 30)
        hazards.record_end(30)
    assert hazards.at(30) > 0.05


def test_ages_that_cannot_be_are_taken_for_the_nearest_that_can() -> None:
    """A relay's clock may be wrong: nothing is raised, and nothing below zero learned."""
    hazards = learned([60.0])
    hazards.record_running(-5, 1)
    hazards.record_running(9, 3)
    hazards.record_end(-1)
    hazards.record_running(MAX_AGE - 1, MAX_AGE * 3)
    hazards.record_end(MAX_AGE * 3)
    assert all(hazards.at(age) > 0 for age in (0, 1, 9, MAX_AGE, MAX_AGE * 9))
