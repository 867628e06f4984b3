"""Why a server could not be reached, and what to do about it."""

import errno

import aiohttp

from bot.relay.transport import quote_for_log


def unreachable(error: BaseException, address_settings: str) -> tuple[str, str]:
    """Return what an error of a connection means and what to do.

    ``address_settings`` are the settings that hold the address. No text of the error is quoted
    where it could hold a header.
    """
    for kinds, text, advice in _KNOWN:
        if isinstance(error, kinds):
            return text, advice.format(settings=address_settings)
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        text = "nothing listens at that address"
        return text, f"Check {address_settings}, and that the server there is running."
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = quote_for_log(error.os_error.strerror or type(error.os_error).__name__)
        return f"no connection ({reason})", f"Check the network and {address_settings}."
    return "the connection was cut", f"Try again; if it goes on, check {address_settings}."


_KNOWN: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str, str], ...] = (
    (
        aiohttp.ClientConnectorDNSError,
        "its name is not known (DNS)",
        "Check the spelling in {settings}, and that this machine can resolve names.",
    ),
    (
        (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError),
        "its certificate is not accepted (TLS)",
        "Check the clock and the root certificates of this machine, and {settings}.",
    ),
    (
        TimeoutError,
        "it did not answer in time",
        "Try again; if it goes on, check the network, a firewall, and {settings}.",
    ),
    (
        aiohttp.ClientResponseError,
        "what answers there does not speak HTTP",
        "Check {settings}: its scheme, host and port.",
    ),
)
