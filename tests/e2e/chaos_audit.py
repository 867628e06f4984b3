"""The auditor: what people were told when they asked, against what arrived in the end.

Pure: it knows the deeds with their answers, how the relay really ended each task, and the messages
that stand in channels and direct messages. Nobody else's records are believed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.i18n.catalog import catalog_for
from bot.ui.escaping import code_span
from tests.support.seen_messages import looks_like_card

WATCHES_PER_USER = 100
"""As the bot is set."""

_WORDS = catalog_for("en-US")


class Fate(StrEnum):
    """How the relay ends a task."""

    SONG = "song"
    HALF = "half"
    LYRICS = "lyrics"
    FAILED = "failed"
    STUCK = "stuck"
    """It never ends: the watch is given up."""
    NEVER = "never"
    """The relay never knew it."""


@dataclass(frozen=True, slots=True)
class Truth:
    """How one task really ends. ``ends_at`` is the relay's time, ``None`` if it never does."""

    task_id: str
    fate: Fate
    ends_at: float | None = None
    title: str = ""
    proofs: tuple[str, ...] = ()
    """What stands in a true notice: links that last, a line of the lyrics, the relay's reason."""

    @property
    def headlines(self) -> list[str]:
        """The sentences that a true notice may begin with: what failed early has shown no kind.

        A relay that finds nothing at all may be ill: what it never knew can also be given up.
        """
        titled = "yes" if self.title else "no"
        fates = {self.fate, Fate.STUCK} if self.fate is Fate.NEVER else {self.fate}
        return [
            _WORDS.text(key, title=self.title, titled=titled, kind=kind, **values)
            for key, values in (_HEADLINES[fate] for fate in sorted(fates))
            for kind in ("music", "task")
        ]

    @property
    def least(self) -> list[str]:
        """The same in the bot's own words alone, for where Discord refuses the relay's."""
        key, values = _HEADLINES[self.fate]
        key = _WITHOUT_TITLE.get(self.fate, key)
        return [
            _WORDS.text(key, titled="no", title="", kind=kind, **values)
            for kind in ("music", "task")
        ]


_WITHOUT_TITLE = {
    Fate.SONG: "notice-minimal-song",
    Fate.HALF: "notice-minimal-song-partly",
    Fate.LYRICS: "notice-minimal-lyrics",
}

_HEADLINES: dict[Fate, tuple[str, dict[str, str | int]]] = {
    Fate.SONG: ("notice-song-done", {"total": 2}),
    Fate.HALF: (
        "notice-song-partly",
        {"ready": 1, "total": 2, "others": _WORDS.text("notice-others-failed", number=1)},
    ),
    Fate.LYRICS: ("notice-lyrics-done", {}),
    Fate.FAILED: ("notice-failed", {}),
    Fate.STUCK: ("notice-gave-up", {}),
    Fate.NEVER: ("notice-not-found", {}),
}


class Verb(StrEnum):
    """What a person did."""

    WATCH = "watch"
    UNWATCH = "unwatch"


class Heard(StrEnum):
    """What an answer told the person."""

    WATCHING = "watching"
    ALREADY = "already"
    FINISHED = "finished"
    STOPPED = "stopped"
    NOTHING = "nothing"
    """Nothing is watched, or there was nothing to stop."""
    SILENCE = "silence"
    """No answer, or one that leaves it open."""


_ANSWERS = {
    "watch-watching": Heard.WATCHING,
    "watch-unchecked": Heard.WATCHING,
    "watch-already": Heard.ALREADY,
    "watch-finished": Heard.FINISHED,
    "watch-failed": Heard.FINISHED,
    "watch-unknown": Heard.NOTHING,
    "unwatch-done": Heard.STOPPED,
    "unwatch-on-its-way": Heard.SILENCE,
    "unwatch-none": Heard.NOTHING,
}


def heard(task_id: str, answer: str | None) -> Heard:
    """Return what the answer to a deed about one task says."""
    if not answer:
        return Heard.SILENCE
    if answer.startswith(_WORDS.text("watch-no-permission", permissions="\N{BULLET}")[:20]):
        return Heard.NOTHING
    if answer == _WORDS.text("watch-error-too-many", limit=WATCHES_PER_USER):
        return Heard.NOTHING
    said = (
        told for key, told in _ANSWERS.items() if answer == _WORDS.text(key, id=code_span(task_id))
    )
    return next(said, Heard.SILENCE)


