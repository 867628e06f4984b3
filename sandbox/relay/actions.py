"""What the local relay makes of clips: WAV files, the times of words, and stems."""

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.relay.lifecycles import RelayTask, clip

ACTIONS = frozenset({"wav", "timing", "stems"})
WORD_SECONDS = 0.4
"""How long each word of a song is sung."""


class ClipActions:
    """Answers for the clips of finished songs.

    ``available`` are the actions that exist, ``in_envelope`` says whether answers have the level
    with the code, and ``is_ready`` whether what was asked for has been made.
    """

    def __init__(self) -> None:
        self.available = ACTIONS
        self.in_envelope = False
        self.is_ready = True
        self.requested: list[tuple[str, str]] = []
        """The action and the clip of each request, oldest first."""

    def answer(
        self, action: str, clip_id: str, tasks: Iterable[tuple[RelayTask, float]], now: float
    ) -> Any:
        """Return the JSON of an action; ``None`` where no finished song has such a clip."""
        self.requested.append((action, clip_id))
        found = _find(clip_id, tasks, now)
        if found is None:
            return None
        made = {"wav": self._wav, "timing": self._timing, "stems": self._stems}[action](found)
        return {"code": "success", "message": "", "data": made} if self.in_envelope else made

    def _wav(self, found: Mapping[str, Any]) -> Any:
        link = str(found["audio_url"]).removesuffix(".mp3") + ".wav"
        return {"wav_file_url": link if self.is_ready else None}

    def _timing(self, found: Mapping[str, Any]) -> Any:
        lyrics = str(found["metadata"]["prompt"])
        return {"aligned_words": _aligned(lyrics) if self.is_ready else [], "is_streamed": False}

    def _stems(self, found: Mapping[str, Any]) -> Any:
        if not self.is_ready:
            return []
        media = str(found["audio_url"]).rpartition("/")[0]
        return [
            clip(f"{found['id']}-{name.lower()}", title=f"{found['title']} ({name})", media=media)
            for name in ("Vocals", "Instrumental")
        ]


def _find(
    clip_id: str, tasks: Iterable[tuple[RelayTask, float]], now: float
) -> dict[str, Any] | None:
    for task, submitted_at in tasks:
        clips = task.at(now, submitted_at=submitted_at)["data"]
        for each in clips if isinstance(clips, list) else ():
            if each["id"] == clip_id and each["status"] == "complete":
                return dict(each)
    return None


def _aligned(lyrics: str) -> list[dict[str, Any]]:
    """Return the words as Suno does: headings and line breaks belong to the next or last word."""
    words, heading, at = [], "", 2.0
    for line in lyrics.split("\n"):
        if line.startswith("["):
            heading += f"{line}\n"
            continue
        sung = line.split()
        for number, word in enumerate(sung):
            end = "\n" if number == len(sung) - 1 else " "
            words.append(_word(f"{heading}{word}{end}", at))
            heading, at = "", at + WORD_SECONDS
        at += 0.0 if sung else 4 * WORD_SECONDS
    return words


def _word(word: str, at: float) -> dict[str, Any]:
    end = round(at + WORD_SECONDS, 2)
    return {"word": word, "success": True, "start_s": round(at, 2), "end_s": end, "p_align": 0.9}
