"""Renders the versions of a song in a notice: a line with link and duration, or what is missing."""

from dataclasses import dataclass

from bot.i18n.catalog import Catalog
from bot.relay.models import Clip, Task
from bot.ui import task_text
from bot.ui.task_text import MASKED_LINK
from bot.ui.text_width import LINE_WIDTH, line_count, truncate_to_width

_MAX_LINKS = 2500
"""Code points of all links together, so that they and the rest fit in a description."""
_MAX_TITLE = 24
"""Width of a version's own title."""
_NAME_WIDTH = 18
"""Width of the name of a version and its duration."""


@dataclass(frozen=True, slots=True)
class VersionLines:
    """The lines of the first versions, and how the others can be reached."""

    lines: tuple[str, ...]
    more: str
    """A line of links to the other versions, and how many have none here; empty if there are no
    others."""
    title_url: str | None
    """A link that is too long for a line."""

    @property
    def height(self) -> int:
        """How many lines they take on the screen."""
        shown = (MASKED_LINK.sub(r"\1", line) for line in (*self.lines, self.more) if line)
        return sum(map(line_count, shown))


def version_lines(task: Task, catalog: Catalog, *, most: int) -> VersionLines:
    """Return the lines of the versions of ``task``, at most ``most`` with that of the others."""
    links, title_url = _divided_links(task)
    count = len(task.clips) if len(task.clips) <= most else most - 1
    lines = [
        _line(task, number, links.get(number), in_title=title_url, catalog=catalog)
        for number in range(1, count + 1)
    ]
    return VersionLines(tuple(lines), _more(task, count, links, catalog), title_url)


def _divided_links(task: Task) -> tuple[dict[int, str], str | None]:
    """Return the links that fit in the lines, by the number of the version, and one for the title.

    That is the first other one, if there is a title to link it.
    """
    links: dict[int, str] = {}
    title_url = None
    left = _MAX_LINKS
    for number, clip in enumerate(task.clips, 1):
        if url := task_text.audio_url(clip):
            masked = task_text.masked_link(_label(number), url)
            if len(masked) <= left:
                links[number] = url
                left -= len(masked)
            else:
                title_url = title_url or url
    return links, title_url if task_text.short_line(task.title, columns=_MAX_TITLE) else None


def _label(number: int) -> str:
    return f"▶\N{NO-BREAK SPACE}{number}"


def _line(
    task: Task, number: int, url: str | None, *, in_title: str | None, catalog: Catalog
) -> str:
    clip = task.clips[number - 1]
    version = task_text.version_label(number, len(task.clips), catalog)
    name = version or catalog.text("notice-song")
    state = task_text.clip_state(clip, catalog, reason_limit=2 * LINE_WIDTH)
    max_state = 2 * LINE_WIDTH - _NAME_WIDTH if len(task.clips) <= 2 else LINE_WIDTH - _NAME_WIDTH
    hidden = task_text.audio_url(clip) if url is None else None
    if hidden and hidden != in_title:
        state = task_text.join_parts(catalog.text("notice-link-too-long"), state)
    return task_text.join_parts(
        task_text.masked_link(f"▶ {name}", url) if url else f"**{name}**",
        task_text.format_duration(clip.duration),
        _own_title(clip, task),
        truncate_to_width(state, max_state),
    )


def _own_title(clip: Clip, task: Task) -> str:
    """Return the title of a version if it is not that of the song."""
    if clip.title in ("", task.title):
        return ""
    return task_text.short_line(clip.title, columns=_MAX_TITLE)


def _more(task: Task, shown: int, links: dict[int, str], catalog: Catalog) -> str:
    linked = [number for number in links if number > shown]
    hidden = len(task.clips) - shown - len(linked)
    return task_text.join_parts(
        *(task_text.masked_link(_label(number), links[number]) for number in linked),
        catalog.text("notice-more-versions", number=hidden) if hidden else "",
    )
