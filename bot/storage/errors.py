"""Errors of requests that people make, each with its text.

A ``WatchError`` is shown to the person who sent the request: ``key`` names its text in the message
catalogue, and ``values`` are the arguments of that text. The text of the exception itself is
English, for the log.
"""

from datetime import datetime
from typing import ClassVar


class WatchError(Exception):
    """A request about watches is refused for a reason that is shown to the person."""

    key: ClassVar[str]

    def __init__(self, message: str, **values: str | int | datetime) -> None:
        super().__init__(message)
        self.values = values


class NoRelayAccount(WatchError):
    """The person may use no relay account at all."""

    key = "error-no-account"

    def __init__(self) -> None:
        super().__init__("no relay account is connected here")


class AnswerTooSlow(WatchError):
    """What has to be known before Discord gives up was not known in time."""

    key = "error-too-slow"

    def __init__(self) -> None:
        super().__init__("the answer took too long")


class RequestForgotten(WatchError):
    """The request that is to be repeated was deleted, perhaps at this moment."""

    key = "create-refused-request-unknown"

    def __init__(self) -> None:
        super().__init__("the request is not stored any more")


class AccountsDisabled(WatchError):
    """The operator has not set a key to encrypt keys with."""

    key = "account-error-disabled"

    def __init__(self) -> None:
        super().__init__("accounts cannot be connected without ENCRYPTION_KEY")


class AccountKeyRefused(WatchError):
    """What was entered cannot be the key of a relay."""

    key = "account-error-key"

    def __init__(self) -> None:
        super().__init__("no key")


class AccountAddressRefused(WatchError):
    """The relay's address or path cannot be used."""

    key = "account-error-address"

    def __init__(self) -> None:
        super().__init__("no usable address of a relay")


class AccountDisconnectedMeanwhile(WatchError):
    """The account was disconnected, or its owner erased, while its key was tested."""

    key = "account-error-disconnected"

    def __init__(self) -> None:
        super().__init__("the account was disconnected meanwhile")


class TooManyAccounts(WatchError):
    """The person has connected as many accounts as one may."""

    key = "account-error-too-many"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a person may connect {limit} accounts", limit=limit)


class TooManyAccountAttempts(WatchError):
    """The person has tried too often to connect an account."""

    key = "account-error-attempts"

    def __init__(self, until: datetime) -> None:
        super().__init__(f"attempts are limited until {until}", time=until)


class TooManyWatches(WatchError):
    """The person has reached the limit of watches per person."""

    key = "watch-error-too-many"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a person may watch {limit} tasks at once", limit=limit)


class MemberWatchLimitReached(WatchError):
    """The person has reached the limit that a server sets for its members."""

    key = "watch-error-too-many-here"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a member may watch {limit} tasks at once in this server", limit=limit)


class ServerWatchLimitReached(WatchError):
    """The server has reached the limit of watches per server."""

    key = "watch-error-server-full"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a server may have {limit} watches at once", limit=limit)


class TooManyWatchers(WatchError):
    """As many people watch the task in the channel as one message can mention."""

    key = "watch-error-crowded"

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} people may watch one task in one place", limit=limit)


class BadTaskId(WatchError):
    """The given text contains no task id."""

    key = "watch-error-bad-id"

    def __init__(self) -> None:
        super().__init__("no task id in the text")


class TooManyIds(WatchError):
    """More ids were given at once than one reply can hold."""

    key = "watch-error-too-many-ids"

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} ids at once", limit=limit)


class TooManyLookups(WatchError):
    """The person or the server has reached the limit of look-ups; the next has to wait."""

    key = "watch-error-too-many-lookups"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"look-ups are limited; the next one in {seconds} s", seconds=seconds)
        self.seconds = seconds


class TooManyMessages(WatchError):
    """The person has reached the limit of requested messages; the next has to wait."""

    key = "watch-error-too-many-messages"

    def __init__(self, until: datetime) -> None:
        super().__init__(f"messages are limited until {until}", time=until)
        self.until = until


class ChannelTooBusy(TooManyMessages):
    """The channel has reached the limit of requested messages; the next has to wait."""

    key = "watch-error-channel-busy"


class CreationsPerDayReached(WatchError):
    """The person has created as much as a day allows; ``until``: when the next is possible."""

    key = "creation-error-per-day"

    def __init__(self, limit: int, until: datetime) -> None:
        super().__init__(f"a person may create {limit} a day", limit=limit, time=until)
        self.until = until


class CreationsOfServerReached(WatchError):
    """The server has created as much as a day allows; ``until`` as above."""

    key = "creation-error-server-day"

    def __init__(self, limit: int, until: datetime) -> None:
        super().__init__(f"a server may create {limit} a day", limit=limit, time=until)
        self.until = until


class TooManyCreationsAtOnce(WatchError):
    """As many of the person's creations are under way as may be at once."""

    key = "creation-error-at-once"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a person may create {limit} at once", limit=limit)


class FileUnconfirmed(WatchError):
    """A file was asked for, and nothing says what became of that: it may be charged."""

    key = "create-file-unconfirmed"

    def __init__(self) -> None:
        super().__init__("the relay may have charged for the file")


class CreatingOff(WatchError):
    """Creating was switched off in the server, perhaps at this moment."""

    key = "create-refused-off"

    def __init__(self) -> None:
        super().__init__("creating is off in this server")


class AlreadyRepeated(WatchError):
    """The person has just made the same request again: a button was pressed twice."""

    key = "creation-error-repeated"

    def __init__(self) -> None:
        super().__init__("the same request was just made again")
