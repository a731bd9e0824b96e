"""The page of all results: complete, escaped, written from the disk."""

import json
import os
import shutil
import sys
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest
from PIL import Image

from cyclekit.errors import MediaError, UsageError
from cyclekit.inference.control import Control
from cyclekit.inference.cycle import CycleCheck
from cyclekit.inference.folder import translate_files
from cyclekit.inference.report import ReportWriter, report_folder
from cyclekit.inference.report.journal import Entry, Journal
from cyclekit.inference.report.page import write_page
from cyclekit.inference.results import Options
from cyclekit.inference.translator import Translator
from cyclekit.media.folders import REPORT_MARK, list_pictures
from cyclekit.media.images import Picture, read, write
from cyclekit.media.mirror import Job, plan
from tests.inference.networks import Negative
from tests.tiny import picture

FACTS = {"translation": "black to white", "model": "negative <b>.safetensors"}
HOSTILE = [
    "<script>alert(1)<",
    '" onload="alert(1)',
    "' onerror='alert(1)",
    "{{ 7 * 7 }}",
    "up..%2F..%2Fup",
    "javascript:alert(1)",
    "Grüße 中文 \u202egnp",
    "a#b?c&amp;d",
    "n" * 240,
]


@pytest.fixture(scope="module")
def negative() -> Translator:
    return Translator(Negative(), device="cpu", precision="fp32")


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.folder = path.parent
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(data.strip())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def files(self) -> list[Path]:
        links = [one["src"] for one in self.named("img")] + [one["href"] for one in self.named("a")]
        assert not any(":" in link or link.startswith("/") for link in links)
        return [self.folder / os.fsdecode(unquote_to_bytes(link)) for link in links]


def fill(folder: Path, names: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        pixels = picture(20, 30, seed=number)
        with (folder / os.fsencode(f"{name}.png").decode("utf-8", "surrogateescape")).open(
            "wb"
        ) as f:
            Image.fromarray(pixels).save(f, "PNG")
    return folder


def report(translator: Translator, source: Path, out: Path, back=None, model="", **options):
    """Translate a folder with a report, as the command does."""
    jobs = plan([source], out)
    cycle = None if back is None else CycleCheck(translator, back)
    facts = FACTS if not model else {"translation": model, "model": model + "\ud800"}
    writer = ReportWriter(report_folder(out, jobs, single=False), facts, cycle, "me")
    how = Options(**options)
    results = list(writer.follow(translate_files(translator, jobs, how, cycle)))
    assert writer.problem is None
    return results, Page(out / "report" / "index.html")


def test_every_picture_stands_in_the_page(tmp_path: Path, negative: Translator) -> None:
    source = fill(tmp_path / "in", ["1", "2", "10"])
    (source / "broken.png").write_bytes(b"no picture")
    write(source / "deep" / "photo.jpg", Picture(picture(900, 1400)))
    results, page = report(negative, source, tmp_path / "out", negative)
    names = [figure["data-name"] for figure in page.named("figure")]
    assert names == ["1.png", "2.png", "10.png", "deep/photo.jpg"]
    assert [result.error is None for result in results] == [True, True, True, False, True]
    files = page.files()
    assert len(files) == 4 * 4  # before, after, map, and the picture itself
    assert all(path.is_file() for path in files)
    assert [one["loading"] for one in page.named("img")] == ["lazy"] * 12
    for words in ("1400 × 900 px", "black to white", "negative <b>.safetensors", "Not translated"):
        assert any(words in text for text in page.text), words
    assert str(source / "broken.png") in page.text
    assert any("not a picture that can be read" in text for text in page.text)
    assert not list(tmp_path.rglob("*.part"))


def test_thumbnails_are_small_copies_of_what_was_read_and_written(
    tmp_path: Path, negative: Translator
) -> None:
    pixels = np.zeros((900, 1400, 3), np.uint8)
    pixels[:, :700] = (200, 100, 50)
    write(tmp_path / "in" / "a.png", Picture(pixels))
    write(tmp_path / "in" / "b.png", Picture(picture(7, 3).astype(np.uint16) * 257))
    report(negative, tmp_path / "in", tmp_path / "out")
    small = tmp_path / "out/report/pictures"
    with (
        Image.open(small / "a.png-before.jpg") as before,
        Image.open(small / "a.png-after.jpg") as x,
    ):
        assert before.size == x.size == (640, 411)
        np.testing.assert_allclose(before.getpixel((100, 100)), (200, 100, 50), atol=3)
        np.testing.assert_allclose(x.getpixel((100, 100)), (55, 155, 205), atol=3)
    with Image.open(small / "b.png-after.jpg") as after:
        assert after.size == (69, 161)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("name", [*HOSTILE, os.fsdecode(b"caf\xe9")])
def test_no_name_breaks_the_page(tmp_path: Path, negative: Translator, name: str) -> None:
    source = tmp_path / "in"
    write(source / "plain.png", Picture(picture(8, 8)))
    hostile = source / f"{name}.png"
    shutil.copy(source / "plain.png", hostile)
    (source / "plain.png").unlink()
    (source / f"x{hostile.name[:200]}").with_suffix(".jpg").write_bytes(b"broken")
    _, page = report(negative, source, tmp_path / "out", negative, hostile.name)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)
    shown = os.fsencode(hostile.name).decode("utf-8", "replace")
    (figure,) = page.named("figure")
    assert figure["data-name"] == shown
    assert shown in page.text
    assert len(page.files()) == 4
    assert all(path.is_file() for path in page.files())
    assert all(tmp_path / "out" in path.resolve().parents for path in page.files())


