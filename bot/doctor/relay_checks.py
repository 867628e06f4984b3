"""The relay: whether it answers, takes the key, and on which path. Asked as the bot asks it."""

import uuid

import aiohttp
from yarl import URL

from bot.doctor.network import RequestRecorder, describe_connection_error
from bot.doctor.report import Area, Finding, Findings, Notebook
from bot.relay.client import RelayClient
from bot.relay.errors import EndpointNotFoundError, ErrorKind, RelayError
from bot.relay.models import TaskKind
from bot.relay.providers import RelayProfile, relay_profile
from bot.relay.transport import ResponseLimits
from bot.settings import SettingsReport
from bot.storage.relay_fingerprints import RelayAccess

_note = Notebook(Area.RELAY)

NEEDED = ("SUNO_RELAY", "SUNO_BASE_URL", "SUNO_API_KEY", "SUNO_FETCH_PATH")
ADDRESS = "SUNO_BASE_URL"
PACE = 5.0
"""Requests a second: a look costs a handful."""

SLOW = 3.0
"""Seconds after which an answer is worth a word."""


def relay_access(report: SettingsReport) -> RelayAccess | None:
    """Return how the settings let the bot ask its relay, ``None`` where they do not tell."""
    settings = report.settings
    if report.lacks(*NEEDED):
        return None
    try:
        asked = relay_profile(settings.suno_relay, settings.suno_base_url or None)
    except ValueError:
        return None
    return RelayAccess(asked.name, asked.base_url, settings.suno_api_key)


async def look_at_relay(report: SettingsReport, time_limit: float) -> Findings:
    """Ask for a task that surely does not exist; yield what that shows."""
    if missing := report.lacks(*NEEDED):
        names = " and ".join(missing)
        yield _note.warning("asked", text="Not asked", advice=f"Mend {names} first.")
        return
    settings = report.settings
    try:
        asked = relay_profile(
            settings.suno_relay, settings.suno_base_url or None, settings.suno_fetch_path or None
        )
    except ValueError as error:
        yield _note.problem("address", text=str(error), advice=f"{_BOTH}, and start again.")
        return
    requests = RequestRecorder()
    try:
        async with aiohttp.ClientSession(trace_configs=[requests.trace()]) as session:
            limits = ResponseLimits(total=time_limit)
            client = RelayClient(
                session, asked, settings.suno_api_key, requests_per_second=PACE, limits=limits
            )
            stranger = str(uuid.uuid4())
            await client.look_up([stranger], kinds={stranger: TaskKind.MUSIC})
    except RelayError as error:
        yield _trouble(error, asked, requests)
        return
    for finding in _well(asked, requests):
        yield finding


def _well(asked: RelayProfile, requests: RequestRecorder) -> list[Finding]:
    slowest = max((each.duration for each in requests.answered), default=0.0)
    text = f"{asked.base_url} answers, in {slowest * 1000:.0f} ms"
    advice = "Look-ups are late by as much; ask the relay's operator if it stays so."
    if slowest > SLOW:
        answers = _note.warning("answers", text=text, advice=advice)
    else:
        answers = _note.ok("answers", text=text)
    found = [answers, _note.ok("key", text="The key is accepted")]
    path = _batch_path(requests)
    if path.endswith(asked.fetch_path):
        return [*found, _note.ok("path", text=f"The batch look-up works: POST {path}")]
    text = f"There is no POST {asked.fetch_path}; the bot asks POST {path} instead"
    own = path.removeprefix(URL(asked.base_url).raw_path.rstrip("/"))
    advice = f"SUNO_FETCH_PATH={own} in .env saves the detour."
    return [*found, _note.warning("path", text=text, advice=advice)]


def _batch_path(requests: RequestRecorder) -> str:
    """Return the path of the last batch look-up: the one that worked, if any did."""
    paths = (each.path for each in reversed(requests.answered) if each.method == "POST")
    return next(paths, "")


def _trouble(error: RelayError, asked: RelayProfile, requests: RequestRecorder) -> Finding:
    if requests.error is not None and not requests.answered:
        text, advice = describe_connection_error(requests.error, ADDRESS)
        return _note.problem("answers", text=f"{asked.base_url}: {text}", advice=advice)
    if isinstance(error, EndpointNotFoundError) and error.single_only:
        text = (
            f"There is no batch look-up at {asked.base_url}; single look-ups seem to work,"
            " which only a task of yours can prove"
        )
        return _note.warning("path", text=text, advice=_SINGLY)
    text = f"{asked.base_url} {_MEANING[error.kind]} ({error.detail.rstrip('.')})"
    check = _CHECKS.get(error.kind, "answers")
    note = _note.warning if error.kind is ErrorKind.RATE_LIMIT else _note.problem
    return note(check, text=text, advice=_ADVICE[error.kind])


_BOTH = "Check SUNO_BASE_URL and SUNO_FETCH_PATH"
_SINGLY = (
    f"{_BOTH} first. Where they are right, each task costs a request of its own (docs/relays.md);"
    " until one of yours was seen, nobody is told that a task is unknown."
)
_CHECKS = {ErrorKind.AUTH: "key", ErrorKind.QUOTA: "key", ErrorKind.NOT_FOUND: "path"}
_MEANING = {
    ErrorKind.AUTH: "refuses the key",
    ErrorKind.QUOTA: "says that the account has no credit",
    ErrorKind.RATE_LIMIT: "was asked too often",
    ErrorKind.NOT_FOUND: "answers as no relay does on any of the known paths",
    ErrorKind.BAD_REQUEST: "does not accept the request",
    ErrorKind.UNAVAILABLE: "is in trouble",
    ErrorKind.UNREADABLE: "answers what no relay answers",
}
_ADVICE = {
    ErrorKind.AUTH: "Check SUNO_API_KEY, and that this key may use Suno.",
    ErrorKind.QUOTA: "Top the account up, or set the SUNO_API_KEY of another.",
    ErrorKind.RATE_LIMIT: (
        "Nothing is lost: the bot waits. If it goes on, lower POLL_REQUESTS_PER_SECOND."
    ),
    ErrorKind.NOT_FOUND: f"{_BOTH}: the address ends before the path begins, see docs/relays.md.",
    ErrorKind.BAD_REQUEST: f"{_BOTH}, and that this is a Suno relay.",
    ErrorKind.UNAVAILABLE: (
        "Nothing is lost: the bot waits until it answers again. If it goes on, check SUNO_BASE_URL,"
        " and tell the relay's operator."
    ),
    ErrorKind.UNREADABLE: f"{_BOTH}: what answers there may be a web page, or a proxy's.",
}
