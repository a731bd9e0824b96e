"""What a participant's browser is told, over HTTP."""

import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclekit.errors import DataError
from cyclekit.evaluation.study.design import read_design
from cyclekit.evaluation.study.store import Store
from cyclekit.web.app import new_app
from cyclekit.web.study import study_app
from tests.evaluation.study.worlds import SCREEN, tiny_study
from tests.web.served import Reply, request, served

ANSWER = {"reaction_ms": 700.5, "left_ms": 1000.0, "right_ms": 1001.0}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return tiny_study(tmp_path_factory.mktemp("study"), ("paints", "secret-method"), vigilance=1)


@pytest.fixture(scope="module")
def port(study) -> Iterator[int]:
    with served(study_app(*study, "127.0.0.1")) as port:
        yield port


def join(port: int) -> str:
    return request(port, "POST", "/api/participants", SCREEN).json["token"]


def chunks(png: bytes) -> list[tuple[bytes, int]]:
    found, place = [], 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        found.append((png[place + 4 : place + 8], length))
        place += 12 + length
    return found


def take_part(port: int, token: str, choice: str) -> tuple[list[Reply], list[Reply], list[str]]:
    """Answer everything; returns the pictures' replies, the answers' replies, and all paths."""
    mine, pictures, answers, paths = f"/api/participants/{token}", [], [], []
    state = request(port, "POST", f"{mine}/resume").json
    while not state["finished"]:
        trial = f"{mine}/trials/{state['next']['number']}"
        for side in ("left", "right"):
            paths.append(f"{trial}/{side}")
            pictures.append(request(port, "GET", paths[-1]))
        assert request(port, "POST", f"{trial}/start").status == 200
        assert request(port, "GET", paths[-1]).status == 409  # once seen, not given out again
        assert request(port, "POST", f"{trial}/shown").status == 200
        answers.append(request(port, "POST", f"{trial}/answer", {**ANSWER, "choice": choice}))
        state = answers[-1].json["state"]
    return pictures, answers, paths


def test_nothing_gives_an_answer_away(study, port):
    folder, design = study
    token = join(port)
    pictures, answers, paths = take_part(port, token, "left")
    assert len(pictures) == 2 * 6
    assert all(reply.status == 200 for reply in pictures)
    # Headers, lengths and the files' structure are the same for every picture.
    assert len({tuple(sorted(reply.headers.items())) for reply in pictures}) == 1
    assert len({len(reply.body) for reply in pictures}) == 1
    assert len({tuple(chunks(reply.body)) for reply in pictures}) == 1
    assert [kind for kind, _ in chunks(pictures[0].body)] == [b"IHDR", b"IDAT", b"IEND"]
    # An answer that counts is told neither right nor wrong: all bodies are equally long.
    scored = [reply for reply in answers if not reply.json["state"]["finished"]][1:]
    assert len({len(reply.body) for reply in scored}) == 1
    assert all(reply.json["real"] is None for reply in answers[1:])
    assert answers[0].json["real"] in ("left", "right")
    said = [request(port, "GET", path) for path in (
        "/", "/api/study", "/static/study.js", "/static/server.js", "/static/look.css",
    )]  # fmt: skip
    assert all(reply.status == 200 for reply in said)
    everything = b"".join(
        reply.body + str(reply.headers).encode() for reply in (*said, *answers)
    ) + "".join(paths).encode()  # fmt: skip
    files = {one.file for own in (design.real, *design.fakes.values()) for one in own}
    assert len(files) == 12 * 3 - 1
    for secret in ("secret-method", "paints", str(folder), *files):
        assert secret.encode() not in everything


def test_real_and_fake_are_where_the_store_says(study, port):
    token = join(port)
    replies = [request(port, "GET", f"/api/participants/{token}/trials/0/{side}") for side in ("left", "right")]  # fmt: skip
    red = [np.asarray(Image.open(io.BytesIO(one.body)))[8, 8, 0] > 150 for one in replies]
    trial = [one for one in Store(*study).everything()[1] if one["number"] == 0][-1]
    assert red == [trial["real_side"] == "left", trial["real_side"] == "right"]


def test_the_score_comes_with_the_end_only(port):
    token = join(port)
    _, answers, _ = take_part(port, token, "right")
    states = [reply.json["state"] for reply in answers]
    assert all("right" not in state for state in states[:-1])
    assert 0 <= states[-1]["right"] <= states[-1]["scored"] == 4


