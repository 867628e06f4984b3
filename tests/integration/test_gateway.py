import logging
from pathlib import Path

import pytest

from tests.support.sandbox_session import open_sandbox, running_assembled_bot


async def test_a_gateway_that_refuses_for_long_is_asked_until_it_takes_the_bot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """More often than Python lets a function call itself; the log tells of it once."""
    caplog.set_level(logging.INFO, "bot")
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.discord.gateway.refused_connections = 520
        async with running_assembled_bot(sandbox):
            assert sandbox.discord.gateway.refused_connections == 0
    told = [record.getMessage() for record in caplog.records if "Gateway conn" in record.msg]
    failed, connected = told
    assert "shard=0 cause=WSServerHandshakeError: 503" in failed
    assert "shard=0 failed_attempts=520" in connected
