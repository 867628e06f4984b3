"""The local Discord in a browser: a page on loopback that looks and feels like a channel.

``PageServer`` is all that is needed to begin. Read ``server`` first, then ``visit`` (one open
page), ``requests`` (what it may ask for) and ``showing`` (what a reader sees). ``relay_desk`` and
``bot_keeper`` are what stands behind the stage. The page itself is in ``static``.
"""

from sandbox.page.bot_keeper import BotKeeper
from sandbox.page.relay_desk import RelayDesk
from sandbox.page.server import PageServer
from sandbox.page.stage import PageStage, page_stage

__all__ = ["BotKeeper", "PageServer", "PageStage", "RelayDesk", "page_stage"]
