"""A page that shows the newest picture: MJPEG, and a few figures beside it."""

from __future__ import annotations

import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from cyclekit.errors import UsageError
from cyclekit.inference.live import Latest, Status

BOUNDARY = "frame"
SEND_BUFFER = 64 * 2**10
"""Bytes that may wait for a slow viewer: a frame or two. What lies there is late."""
_FILES = {"/": ("live.html", "text/html"), "/live.js": ("live.js", "text/javascript")}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'unsafe-inline'",
    "Cross-Origin-Resource-Policy": "same-origin",  # no other page may show the camera
    "X-Content-Type-Options": "nosniff",
}


@contextmanager
def served(
    host: str, port: int, preview: Latest[bytes], status: Callable[[], Status], title: str
) -> Iterator[str]:
    """Serve the page for as long as the block runs.

    Args:
        host: address to listen at.
        port: 0 for any that is free.
        preview: the newest JPEG.
        status: gives the figures.
        title: what is translated into what.

    Yields:
        The page's address.

    Raises:
        UsageError: if the address cannot be had.
    """
    try:
        server = _Server((host, port), preview, status, title)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot listen at {host}:{port}: {reason}; choose another --port, or 0 for any"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="preview", daemon=True)
    thread.start()
    shown = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{shown}:{server.server_address[1]}/"
    finally:
        preview.close()
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], preview: Latest[bytes], status: Callable[[], Status],
        title: str,
    ) -> None:  # fmt: skip
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.preview, self.status, self.title, self.host = preview, status, title, address[0]
        super().__init__(address, _Viewer)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave a viewer that went away alone."""


class _Viewer(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if not _is_ours(self.headers.get("Host", ""), self.server.host):
            self.send_error(HTTPStatus.FORBIDDEN, "not the name that this page is served under")
        elif path == "/stream.mjpg":
            self._stream()
        elif path == "/status.json":
            told = {**asdict(self.server.status()), "title": self.server.title}
            self._send(json.dumps(told).encode(), "application/json")
        elif path in _FILES:
            name, kind = _FILES[path]
            self._send(resources.files("cyclekit.web").joinpath(name).read_bytes(), kind)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""

    def _send(self, body: bytes, kind: str) -> None:
        self._begin(f"{kind}; charset=utf-8", {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def _stream(self) -> None:
        """Send the newest picture whenever there is one; a slow viewer misses some."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._begin(f"multipart/x-mixed-replace; boundary={BOUNDARY}", {"Connection": "close"})
        number = 0
        while found := self.server.preview.after(number):
            number, jpeg = found
            head = (
                f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            )
            self.wfile.write(head.encode() + jpeg + b"\r\n")

    def _begin(self, kind: str, more: dict[str, str]) -> None:
        self.send_response(HTTPStatus.OK)
        for name, value in {"Content-Type": kind, **_HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()


def _is_ours(asked: str, host: str) -> bool:
    """Refuse names that a foreign page may have pointed at this machine (DNS rebinding)."""
    name = asked.rpartition(":")[0] if not asked.endswith("]") and ":" in asked else asked
    name = name.strip("[]").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in ("localhost", host.lower(), socket.gethostname().lower())
    return True