def test_the_page_forbids_itself_everything_else(tmp_path: Path, negative: Translator) -> None:
    _, page = report(negative, fill(tmp_path / "in", ["1"]), tmp_path / "out")
    (policy,) = (one["content"] for one in page.named("meta") if "http-equiv" in one)
    assert policy.startswith("default-src 'none'; img-src 'self' file:;")
    assert "script-src 'sha256-" in policy
    assert not page.named("link")
    assert "https:" not in (tmp_path / "out/report/index.html").read_text(encoding="utf-8")


def test_an_interrupted_report_is_completed_without_asking_the_network_again(
    tmp_path: Path, negative: Translator
) -> None:
    source, out = fill(tmp_path / "in", ["1", "2", "3", "4"]), tmp_path / "out"
    jobs = plan([source], out)
    check = CycleCheck(negative, negative)
    writer = ReportWriter(report_folder(out, jobs, single=False), FACTS, check, "me")
    results = writer.follow(translate_files(negative, jobs, cycle=check))
    first = [next(results), next(results)]
    results.close()
    assert not (out / "report/index.html").exists()
    with (out / "report" / REPORT_MARK).open("ab") as journal:
        journal.write(b'{"key": "cut sho')
    (out / "3.png").unlink(missing_ok=True)
    thumbnails = {path: path.stat().st_mtime_ns for path in (out / "report/pictures").iterdir()}

    asked = Negative()
    counting = Translator(asked, device="cpu", precision="fp32")
    results, page = report(counting, source, out, negative)
    assert [figure["data-name"] for figure in page.named("figure")] == [
        "1.png", "2.png", "3.png", "4.png",
    ]  # fmt: skip
    assert [result.skipped for result in results][:3] == [True, True, False]
    assert all(result.cycle.error == 0 for result in results)
    assert results[0].cycle.error == first[0].cycle.error
    for name in ("1.png-before.jpg", "2.png-after.jpg", "1.png-cycle.png"):
        path = out / "report/pictures" / name
        assert path.stat().st_mtime_ns == thumbnails[path]
    assert len(asked.seen) <= 2  # for 3 and, if it was not finished, 4
    assert any("already there" in text for text in page.text)
    lines = (out / "report" / REPORT_MARK).read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 4


def test_pictures_made_without_a_report_get_one_from_their_files(
    tmp_path: Path, negative: Translator
) -> None:
    source, out = fill(tmp_path / "in", ["1", "2"]), tmp_path / "out"
    list(translate_files(negative, plan([source], out)))
    results, page = report(negative, source, out, negative)
    assert [(result.skipped, result.cycle.error) for result in results] == [(True, 0)] * 2
    assert len(page.files()) == 8
    assert all(path.is_file() for path in page.files())


def test_what_changed_is_looked_at_again(tmp_path: Path, negative: Translator) -> None:
    source, out = fill(tmp_path / "in", ["1", "2"]), tmp_path / "out"
    report(negative, source, out)
    write(out / "1.png", Picture(np.full((20, 30, 3), 9, np.uint8)))
    (out / "report/pictures/2.png-before.jpg").unlink()
    report(negative, source, out)
    with Image.open(out / "report/pictures/1.png-after.jpg") as after:
        assert max(after.convert("L").getextrema()) < 20
    assert (out / "report/pictures/2.png-before.jpg").exists()
    results, page = report(negative, source, out, negative)
    assert [result.cycle.error for result in results] == [0, 0]
    assert len(page.named("figure")) == 2


def test_the_report_shows_the_final_picture(tmp_path: Path, negative: Translator) -> None:
    gray = np.zeros((30, 30), np.uint8) + 40
    (tmp_path / "in").mkdir()
    Image.fromarray(gray).save(tmp_path / "in/gray.png")
    report(negative, tmp_path / "in", tmp_path / "out", max_size=10)
    assert read(tmp_path / "out/gray.png").gray
    with Image.open(tmp_path / "out/report/pictures/gray.png-after.jpg") as after:
        np.testing.assert_allclose(after.getpixel((5, 5)), (215, 215, 215), atol=2)


