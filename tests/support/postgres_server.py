"""A PostgreSQL server of the tests' own: in a temporary folder, on a Unix socket."""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_OPTIONS = {
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
    """A running server, and the databases in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://owner@/{database}?host={self.folder}"

    def create_database(self, template: str = "template0") -> str:
        """Create a database as a copy of another one; return its name."""
        self._count += 1
        name = f"test_{os.getpid()}_{self._count}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, also while somebody is connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run a statement of the owner's."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def open_server() -> Iterator[PostgresServer]:
    """Run a server; skip the test where it is not installed."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="suno-postgres-"))  # the path of a socket must be short
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
        options = [f"-c{name}={value}" for name, value in _OPTIONS.items()]
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        try:
            server = PostgresServer(folder)
            _wait_for(server, process)
            yield server
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: PostgresServer, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _START_TIMEOUT
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
