"""A PostgreSQL server of our own: in a temporary folder, on a Unix socket."""

import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

FOR_TESTS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}
_START_TIMEOUT = 120.0
"""Seconds."""


def find_binaries() -> Path | None:
    """Return the folder of the server's programs, ``None`` if it is not installed.

    Debian does not link them into a folder of ``PATH``.
    """
    if found := shutil.which("initdb"):
        return Path(os.path.realpath(found)).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


class PostgresServer:
    """A server, and the databases in it."""

    def __init__(self, folder: Path, command: list[str], user: str) -> None:
        self.folder = folder
        self._command = command
        self._user = user
        self._process: subprocess.Popen[bytes]
        self._count = 0

    def start(self) -> None:
        """Start the server; return when it takes connections."""
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user,
            cwd=self.folder,
        )
        until = time.monotonic() + _START_TIMEOUT
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End all sessions and the server; after ``SIGQUIT``, it recovers when it starts again."""
        self._process.send_signal(number)
        self._process.wait()

    def become_standby(self) -> None:
        """Start again as a standby server, which answers and takes no changes."""
        self.stop()
        (self.folder / "data" / "standby.signal").touch()
        self.start()

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://owner@/{database}?host={self.folder}"

    def create_database(self, template: str = "template0") -> str:
        """Create a database as a copy of another one; return its name."""
        self._count += 1
        name = f"test_{os.getpid()}_{self._count}"
        # The other strategy writes every page to the log first, which takes twice as long.
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, also while somebody is connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement of the owner's; return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def open_server(
    options: Mapping[str, str] = FOR_TESTS, parent: Path | None = None
) -> Iterator[PostgresServer]:
    """Run a server with some options; skip the test where it is not installed.

    Its folder is made in ``parent``, by default where temporary files are.
    """
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="suno-postgres-", dir=parent))  # short: a socket's
    try:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data = folder / "data"
        subprocess.run(
            [
                *(binaries / "initdb", "-D", data, "-U", "owner", "--no-sync", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C.UTF-8"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        arguments = [f"-c{name}={value}" for name, value in options.items()]
        command = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *arguments]
        server = PostgresServer(folder, command, user)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
