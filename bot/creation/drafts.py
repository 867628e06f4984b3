"""Keeps what people have typed into a request that was not accepted, until they change it."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MAX_DRAFTS = 500
"""About 6 kB each."""
MAX_DRAFTS_OF_USER = 20
"""So that nobody's requests take the place of what many others have typed."""
LIFETIME = 3600.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What one person has typed."""

    user_id: int
    form: str
    """The custom id of the modal."""
    values: Mapping[str, str]
    """By the names of the modal's fields."""


class Drafts:
    """Keeps drafts in memory: a restart forgets them, and their users have them as a file too."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._drafts: OrderedDict[str, tuple[float, Draft]] = OrderedDict()

    def add(self, draft: Draft) -> str:
        """Keep a draft; return its id, 16 hexadecimal digits that nobody can guess."""
        own = [each for each, (_, kept) in self._drafts.items() if kept.user_id == draft.user_id]
        for oldest in own[: 1 - MAX_DRAFTS_OF_USER]:
            del self._drafts[oldest]
        draft_id = secrets.token_hex(8)
        self._drafts[draft_id] = (self._clock() + LIFETIME, draft)
        self._forget_old()
        return draft_id

    def get(self, draft_id: str, user_id: int) -> Draft | None:
        """Return a draft of a person, ``None`` if it is not kept any more."""
        self._forget_old()
        _, draft = self._drafts.get(draft_id, (0.0, None))
        return draft if draft is not None and draft.user_id == user_id else None

    def count(self, user_id: int) -> int:
        """Return how many drafts of a person are kept."""
        self._forget_old()
        return sum(draft.user_id == user_id for _, draft in self._drafts.values())

    def forget(self, user_id: int) -> None:
        """Delete all drafts of a person."""
        for draft_id, (_, draft) in list(self._drafts.items()):
            if draft.user_id == user_id:
                del self._drafts[draft_id]

    def _forget_old(self) -> None:
        now = self._clock()
        while self._drafts:
            expires_at, _ = next(iter(self._drafts.values()))
            if expires_at > now and len(self._drafts) <= MAX_DRAFTS:
                return
            self._drafts.popitem(last=False)
