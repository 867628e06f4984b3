"""Single look-ups of the ids that no batch holds, before they are called missing."""

from collections.abc import Mapping, Sequence

from bot.relay.circuit_breaker import is_relay_wide
from bot.relay.endpoints import Routes
from bot.relay.errors import SunoError
from bot.relay.lookup_result import Findings, LookUp
from bot.relay.models import TaskKind
from bot.relay.purpose import Errand
from bot.relay.ttl_cache import Recent

AGAIN = 600.0
"""Seconds in which an id that was unknown on its own, too, is not asked for like that again."""


class Singles:
    """Asks for ids one after the other. A relay may know a task that its batches leave out."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._unknown: Recent[bool] = Recent(AGAIN)

    async def look_up(
        self, ids: Sequence[str], kinds: Mapping[str, TaskKind], *, errand: Errand, most: int
    ) -> LookUp:
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
                task = await self._routes.single(each, kinds.get(each), errand=errand)
            except SunoError as error:
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
