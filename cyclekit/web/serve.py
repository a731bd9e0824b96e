"""Runs an app until somebody ends it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from cyclekit.errors import CyclekitError, UsageError


def serve(app: FastAPI, host: str, port: int, announce: Callable[[str], object]) -> None:
    """Answer requests until the process is asked to end.

    Args:
        app: what answers.
        host: address to listen at.
        port: 0 takes a free one.
        announce: told the address, once requests are taken.

    Raises:
        UsageError: if there is no such address.
        CyclekitError: if it is taken, or not allowed.
    """
    with listening(host, port) as listener:
        announce(_address(host, listener))
        settings = uvicorn.Config(
            app, log_level="error", access_log=False, server_header=False, date_header=False,
            lifespan="off", timeout_graceful_shutdown=3,
        )  # fmt: skip
        uvicorn.Server(settings).run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """Open a socket that takes connections; port 0 takes a free one.

    Raises:
        UsageError: if there is no such address.
        CyclekitError: if it is taken, or not allowed.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise UsageError(f"--host {host}: no such address of this machine") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"--host {host}: no such address of this machine") from error
        reason = error.strerror or str(error)
        advice = "choose another with --port, or --port 0 for any"
        raise CyclekitError(f"port {port} of {host}: {reason}; {advice}") from error
    return listener


def _address(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
