"""Single look-ups of the ids that no batch holds, before they are called missing."""

from collections.abc import Mapping, Sequence

from bot.suno.errors import SunoError
from bot.suno.requesting.breaker import is_relay_wide
from bot.suno.requesting.errands import Errand
from bot.suno.requesting.findings import Findings, LookUp
from bot.suno.requesting.recent import Recent
from bot.suno.requesting.routes import Routes
from bot.suno.tasks import TaskKind

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
