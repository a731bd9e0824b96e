"""The page of a run, opened as a file in a real browser."""

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cyclekit.training.log_lines import numbered
from cyclekit.training.loggers import JsonLines
from cyclekit.training.loop import train
from cyclekit.training.page.curves import POINTS, read_log, thinned
from cyclekit.training.page.write import write_page
from tests.browser import wait_until
from tests.inference.test_report_in_browser import HOSTILE, Tab
from tests.training.test_loop import told
from tests.training.worlds import CPU, Notes, tiny_config, two_folders

WARNING = f"{HOSTILE} to zebra: light became dark and dark light, correlation -0.62"
ENDED = f"3 evaluations in a row brought nothing better for {HOSTILE} (train.patience=3)"


def lines() -> list[dict[str, Any]]:
    """Write down a run as its log would, evaluated at every fourth tick."""
    told: list[dict[str, Any]] = []
    ways = (f"{HOSTILE} to zebra", f"zebra to {HOSTILE}")
    for tick in range(1, 41):
        fade, images = math.exp(-tick / 12), 100 * tick
        told.append(
            {
                "images": images, "total": 8000, "seconds": 30.0 * tick,
                "images_per_second": 3.3 + 0.2 * math.sin(tick),
                "gan_ab": 0.4 + 0.1 * math.sin(tick / 3), "gan_ba": 0.45,
                "cycle_a": 1 + 3 * fade, "cycle_b": 1.2 + 2.5 * fade,
                "d_a": 0.2 + 0.02 * math.cos(tick), "d_b": float("nan") if tick == 7 else 0.22,
                "rate_generators": 2e-4, "rate_discriminators": 2e-4 if tick < 20 else 1e-4,
                "health": {
                    "difference": dict(zip(ways, (30 + tick, 20.0), strict=True)),
                    "tone": dict.fromkeys(ways, 0.9 - tick / 40),
                },
                "warnings": [WARNING] if tick == 30 else [],
            }
        )  # fmt: skip
        if tick % 4 == 0:
            findings = [
                {"title": way, "kernel": 90 * fade + 20 + abs(tick - 28), "kernel_error": 3.1,
                 "structure": 2.5}
                for way in ways
            ]  # fmt: skip
            score = sum(one["kernel"] for one in findings) / 2
            evaluation = {
                "images": images, "kernel_name": "KID", "score": score, "findings": findings,
            }  # fmt: skip
            told.append({"images": images, "evaluation": evaluation})
    return [*told, {"images": 4000, "ended": ENDED}]


@pytest.fixture(scope="module")
def page_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run 100%")
    (folder / "samples").mkdir()
    text = "".join(json.dumps(line) + "\n" for line in lines())
    (folder / "log.jsonl").write_text(text + '{"images": 41', encoding="utf-8")
    for number, level in ((100, 250), (2000, 120), (4000, 10)):
        sheet = np.full((200, 300, 3), level, np.uint8)
        cv2.imwrite(str(folder / "samples" / f"{number:08d}.png"), sheet)
    facts = {"title": f"run: {HOSTILE} and zebra", "images": "4000 of 8000", "method": "cyclegan"}
    write_page(folder / "training.html", facts, folder / "log.jsonl", folder / "samples")
    return folder / "training.html"


def test_the_slider_goes_through_the_samples(browser: Any, page_path: Path) -> None:
    tab = Tab(browser, page_path)
    address = "document.getElementById('sheet').src"
    assert tab.page.evaluate(address).endswith("/samples/00004000.png")
    assert tab.page.locator("#seen").inner_text() == "4000"
    tab.page.locator("#when").focus()
    tab.page.keyboard.press("ArrowLeft")
    assert tab.page.evaluate(address).endswith("/samples/00002000.png")
    tab.page.keyboard.press("Home")
    assert tab.page.locator("#seen").inner_text() == "100"
    wait_until(tab.page, "document.getElementById('sheet').complete")
    assert tab.page.evaluate("document.getElementById('sheet').naturalWidth") == 300
    tab.close()


def test_charts_show_every_curve_and_tell_values_under_the_pointer(
    browser: Any, page_path: Path
) -> None:
    tab = Tab(browser, page_path)
    titles = tab.page.locator(".chart h3").all_text_contents()
    assert titles == [
        "KID ×1000, lower is better", "structure distance ×100, lower keeps the layout",
        "losses of generators", "losses of discriminators",
        "difference of outputs from inputs, levels of 255",
        "brightness before and after, correlation", "images a second", "learning rates",
    ]  # fmt: skip
    assert tab.page.locator("path.curve").count() == 2 + 2 + 4 + 2 + 2 + 2 + 1 + 2
    assert "NaN" not in "".join(
        tab.page.evaluate(
            "[...document.querySelectorAll('path.curve')].map((p) => p.getAttribute('d'))"
        )
    )
    rates = tab.page.locator(".chart").nth(7)
    assert rates.locator("li").nth(1).inner_text() == "discriminators 1.0e-4"
    rates.scroll_into_view_if_needed()
    box = rates.locator("svg").bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    assert rates.locator("li").nth(1).inner_text() == "discriminators 2.0e-4"
    tab.close()


