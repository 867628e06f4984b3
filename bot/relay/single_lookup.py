"""Single look-ups of the ids that no batch holds, before they are called missing."""

from collections.abc import Mapping, Sequence

from bot.relay.circuit_breaker import is_relay_wide
from bot.relay.endpoints import EndpointDiscovery
from bot.relay.errors import RelayError
from bot.relay.lookup_result import Findings, LookupResult
from bot.relay.models import TaskKind
from bot.relay.purpose import RequestPurpose
from bot.relay.ttl_cache import TTLCache

AGAIN = 600.0
"""Seconds in which an id that was unknown on its own, too, is not asked for like that again."""


class SingleLookup:
    """Asks for ids one after the other. A relay may know a task that its batches leave out."""

    def __init__(self, routes: EndpointDiscovery) -> None:
        self._routes = routes
        self._unknown: TTLCache[bool] = TTLCache(AGAIN)

    async def look_up(
        self,
        ids: Sequence[str],
        kinds: Mapping[str, TaskKind],
        *,
        purpose: RequestPurpose,
        most: int,
    ) -> LookupResult:
        """Ask for them until ``most`` were asked for in vain; the rest stays ``unlisted``.

        Raise the SunoError in which all have ended.
        """
        findings = Findings(ids)
        unknown = self._unknown.among(ids)
        findings.missing |= unknown
        in_vain = 0
        for each in findings.unknown(ids):
            if in_vain == most:
                break
            try:
                task = await self._routes.single(each, kinds.get(each), purpose=purpose)
            except RelayError as error:
                if is_relay_wide(error):
                    findings.stop(error)
                    break
                task = None  # the batch's word stands
            if task is not None:
                findings.found([task])
                continue
            in_vain += 1
            findings.missing.add(each)
            self._unknown.note(each, True)
        return findings.conclude()
