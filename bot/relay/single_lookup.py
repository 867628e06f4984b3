"""Requests ids that no batch holds on their own, before they count as missing."""

from collections.abc import Mapping, Sequence

from bot.relay.endpoints import EndpointDiscovery
from bot.relay.errors import RelayError, is_relay_wide
from bot.relay.lookup_result import LookupAccumulator, LookupResult
from bot.relay.models import TaskKind
from bot.relay.requester import RequestPurpose
from bot.relay.ttl_cache import TTLCache

MISSING_TTL = 600.0
"""Seconds in which an id that was missing on its own, too, is not requested singly again."""


class SingleLookup:
    """Requests ids one after the other: a relay may know a task that its batches leave out."""

    def __init__(self, endpoints: EndpointDiscovery) -> None:
        self._endpoints = endpoints
        self._missing: TTLCache[bool] = TTLCache(MISSING_TTL)

    async def look_up(
        self,
        ids: Sequence[str],
        kinds: Mapping[str, TaskKind],
        *,
        purpose: RequestPurpose,
        max_missing: int,
    ) -> LookupResult:
        """Request ids until ``max_missing`` of them are missing; the rest stays ``unlisted``.

        Raises the ``RelayError`` with which all of them have failed.
        """
        found = LookupAccumulator(ids)
        found.missing |= self._missing.intersection(ids)
        missing = 0
        for each in found.unresolved(ids):
            if missing == max_missing:
                break
            try:
                task = await self._endpoints.request_single(each, kinds.get(each), purpose=purpose)
            except RelayError as error:
                if is_relay_wide(error):
                    found.abort(error)
                    break
                task = None  # the batch said that it is missing
            if task is not None:
                found.add([task])
                continue
            missing += 1
            found.missing.add(each)
            self._missing.set(each, True)
        return found.result()
