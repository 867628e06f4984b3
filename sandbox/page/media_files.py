"""Serves covers, tunes and uploaded files from a folder, so that players can jump within them."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from sandbox.discord import LocalDiscord
from sandbox.page.generated_media import cover, tune

_NAME = re.compile(r"[\w.-]{1,200}")
_STREAM, _LARGE, _IMAGE = "stream-", "image_large_", "image_"
_SHOWN = re.compile(r"image/(png|jpeg|gif|webp)|(audio|video)/[\w.+-]+")
"""What a browser may show as what it is; everything else is text, which runs nothing."""


class MediaFiles:
    """Makes what is asked for once, and keeps it in ``folder``."""

    def __init__(self, folder: Path, discord: LocalDiscord) -> None:
        self._folder = folder
        self._discord = discord
        self._making = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/media/{name}", self._medium),
            web.get("/files/{channel}/{attachment}/{name}", self._file),
        ]

    async def _medium(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        seed, _, kind = name.rpartition(".")
        makers = {"mp3": (tune, "audio/wav"), "jpeg": (cover, "image/png")}
        if kind not in makers or not _NAME.fullmatch(name):
            raise web.HTTPNotFound
        for prefix in (_STREAM, _LARGE, _IMAGE):
            seed = seed.removeprefix(prefix)
        make, content_type = makers[kind]
        path = await self._kept(f"{kind}-{seed}", lambda: make(seed))
        return web.FileResponse(path, headers={"Content-Type": content_type})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        attachment = self._discord.state.file(request.match_info["attachment"])
        if attachment is None:
            raise web.HTTPNotFound
        path = await self._kept(f"file-{attachment.id}", lambda: attachment.data)
        shown = _SHOWN.fullmatch(attachment.content_type)
        content_type = attachment.content_type if shown else "text/plain; charset=utf-8"
        return web.FileResponse(path, headers={"Content-Type": content_type})

    async def _kept(self, name: str, make: Callable[[], bytes]) -> Path:
        """Give the file of that name, made by ``make`` if it is not there yet."""
        path = self._folder / name
        async with self._making:
            if not path.exists():
                await asyncio.to_thread(lambda: path.write_bytes(make()))
        return path
