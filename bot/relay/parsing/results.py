"""Reads the data of a task: the clips of a song, or lyrics."""

from typing import Any, NamedTuple

from bot.relay.models import (
    MAX_CLIPS,
    MAX_LYRICS,
    MAX_REASON,
    Clip,
    ClipStatus,
    Lyrics,
    TaskKind,
    within_all_lyrics,
)
from bot.relay.parsing import urls
from bot.relay.parsing.payload import Bounds, decode_nested, is_clip
from bot.relay.parsing.scalars import (
    JsonObject,
    first_present,
    first_text,
    identifier,
    labels,
    seconds,
    text,
    title,
    word,
)
from bot.relay.parsing.statuses import clip_status
from bot.relay.parsing.unfrozen import unfrozen

_UNFINISHED = (ClipStatus.STREAMING, ClipStatus.QUEUED)
_UnfrozenClip = unfrozen(Clip)
_NO_METADATA: JsonObject = {}
_CLIP_HINTS = ("id", "clip_id", "clipId", "title", "status", "state")


class Results(NamedTuple):
    """The content of a task's data; empty where the relay has sent nothing yet."""

    clips: tuple[Clip, ...] = ()
    lyrics: Lyrics | None = None
    lyrics_status: ClipStatus | None = None
    """The status in a lyrics object; None where there is none."""
    kind: TaskKind | None = None
    reason: str = ""
    """Why the task failed, in the words of the first clip with a reason, or of the lyrics."""


NO_RESULTS = Results()


def parse_results(value: Any, bounds: Bounds) -> Results:
    """Read clips or lyrics, by the shape of the data; an array is always one of clips."""
    content = decode_nested(value, bounds)
    while type(content) is dict and (inner := content.get("clips")) is not None:
        content = decode_nested(inner, bounds)
    if type(content) is list:
        return _read_song([item for item in content[:MAX_CLIPS] if _is_song_item(item)])
    if type(content) is dict:
        return _read_song([content]) if is_clip(content) else _read_lyrics(content)
    return NO_RESULTS


def _read_song(items: list[JsonObject]) -> Results:
    if not items:
        return NO_RESULTS
    clips = tuple([_read_clip(item) for item in items])
    if sum([len(clip.lyrics) for clip in clips]) > MAX_LYRICS:
        clips = tuple(within_all_lyrics(clips))
    reasons = [clip.reason for clip in clips if clip.reason]
    return Results(clips, None, None, TaskKind.MUSIC, reasons[0] if reasons else "")


def _is_song_item(item: JsonObject) -> bool:
    return is_clip(item) or any(item.get(name) for name in _CLIP_HINTS)


def _read_lyrics(raw: JsonObject) -> Results:
    found = first_text(MAX_LYRICS, raw.get("text"), raw.get("lyrics"), raw.get("lyric"))
    known = bool(found) or type(raw.get("text")) is str
    status = word(raw.get("status")) or word(raw.get("state"))
    return Results(
        lyrics=Lyrics(found, title(raw.get("title")), labels(raw.get("tags"))) if found else None,
        lyrics_status=clip_status(status) if status else None,
        kind=TaskKind.LYRICS if known else None,
        reason=first_text(
            MAX_REASON,
            first_present(raw, "error_message", "errorMessage"),
            first_present(raw, "error_type", "errorType"),
        ),
    )


def _read_clip(raw: JsonObject) -> Clip:
    metadata = raw.get("metadata") or raw.get("meta_data")
    if type(metadata) is not dict:
        metadata = _NO_METADATA
    status_word = word(raw.get("status")) or word(raw.get("state"))
    status = clip_status(status_word) if status_word else None
    audio_url = _audio(raw, status)
    if status is None:
        status = _status_by_link(audio_url)
    elif status is ClipStatus.ERROR:
        audio_url = None
    unfinished = status in _UNFINISHED
    final = audio_url is not None and not unfinished and not urls.is_stream(audio_url)
    clip = _UnfrozenClip(
        identifier(raw.get("id")) or identifier(first_present(raw, "clip_id", "clipId")),
        title(raw.get("title")),
        status,
        audio_url,
        final,
        _link(raw, "video_url", "videoUrl"),
        _link(raw, "image_large_url", "image_url", "imageUrl"),
        seconds(metadata.get("duration")) or seconds(raw.get("duration")),
        labels(metadata.get("tags")) or labels(raw.get("tags")),
        _lyrics(raw, metadata),
        "" if final or unfinished else _reason(raw, metadata),
    )
    clip.__class__ = Clip
    return clip


def _reason(raw: JsonObject, metadata: JsonObject) -> str:
    return first_text(
        MAX_REASON,
        first_present(metadata, "error_message", "errorMessage"),
        first_present(raw, "error_message", "errorMessage"),
        first_present(metadata, "error_type", "errorType"),
        first_present(raw, "error_type", "errorType"),
    )


def _status_by_link(audio_url: str | None) -> ClipStatus:
    """Return the status of a clip that names none, from its link."""
    if audio_url is None:
        return ClipStatus.UNRECOGNIZED
    return ClipStatus.STREAMING if urls.is_stream(audio_url) else ClipStatus.COMPLETE


def _audio(raw: JsonObject, status: ClipStatus | None) -> str | None:
    """Return the link to listen to: while the clip streams the first, later preferably a file."""
    first = urls.usable(raw.get("audio_url"))
    if first is not None and (status in _UNFINISHED or not urls.is_stream(first)):
        return first
    others = (urls.usable(raw.get(name)) for name in ("audio", "audioUrl"))
    links = [link for link in (first, *others) if link is not None]
    if status not in _UNFINISHED:
        links.sort(key=urls.is_stream)
    return links[0] if links else None


def _link(raw: JsonObject, *names: str) -> str | None:
    for name in names:
        value = raw.get(name)
        if value and (link := urls.usable(value)) is not None:
            return link
    return None


def _lyrics(raw: JsonObject, metadata: JsonObject) -> str:
    """Return the lyrics of a clip.

    ``gpt_description_prompt`` describes the song, and some relays repeat it as the prompt; but a
    text that begins with a heading such as ``[Verse]`` is always lyrics. Where ``metadata.prompt``
    is "" the song is instrumental, and a ``prompt`` beside it can only be such a description.
    """
    prompt = metadata.get("prompt")
    if type(prompt) is str and prompt[:1] == "[":
        return text(prompt, MAX_LYRICS)
    candidates = [prompt, raw.get("text"), raw.get("lyrics"), raw.get("lyric")]
    if type(prompt) is not str:
        candidates.insert(1, raw.get("prompt"))
    descriptions = (metadata.get("gpt_description_prompt"), raw.get("gpt_description_prompt"))
    lyrics = [
        each
        for each in candidates
        if type(each) is str and each and (each[0] == "[" or each not in descriptions)
    ]
    return first_text(MAX_LYRICS, *lyrics)
