"""What can be created at a relay, and which requests its profile allows."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.relay.models import Task, TaskKind
from bot.relay.providers import Capability, RelayModel, RelayProfile

MAX_DESCRIPTION = 500
"""Code points of a description of a song; the pages of relays disagree, and this is the least."""
MAX_TITLE = 80
"""Code points of a title; the pages of relays say 80 or 100."""
MAX_TOPIC = 500
"""Code points of the topic of lyrics."""
UNKNOWN_MODEL_LYRICS, UNKNOWN_MODEL_STYLE = 5000, 1000
"""Code points for a model that no profile describes: the most that any accepts."""


class CreationKind(StrEnum):
    """How something is created."""

    DESCRIPTION = "description"
    """A song from a description; the relay writes lyrics, title and style."""
    CUSTOM = "custom"
    """A song from given lyrics, title and style."""
    EXTENSION = "extension"
    """The continuation of a version of a song."""
    LYRICS = "lyrics"
    """Lyrics about a topic."""


@dataclass(frozen=True, slots=True)
class CreationRequest:
    """What somebody wants a relay to create. All texts are typed by people: hostile."""

    kind: CreationKind
    description: str = ""
    """Of the song, or the topic of the lyrics."""
    title: str = ""
    style: str = ""
    lyrics: str = ""
    instrumental: bool = False
    model: str = ""
    """As requests name it (``mv``); empty for lyrics."""
    extend_task_id: str = ""
    """The task of the song that is extended."""
    extend_clip_id: str = ""
    """The version that is extended."""
    extend_at: float | None = None
    """Where the continuation begins, in seconds; ``None``: at the end."""

    @property
    def task_kind(self) -> TaskKind:
        """The kind of the task that the relay begins."""
        return TaskKind.LYRICS if self.kind is CreationKind.LYRICS else TaskKind.MUSIC

    @property
    def capability(self) -> Capability:
        """What the relay must be able to do."""
        if self.kind is CreationKind.EXTENSION:
            return Capability.EXTEND
        return Capability(self.task_kind.value)


NO_REQUEST = CreationRequest(CreationKind.DESCRIPTION)
"""Stands for one of which nothing is known."""


class RejectionReason(StrEnum):
    """Why nothing was created."""

    MODERATION = "moderation"
    KEY = "key"
    """The relay refuses the key."""
    CREDIT = "credit"
    """The relay account has no credit."""
    BUSY = "busy"
    """The relay limits the rate, or has no channel."""
    UNREACHABLE = "unreachable"
    """No request could be sent."""
    INVALID = "invalid"
    """The relay does not accept the request."""
    UNSUPPORTED = "unsupported"
    """The relay does not offer this, or not this model."""
    FAILED = "failed"
    """The relay reports a failure of its own, and that it has begun nothing."""
    EXPIRED = "expired"
    """The bot was stopped, and it had waited too long to be sent afterwards."""
    DISCONNECTED = "disconnected"
    """Its account was disconnected before it was sent."""
    OFF = "off"
    """Creating was switched off where it was made, before it was sent."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What a relay has begun."""

    task_ids: tuple[str, ...]
    """Each is unique; usually one. Empty only where ``task`` has ended without a name."""
    task: Task | None = None
    """The first task where the answer holds how it ended; ``None`` while it runs."""


class ProblemKind(StrEnum):
    """What is wrong with a field of a request."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNSUPPORTED = "unsupported"
    """The relay cannot do this, or has no such model."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Why a request is not sent: nothing is charged for finding that out."""

    field: str
    """The name of a field of ``CreationRequest``; ``kind`` for what the relay cannot do at all."""
    kind: ProblemKind
    length: int = 0
    """Code points that were entered, for ``TOO_LONG``."""
    limit: int = 0
    """Code points that the model accepts, for ``TOO_LONG``."""


def find_problems(request: CreationRequest, profile: RelayProfile) -> list[FieldProblem]:
    """Return what must be changed before a relay is asked; empty for a request that may be sent.

    A relay accepts and charges nearly everything, also a request without any text.
    """
    if request.capability not in profile.capabilities:
        return [FieldProblem("kind", ProblemKind.UNSUPPORTED)]
    return [*_empty_fields(request), *_too_long_fields(request, profile)]


def _empty_fields(request: CreationRequest) -> Iterator[FieldProblem]:
    required = {
        CreationKind.DESCRIPTION: ["description", "model"],
        CreationKind.CUSTOM: ["title", "model"],
        CreationKind.EXTENSION: ["extend_task_id", "extend_clip_id", "model"],
        CreationKind.LYRICS: ["description"],
    }[request.kind]
    if request.kind is CreationKind.CUSTOM:
        required.append("style" if request.instrumental else "lyrics")
    for name in required:
        if not str(getattr(request, name)).strip():
            yield FieldProblem(name, ProblemKind.EMPTY)


def _too_long_fields(request: CreationRequest, profile: RelayProfile) -> Iterator[FieldProblem]:
    model = find_model(request.model, profile)
    limits = {
        "description": MAX_TOPIC if request.kind is CreationKind.LYRICS else MAX_DESCRIPTION,
        "title": MAX_TITLE,
        "style": model.max_style,
        "lyrics": model.max_lyrics,
    }
    for name, limit in limits.items():
        length = len(getattr(request, name))
        if length > limit:
            yield FieldProblem(name, ProblemKind.TOO_LONG, length, limit)


def find_model(name: str, profile: RelayProfile) -> RelayModel:
    """Return a model by its name; one that is not known is passed on, because models change."""
    known = {model.name: model for model in profile.models}
    return known.get(name) or RelayModel(name, name, UNKNOWN_MODEL_LYRICS, UNKNOWN_MODEL_STYLE)
