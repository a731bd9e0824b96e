"""The part of the Hugging Face Hub's API that pushing and pulling need, kept in memory."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

WRITER, READER = "hf_writer", "hf_reader"
"""Tokens: one may write, the other only read."""
LARGE = (".safetensors", ".jpg", ".pth")
"""Endings of files that are kept as large ones, with their SHA-256."""


class Hub(ThreadingHTTPServer):
    """Repositories by USER/NAME, each with its files; one commit for all."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.large: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.ranges: list[str | None] = []
        self.break_after: list[int] = []
        self.lies: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        self.commits: list[list[str]] = []
        self.answer: bytes | None = None
        self.stalls = False
        self.reached, self.released = threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def commit_of(self, name: str) -> str:
        kept = sorted((path, data) for path, data in self.repositories[name].items())
        return hashlib.sha1(repr(kept).encode()).hexdigest()


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """Run a server until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append(f"{self.command} {path}")
        if self.server.answer is not None:
            self._send(self.server.answer)
            return
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._info(match[1], unquote(match[2] or "main"))
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(match[1], unquote(match[2]), unquote(match[3]))
        else:
            self._refuse(404, "RepoNotFound")

    do_HEAD = do_GET  # noqa: N815 (the library's own name)

    def do_PUT(self) -> None:
        data = self._body()
        self.server.large[self.path.rsplit("/", 1)[1]] = data
        self._answer({})

    def do_POST(self) -> None:
        data = self._body()
        path = urlsplit(self.path).path
        self.server.asked.append(f"POST {path}")
        if path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif self.headers["Authorization"] != f"Bearer {WRITER}":
            self._refuse(403 if self.headers["Authorization"] else 401, None)
        elif path == "/api/repos/create":
            self._create(json.loads(data))
        elif path.endswith("/preupload/main"):
            self._sort(json.loads(data))
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._batch(json.loads(data))
        else:
            self._commit(path, [json.loads(line) for line in data.splitlines()])

    def _body(self) -> bytes:
        """Read what was sent, whole or in pieces."""
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _may_see(self, name: str) -> bool:
        known = self.headers["Authorization"] in (f"Bearer {WRITER}", f"Bearer {READER}")
        return name in self.server.repositories and (known or name not in self.server.private)

    def _info(self, name: str, revision: str) -> None:
        if not self._may_see(name):
            self._refuse(404, "RepoNotFound")
            return
        if revision not in ("main", "v1", self.server.commit_of(name)):
            self._refuse(404, "RevisionNotFound")
            return
        files, blobs = self.server.repositories[name], parse_qs(urlsplit(self.path).query)
        siblings = [
            self._sibling(path, data) if "blobs" in blobs else {"rfilename": path}
            for path, data in files.items()
        ]
        self._answer({"id": name, "sha": self.server.commit_of(name), "siblings": siblings})

    def _sibling(self, path: str, data: bytes) -> dict[str, object]:
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        size = self.server.sizes.get(path, len(data))
        found: dict[str, object] = {"rfilename": path, "size": size, "blobId": blob}
        if path.endswith(LARGE):
            sha256 = hashlib.sha256(data).hexdigest()
            found["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 130}
        return found

    def _file(self, name: str, revision: str, path: str) -> None:
        if not self._may_see(name):
            self._refuse(404, "RepoNotFound")
            return
        data = self.server.lies.get(path, self.server.repositories[name][path])
        asked = self.headers["Range"]
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("X-Repo-Commit", self.server.commit_of(name))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("Content-Length", str(len(data) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if self.command == "GET":
            self.server.ranges.append(asked)
            end = start + self.server.break_after.pop(0) if self.server.break_after else len(data)
            if self.server.stalls and path.endswith(LARGE):
                middle = (start + end) // 2
                self.wfile.write(data[start:middle])
                self.server.reached.set()
                self.server.released.wait()
                start = middle
            self.wfile.write(data[start:end])
            self.close_connection = end < len(data)

    def _create(self, wanted: dict[str, str]) -> None:
        name = f"{wanted['organization']}/{wanted['name']}"
        if wanted["organization"] == "else":
            self._refuse(403, None)
            return
        if wanted.get("visibility") == "private":
            self.server.private.add(name)
        self.server.repositories.setdefault(name, {})
        self._answer({"url": f"{self.server.url}/{name}"})

    def _sort(self, wanted: dict[str, list[dict[str, str]]]) -> None:
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                "shouldIgnore": False,
            }
            for file in wanted["files"]
        ]
        self._answer({"files": modes})

    def _batch(self, wanted: dict[str, list[dict[str, str]]]) -> None:
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.server.url}/upload/{one['oid']}"}}}
            for one in wanted["objects"]
        ]
        self._answer({"transfer": "basic", "objects": objects})

    def _commit(self, path: str, lines: list[dict[str, dict[str, str]]]) -> None:
        name = re.fullmatch(r"/api/models/(.+)/commit/main", path)[1]
        files = self.server.repositories[name]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
            if line["key"] == "deletedFile":
                del files[value["path"]]
        self.server.commits.append([line["value"].get("path", "") for line in lines])
        commit = self.server.commit_of(name)
        address = f"{self.server.url}/{name}/commit/{commit}"
        self._answer({"commitOid": commit, "commitUrl": address, "success": True})

    def _refuse(self, status: int, code: str | None) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, value: object) -> None:
        self._send(json.dumps(value).encode())

    def _send(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
