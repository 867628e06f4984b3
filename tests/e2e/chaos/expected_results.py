"""How each task ends at the relay, and what a true notice of it has to say."""

from dataclasses import dataclass

from bot.i18n.catalog import catalog_for
from tests.support.task_endings import TaskEnding

_CATALOG = catalog_for("en-US")


@dataclass(frozen=True, slots=True)
class ExpectedResult:
    """The real end of one task at one relay.

    ``ends_at`` is the relay's time, ``None`` if it never ends.
    """

    task_id: str
    ending: TaskEnding
    ends_at: float | None = None
    title: str = ""
    required_texts: tuple[str, ...] = ()
    """Parts of every true notice: permanent links, a line of the lyrics, the relay's reason."""
    relay: str = ""

    @property
    def headlines(self) -> list[str]:
        """The sentences with which a true notice may begin.

        A task that failed early has shown no kind. A relay that finds no task at all may be
        failing, so that the watch of a task that it never knew may also reach its deadline.
        """
        titled = "yes" if self.title else "no"
        endings = {self.ending, TaskEnding.STUCK} if self._never_known else {self.ending}
        return [
            _CATALOG.text(key, title=self.title, titled=titled, kind=kind, **values)
            for key, values in (_HEADLINES[ending] for ending in sorted(endings))
            for kind in ("music", "task")
        ]

    @property
    def minimal_headlines(self) -> list[str]:
        """The headlines without the relay's texts, for channels where Discord refuses those."""
        key, values = _HEADLINES[self.ending]
        return [
            _CATALOG.text(key, titled="no", title="", kind=kind, **values)
            for kind in ("music", "task")
        ]

    def disconnected_headlines(self, *, minimal: bool) -> list[str]:
        """Return how a notice begins that the account of the task was disconnected."""
        titled, title = ("no", "") if minimal or not self.title else ("yes", self.title)
        keys = ("notice-disconnected", "notice-disconnected-partly")
        titles = {(titled, title), ("no", "")}  # a song shows its title only after a while
        return [
            _CATALOG.text(key, title=title, titled=titled, counts="").rstrip()
            for key in keys
            for titled, title in sorted(titles)
        ]

    @property
    def _never_known(self) -> bool:
        return self.ending is TaskEnding.NEVER


_ONE_FAILED = _CATALOG.text(
    "notice-counts", ready=1, total=2, others=_CATALOG.text("notice-others-failed", number=1)
)

_HEADLINES: dict[TaskEnding, tuple[str, dict[str, str | int]]] = {
    TaskEnding.SONG: ("notice-song-done", {}),
    TaskEnding.HALF: ("notice-song-partly", {"counts": _ONE_FAILED}),
    TaskEnding.LYRICS: ("notice-lyrics-done", {}),
    TaskEnding.FAILED: ("notice-failed", {}),
    TaskEnding.STUCK: ("notice-gave-up", {}),
    TaskEnding.NEVER: ("notice-not-found", {}),
}
