import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np
import pytest

from cyclekit.data.sources import read_source
from cyclekit.evaluation.gallery import collect_galleries
from cyclekit.evaluation.measure import evaluate
from cyclekit.evaluation.pile import pile_of_folder
from cyclekit.evaluation.plots import draw_plots
from cyclekit.evaluation.report import show, show_change, show_like, write_report
from cyclekit.evaluation.results import Evaluation, Score
from cyclekit.evaluation.task import Candidate, Task, Tools
from cyclekit.media.images import read_rgb
from cyclekit.metrics.estimate import Estimate
from tests.evaluation.worlds import averages, paint

HOSTILE = "<img src=x onerror=alert(1)>&\"'"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Write the report of two models on pairs, one of them with hostile names, one copying."""
    root: Path = tmp_path_factory.mktemp("report")
    real, train = paint(root / "real", 8, tint=60), paint(root / "train", 9, first=50, tint=60)
    source, output = paint(root / "source", 8), paint(root / "output", 8, tint=40)
    for folder in (real, source, output):
        path = folder.sources["0"].path
        path.rename(path.with_name(f"{HOSTILE}.png"))
    copying = root / "output/3.png"
    copying.write_bytes((root / "train/4.png").read_bytes())
    real, source, output = (pile_of_folder(root / n, n) for n in ("real", "source", "output"))
    candidates = [
        Candidate("tints <b>", output, recipe="x"), Candidate("idles", source, recipe="x")
    ]  # fmt: skip
    task = Task(real, candidates, source, train)
    found = evaluate(task, Tools([averages()]))
    write_report(found, task, root / "out")
    return found, task, root / "out"


def test_every_file_that_the_page_names_is_there_and_nothing_else_is_asked_for(made):
    _, _, folder = made
    page = (folder / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(named) > 20
    for name in named:
        assert (folder / name).is_file(), name
    assert "http" not in re.sub(r"<pre>.*</pre>", "", page, flags=re.DOTALL)
    for name in {name for name in named if name.startswith("pictures/")}:
        assert cv2.imread(str(folder / name)) is not None


def test_names_cannot_become_markup(made):
    page = (made[2] / "index.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "tints <b>" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;&#34;&#39;" in page
    assert "tints &lt;b&gt;" in page


def test_the_page_tells_scores_floors_tests_seeds_pictures_and_copies(made):
    found, _, folder = made
    page = (folder / "index.html").read_text(encoding="utf-8")
    for part in ("Scores", "Runs of one recipe", "Model against model", "Plots", "Protocol",
                 "Worst by realism", "Worst by rmse", "Nearest to training pictures",
                 "training: 4", "8 vs 8"):  # fmt: skip
        assert part in page, part
    assert found.copies["tints <b>"]["3"] == ("4", pytest.approx(0, abs=1e-4))


def test_worst_best_and_nearest_are_the_pictures_that_they_are_said_to_be(made, tmp_path):
    found, task, _ = made
    gallery = collect_galleries(found, task, tmp_path)[0]
    rows = {row.title.split(" (")[0]: row.cells for row in gallery.rows}
    for kind, better_first in (("rmse", False), ("realism", True)):
        by_network = {key.split(":")[0]: values for key, values in found.pictures.items()}
        values = by_network[kind]["tints <b>"]
        ranked = sorted(values, key=values.__getitem__, reverse=better_first)
        assert [cell.key for cell in rows[f"Best by {kind}"]] == ranked[:6]
        assert [cell.key for cell in rows[f"Worst by {kind}"]] == ranked[:-3:-1]
    nearest = rows["Nearest to training pictures"][0]
    assert (nearest.key, nearest.value) == ("3", "0.00 of the usual distance")
    assert [what for what, _ in nearest.pictures] == ["output", "training: 4"]
    output, trained = (read_rgb(tmp_path / file) for _, file in nearest.pictures)
    assert np.array_equal(output, trained)
    assert np.array_equal(output, read_source(task.candidates[0].output.sources["3"]))


def test_numbers_are_all_in_json_without_infinities(made):
    found, _, folder = made
    text = (folder / "results.json").read_text(encoding="utf-8")
    numbers = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert numbers["findings"] == json.loads(json.dumps(found.lines))
    assert numbers["protocol"]["networks"][0]["title"] == "Averages"
    assert set(numbers["pictures"]["rmse"]) == {"tints <b>", "idles"}


def test_plots_are_pictures_and_the_same_every_time(made, tmp_path):
    found, _, folder = made
    names = draw_plots(found, tmp_path)
    assert names == ["scores", "features", "training"]
    for name in names:
        image = cv2.imread(str(tmp_path / f"{name}.png"))
        assert min(image.shape[:2]) > 200
        assert image.std() > 5
        svg = (tmp_path / f"{name}.svg").read_bytes()
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert svg == (folder / f"plots/{name}.svg").read_bytes()


def test_an_old_reports_pictures_do_not_stay(made, tmp_path):
    found, task, _ = made
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/9999.png").write_bytes(b"old")
    (tmp_path / "pictures/mine.png").write_bytes(b"mine")
    assert [gallery.model for gallery in collect_galleries(found, task, tmp_path)] == [
        "tints <b>", "idles"
    ]  # fmt: skip
    assert not (tmp_path / "pictures/9999.png").exists()
    assert (tmp_path / "pictures/mine.png").read_bytes() == b"mine"


def test_scores_alone_make_a_page_without_plots(tmp_path):
    folder = paint(tmp_path / "a", 3)
    task = Task(folder, [Candidate("a", folder)], pairs="names")
    found = evaluate(task, Tools())
    assert draw_plots(found, tmp_path) == []
    assert "Plots" not in write_report(found, task, tmp_path / "out").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(12.3456, 0.2, "12.35 ± 0.20"), (123.4, 20, "123 ± 20"), (0.12345, None, "0.1235"),
     (1.0, 1e-17, "1"), (None, None, ""), (5.0, float("nan"), "5")],
)  # fmt: skip
def test_numbers_have_the_digits_that_their_errors_leave_meaning_to(value, error, text):
    assert show(value, error) == text


def test_numbers_beside_a_score_have_its_digits():
    score = Score("k", "K", "m", 12.3456, 0.2)
    assert show_like(3.14159, score) == "3.14"
    assert show_like(None, score) == ""
    assert (show_change(0.01234), show_change(None)) == ("+0.0123", "")


def test_many_models_and_unequal_counts_fit_the_plot(tmp_path):
    scores = [
        Score("frechet:x", "FD-X (a, 5 vs 9, b)", f"model {n}", 10.0 + n, 1.0,
              floor=Estimate(3.0, 0.5), floor_counts=(4, 4), at_floor_counts=12.0 + n, nothing=30.0)
        for n in range(9)
    ]  # fmt: skip
    assert draw_plots(Evaluation(scores=scores), tmp_path) == ["scores"]
    height, width = cv2.imread(str(tmp_path / "scores.png")).shape[:2]
    assert 250 < height < 1200
    assert 250 < width < 1200
