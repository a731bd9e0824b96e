"""An app on a port of this machine, and plain requests to it."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import uvicorn
from fastapi import FastAPI

ENDING = 60.0  # s: the machine may be busy


@contextmanager
def served(app: FastAPI, port: int = 0) -> Iterator[int]:
    """Serve an app from a thread; gives the port."""
    listener = socket.create_server(("127.0.0.1", port))
    settings = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, date_header=False,
        lifespan="off", timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(ENDING)
        listener.close()
    assert not thread.is_alive(), f"the server did not end in {ENDING:.0f} s"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(port: int, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        data = None if body is None else json.dumps(body)
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, data, headers)
        reply = connection.getresponse()
        return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
    finally:
        connection.close()