@dataclass(slots=True)
class Deed:
    """What one person asked in one place, in the order of asking, and the answer to it."""

    verb: Verb
    task_id: str
    user: int
    place: int
    asked_at: float
    """The relay's time."""
    answer: str | None = None
    last_answer_at: float | None = None
    """The relay's time at which the answer was there, if somebody waited for it so long."""

    @property
    def heard(self) -> Heard:
        """What the person knows by it."""
        return heard(self.task_id, self.answer)

    def __str__(self) -> str:
        return f"{self.verb} {self.task_id} by {self.user} in {self.place}: {self.heard}"


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of the bot that everybody in a place sees."""

    place: int
    content: str
    text: str
    """All of it, the embeds and the buttons too."""
    pinged: frozenset[int] = frozenset()

    @property
    def is_word(self) -> bool:
        """Whether it only says that a notice is held: no notice."""
        return _WORDS.text("held-word-kept") in self.content

    @property
    def is_card(self) -> bool:
        """Whether it is a card that shows how a task is doing: no notice."""
        return looks_like_card(self.content, self.text, self.pinged)

    @property
    def is_minimal(self) -> bool:
        """Whether it says that Discord refused to let it say more."""
        return _WORDS.text("notice-minimal-status") in self.content

    @property
    def may_be_a_repeat(self) -> bool:
        """Whether it says that it may have been posted before."""
        return _WORDS.text("notice-repeat") in self.content

    def meant_for(self, places: Collection[int]) -> int:
        """Return the place that it speaks for: another one, if that is gone and it says so."""
        said = {place: _WORDS.text("notice-instead", place=f"<#{place}>") for place in places}
        return next((place for place, text in said.items() if text in self.content), self.place)


Key = tuple[str, int, int]
"""A task, a place and a person."""


@dataclass(slots=True)
class _Bounds:
    """How many notices a person may have got at least and at most about a task in a place."""

    least: int = 0
    most: int = 0
    deeds: list[Deed] = field(default_factory=list)

    def take(self, deed: Deed) -> None:
        """Count what a deed makes owed, or no longer owed."""
        asked_before = bool(self.deeds)
        self.deeds.append(deed)
        least, most = _CHANGES[deed.verb, deed.heard]
        if deed.heard is Heard.FINISHED and asked_before:
            least = 0  # it may have become one with an earlier watch
        self.least = max(self.least + least, 0)
        self.most = max(self.most + most, 0)


_CHANGES: dict[tuple[Verb, Heard], tuple[int, int]] = defaultdict(
    lambda: (0, 0),
    {
        (Verb.WATCH, Heard.WATCHING): (1, 1),
        (Verb.WATCH, Heard.FINISHED): (1, 1),
        (Verb.WATCH, Heard.SILENCE): (0, 1),
        (Verb.UNWATCH, Heard.STOPPED): (-1, -1),
        (Verb.UNWATCH, Heard.SILENCE): (-1, 0),
    },
)
"""By how much a deed changes what is owed at least and at most."""


@dataclass(frozen=True, slots=True)
class ErrorClassification:
    """What the auditor found."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def violations(self) -> tuple[str, ...]:
        """Everything that breaks the promise, a line each."""
        return (*self.lost, *self.doubled, *self.wrong)


