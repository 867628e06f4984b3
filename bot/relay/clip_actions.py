"""Has files made of a finished clip, where the profile of the relay declares that it can."""

from collections.abc import Callable
from typing import TypeVar

from bot.relay.errors import ErrorKind, NotSentError
from bot.relay.models import Clip
from bot.relay.parsing.clip_actions import read_stems, read_timing, read_wav
from bot.relay.providers import CHARGED_FILES, Capability, RelayProfile
from bot.relay.requester import Requester, RequestPurpose
from bot.relay.timed_lyrics import TimedLyrics
from bot.relay.transport import RelayResponse, ResponseLimits

T = TypeVar("T")

TIMEOUT = 60.0
"""Seconds; some relays answer only when the file is made."""
_LIMITS = ResponseLimits(total=TIMEOUT, redirects=None)


class ClipActions:
    """Requests what a relay makes of clips. Each may be asked for again while it is not ready.

    All raise ``RelayError``, and ``NotSentError`` where the profile does not declare the action.

    Relays may charge for WAV files and stems, so a request for them that was cut is not repeated.
    """

    def __init__(self, requester: Requester, profile: RelayProfile) -> None:
        self._requester = requester
        self._profile = profile

    async def wav(self, clip_id: str) -> str | None:
        """Return the link to a WAV file; ``None`` while it is made, "" if nobody can open it."""
        return await self._request(Capability.WAV, clip_id, read_wav)

    async def timing(self, clip_id: str) -> TimedLyrics | None:
        """Return when each line is sung; ``None`` while that is found out."""
        return await self._request(Capability.TIMING, clip_id, read_timing)

    async def stems(self, clip_id: str) -> tuple[Clip, ...] | None:
        """Return the playable voices and instruments as clips; ``None`` while any is made."""
        method = self._profile.stems_method
        return await self._request(Capability.STEMS, clip_id, read_stems, method=method)

    async def _request(
        self,
        action: Capability,
        clip_id: str,
        read: Callable[[int, str | None, bytes], T],
        *,
        method: str = "GET",
    ) -> T:
        if action not in self._profile.capabilities:
            raise NotSentError(ErrorKind.NOT_FOUND, f"the profile does not declare {action.value}")

        is_charged = action in CHARGED_FILES
        purpose = RequestPurpose.SUBMISSION if is_charged else RequestPurpose.INTERACTIVE

        def read_response(response: RelayResponse) -> T:
            return read(response.status, response.content_type, response.body)

        return await self._requester.send(
            method,
            self._profile.action_path(action, clip_id),
            read_response,
            purpose=purpose,
            payload={} if method == "POST" else None,
            limits=_LIMITS,
        )
