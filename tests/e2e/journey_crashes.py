"""Runs a short journey as a process in which a system call on the database fails or kills it.

The journey is a function that runs in a process of its own, and sends the name of each step that is
done; the first is that its database is open. The process is forked from one that has imported the
bot already: that takes longer than the journey.

A fault kills the process (``kill``), or the call fails once because of the disk (``eio``) or
because the disk is full (``enospc``): then whoever is told of the error tries again, and all other
steps have to be done, too.
"""

import asyncio
import ctypes
import multiprocessing
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from tests.support.write_faults import (
    WriteFault,
    attach_command,
    count_calls,
    was_injected,
)

T = TypeVar("T")
Program = Callable[..., Coroutine[Any, Any, None]]
"""Runs a journey: with what sends the names of its steps, its folder and further arguments."""

_FORKS = multiprocessing.get_context("forkserver")
_PR_SET_PTRACER = 0x59616D61
"""Of ``linux/prctl.h``."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one journey."""

    fault: WriteFault | None
    injected: bool
    """Whether the fault happened."""
    steps: int
    """How many steps were confirmed."""
    violations: tuple[str, ...]
    calls: dict[str, int]
    """How often the process made each system call, see ``count_calls``."""


async def retried(action: Callable[[], Awaitable[T]]) -> T:
    """Do something, and once more if the database fails: so do people, and the bot's loops."""
    try:
        return await action()
    except sqlite3.Error:
        return await action()


async def run_program(
    folder: Path,
    main: Program,
    arguments: Sequence[object],
    steps: Sequence[str],
    fault: WriteFault | None,
) -> int:
    """Run a journey as a process with a fault; return how many of its steps were confirmed.

    Raises ``RuntimeError`` if a step is missing although there was no fault.
    """
    _FORKS.set_forkserver_preload([main.__module__])
    connection, its_connection = _FORKS.Pipe()
    errors = folder / "errors"
    process = _FORKS.Process(target=_run, args=(its_connection, errors, main, folder, *arguments))
    process.start()
    its_connection.close()
    await _trace(process, connection, folder, fault)
    await asyncio.to_thread(process.join)
    done = [*_received(connection)]
    if fault is None and done != list(steps):
        raise RuntimeError(f"the journey failed without a fault: {errors.read_text()}")
    return len(done)


async def _trace(
    process: BaseProcess, connection: Connection, folder: Path, fault: WriteFault | None
) -> None:
    """Trace a process that waits for it, until it has ended."""
    await asyncio.to_thread(connection.recv)
    command = attach_command(process.pid or 0, folder / "suno.db", folder / "trace", fault)
    strace = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert strace.stderr is not None
    await strace.stderr.readline()  # that it is attached
    connection.send("traced")
    await strace.communicate()


def _run(connection: Connection, errors: Path, main: Program, *arguments: object) -> None:
    """In the process of a journey: let it be traced, then run it."""
    with errors.open("w") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    # Where only a parent may trace: any process of this user may.
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1))
    connection.send("ready")
    connection.recv()
    asyncio.run(main(connection.send, *arguments))


def _received(connection: Connection) -> Iterator[str]:
    """Yield what a process has sent that has ended."""
    with suppress(EOFError, ConnectionResetError):
        while True:
            yield connection.recv()


def goes_on(fault: WriteFault | None, done: int) -> bool:
    """Whether all steps have to be done although a fault happened: it did while the bot ran."""
    return fault is None or (fault.is_transient and done > 0)


def result(
    folder: Path, fault: WriteFault | None, done: int, steps: Sequence[str], found: Sequence[str]
) -> Result:
    """Return the result of a journey whose trace is in a folder.

    ``done``: how many of its ``steps`` were confirmed. ``found``: what the audit found.
    """
    trace, violations = folder / "trace", list(found)
    if goes_on(fault, done) and done < len(steps):
        violations.append(f"it did not go on to {steps[done]!r}")
    return Result(fault, was_injected(trace), done, tuple(violations), count_calls(trace))
