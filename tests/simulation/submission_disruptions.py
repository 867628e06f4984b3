"""What can go wrong with submissions at a relay, besides what goes wrong with every request."""

from tests.simulation.disruptions import HTML, ActiveDisruption, Disruption, Scope
from tests.simulation.faults import Effect, Reply
from tests.simulation.relay_server import failure, is_submission


def _add(disruption: ActiveDisruption, name: str, effect: Effect) -> None:
    """Let submissions to a relay meet an effect."""
    relay = disruption.simulation.relays.draw_failing()
    scope = Scope(
        f"at {relay.name}",
        lambda request: request.host == relay.host and is_submission(request),
    )
    disruption.apply_effect(disruption.simulation.relay_faults, scope, name, effect)


def submission_lost(disruption: ActiveDisruption) -> None:
    """Let the relay begin and charge what is asked for, and its answer get lost."""
    timeout = failure(504, "upstream_timeout", "upstream request timeout")
    effect = disruption.rng.choice(
        [
            Effect(applied=True, cut=True),
            Effect(applied=True, silent=True),
            Effect(applied=True, reply=Reply(502, HTML, "text/html")),
            Effect(applied=True, reply=timeout),
            Effect(applied=True, reply=Reply(200, b'{"code": "success", "data": "')),
        ]
    )
    _add(disruption, "submission lost", effect)


def submission_unnamed(disruption: ActiveDisruption) -> None:
    """Let the relay not name what it has begun, or has not."""
    body = disruption.rng.choice(
        [b"{}", b'{"code": "success", "data": {}}', b'{"code": "success", "data": null}', b"[]"]
    )
    applied = disruption.rng.random() < 0.7
    _add(disruption, "submission unnamed", Effect(applied=applied, reply=Reply(200, body)))


def submission_cut(disruption: ActiveDisruption) -> None:
    """Let a submission get lost before the relay begins anything."""
    effect = disruption.rng.choice([Effect(cut=True), Effect(silent=True)])
    _add(disruption, "submission cut", effect)


def submission_not_connected(disruption: ActiveDisruption) -> None:
    """Let nobody accept a connection."""
    _add(disruption, "submission not connected", Effect(refused=True))


def submission_refused(disruption: ActiveDisruption) -> None:
    """Let the relay refuse what is asked for, and charge nothing."""
    reply = disruption.rng.choice(
        [
            failure(400, "invalid_request", "invalid parameters"),
            failure(400, "content_policy_violation", "sensitive words in the prompt"),
            failure(402, "insufficient_user_quota", "insufficient quota"),
            failure(403, "quota_not_enough", "user quota is not enough"),
            failure(503, "no_channel", "no available channel"),
            failure(500, "fail_to_fetch_task", "upstream error"),
            failure(404, "model_not_found", "model not found"),
            Reply(200, b'{"code": "fail_to_fetch_task", "message": "error", "data": null}'),
        ]
    )
    _add(disruption, "submission refused", Effect(reply=reply))


def submission_limited(disruption: ActiveDisruption) -> None:
    """Let the relay ask for fewer submissions."""
    pause = disruption.rng.choice([(), (("Retry-After", "20"),), (("Retry-After", "900"),)])
    _add(disruption, "submission 429", Effect(reply=Reply(429, b"", None, pause)))


def submission_slow(disruption: ActiveDisruption) -> None:
    """Let the relay begin what is asked for and answer late, perhaps too late."""
    delay = disruption.rng.choice([3.0, 40.0, 70.0, 200.0])
    _add(disruption, f"submission {delay:.0f} s late", Effect(applied=True, delay=delay))


AT_SUBMISSION: tuple[Disruption, ...] = (
    *(submission_lost, submission_lost, submission_cut, submission_not_connected),
    *(submission_unnamed, submission_refused, submission_limited, submission_slow),
)
