import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclekit.data.archives import unpack
from cyclekit.data.catalogue import Entry
from cyclekit.data.download import download
from cyclekit.data.transfer import ATTEMPTS, PIECE
from cyclekit.errors import DataError

PICTURES = {"toy/trainA/1.jpg": b"\1" * 70_000, "toy/trainB/2.jpg": bytes(range(256)) * 300}


def zipped(files: dict[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return memory.getvalue()


def tarred(*members: tarfile.TarInfo, content: bytes = b"picture") -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as archive:
        for member in members:
            member.size = len(content) if member.isfile() else 0
            archive.addfile(member, io.BytesIO(content))
    return memory.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


class Server(ThreadingHTTPServer):
    """Serves one file; remembers the ranges asked for; breaks off where it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = zipped(PICTURES)
        self.ranges: list[str | None] = []
        self.break_after: list[int] = []
        self.knows_ranges = True
        self.status: int | None = None
        self.claimed_length: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/toy.zip"

    @property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()}"'


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        if self.server.status:
            self.send_error(self.server.status)
            return
        partial = asked and self.server.knows_ranges and self.headers["If-Range"] == self.server.tag
        start = int(asked.removeprefix("bytes=").rstrip("-")) if partial else 0
        body = self.server.content[start:]
        self.send_response(206 if partial else 200)
        self.send_header("ETag", self.server.tag)
        self.send_header("Content-Length", str(self.server.claimed_length or len(body)))
        self.end_headers()
        if self.server.break_after:
            body = body[: self.server.break_after.pop(0)]
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def user_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    return tmp_path / "user" / "cyclekit"


def toy(url: str | None, sha256: str | None = None) -> Entry:
    return Entry(
        name="toy",
        what="Two files.",
        domains=("a", "b"),
        layout="unpaired",
        source="https://example.org/toy",
        licence="CC0",
        url=url,
        sha256=sha256,
    )


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder.parent)): path.read_bytes() for path in files}


def test_a_download_makes_the_dataset_folder_and_nothing_else(
    server: Server, tmp_path: Path
) -> None:
    made = download(toy(server.url), tmp_path / "data")
    assert contents(made) == PICTURES
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["toy"]


def test_a_file_of_the_archives_name_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy.zip").write_bytes(b"mine")
    download(toy(server.url), tmp_path)
    assert (tmp_path / "toy.zip").read_bytes() == b"mine"


def test_progress_ends_at_the_size_of_the_file(server: Server, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    download(toy(server.url), tmp_path / "data", progress=lambda *seen: told.append(seen))
    assert told[-1] == (len(server.content), len(server.content))


def test_a_broken_transfer_asks_only_for_the_rest(server: Server, tmp_path: Path) -> None:
    server.break_after = [PIECE]
    made = download(toy(server.url), tmp_path / "data")
    assert contents(made) == PICTURES
    assert server.ranges == [None, f"bytes={PIECE}-"]


def test_the_next_call_goes_on_where_a_failed_one_stopped(server: Server, tmp_path: Path) -> None:
    server.break_after = [2 * PIECE, *[0] * (ATTEMPTS - 1)]
    with pytest.raises(DataError, match=r"connection broke; 131,072 bytes are kept, run"):
        download(toy(server.url), tmp_path / "data")
    assert not (tmp_path / "data" / "toy").exists()
    asked = len(server.ranges)
    assert contents(download(toy(server.url), tmp_path / "data")) == PICTURES
    assert server.ranges[asked:] == [f"bytes={2 * PIECE}-"]


def test_a_server_without_ranges_sends_all_again(server: Server, tmp_path: Path) -> None:
    server.knows_ranges = False
    server.break_after = [PIECE]
    assert contents(download(toy(server.url), tmp_path / "data")) == PICTURES


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    server.break_after = [PIECE, 0, 0]
    with pytest.raises(DataError):
        download(toy(server.url), tmp_path / "data")
    other = {"toy/trainA/9.jpg": b"\7" * 90_000}
    server.content = zipped(other)
    assert contents(download(toy(server.url), tmp_path / "data")) == other


def test_the_first_checksum_is_kept_and_a_later_change_refused(
    server: Server, tmp_path: Path, user_data: Path
) -> None:
    download(toy(server.url), tmp_path / "one")
    first = hashlib.sha256(server.content).hexdigest()
    assert json.loads((user_data / "checksums.json").read_text()) == {server.url: first}
    server.content = zipped({"toy/trainA/1.jpg": b"another"})
    with pytest.raises(DataError, match="not the file it was"):
        download(toy(server.url), tmp_path / "two")
    assert not (tmp_path / "two" / "toy").exists()


def test_the_catalogues_checksum_is_verified_at_the_first_download(
    server: Server, tmp_path: Path
) -> None:
    right = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(DataError, match="sha256 differs from 0000"):
        download(toy(server.url, "0" * 64), tmp_path / "data")
    download(toy(server.url, right), tmp_path / "data")


def test_another_address_replaces_the_catalogues(server: Server, tmp_path: Path) -> None:
    entry = toy("https://example.invalid/toy.zip")
    assert contents(download(entry, tmp_path / "data", url=server.url)) == PICTURES


def test_a_dataset_that_is_there_is_not_fetched(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    assert download(toy(server.url), tmp_path) == tmp_path / "toy"
    assert server.ranges == []


def test_an_entry_without_address_names_its_source(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'toy' has no address.*https://example.org/toy"):
        download(toy(None), tmp_path)


def test_a_missing_file_is_reported_without_trying_again(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(DataError, match="the server answers 404"):
        download(toy(server.url), tmp_path)
    assert len(server.ranges) == 1


def test_a_folder_that_cannot_be_made_is_reported(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot keep 'toy' in .*file"):
        download(toy(server.url), tmp_path / "file")


def test_an_address_without_server_is_reported(server: Server, tmp_path: Path) -> None:
    nowhere = server.url
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match="no answer; check the address and the network"):
        download(toy(nowhere), tmp_path)


def test_what_is_no_address_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot fetch toy\.zip: Invalid URL"):
        download(toy("toy.zip"), tmp_path)


@pytest.mark.parametrize("address", ["toy.zip", "gopher://example.org/toy.zip", "http://["])
def test_a_refused_address_leaves_no_file_behind(tmp_path: Path, address: str) -> None:
    with pytest.raises(DataError, match="cannot fetch"):
        download(toy(address), tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', "\xff", "[" * 100_000])
def test_damaged_checksums_are_named(tmp_path: Path, user_data: Path, text: str) -> None:
    user_data.mkdir(parents=True)
    (user_data / "checksums.json").write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=r"checksums\.json: damaged, .*; delete it$"):
        download(toy("http://127.0.0.1:9/toy.zip"), tmp_path / "data")


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.status = 503
    with pytest.raises(DataError, match="the server answers 503"):
        download(toy(server.url), tmp_path)
    assert len(server.ranges) == ATTEMPTS


def test_a_file_larger_than_the_disk_is_refused_before_it_is_taken(
    server: Server, tmp_path: Path
) -> None:
    server.claimed_length = 1 << 60
    with pytest.raises(DataError, match="needs 1,152,921,504,606,846,976 bytes, the disk has"):
        download(toy(server.url), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil.jpg", "/tmp/evil.jpg", "a/../../evil.jpg", "C:/evil"])
def test_a_zip_member_outside_the_target_is_refused(tmp_path: Path, name: str) -> None:
    refuse(tmp_path, zipped({"toy/1.jpg": b"fine", name: b"evil"}), "lies outside")


@pytest.mark.parametrize("name", ["../evil.jpg", "/tmp/evil.jpg", "a/../../evil.jpg"])
def test_a_tar_member_outside_the_target_is_refused(tmp_path: Path, name: str) -> None:
    refuse(tmp_path, tarred(member("toy/1.jpg"), member(name)), "lies outside")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    refuse(tmp_path, tarred(member("toy/1.jpg", kind, "/etc/passwd")), "is a link or device")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        link = zipfile.ZipInfo("toy/1.jpg")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    refuse(tmp_path, memory.getvalue(), "is a link or device")


def test_an_archive_that_outgrows_the_disk_is_refused(tmp_path: Path) -> None:
    bomb = bytearray(zipped({f"{n}.jpg": b"" for n in range(1 << 15)}))
    place = 0
    while (place := bomb.find(b"PK\1\2", place)) >= 0:
        bomb[place + 24 : place + 28] = b"\xf0\xff\xff\xff"  # declared size: 4 GiB each
        place += 4
    refuse(tmp_path, bytes(bomb), "refused: unpacked it has over")


def test_a_damaged_archive_leaves_nothing_half_unpacked(tmp_path: Path) -> None:
    damaged = bytearray(zipped(PICTURES))
    damaged[damaged.find(b"\1\1\1\1")] = 2
    refuse(tmp_path, bytes(damaged), "damaged.*run the command again")


def test_a_cut_off_tar_is_refused(tmp_path: Path) -> None:
    noise = bytes(hashlib.sha256(bytes([n])).digest()[0] for n in range(256)) * 20
    refuse(tmp_path, tarred(member("toy/1.jpg"), content=noise)[:-60], "damaged")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    locked = bytearray(zipped({"toy/1.jpg": b"picture"}))
    locked[locked.find(b"PK\3\4") + 6] |= 1
    locked[locked.find(b"PK\1\2") + 8] |= 1
    refuse(tmp_path, bytes(locked), "damaged: .*encrypted")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, b"<html>not found</html>", "neither a zip nor a tar")


def refuse(folder: Path, archive: bytes, reason: str) -> None:
    file = folder / "archive"
    file.write_bytes(archive)
    with pytest.raises(DataError, match=reason):
        unpack(file, folder / "toy")
    assert list(folder.iterdir()) == []


def test_a_tar_is_unpacked_like_a_zip(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(tarred(member("toy/trainA/1.jpg")))
    unpack(tmp_path / "archive", tmp_path / "toy")
    assert contents(tmp_path / "toy") == {"toy/trainA/1.jpg": b"picture"}


def test_an_archive_without_a_common_folder_keeps_its_folders(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(zipped({"trainA/1.jpg": b"a", "trainB/2.jpg": b"b"}))
    unpack(tmp_path / "archive", tmp_path / "toy")
    assert contents(tmp_path / "toy") == {"toy/trainA/1.jpg": b"a", "toy/trainB/2.jpg": b"b"}


def test_what_an_interrupted_unpacking_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".toy.part" / "old").mkdir(parents=True)
    (tmp_path / "archive").write_bytes(zipped(PICTURES))
    unpack(tmp_path / "archive", tmp_path / "toy")
    assert contents(tmp_path / "toy") == PICTURES


@given(st.lists(st.sampled_from(["..", "a", "", ".", "..."]), min_size=1, max_size=5))
def test_no_name_writes_outside_of_the_target(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "in").mkdir()
    archive = root / "in" / "archive"
    archive.write_bytes(tarred(member("/".join([*parts, "x"]))))
    try:
        unpack(archive, root / "in" / "toy")
    except DataError:
        assert ".." in parts or parts[0] == ""
    assert [path.name for path in root.iterdir()] == ["in"]
