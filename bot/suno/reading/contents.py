"""The data of a task: its clips, or its lyrics."""

from dataclasses import dataclass

from bot.suno.reading import links
from bot.suno.reading.shapes import Content, RelayObject, parse
from bot.suno.reading.statuses import clip_status
from bot.suno.reading.values import LONGEST_SONG, clean, identifier, number
from bot.suno.tasks import Clip, ClipStatus, Lyrics, TaskKind

_UNFINISHED = (ClipStatus.STREAMING, ClipStatus.QUEUED)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the data of a task hold; all of it empty where the relay sent nothing yet."""

    clips: tuple[Clip, ...] = ()
    lyrics: Lyrics | None = None
    lyrics_status: ClipStatus | None = None
    """The status that stands in a lyrics object; None where there is none."""
    kind: TaskKind | None = None
    reason: str = ""
    """Why it failed, in the words of the first clip that says so, or of the lyrics."""


def opened(content: Content) -> Content:
    """Return what a JSON text holds (data are sometimes wrapped as a text); others as they are."""
    while isinstance(content, str):
        try:
            content = parse(content.encode()) if content.lstrip()[:1] in ("[", "{", '"') else None
        except ValueError:
            content = None
    return content


def read_contents(content: Content) -> Contents:
    """Tell clips from lyrics by the shape of the data; an array is always one of clips."""
    content = opened(content)
    while isinstance(content, RelayObject) and content.clips is not None:
        content = opened(content.clips)
    if isinstance(content, list):
        return _song([item for item in content if not _is_blank(item)])
    if not isinstance(content, RelayObject):
        return Contents()
    return _song([content]) if content.is_clip else _lyrics(content)


def _song(items: list[RelayObject]) -> Contents:
    if not items:
        return Contents()
    clips = tuple(map(_clip, items))
    reason = next((clip.reason for clip in clips if clip.reason), "")
    return Contents(clips=clips, kind=TaskKind.MUSIC, reason=reason)


def _lyrics(raw: RelayObject) -> Contents:
    text = _first(raw.text, raw.lyrics, raw.lyric)
    known = raw.text is not None or bool(text)
    word = raw.status or raw.state
    return Contents(
        lyrics=Lyrics(text, title=clean(raw.title), style=_style(raw)) if text else None,
        lyrics_status=clip_status(word) if word else None,
        kind=TaskKind.LYRICS if known else None,
        reason=_first(raw.error_message, raw.error_type),
    )


def _clip(raw: RelayObject) -> Clip:
    metadata = raw.metadata or RelayObject()
    audio_url = _audio(raw)
    status = _status(raw, audio_url)
    if status is ClipStatus.ERROR:
        audio_url = None
    unfinished = status in _UNFINISHED
    final = audio_url is not None and not unfinished and not links.is_stream(audio_url)
    reasons = (metadata.error_message, raw.error_message, metadata.error_type, raw.error_type)
    return Clip(
        id=identifier(raw.id) or identifier(raw.clip_id) or "",
        title=clean(raw.title),
        status=status,
        audio_url=audio_url,
        audio_is_final=final,
        video_url=_link(raw.video_url, raw.video_url_camel),
        image_url=_link(raw.image_large_url, raw.image_url, raw.image_url_camel),
        duration=_duration(metadata) or _duration(raw),
        style=_style(metadata) or _style(raw),
        lyrics=_words(raw, metadata),
        reason="" if final or unfinished else _first(*reasons),
    )


def _is_blank(raw: RelayObject) -> bool:
    return not (raw.is_clip or raw.id or raw.clip_id or raw.title or raw.status or raw.state)


def _status(raw: RelayObject, audio_url: str | None) -> ClipStatus:
    """Read the status of a clip; one that names none is what its link says."""
    word = raw.status or raw.state
    if word:
        return clip_status(word)
    if audio_url is None:
        return ClipStatus.UNRECOGNIZED
    return ClipStatus.STREAMING if links.is_stream(audio_url) else ClipStatus.COMPLETE


def _audio(raw: RelayObject) -> str | None:
    """Return the link to listen to: while the clip streams the first one, later rather a file."""
    links_found = map(links.usable, (raw.audio_url, raw.audio, raw.audio_url_camel))
    playing = [link for link in links_found if link is not None]
    if clip_status(raw.status or raw.state or "") not in _UNFINISHED:
        playing.sort(key=links.is_stream)
    return playing[0] if playing else None


def _link(*candidates: str | None) -> str | None:
    return next((link for link in map(links.usable, candidates) if link), None)


def _words(raw: RelayObject, metadata: RelayObject) -> str:
    """Return the words that are sung.

    ``gpt_description_prompt`` says what the song is about, not what is sung, and some relays repeat
    it as the prompt; a text that opens with a heading such as ``[Verse]`` is sung all the same.
    Where ``metadata.prompt`` is "" the song is instrumental, and a ``prompt`` beside it can only be
    such a description.
    """
    candidates = [metadata.prompt, raw.text, raw.lyrics, raw.lyric]
    if metadata.prompt is None:
        candidates.insert(1, raw.prompt)
    descriptions = {metadata.gpt_description_prompt, raw.gpt_description_prompt}
    return _first(
        *(text for text in candidates if text and (text[0] == "[" or text not in descriptions))
    )


def _style(raw: RelayObject) -> str:
    tags = raw.tags or ""
    return clean(tags if isinstance(tags, str) else ", ".join(filter(None, tags)))


def _duration(raw: RelayObject) -> float | None:
    seconds = number(raw.duration)
    return seconds if seconds is not None and 0 < seconds < LONGEST_SONG else None


def _first(*texts: str | None) -> str:
    """Return the first text that is not blank, else ""."""
    return next((text for text in map(clean, texts) if text.strip()), "")
