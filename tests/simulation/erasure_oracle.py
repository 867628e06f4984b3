"""The oracle of ``/suno forget``: what somebody asked to be created is gone, and who asked.

That nobody is told of what was deleted is in ``expectations``; that quotas add up all the same, and
nothing is charged again, in ``creation_oracle``.
"""

from collections.abc import Iterable, Iterator

from tests.simulation.creation_log import LoggedCreation
from tests.simulation.simulation import Simulation
from tests.simulation.users import UserAction


def find_erasure_violations(simulation: Simulation) -> Iterator[str]:
    """Yield each request that is kept although who has written or made it was forgotten."""
    creations = simulation.creations.log.creations()
    rows = simulation.disk.connection.execute(
        "SELECT id, user_id, author_id, request FROM creations"
        " WHERE coalesce(user_id, author_id, request) IS NOT NULL"
    )
    kept = {number: people for number, *people, _ in rows}
    for person in simulation.state.users.values():
        for erasure in simulation.users.erasures(person):
            for number, people in kept.items():
                creation = creations[number]
                is_old = creation.stored_at < erasure.asked_at
                of_person = person.id in (*people, creation.author_id)
                if (is_old and of_person) or _is_copied(creation, erasure, creations.values()):
                    yield f"FORGOTTEN {person.name}, but {creation.pending_id} is kept: {people}"


def _is_copied(
    creation: LoggedCreation, erasure: UserAction, creations: Iterable[LoggedCreation]
) -> bool:
    """Whether others repeated a text when it was deleted already."""
    author = erasure.person.id
    is_repeated = creation.author_id == author != creation.user_id
    written_again = any(
        (each.user_id, each.mark) == (author, creation.mark) and each.stored_at > erasure.asked_at
        for each in creations
    )
    return is_repeated and creation.stored_at > erasure.answered_at and not written_again
