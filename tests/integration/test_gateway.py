"""Tests that the gateway connection survives failures that stop discord.py's own reconnecting."""

import logging
from pathlib import Path

import pytest

from tests.support.sandbox_session import open_sandbox, running_assembled_bot


async def test_the_connection_to_the_gateway_is_retried_until_it_succeeds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The retries outnumber Python's recursion limit, and the log has one warning."""
    caplog.set_level(logging.INFO, "bot")
    async with open_sandbox(tmp_path) as sandbox:
        sandbox.discord.gateway.refused_connections = 520
        async with running_assembled_bot(sandbox):
            assert sandbox.discord.gateway.refused_connections == 0
    messages = [record.getMessage() for record in caplog.records if "Gateway conn" in record.msg]
    failed, connected = messages
    assert "shard=0 cause=WSServerHandshakeError: 503" in failed
    assert "shard=0 failed_attempts=520" in connected