def test_who_is_unknown_or_out_of_turn_is_told_so(port):
    token = join(port)
    assert request(port, "POST", "/api/participants/nobody/resume").status == 404
    for path in ("trials/0/shown", "trials/1/start", "trials/0/interrupt", "trials/77/start"):
        assert request(port, "POST", f"/api/participants/{token}/{path}").status == 409
    assert request(port, "GET", f"/api/participants/{token}/trials/3/left").status == 409
    assert request(port, "GET", f"/api/participants/{token}/trials/0/above").status == 422


@pytest.mark.parametrize(
    "answer",
    [{}, {**ANSWER, "choice": "both"}, {**ANSWER, "choice": "left", "real": "left"},
     {**ANSWER, "choice": "left", "reaction_ms": -1}, {**ANSWER, "choice": "left", "left_ms": "x"}],
)  # fmt: skip
def test_what_is_no_answer_is_not_kept(port, answer):
    token = join(port)
    trial = f"/api/participants/{token}/trials/0"
    request(port, "POST", f"{trial}/start")
    assert request(port, "POST", f"{trial}/answer", answer).status == 422
    assert request(port, "POST", f"{trial}/shown").status == 200


def test_long_bodies_and_foreign_names_are_refused(port):
    assert request(port, "POST", "/api/participants", {"width": "9" * 20_000}).status == 413
    assert request(port, "GET", "/", Host="evil.example").status == 400
    assert request(port, "GET", "/", Host=f"localhost:{port}").status == 200


def test_pages_may_ask_nobody_else_and_are_not_kept(port):
    for path in ("/", "/api/study", "/static/study.js"):
        headers = request(port, "GET", path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
    assert request(port, "GET", "/docs").status == 404
    assert request(port, "GET", "/openapi.json").status == 404
    assert request(port, "GET", "/static/../study.py").status == 404
    page = request(port, "GET", "/").body.decode()
    assert "http:" not in page.replace("http://www.w3.org", "")
    assert "https:" not in page


def test_what_goes_wrong_is_told_here_and_not_there(tmp_path) -> None:
    folder, design = tiny_study(tmp_path)
    told: list[str] = []
    with served(study_app(folder, design, "127.0.0.1", told.append)) as port:
        token = join(port)
        (folder / "answers.sqlite").write_bytes(b"this is no database, and long enough" * 40)
        reply = request(port, "POST", f"/api/participants/{token}/trials/0/start")
    assert (reply.status, str(tmp_path).encode() in reply.body) == (503, False)
    assert told[0] == "a participant has joined"
    assert told[1].startswith(f"error: {folder / 'answers.sqlite'}: cannot be used")


def test_pictures_that_have_gone_are_told_before_anybody_comes(tmp_path) -> None:
    folder, design = tiny_study(tmp_path)
    (folder / "pictures" / design.fakes["paints"][3].file).unlink()
    with pytest.raises(DataError, match="gone; 'cyclekit study create' makes it again"):
        study_app(folder, design, "127.0.0.1")


def test_a_study_with_too_few_pictures_is_told_before_anybody_comes(tmp_path) -> None:
    study, design = tiny_study(tmp_path)
    protocol = design.protocol.model_copy(update={"trials": 400})
    with pytest.raises(DataError, match="fewer pictures than its trials need"):
        study_app(study, design.model_copy(update={"protocol": protocol}), "127.0.0.1")
    text = (study / "study.json").read_text()
    names = json.loads(text)
    (study / "study.json").write_text(json.dumps({**names, "fakes": {}}))
    with pytest.raises(DataError, match="not a study: fakes"):
        read_design(study)


def test_a_comment_is_kept(study, port):
    token = join(port)
    said = {"text": "Grass & 'clouds' – 雲"}
    assert request(port, "POST", f"/api/participants/{token}/comment", said).status == 200
    assert Store(*study).everything()[0][-1]["comment"] == said["text"]
    long = {"text": "x" * 2001}
    assert request(port, "POST", f"/api/participants/{token}/comment", long).status == 422


def test_a_server_of_this_machine_knows_its_own_names() -> None:
    for host, names in (("127.0.0.1", ["127.0.0.1:80", "localhost"]), ("::1", ["[::1]:8000"])):
        with served(new_app("game.html", host)) as port:
            for name in names:
                assert request(port, "GET", "/", Host=name).status == 200
            assert request(port, "GET", "/", Host="rebound.example").status == 400


def test_other_hosts_may_come_where_the_network_is_served(study: tuple[Path, object]):
    with served(study_app(*study, "0.0.0.0")) as port:
        assert request(port, "GET", "/", Host="laboratory:8000").status == 200
