import json
import re
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest

from cyclekit.evaluation.study.analysis import analyse
from cyclekit.evaluation.study.report import write_report
from cyclekit.evaluation.study.store import Store
from cyclekit.evaluation.study.words import between, percent, points, probability
from tests.evaluation.study.worlds import Person, tiny_study

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("report")
    study, design = tiny_study(root, ("a", "b <i>"), vigilance=1)
    store, draws = Store(study, design), np.random.default_rng(0)
    for _ in range(4):
        person = Person(store, design, {"a": 0.8, "b <i>": 0.5}, draws)
        person.answer_all()
        store.comment(person.token, HOSTILE)
    found = analyse(study, design)
    (root / "out/pictures").mkdir(parents=True)
    (root / "out/results.json").write_text("{}")
    (root / "out/pictures" / f"{'0' * 32}.png").write_bytes(b"of an older report")
    write_report(found, study, design, root / "out")
    return found, root / "out", (study, design)


def test_every_file_that_the_page_names_is_there_and_nothing_else_is_asked_for(made):
    page = (made[1] / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(named) > 12
    for name in named:
        assert (made[1] / name).is_file(), name
    assert "http" not in page
    for name in {name for name in named if name.startswith("pictures/")}:
        assert cv2.imread(str(made[1] / name)).shape == (16, 16, 3)
    assert not (made[1] / "pictures" / f"{'0' * 32}.png").exists()


def test_what_people_typed_cannot_become_markup(made):
    page = (made[1] / "index.html").read_text(encoding="utf-8")
    assert HOSTILE not in page
    assert "b <i>" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") == 4


def test_the_page_tells_what_was_found(made):
    found, folder, _ = made
    page = (folder / "index.html").read_text(encoding="utf-8")
    for part in ("Method against method", "Participants", "Protocol", "Most often taken for real"):
        assert part in page, part
    for rate in found.rates:
        assert percent(rate.rate) in page
        assert between(rate.interval) in page


def test_numbers_are_all_in_json(made):
    found, folder, _ = made
    numbers = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert numbers["findings"] == json.loads(json.dumps(found.lines))
    assert [one["kind"] for one in numbers["findings"]] == ["method"] * 2 + ["comparison"] + ["participant"] * 4  # fmt: skip
    assert numbers["protocol"]["trials"] == 4


def test_plots_are_pictures_and_the_same_every_time(made, tmp_path):
    found, folder, (study, design) = made
    write_report(found, study, design, tmp_path)
    for name in ("rates", "participants", "times"):
        image = cv2.imread(str(folder / f"plots/{name}.png"))
        assert min(image.shape[:2]) > 150
        assert image.std() > 5
        svg = (folder / f"plots/{name}.svg").read_bytes()
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert svg == (tmp_path / f"plots/{name}.svg").read_bytes()


def test_numbers_read_as_people_write_them():
    assert (percent(0.2734), percent(None)) == ("27.3 %", "")
    assert between((0.1, 0.256)) == "10.0 to 25.6"
    assert points(-0.05) == "-5.0"
    assert (probability(0.0312), probability(0.0001)) == ("0.031", "< 0.001")
