"""Looks up ids one by one where the relay has no batch look-up."""

from collections.abc import Mapping, Sequence

from bot.relay.endpoints import EndpointDiscovery
from bot.relay.errors import EndpointNotFoundError, RelayError, is_relay_wide, may_refuse_ids
from bot.relay.lookup_result import LookupAccumulator
from bot.relay.models import TaskKind
from bot.relay.quarantine import Quarantine
from bot.relay.requester import RequestPurpose
from bot.relay.ttl_cache import TTLCache

MAX_MISSING_INTERACTIVE = 3
"""Missing ids that one interactive look-up requests singly."""
MAX_FIRST_FAILURES = 3
"""Single look-ups that may fail before the first succeeds; then the rest is left for later."""


class SingleFallback:
    """The single look-ups that one batch look-up falls back to; its result goes to ``found``.

    ``doubtful``: the ids that were unknown while no path had shown a task yet.
    """

    def __init__(
        self,
        endpoints: EndpointDiscovery,
        quarantine: Quarantine,
        doubtful: TTLCache[bool],
        found: LookupAccumulator,
        purpose: RequestPurpose,
    ) -> None:
        self._endpoints = endpoints
        self._quarantine = quarantine
        self._doubtful = doubtful
        self._found = found
        self._purpose = purpose
        self._missing = 0

    async def request(
        self, ids: Sequence[str], kinds: Mapping[str, TaskKind], no_batch: EndpointNotFoundError
    ) -> None:
        """Request each id on its own; ``no_batch`` is the error of the batch look-up."""
        failures_left = MAX_FIRST_FAILURES
        doubtful = self._doubtful.intersection(ids)
        for each in sorted(ids, key=doubtful.__contains__):  # the others may show that it works
            if self._purpose.interactive and self._missing == MAX_MISSING_INTERACTIVE:
                return
            try:
                task = await self._endpoints.request_single(
                    each, kinds.get(each), purpose=self._purpose
                )
            except RelayError as error:
                failure = self._fail(each, ids, error, no_batch)
                if failure is None:
                    return
                failures_left -= 1
                if failures_left == 0:
                    self._found.abort(failure)
                    return
                continue
            self._endpoints.use_single_lookups()
            failures_left = len(ids)
            if task is None:
                self._missing += 1
                self._found.missing.add(each)
            else:
                self._found.add([task])

    def _fail(
        self,
        task_id: str,
        ids: Sequence[str],
        error: RelayError,
        no_batch: EndpointNotFoundError,
    ) -> RelayError | None:
        """Record that a single look-up failed; return why, or None to stop with these ids."""
        if not isinstance(error, EndpointNotFoundError):
            if is_relay_wide(error):
                self._found.abort(error)
                return None
            self._found.failed[task_id] = error
            self._quarantine.add_refused(task_id, error)
            return error
        # A batch path that has worked was certainly not refused because of the ids.
        if (error.certain and no_batch.certain) or self._endpoints.has_batches:
            self._found.abort(no_batch)
            return None
        if error.certain:
            self._found.failed |= dict.fromkeys(self._found.unresolved(ids), no_batch)
            return None
        doubt = EndpointNotFoundError(
            no_batch.detail,
            certain=False,
            may_refuse_ids=may_refuse_ids(error) or may_refuse_ids(no_batch),
            answered=error.answered,
            single_only=error.answered and no_batch.certain,
        )
        self._found.failed[task_id] = doubt
        self._doubtful.set(task_id, True)
        return doubt
