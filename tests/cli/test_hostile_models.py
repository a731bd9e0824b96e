"""A model file whose header was written to deceive: nothing of it steers a terminal or a page."""

import json
import os
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from cyclekit.checkpoint.header import KEY
from cyclekit.cli.models import command
from tests.tiny import tiny_model

SPELL = "\x1b[2J\x1b]0;owned\x07\r\x9b\u202eexe"
TAG = "<script>alert(1)</script> [x](http://evil.example) **bold** `code`\n# Title"
NAMES = (f"horse{SPELL}", f"zebra{TAG}")
HEADER = {
    "format": 2, "kind": "translator", "names": NAMES, "directions": ["ab"],
    "generator": {"name": "mobile", "width": 8, "blocks": 1},
    "provenance": {
        "teacher": TAG + SPELL, "images": SPELL, f"key{SPELL}\nline": SPELL, "file": "elsewhere",
        "address": {"deep": [SPELL, TAG]},
    },
}  # fmt: skip


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user-data"))
    path = tiny_model(tmp_path / "hostile" / "model.safetensors", directions=("ab",))
    save_file(load_file(path), path, metadata={KEY: json.dumps(HEADER)})
    return path


def shown(*arguments):
    """Run the command as a process; return what it prints, on both ways."""
    done = subprocess.run(
        [sys.executable, "-m", "cyclekit", *map(str, arguments)],
        capture_output=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def assert_harmless(text):
    assert not {*"\x1b\x07\r\x9b\u202e"} & {*text}


def test_nothing_of_it_steers_a_terminal(model, tmp_path):
    code, page, _ = shown("models", "show", model)
    assert code == 0
    assert_harmless(page)
    assert page.split()[:2] == ["file", str(model)]  # the header's own "file" comes later
    assert "# Title" not in page.splitlines()
    code, _, told = shown("translate", tmp_path, "-o", tmp_path / "out", "-m", model, "--to", "x")
    assert (code, len(told.splitlines())) == (2, 1)
    assert "unknown direction 'x'" in told
    assert_harmless(told)


def test_the_list_has_a_line_for_it_and_none_more(model):
    run = CliRunner()
    assert run.invoke(command, ["pull", str(model.parent)]).exit_code == 0
    rows = run.invoke(command, ["list"])
    assert len(rows.stdout.splitlines()) == 4
    assert_harmless(rows.output)
    assert json.loads(run.invoke(command, ["show", "hostile", "--json"]).stdout)["names"] == [
        *NAMES
    ]


def test_the_page_that_is_published_says_it_as_text(model, tmp_path):
    run = CliRunner()
    asked = ["push", str(model), str(tmp_path / "shared"), "--licence", "MIT\n---\n<b>"]
    assert run.invoke(command, asked).exit_code == 0
    page = (tmp_path / "shared/README.md").read_text(encoding="utf-8")
    assert_harmless(page)
    _, top, body = page.split("---\n", 2)
    assert yaml.safe_load(top)["license_name"] == "mit-b"
    assert "<script" not in body.replace("\\<", "")
    assert "\\[x\\](http" in body
    assert "[x]" not in body
    assert "**bold**" not in body
    assert "\n# Title" not in body
    dry = run.invoke(command, [*asked, "--dry-run"])
    assert_harmless(dry.output)


def test_a_card_of_anybodys_brings_no_tag_along(model, tmp_path):
    card = {
        "title": "T", "does": "<img src=x onerror=alert(1)> `<b>` and *more*", "recipe": "r",
        "data": [{"what": "w", "rights": "r"}], "command": "c", "time": "t", "good_at": "g",
        "failures": ["f"], "samples": ["s"], "licence": "MIT",
    }  # fmt: skip
    model.with_suffix(".yaml").write_text(yaml.safe_dump(card))
    asked = ["push", str(model), str(tmp_path / "shared")]
    assert CliRunner().invoke(command, asked).exit_code == 0
    page = (tmp_path / "shared/README.md").read_text(encoding="utf-8")
    assert "&lt;img src=x" in page
    assert "*more*" in page
    assert "<" not in page.replace("\\<", "")
