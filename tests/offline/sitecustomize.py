"""Python loads this in every process of an offline test: who reaches out is stopped and noted."""

import ipaddress
import os
import socket
import sys

_ADDRESSED = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_ASKED = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_OWN = {"", "localhost", socket.gethostname()}


def _is_here(host: object) -> bool:
    """Say whether a host is this machine; None stands for it as well."""
    if isinstance(host, bytes):
        host = host.decode()
    if host is None or host in _OWN:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _watch(event: str, arguments: tuple) -> None:
    if event in _ADDRESSED:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path: a socket of Unix
    elif event in _ASKED:
        host = arguments[0]
    else:
        return
    if not _is_here(host):
        with open(os.environ["OFFLINE_LOG"], "a", encoding="utf-8") as log:
            log.write(f"{event} {host!r} by {sys.argv}\n")
        raise PermissionError(f"offline test: {event} to {host!r}")


sys.addaudithook(_watch)
