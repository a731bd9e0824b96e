"""`cyclekit study` and `cyclekit game`, as processes where they serve, in this one elsewhere."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cyclekit.cli.main import main
from cyclekit.evaluation.study.store import Store
from tests.evaluation.study.worlds import BLUE, RED, SCREEN, TIMES, Person, paint, tiny_study
from tests.web.served import request

SMALL = ("--practice", 1, "--trials", 3, "--size", 16)


@dataclass
class Done:
    returncode: object
    stdout: str
    stderr: str


@pytest.fixture
def cyclekit(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    def run(*arguments: object) -> Done:
        with pytest.raises(SystemExit) as left:
            main([*map(str, arguments)])
        return Done(left.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    paint(tmp_path / "real", 6, RED)
    paint(tmp_path / "ours", 5, BLUE)
    return tmp_path


@contextmanager
def serving(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a command that serves; gives the process and the port that it prints."""
    command = [sys.executable, "-m", "cyclekit", *map(str, arguments), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = process.stdout.readline()
        assert address.startswith("http://127.0.0.1:"), process.communicate()
        yield process, int(address.rstrip("/\n").rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()


def answer(port: int, token: str, number: int) -> Any:
    trial = f"/api/participants/{token}/trials/{number}"
    assert request(port, "POST", f"{trial}/start").status == 200
    return request(port, "POST", f"{trial}/answer", {**TIMES, "choice": "left"}).json


def test_a_study_from_folders_to_report(desk: Path, cyclekit: Callable[..., Done]) -> None:
    made = cyclekit("study", "create", "--real", desk / "real", "--fake", desk / "ours",
                    "-o", desk / "study", *SMALL)  # fmt: skip
    assert (made.returncode, made.stdout) == (0, f"{desk / 'study'}\n")
    assert "1 + 3 pairs a participant of 6 real pictures and 5 of ours" in made.stderr
    with serving("study", "serve", desk / "study") as (process, port):
        token = request(port, "POST", "/api/participants", SCREEN).json["token"]
        answer(port, token, 0)
        answer(port, token, 1)
        process.kill()  # as rudely as can be
    with serving("study", "serve", desk / "study") as (process, port):
        state = request(port, "POST", f"/api/participants/{token}/resume").json
        assert (state["answered"], state["next"]["number"]) == (2, 2)
        answer(port, token, 2)
        assert answer(port, token, 3)["state"]["finished"]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert "a participant has finished" in process.communicate()[1]
    told = cyclekit("study", "report", desk / "study", "-o", desk / "out")
    assert told.returncode == 0
    head, row, *_ = told.stdout.splitlines()
    assert head.split()[:3] == ["method", "fooling", "rate"]
    assert row.split()[0] == "ours"
    assert "'ours' was seen by 1" in told.stderr
    assert (desk / "out/index.html").exists()
    again = cyclekit("study", "report", desk / "study", "-o", desk / "out")
    assert again.returncode == 2
    assert "replace it with --overwrite" in again.stderr
    assert cyclekit("study", "report", desk / "study", "-o", desk / "out", "--overwrite").returncode == 0  # fmt: skip


def test_json_is_one_finding_a_line(tmp_path: Path, cyclekit: Callable[..., Done]) -> None:
    study, design = tiny_study(tmp_path, ("a", "b"))
    store = Store(study, design)
    for _ in range(2):
        Person(store, design, {"a": 0.5, "b": 0.5}, np.random.default_rng(0)).answer_all()
    done = cyclekit("study", "report", study, "--json", "-q")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["kind"] for one in lines] == [
        "method",
        "method",
        "comparison",
        *["participant"] * 2,
    ]
    assert lines[0].keys() >= {"method", "rate", "interval", "p_value", "seconds", "trials"}
    assert done.stderr == ""


def test_one_broken_picture_gives_3_and_stops_nothing(
    desk: Path, cyclekit: Callable[..., Done]
) -> None:
    (desk / "real/bad.png").write_bytes(b"no picture")
    done = cyclekit("study", "create", "--real", desk / "real", "--fake", f"x={desk / 'ours'}",
                    "-o", desk / "study", *SMALL, "--json")  # fmt: skip
    assert done.returncode == 3
    assert json.loads(done.stdout) == {"study": str(desk / "study")}
    assert "bad.png: not a picture" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("study", "create", "--real", "{}/real", "--fake", "{}/ours", "-o", "{}/s"), 1, "6 usable pictures, expected at least 50"),
        (("study", "create", "--real", "{}/real", "--fake", "{}/ours", "--fake", "{}/ours", "-o", "{}/s"), 2, "'ours' is taken"),
        (("study", "create", "--real", "{}/real", "-o", "{}/s"), 2, "--fake"),
        (("study", "serve", "{}/real"), 1, "no study here; make one with"),
        (("study", "report", "{}/real"), 1, "no study here; make one with"),
        (("game", "--real", "{}/nowhere", "--fake", "{}/ours"), 1, "expected a folder of pictures"),
        (("game", "--real", "{}/real", "--fake", "{}/ours", "--host", "203.0.113.9"), 2, "no such address"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_line(
    desk: Path, cyclekit: Callable[..., Done], arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = cyclekit(*(part.format(desk) for part in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert not (desk / "s/study.json").exists()


def test_a_port_that_is_taken_is_named(desk: Path, cyclekit: Callable[..., Done]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cyclekit("game", "--real", desk / "real", "--fake", desk / "ours", "--port", port)
    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1: Address already in use" in done.stderr
    assert "--port 0" in done.stderr


def test_without_the_extra_a_line_names_it(desk: Path) -> None:
    block = "import sys; sys.modules['fastapi'] = None; from cyclekit.cli.main import main; main()"
    for arguments in (["study", "serve", "x"], ["game", "--real", "real", "--fake", "ours"]):
        done = subprocess.run(
            [sys.executable, "-c", block, *arguments], cwd=desk, capture_output=True, text=True
        )
        name = "study serve" if arguments[0] == "study" else "game"
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"error: 'cyclekit {name}' needs fastapi: pip install 'cyclekit[web]'\n"
        )


def test_the_game_serves_until_it_is_told_to_end(desk: Path) -> None:
    with serving("game", "--real", desk / "real", "--fake", desk / "ours", "-q") as (process, port):
        assert "Which one is real?" in request(port, "GET", "/").body.decode()
        token = request(port, "POST", "/api/rounds").json["round"]
        assert request(port, "GET", f"/api/rounds/{token}/left").body.startswith(b"\x89PNG")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
        assert process.communicate()[1] == "terminated\n"


def test_only_this_machine_is_served_unless_asked_otherwise() -> None:
    from cyclekit.cli.game import command

    defaults = {one.name: one.default for one in command.params}
    assert defaults["host"] == "127.0.0.1"


def test_help_needs_no_server(desk: Path) -> None:
    look = "import sys; from cyclekit.cli.main import main\ntry: main(sys.argv[1:])\nexcept SystemExit: print({'fastapi', 'torch', 'uvicorn'} & {*sys.modules})"  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", look, "study", "serve", "--help"],
        capture_output=True, text=True, env={**os.environ},
    )  # fmt: skip
    assert done.stdout.endswith("set()\n")