def audit(
    truths: Sequence[Truth],
    deeds: Sequence[Deed],
    messages: Sequence[Posted],
    *,
    moderated: bool = False,
) -> ErrorClassification:
    """Compare what people were told with what arrived: nothing lost, doubled or wrong.

    ``moderated`` tells whether Discord ever refused what the relay had written.
    """
    known = {truth.task_id: truth for truth in truths}
    places = {deed.place for deed in deeds}
    bounds: dict[Key, _Bounds] = defaultdict(_Bounds)
    for deed in deeds:
        for key in _concerned(deed, bounds):
            bounds[key].take(deed)
    arrived: dict[Key, list[Posted]] = defaultdict(list)
    wrong: list[str] = []
    together: dict[tuple[str, int], int] = defaultdict(int)
    for message in (one for one in messages if not one.is_card):
        task = next((known[each] for each in known if each in message.text), None)
        place = message.meant_for(places)
        faults = [*_faults(message, task), *_needless_doubt(message, place)]
        if message.is_minimal and not moderated:
            faults.append("a notice that says less than it could")
        wrong += [f"{fault}: {message.content!r}" for fault in faults]
        if task is not None and not message.is_word:
            together[task.task_id, place] += place == message.place
            for user in message.pinged:
                arrived[task.task_id, place, user].append(message)
    lost, doubled = _counted(bounds, arrived)
    doubled += _asunder(known, deeds, together)
    return ErrorClassification(tuple(lost), tuple(doubled), tuple(wrong))


def _concerned(deed: Deed, known: Collection[Key]) -> list[Key]:
    """Return whose counts a deed changes: to stop watching goes for every place."""
    if deed.verb is Verb.WATCH:
        return [(deed.task_id, deed.place, deed.user)]
    return [key for key in known if (key[0], key[2]) == (deed.task_id, deed.user)]


def _faults(message: Posted, task: Truth | None) -> Iterator[str]:
    if message.is_word:
        if message.pinged:
            yield "a word that pings"
        return
    if task is None:
        yield "a message about nothing that anybody asked for"
        return
    if not message.pinged:
        yield f"a notice of {task.task_id} that pings nobody"
    if any(f"<@{user}>" not in message.content for user in message.pinged):
        yield f"a notice of {task.task_id} that pings whom it does not name"
    headlines = task.least if message.is_minimal else task.headlines
    if not any(headline in message.content for headline in headlines):
        yield f"a notice of {task.task_id} that does not say {headlines[0]!r}"
    missing = [proof for proof in task.proofs if proof not in message.text]
    if missing and not message.is_minimal:
        yield f"a notice of {task.task_id} without {missing}"
    if "audiopipe" in message.text or "None.mp3" in message.text:
        yield f"a notice of {task.task_id} with a link that dies"


def _needless_doubt(message: Posted, place: int) -> Iterator[str]:
    """Tell where a message calls itself a repeat although its place can be read.

    Of a place that is gone, nobody can know.
    """
    if message.may_be_a_repeat and place == message.place:
        yield "a message that calls itself a repeat where that can be known"


def _counted(
    bounds: dict[Key, _Bounds], arrived: dict[Key, list[Posted]]
) -> tuple[list[str], list[str]]:
    lost, doubled = [], []
    for key in sorted({*bounds, *arrived}):
        owed, messages = bounds.get(key, _Bounds()), arrived.get(key, [])
        count = len(messages)
        sure = sum(not message.may_be_a_repeat for message in messages)
        story = "; ".join(map(str, owed.deeds)) or "never asked for"
        line = f"{count} notices to {key}, owed {owed.least} to {owed.most} ({story})"
        if count < owed.least:
            lost.append(line)
        if max(sure, min(count, 1)) > owed.most:
            doubled.append(line)
    return lost, doubled


def _asunder(
    known: dict[str, Truth], deeds: Sequence[Deed], together: dict[tuple[str, int], int]
) -> list[str]:
    """Tell where people who waited together did not get one message together."""
    asked: dict[tuple[str, int], list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.verb is Verb.WATCH:
            asked[deed.task_id, deed.place].append(deed)
    return [
        f"{together[key]} messages to {key} instead of one: {'; '.join(map(str, asked[key]))}"
        for key in sorted(together)
        if together[key] > 1 and all(_in_time(known[key[0]], deed) for deed in asked[key])
    ]


def _in_time(truth: Truth, deed: Deed) -> bool:
    """Whether somebody surely asked before the watch of a task could have ended."""
    settled = deed.heard in (Heard.WATCHING, Heard.ALREADY, Heard.NOTHING)
    done = deed.last_answer_at
    return settled and None not in (done, truth.ends_at) and (done or 0) < (truth.ends_at or 0)
