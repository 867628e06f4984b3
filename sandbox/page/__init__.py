"""The local Discord in a browser: a page on loopback that looks and feels like a channel.

``PageServer`` is all that is needed to begin. Read ``server`` first, then ``visit`` (one open
page), ``requests`` (what it may ask for) and ``showing`` (what a reader sees). ``relay_desk`` and
``bot_keeper`` are what stands behind the stage. The page itself is in ``static``.
"""

from sandbox.page.bot_controls import BotControls
from sandbox.page.environment import PageEnvironment, page_environment
from sandbox.page.relay_controls import RelayControls
from sandbox.page.server import PageServer

__all__ = ["BotControls", "PageEnvironment", "PageServer", "RelayControls", "page_environment"]
