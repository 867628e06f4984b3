"""What Discord answers, and how soon the bot answers people: read off the requests themselves."""

import re
import time
from types import SimpleNamespace

import aiohttp

from bot.metrics import Figures

_FIRST_ANSWER = re.compile(r"/interactions/(\d+)/[^/]+/callback$")
_DISCORD_EPOCH = 1_420_070_400.0
"""The second from which Discord's ids count the milliseconds, above their lowest 22 bits."""


def count_answers(trace: aiohttp.TraceConfig, figures: Figures) -> None:
    """Let ``trace`` count every answer of Discord, and time the first one to each interaction."""

    async def count(
        session: aiohttp.ClientSession,  # noqa: ARG001 # aiohttp's signature
        context: SimpleNamespace,  # noqa: ARG001 # as above
        request: aiohttp.TraceRequestEndParams,
    ) -> None:
        status = request.response.status
        if status < 200:
            return  # the gateway's WebSocket begins
        figures.discord_answers.labels(_family(status)).inc()
        answered = _FIRST_ANSWER.search(request.url.path)
        if answered and status < 300:
            asked_at = _DISCORD_EPOCH + (int(answered[1]) >> 22) / 1000
            figures.answer_delay.observe(max(time.time() - asked_at, 0.0))

    trace.on_request_end.append(count)


def _family(status: int) -> str:
    return "429" if status == 429 else f"{status // 100}xx"
