"""The local Discord in a browser: a page on loopback that looks and works like Discord's client.

Read ``page_state`` first (what all open pages share), then ``server``, ``session`` (one open page),
``requests`` (what it may ask for) and ``rendering`` (what a user sees). ``relay_controls`` and
``bot_controls`` control what is outside Discord. The page itself is in ``static``.
"""

from sandbox.page.bot_controls import BotControls
from sandbox.page.environment import PageEnvironment, page_environment
from sandbox.page.page_state import PageState
from sandbox.page.relay_controls import RelayControls
from sandbox.page.server import PageServer

__all__ = [
    "BotControls",
    "PageEnvironment",
    "PageServer",
    "PageState",
    "RelayControls",
    "page_environment",
]
