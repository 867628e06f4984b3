"""For whom a relay is asked, and what its errors may mean then."""

from enum import Enum, auto


class RequestPurpose(Enum):
    """Why requests are sent."""

    INTERACTIVE = auto()
    """Somebody waits. What people type may be anything."""
    POLL = auto()
    """The poller looks at tasks that the relay has named before."""
    UNPROVEN = auto()
    """The poller looks at ids that somebody typed while the relay could not be asked."""

    @property
    def interactive(self) -> bool:
        """Whether somebody waits for the answer."""
        return self is RequestPurpose.INTERACTIVE

    @property
    def trips_breaker(self) -> bool:
        """Whether an error may show that the relay is in trouble, so that it is left alone.

        An id that somebody typed may bring about almost any: a firewall in front of a relay refuses
        some with 403, as if the key were wrong, and a relay may stumble over others. The poller
        finds out soon enough what is wrong with the relay, by tasks that are surely there.
        """
        return self is RequestPurpose.POLL
