"""Checks whether the relay answers, accepts the key, and which path of it works."""

import uuid

import aiohttp
from yarl import URL

from bot.doctor.network import RequestRecorder, describe_connection_error
from bot.doctor.report import Area, CheckResult, CheckResults, Reporter
from bot.doctor.settings_report import RELAY_SETTINGS, SettingsReport
from bot.relay.client import RelayClient
from bot.relay.errors import EndpointNotFoundError, ErrorKind, RelayError
from bot.relay.models import TaskKind
from bot.relay.providers import RelayProfile, relay_profile
from bot.relay.transport import ResponseLimits
from bot.settings import Settings

_reporter = Reporter(Area.RELAY)

REQUESTS_PER_SECOND = 5.0
"""Enough for the few requests that one look-up costs while the path is discovered."""

SLOW_RESPONSE = 3.0
"""Seconds after which a response is reported as slow."""


async def check_relay(settings_report: SettingsReport, time_limit: float) -> CheckResults:
    """Look up a task that cannot exist; yield what the relay's response shows."""
    if wrong := settings_report.unusable(*RELAY_SETTINGS):
        advice = f"Fix {' and '.join(wrong)} first."
        yield _reporter.warning("asked", text="The relay was not asked", advice=advice)
        return
    settings = settings_report.settings
    if not settings.operator_account:
        yield _reporter.ok("asked", text="No relay account of the operator: none was asked")
        return
    try:
        profile = relay_profile(
            settings.suno_relay,
            settings.suno_base_url or None,
            settings.suno_fetch_path or None,
            relays=settings.relays,
        )
    except ValueError as error:
        advice = f"{_CHECK_URL}, then run the doctor again."
        yield _reporter.problem("address", text=str(error), advice=advice)
        return
    requests = RequestRecorder()
    try:
        await _look_up_unknown_task(settings, profile, requests, time_limit)
    except RelayError as error:
        yield _failure(error, profile, requests)
        return
    yield _response_time(profile, requests)
    yield _reporter.ok("key", text="The relay accepts the key")
    yield _batch_path(profile, requests)


async def _look_up_unknown_task(
    settings: Settings, profile: RelayProfile, requests: RequestRecorder, time_limit: float
) -> None:
    """Look up a random id as the bot does. Raises ``RelayError``."""
    task_id = str(uuid.uuid4())
    async with aiohttp.ClientSession(trace_configs=[requests.trace()]) as session:
        client = RelayClient(
            session,
            profile,
            settings.suno_api_key,
            requests_per_second=REQUESTS_PER_SECOND,
            limits=ResponseLimits(total=time_limit),
        )
        await client.look_up([task_id], kinds={task_id: TaskKind.MUSIC})


def _response_time(profile: RelayProfile, requests: RequestRecorder) -> CheckResult:
    slowest = max((request.duration for request in requests.answered), default=0.0)
    text = f"{profile.base_url} answers, in {slowest * 1000:.0f} ms"
    if slowest > SLOW_RESPONSE:
        advice = "Look-ups are late by as much; ask the relay's operator if it stays so."
        return _reporter.warning("answers", text=text, advice=advice)
    return _reporter.ok("answers", text=text)


def _batch_path(profile: RelayProfile, requests: RequestRecorder) -> CheckResult:
    """Report the path of the last batch look-up, which is the one that works."""
    paths = (each.path for each in reversed(requests.answered) if each.method == "POST")
    path = next(paths, "")
    if path.endswith(profile.fetch_path):
        return _reporter.ok("path", text=f"The batch look-up works: POST {path}")
    text = f"There is no POST {profile.fetch_path}; the bot uses POST {path} instead"
    below_base_url = path.removeprefix(URL(profile.base_url).raw_path.rstrip("/"))
    advice = f"Set SUNO_FETCH_PATH={below_base_url} in .env to save the failing request."
    return _reporter.warning("path", text=text, advice=advice)


def _failure(error: RelayError, profile: RelayProfile, requests: RequestRecorder) -> CheckResult:
    if requests.error is not None and not requests.answered:
        text, advice = describe_connection_error(requests.error, "SUNO_BASE_URL")
        return _reporter.problem("answers", text=f"{profile.base_url}: {text}", advice=advice)
    if isinstance(error, EndpointNotFoundError) and error.single_only:
        text = (
            f"There is no batch look-up at {profile.base_url}; single look-ups seem to work,"
            " which only a task of yours can prove"
        )
        return _reporter.warning("path", text=text, advice=_SINGLE_LOOKUPS)
    text = f"{profile.base_url} {_MEANINGS[error.kind]} ({error.detail.rstrip('.')})"
    check = _CHECKS.get(error.kind, "answers")
    if error.kind is ErrorKind.RATE_LIMIT:
        return _reporter.warning(check, text=text, advice=_ADVICE[error.kind])
    return _reporter.problem(check, text=text, advice=_ADVICE[error.kind])


_CHECK_URL = "Check SUNO_BASE_URL and SUNO_FETCH_PATH"
_SINGLE_LOOKUPS = (
    f"{_CHECK_URL} first. If they are right, each task costs a request of its own (docs/relays.md);"
    " until a task of yours was found, the bot reports no task as unknown."
)
_CHECKS = {ErrorKind.AUTH: "key", ErrorKind.QUOTA: "key", ErrorKind.NOT_FOUND: "path"}
_MEANINGS = {
    ErrorKind.AUTH: "refuses the key",
    ErrorKind.QUOTA: "says that the account has no credit",
    ErrorKind.RATE_LIMIT: "limits the rate of requests",
    ErrorKind.NOT_FOUND: "answers as no relay does on any of the known paths",
    ErrorKind.BAD_REQUEST: "does not accept the request",
    ErrorKind.UNAVAILABLE: "is in trouble",
    ErrorKind.UNREADABLE: "answers what no relay answers",
}
_ADVICE = {
    ErrorKind.AUTH: "Check SUNO_API_KEY, and that this key may use Suno.",
    ErrorKind.QUOTA: "Top the account up, or set the SUNO_API_KEY of another account.",
    ErrorKind.RATE_LIMIT: (
        "Nothing is lost: the bot waits. If it goes on, lower POLL_REQUESTS_PER_SECOND."
    ),
    ErrorKind.NOT_FOUND: (f"{_CHECK_URL}: the URL ends where the path begins, see docs/relays.md."),
    ErrorKind.BAD_REQUEST: f"{_CHECK_URL}, and that this is a Suno relay.",
    ErrorKind.UNAVAILABLE: (
        "Nothing is lost: the bot waits until it answers again. If it goes on, check SUNO_BASE_URL,"
        " and tell the relay's operator."
    ),
    ErrorKind.UNREADABLE: f"{_CHECK_URL}: the response may be a web page, or come from a proxy.",
}
