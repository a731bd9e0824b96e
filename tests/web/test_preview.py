"""The page of the live preview, asked as a browser and as a stranger would."""

import http.client
import json
import socket
import threading

import pytest

from cyclekit.errors import UsageError
from cyclekit.inference.live import Latest, Status
from cyclekit.web.preview import served

STATUS = Status(12.5, 80.0, 320, 240, 40, 3)


@pytest.fixture
def page():
    preview: Latest[bytes] = Latest()
    with served("127.0.0.1", 0, preview, lambda: STATUS, "<a> to 'b'") as address:
        yield preview, int(address.rstrip("/").rpartition(":")[2])


def ask(port, path, host="127.0.0.1"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": f"{host}:{port}"})
    return connection, connection.getresponse()


def test_the_page_and_its_figures_are_served_and_nothing_else(page):
    _, port = page
    for path, kind in (("/", "text/html"), ("/live.js", "text/javascript")):
        connection, answer = ask(port, path)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(kind)
        assert len(answer.read()) > 200
        connection.close()
    connection, answer = ask(port, "/status.json")
    assert json.loads(answer.read()) == {
        "rate": 12.5, "latency_ms": 80.0, "width": 320, "height": 240, "shown": 40, "dropped": 3,
        "title": "<a> to 'b'",
    }  # fmt: skip
    connection.close()
    for path in ("/preview.py", "/../errors.py", "/..%2ferrors.py"):
        connection, answer = ask(port, path)
        assert answer.status == 404
        connection.close()


def test_a_viewer_gets_the_newest_picture_and_the_end(page):
    preview, port = page
    for number in range(3):
        preview.put(b"old" + bytes([number]))
    connection, answer = ask(port, "/stream.mjpg")
    assert "multipart/x-mixed-replace; boundary=frame" in answer.headers["Content-Type"]
    assert read_part(answer) == b"old\x02"
    preview.put(b"new")
    assert read_part(answer) == b"new"
    preview.close()
    assert answer.readline() == b""
    connection.close()


def read_part(answer):
    assert answer.readline() == b"--frame\r\n"
    assert answer.readline() == b"Content-Type: image/jpeg\r\n"
    length = int(answer.readline().split()[1])
    assert answer.readline() == b"\r\n"
    body = answer.read(length)
    assert answer.readline() == b"\r\n"
    return body


def test_a_slow_viewer_holds_up_nobody(page):
    preview, port = page
    connection, _ = ask(port, "/stream.mjpg")  # and never reads
    big = bytes(2_000_000)
    done = threading.Event()

    def show():
        for _ in range(50):
            preview.put(big)
        done.set()

    threading.Thread(target=show, daemon=True).start()
    assert done.wait(10)
    connection.close()


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("127.0.0.1", 200), ("[::1]", 200), ("evil.example", 403), ("", 403)],
)
def test_a_name_that_is_not_ours_is_refused(page, host, status):
    _, port = page
    connection, answer = ask(port, "/status.json", host)
    assert answer.status == status
    assert answer.headers.get("Cross-Origin-Resource-Policy", "same-origin") == "same-origin"
    connection.close()


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        preview: Latest[bytes] = Latest()
        with (
            pytest.raises(UsageError, match=f"127.0.0.1:{port}: .*in use; choose another --port"),
            served("127.0.0.1", port, preview, Status, ""),
        ):
            pass
