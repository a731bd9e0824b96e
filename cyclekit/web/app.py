"""What all pages have in common: static files, no outside requests, nothing kept by browsers."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

STATIC = Path(__file__).parent / "static"
LONGEST_BODY = 16 * 1024
"""Bytes of a request; what a page sends has a few hundred, a comment a few thousand."""
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def new_app(page: str, host: str) -> FastAPI:
    """Make an app that gives out one page and its files.

    Args:
        page: the page's file in `static`.
        host: address that the server will be bound to; where that is this machine alone, requests
            under other names are refused, for a foreign page could send them.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(_guarded)
    if is_local(host):
        names = ["127.0.0.1", "localhost", host, f"[{host}]"]  # the last as IPv6 is written
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=names)

    @app.get("/")
    def index() -> FileResponse:
        return FileResponse(STATIC / page)

    app.mount("/static", StaticFiles(directory=STATIC))
    return app


def is_local(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def picture_response(data: bytes) -> Response:
    """Give a PNG out with no header that depends on which one it is."""
    return Response(data, media_type="image/png")


async def _guarded(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    length = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers or int(length) > LONGEST_BODY:
        return JSONResponse({"detail": "too long"}, 413)
    response = await go_on(request)
    response.headers.update(_HEADERS)
    return response
