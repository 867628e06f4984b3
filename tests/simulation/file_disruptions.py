"""What can go wrong when a relay is asked for files of a clip."""

from tests.simulation.disruptions import HTML, ActiveDisruption, Disruption, Scope
from tests.simulation.faults import Effect, Reply
from tests.simulation.relay_clip_actions import asks_for_file
from tests.simulation.relay_server import failure


def _add(disruption: ActiveDisruption, name: str, effect: Effect) -> None:
    """Let requests for files at a relay meet an effect."""
    relay = disruption.simulation.relays.draw_failing()
    scope = Scope(
        f"at {relay.name}", lambda request: request.host == relay.host and asks_for_file(request)
    )
    disruption.apply_effect(disruption.simulation.relay_faults, scope, name, effect)


def file_lost(disruption: ActiveDisruption) -> None:
    """Let the relay make a file, and its answer get lost."""
    effect = disruption.rng.choice(
        [
            Effect(applied=True, cut=True),
            Effect(applied=True, silent=True),
            Effect(applied=True, reply=Reply(502, HTML, "text/html")),
            Effect(applied=True, delay=70.0),
        ]
    )
    _add(disruption, "file lost", effect)


def file_refused(disruption: ActiveDisruption) -> None:
    """Let the relay refuse what is asked for, or a firewall in front of it."""
    reply = disruption.rng.choice(
        [
            failure(400, "invalid_request", "invalid clip"),
            failure(402, "insufficient_user_quota", "insufficient quota"),
            failure(404, "", "Invalid URL"),
            Reply(403, HTML, "text/html"),
            Reply(200, HTML, "text/html"),
            Reply(429, b"", None, (("Retry-After", "20"),)),
        ]
    )
    _add(disruption, "file refused", Effect(reply=reply))


def file_missing(disruption: ActiveDisruption) -> None:
    """Let the relay answer without what was asked for."""
    body = disruption.rng.choice(
        [
            b"{}",
            b"[]",
            b"null",
            b'{"code": "success", "data": null}',
            b'{"code": "not_ready", "message": "processing"}',
            b'{"wav_file_url": "javascript:alert(1)"}',
            b'{"aligned_words": [{"word": null}]}',
        ]
    )
    applied = disruption.rng.random() < 0.5
    _add(disruption, "file missing", Effect(applied=applied, reply=Reply(200, body)))


AT_FILES: tuple[Disruption, ...] = (file_lost, file_lost, file_refused, file_missing)