def test_the_cycle_is_that_of_the_network_whatever_was_kept(
    tmp_path: Path, negative: Translator
) -> None:
    write(tmp_path / "in/a.png", Picture(np.full((200, 200, 3), 10, np.uint8)))
    for _ in ("made now", "made before"):
        (result,), _ = report(
            negative, tmp_path / "in", tmp_path / "out", negative, control=Control(strength=0)
        )
        assert result.cycle.error == 0
        with Image.open(tmp_path / "out/report/pictures/a.png-after.jpg") as after:
            np.testing.assert_allclose(after.getpixel((99, 99)), (10, 10, 10), atol=2)
        shutil.rmtree(tmp_path / "out/report")


def test_a_picture_that_vanishes_costs_its_thumbnails_only(
    tmp_path: Path, negative: Translator
) -> None:
    source, out = fill(tmp_path / "in", ["1", "2"]), tmp_path / "out"
    list(translate_files(negative, plan([source], out)))
    jobs = plan([source], out)
    (source / "1.png").unlink()
    writer = ReportWriter(report_folder(out, jobs, single=False), FACTS)
    first, second = writer.follow(translate_files(negative, jobs))
    assert "no pictures in the report" in first.notes[0]
    assert second.notes == ()
    page = Page(out / "report/index.html")
    assert len(page.named("figure")) == 2
    assert len(page.named("img")) == 2


def test_a_page_that_cannot_be_written_is_told_and_loses_nothing(
    tmp_path: Path, negative: Translator
) -> None:
    source, out = fill(tmp_path / "in", ["1"]), tmp_path / "out"
    jobs = plan([source], out)
    writer = ReportWriter(report_folder(out, jobs, single=False), FACTS)
    (out / "report/index.html").mkdir()
    (result,) = writer.follow(translate_files(negative, jobs))
    assert (result.error, result.notes) == (None, ())
    assert "index.html: cannot be written" in str(writer.problem)
    (out / "file").write_text("")
    with pytest.raises(MediaError, match="cannot be written"):
        ReportWriter(out / "file" / "report", FACTS)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    source = fill(tmp_path / "in", ["1"])
    (tmp_path / "out" / "report").mkdir(parents=True)
    jobs = plan([source], tmp_path / "out")
    report_folder(tmp_path / "out", jobs, single=False)  # empty
    (tmp_path / "out" / "report" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        report_folder(tmp_path / "out", jobs, single=False)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "report").write_text("")
    with pytest.raises(UsageError, match="report is a file"):
        report_folder(tmp_path / "other", jobs, single=False)


def test_pictures_that_belong_where_the_report_goes_are_spared(tmp_path: Path) -> None:
    fill(tmp_path / "in" / "report", ["1"])
    with pytest.raises(UsageError, match=r"is where .* belongs"):
        report_folder(tmp_path / "out", plan([tmp_path / "in"], tmp_path / "out"), single=False)
    jobs = [Job(tmp_path / "out/report/pictures/a.jpg", tmp_path / "out/a.jpg")]
    with pytest.raises(UsageError, match=r"is where .* belongs"):
        report_folder(tmp_path / "out", jobs, single=False)


def test_a_report_is_no_input(tmp_path: Path, negative: Translator) -> None:
    source, out = fill(tmp_path / "in", ["1", "2"]), tmp_path / "out"
    report(negative, source, out, negative)
    assert [path.name for path in list_pictures(out)] == ["1.png", "2.png"]


def test_results_come_one_picture_behind(tmp_path: Path, negative: Translator) -> None:
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield from translate_files(negative, [Job(tmp_path / "none.png", tmp_path / "x.png")])

    results = ReportWriter(tmp_path / "report", FACTS).follow(endless())
    for count in range(1, 5):
        next(results)
        assert taken == count + 1
    results.close()


def test_a_long_page_is_written_from_the_disk(tmp_path: Path) -> None:
    entry = Entry(key="", name="n" * 60, input="i" * 60, status="made", seconds=1, cycle_error=1)
    with Journal(tmp_path / "journal") as journal:
        tracemalloc.start()
        for number in range(3000):
            journal.add(entry.model_copy(update={"key": f"{number}.png"}))
        write_page(tmp_path / "index.html", FACTS, journal.entries)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    size = (tmp_path / "index.html").stat().st_size
    assert size > 1_000_000
    assert peak < size
    assert (tmp_path / "index.html").read_text().count("<figure") == 3000


@pytest.mark.parametrize("line", [b"", b"{", b"{}\n", b'{"key": 3}\n', b"\xff\xfe\n", b"[1]\n"])
def test_a_damaged_journal_is_written_on(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "journal"
    entry = Entry(key="a.png", name="a.png", input="a", status="made", stamp="s")
    path.write_bytes(line)
    with Journal(path) as journal:
        assert journal.recall("a.png", "s") is None
        journal.add(entry)
        assert list(journal.entries()) == [entry]
    with Journal(path) as journal:
        assert journal.recall("a.png", "s") == entry
        assert journal.recall("a.png", "other") is None
        assert list(journal.entries()) == []