def test_warnings_stand_on_top_and_no_name_runs(browser: Any, page_path: Path) -> None:
    tab = Tab(browser, page_path)
    assert tab.page.locator(".warnings li").all_inner_texts() == [f"at 3000 images: {WARNING}"]
    assert tab.page.locator(".ended").all_inner_texts() == [f"Ended at 4000 images: {ENDED}."]
    assert tab.page.title() == f"run: {HOSTILE} and zebra"
    best = tab.page.locator("tr.best td").first.inner_text()
    assert best == "2800"
    tab.close()


def test_the_page_fits_a_phone(browser: Any, page_path: Path) -> None:
    tab = Tab(browser, page_path, viewport={"width": 390, "height": 844}, is_mobile=True)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
    tab.close()


def test_long_curves_are_thinned_by_averages() -> None:
    points = [[float(n), float(n % 2)] for n in range(4 * POINTS)]
    found = thinned(points)
    assert len(found) == POINTS
    assert all(value == 0.5 for _, value in found)
    assert found[-1][0] == points[-1][0]


def test_a_run_without_a_log_has_a_page(tmp_path: Path) -> None:
    assert read_log(tmp_path / "log.jsonl").charts == []
    write_page(tmp_path / "p.html", {"title": "x"}, tmp_path / "log.jsonl", tmp_path / "samples")
    assert "No warnings" in (tmp_path / "p.html").read_text(encoding="utf-8")


UNUSABLE = (
    "5", "null", "[1, 2]", '{"gan_ab": 1.0}', '{"images": "12"}', '{"images": NaN}',
    '{"images": -1}', '{"images": 4.5}', '{"images": 1e999}', f'{{"images": 1{"0" * 400}}}',
    '{"images": 4, "gan_ab": "0.4"}', f'{{"images": 4, "gan_ab": 1{"0" * 400}}}',
    '{"images": 4, "warnings": "none"}', '{"images": 4, "warnings": [5]}',
    '{"images": 4, "health": [1]}', '{"images": 4, "health": {"tone": 0.4}}',
    '{"images": 4, "evaluation": 5}', '{"images": 4, "evaluation": {"score": "low"}}',
    '{"images": 4, "evaluation": {"images": 4, "kernel_name": "K", "score": NaN, "findings": []}}',
    "[" * 100_000 + "]" * 100_000, "damaged", '{"images": 4, "gan_ab": 0.',
)  # fmt: skip
"""Lines that no run wrote, or not as they stand there now."""


def test_what_cannot_be_used_of_a_log_is_counted_and_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    good = ['{"images": 2, "gan_ab": NaN}', '{"images": 4, "gan_ab": 0.5, "total": null}']
    log.write_text("\n".join([good[0], *UNUSABLE, good[1], '{"images": 6, "ga']))
    told = read_log(log)
    assert told.unusable == list(range(2, 2 + len(UNUSABLE)))
    (chart,) = told.charts
    ((_, first), second) = chart["curves"][0]["points"]
    assert math.isnan(first)
    assert second == [4, 0.5]
    write_page(tmp_path / "p.html", {"title": "x"}, log, tmp_path / "samples")
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert f"lines 2, 3, 4, 5, 6 and {len(UNUSABLE) - 5} more." in text


def test_a_run_goes_on_with_the_lines_that_can_be_used(tmp_path: Path) -> None:
    domains, config, notes = two_folders(tmp_path), tiny_config(), Notes()
    train(config, domains, tmp_path / "whole", device=CPU)
    train(config, domains, tmp_path / "run", device=CPU, stop=lambda p: p.images >= 10)
    log = tmp_path / "run/log.jsonl"
    first, *rest = log.read_text().splitlines()
    log.write_text("\n".join([first, *UNUSABLE, "", *rest, '{"images": 10, "ga']))
    train(config, domains, tmp_path / "run", device=CPU, listener=notes)
    lines = f"lines 2, 3, 4, 5, 6 and {len(UNUSABLE) - 5} more"
    said = f"{log}: left out {lines}, which cannot be used; all else is kept"
    assert notes.lines.count(said) == 1
    assert told(tmp_path / "run") == told(tmp_path / "whole")
    train(config, domains, tmp_path / "run", device=CPU, listener=notes)
    assert notes.lines.count(said) == 1


def test_one_damaged_line_is_named_and_a_cut_last_one_is_not(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"images": 2}\n{"ima ges"\n{"images": 4}\n{"images": 6')
    assert numbered(JsonLines(log, images=10).unusable) == "line 2"
    assert log.read_text() == '{"images": 2}\n{"images": 4}\n'
    assert JsonLines(log, images=10).unusable == []


def test_names_that_are_no_text_are_shown_as_bytes(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"images": 4, "warnings": ["\\udcfe"]}\n')
    write_page(tmp_path / "p.html", {"title": "x"}, log, tmp_path / "samples")
    assert "\\udcfe" in (tmp_path / "p.html").read_text(encoding="utf-8")
