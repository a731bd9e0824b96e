"""Whatever a file holds is still there after a generator that changes nothing."""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from cyclekit.inference.folder import translate_files
from cyclekit.inference.translator import Translator
from cyclekit.media.images import read
from cyclekit.media.mirror import Job
from tests.inference.networks import Same
from tests.media.drawn import KINDS, encode, pictures, shown, stored
from tests.media.files import Levels
from tests.media.told import GRAY_MODES, TOLD, Told, icc_of, is_free, xmp_of


@pytest.fixture(scope="module")
def same() -> Translator:
    return Translator(Same(), device="cpu", precision="fp32")


@given(pictures())
def test_a_picture_survives_unchanged(same: Translator, drawn: tuple[str, Levels, Told]) -> None:
    kind, stored_levels, says = drawn
    with tempfile.TemporaryDirectory() as folder:
        suffix = kind.split()[0]
        source, target = Path(folder, f"in.{suffix}"), Path(folder, f"out.{suffix}")
        source.write_bytes(encode(kind, stored_levels, says))
        (result,) = translate_files(same, [Job(source, target)])
        assert (result.error, result.notes) == (None, ())
        check_pixels(kind, target, shown(kind, stored_levels, says))
        check_told(kind, target, says)
        assert {path.name for path in Path(folder).iterdir()} == {source.name, target.name}


def test_every_kind_survives_the_command(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    drawn = {}
    for kind in KINDS:
        suffix, mode = kind.split()
        pixels = stored(mode, 23, 37, "slope" if suffix == "jpg" else "noise")
        dpi = (300, 300) if suffix != "webp" else None
        says = Told(6, exif=True, icc=True, xmp="told", dpi=dpi)
        says = says if suffix in TOLD else Told()
        drawn[f"{mode}.{suffix}"] = kind, shown(kind, pixels, says), says
        (tmp_path / "in" / f"{mode}.{suffix}").write_bytes(encode(kind, pixels, says))
    done = identity("translate", tmp_path / "in", "-o", tmp_path / "out", "--json")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert {Path(result["output"]).name for result in results} == drawn.keys()
    assert all("notes" not in result for result in results)
    for name, (kind, expected, says) in drawn.items():
        check_pixels(kind, tmp_path / "out" / name, expected)
        check_told(kind, tmp_path / "out" / name, says)


def identity(*words: object) -> "subprocess.CompletedProcess[str]":
    """Run the command with a generator that changes nothing, in a model file beside the output."""
    tool = Path(__file__).parents[2] / "tools" / "identity.py"
    fixed = ["--device", "cpu", "--precision", "fp32"]
    command = [sys.executable, str(tool), *map(str, words), *fixed]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def check_pixels(kind: str, target: Path, expected: Levels) -> None:
    suffix, mode = kind.split()
    seen = seen_by_others(kind, target)
    assert seen.dtype == expected.dtype
    assert seen.shape == expected.shape
    if suffix == "jpg":
        assert np.abs(seen.astype(int) - expected).max() <= 6
    else:
        assert np.array_equal(seen, expected)
    made = read(target)
    assert (made.alpha is not None) == (expected.shape[2] in (2, 4))
    assert made.gray == (mode in GRAY_MODES)


def seen_by_others(kind: str, path: Path) -> Levels:
    """Decode by OpenCV what has 16 bits, by Pillow the rest: (H, W, C)."""
    if kind.endswith("16"):
        found: Any = cv2.imread(str(path), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
        if kind == "png LA16":
            return np.asarray(found[..., 2:])
        found = np.atleast_3d(found)
        return np.asarray(
            found[..., [2, 1, 0, 3][: found.shape[2]]] if found.shape[2] > 1 else found
        )
    with Image.open(path) as image:
        assert image.getexif().get(274, 1) == 1
        assert image.mode in ("L", "LA", "RGB", "RGBA")
        return np.atleast_3d(np.asarray(image))


def check_told(kind: str, path: Path, says: Told) -> None:
    with Image.open(path) as image:
        image.load()
        exif = image.getexif()
        assert (exif.get(305), exif.get(315)) == (
            ("cyclekit", "somebody") if says.exif else (None, None)
        )
        if says.exif:
            assert exif.get_ifd(34665)[36867] == "2024:01:02 03:04:05"
            assert float(exif.get_ifd(34665)[33434]) == 0.25
            assert exif.get_ifd(34853)[1] == "N"
            assert tuple(map(float, exif.get_ifd(34853)[2])) == (47.0, 22.0, 1.5)
        assert image.info.get("icc_profile") == icc_of(kind, says)
        packet = image.info.get("xmp")
        if says.xmp is None:
            assert not isinstance(packet, bytes)
        else:
            assert packet.replace(b" />", b"/>", 1) == xmp_of(Told(xmp=says.xmp))
        if says.dpi:
            assert all(
                math.isclose(a, b, abs_tol=0.5)
                for a, b in zip(image.info["dpi"], says.dpi, strict=True)
            )
        text = {
            key: str(value) for key, value in getattr(image, "text", {}).items() if is_free(key)
        }
        if "comment" in image.info:
            text["Comment"] = image.info["comment"].decode()
        assert text == says.text
