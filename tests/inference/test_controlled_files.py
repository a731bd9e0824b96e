"""What control does to files: every kind of picture, as it is written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cyclekit.inference.control import Control, blend
from cyclekit.inference.folder import translate_files
from cyclekit.inference.masks import find_masks
from cyclekit.inference.results import Options, Result
from cyclekit.inference.translator import Translator
from cyclekit.media.images import Metadata, Picture, read, write
from cyclekit.media.mirror import Job, compare_path, plan
from cyclekit.media.picture import turned
from tests.inference.networks import Negative
from tests.tiny import picture

HALF = np.zeros((12, 20), np.uint8)
HALF[2:9, 3:11] = 255


@pytest.fixture(scope="module")
def negative() -> Translator:
    return Translator(Negative(), device="cpu", precision="fp32")


def save(path: Path, levels: Any, **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels).save(path, **more)
    return path


def one(translator: Translator, path: Path, out: Path, control: Control, **how: Any) -> Result:
    (result,) = translate_files(translator, [Job(path, out)], Options(control=control, **how))
    return result


def deep(seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 65536, (12, 20, 3)).astype(np.uint16)


def test_strength_0_writes_the_original_pixels(tmp_path: Path, negative: Translator) -> None:
    for pixels in (picture(12, 20), deep(0)):
        write(tmp_path / "in.png", Picture(pixels))
        control = Control(strength=0)
        one(negative, tmp_path / "in.png", tmp_path / "out.png", control, overwrite=True)
        assert np.array_equal(read(tmp_path / "out.png").pixels, pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("feather", [0, 2])
def test_outside_a_mask_every_pixel_stays_however_the_file_is_turned(
    tmp_path: Path, negative: Translator, orientation: int, depth: int, feather: int
) -> None:
    """The mask lies over the picture as it is seen; the file stores it turned."""
    exif = Image.Exif()
    exif[274] = orientation
    stored = Picture(
        deep(1) if depth == 16 else picture(12, 20), metadata=Metadata(exif=exif.tobytes())
    )
    write(tmp_path / "in.png", stored)
    seen = turned(stored.pixels, orientation)
    inside = turned(HALF, orientation) > 0
    save(tmp_path / "m.png", turned(HALF, orientation))
    control = Control(mask=find_masks(str(tmp_path / "m.png")), feather=feather)
    result = one(negative, tmp_path / "in.png", tmp_path / "out.png", control)
    made = read(tmp_path / "out.png").pixels
    assert (result.notes, made.dtype) == ((), stored.pixels.dtype)
    assert np.array_equal(made[~inside], seen[~inside])
    white = np.iinfo(made.dtype).max
    if feather:
        assert np.array_equal(made, blend(seen, white - seen, mask=inside, feather=feather))
    else:
        assert np.array_equal(made[inside], white - seen[inside])


def test_every_picture_takes_the_mask_of_its_place(tmp_path: Path, negative: Translator) -> None:
    for number, place in enumerate(("a", "deep/a", "deep/b")):
        save(tmp_path / "in" / f"{place}.bmp", picture(12, 20, seed=number))
    save(tmp_path / "masks" / "a.png", HALF)
    save(tmp_path / "masks" / "deep" / "a.png", 255 - HALF)
    masks = find_masks(str(tmp_path / "masks"))
    jobs = plan([tmp_path / "in"], tmp_path / "out", "png", masks=masks.files)
    results = list(translate_files(negative, jobs, Options(control=Control(mask=masks))))
    for result, inside in zip(results, (HALF > 0, HALF == 0), strict=False):
        before, made = read(result.input).pixels, read(result.output).pixels
        assert np.array_equal(made, np.where(inside[..., None], 255 - before, before))
    assert [result.error is None for result in results] == [True, True, False]
    assert str(results[2].error).startswith("no mask for it: expected")


def test_alpha_masks_what_has_it_and_stays(tmp_path: Path, negative: Translator) -> None:
    pixels = picture(12, 20)
    save(tmp_path / "in" / "1.png", pixels)
    write(tmp_path / "in" / "2.png", Picture(pixels, HALF))
    write(tmp_path / "in" / "3.png", Picture(pixels, 255 - HALF))
    jobs = plan([tmp_path / "in"], tmp_path / "out")
    control = Control(mask=find_masks("alpha"))
    results = list(translate_files(negative, jobs, Options(control=control)))
    errors = [result.error for result in results]
    assert errors == ["it has no alpha channel to take as its mask", None, None]
    for result, alpha in zip(results[1:], (HALF, 255 - HALF), strict=True):
        made = read(result.output)
        assert np.array_equal(made.alpha, alpha)
        assert np.array_equal(made.pixels, np.where(alpha[..., None] > 0, 255 - pixels, pixels))


def test_a_mask_and_an_alpha_do_not_meet(tmp_path: Path, negative: Translator) -> None:
    pixels, alpha = picture(12, 20), picture(12, 20, seed=1)[..., 0]
    write(tmp_path / "in.png", Picture(pixels, alpha))
    control = Control(mask=find_masks(str(save(tmp_path / "m.png", HALF))))
    one(negative, tmp_path / "in.png", tmp_path / "out.png", control)
    made = read(tmp_path / "out.png")
    assert np.array_equal(made.alpha, alpha)
    assert np.array_equal(made.pixels, np.where(HALF[..., None] > 0, 255 - pixels, pixels))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_stays_gray(tmp_path: Path, negative: Translator, dtype: type) -> None:
    gray = picture(12, 20)[..., 0].astype(dtype)
    path, out = save(tmp_path / "in.png", gray), tmp_path / "out.png"
    white = np.iinfo(dtype).max
    after = white - gray
    masks = find_masks(str(save(tmp_path / "m.png", HALF)))
    for control, color, expected in (
        (Control(strength=0.3), False, blend(gray, after, strength=0.3)),
        (Control(keep="luminance"), False, gray),
        (Control(keep="color"), False, after),
        (Control(keep="color"), True, after),
        (Control(mask=masks), False, np.where(HALF > 0, after, gray)),
    ):
        result = one(negative, path, out, control, color=color, overwrite=True)
        made = read(out)
        assert made.gray
        assert np.array_equal(made.pixels[..., 0], expected)
        assert bool(result.notes) == (control.keep == "luminance")
    (note,) = one(negative, path, out, Control(keep="luminance"), overwrite=True).notes
    assert "--gray-to-color" in note


class Orange(Negative):
    """Turns everything into one colour."""

    def __deepcopy__(self, memo: object) -> "Orange":
        return Orange(self.seen)

    def forward(self, x: Any) -> Any:
        made = super().forward(x) * 0
        made[:, 0] += 0.4
        made[:, 2] -= 0.4
        return made


def test_gray_takes_colour_at_its_own_luminance(tmp_path: Path) -> None:
    gray = np.repeat(np.arange(60, 180, 10, dtype=np.uint8)[:, None], 20, axis=1)
    path, out = save(tmp_path / "in.png", gray), tmp_path / "out.png"
    orange = Translator(Orange(), device="cpu", precision="fp32")
    result = one(orange, path, out, Control(keep="luminance"), color=True)
    made = read(out)
    assert (made.gray, result.notes) == (False, ())
    assert (made.pixels[..., 0].astype(int) - made.pixels[..., 2] > 50).all()
    back = blend(made.pixels, np.repeat(gray[..., None], 3, axis=2), keep="color")
    assert np.abs(back.astype(int) - made.pixels).max() <= 2  # their lightness is the same


def test_a_comparison_shows_what_was_written(tmp_path: Path, negative: Translator) -> None:
    path, out = save(tmp_path / "in.png", picture(12, 20)), tmp_path / "out.png"
    one(negative, path, out, Control(strength=0.4), compare=True)
    both, made = read(compare_path(out)).pixels, read(out).pixels
    assert np.array_equal(both[:, -20:], made)
    assert not np.array_equal(made, 255 - read(path).pixels)


@pytest.mark.parametrize("how", [{"size": (10, 24)}, {"max_size": 10}])
def test_masks_follow_the_size(tmp_path: Path, negative: Translator, how: dict[str, Any]) -> None:
    path = save(tmp_path / "in.png", picture(12, 20))
    plain, out = tmp_path / "plain.png", tmp_path / "out.png"
    one(negative, path, plain, Control(strength=0), **how)
    for name, size in (("same.png", (20, 12)), ("large.png", (200, 120))):
        mask = Image.fromarray(HALF).resize(size, Image.Resampling.NEAREST)
        mask.save(tmp_path / name)
        control = Control(mask=find_masks(str(tmp_path / name)))
        result = one(negative, path, out, control, overwrite=True, **how)
        before, made = read(plain).pixels, read(out).pixels
        assert result.notes == ()
        assert made.shape == before.shape
        height, width = made.shape[:2]
        rows, columns = slice(0, height // 8), slice(round(width * 0.6) + 1, width)
        assert np.array_equal(made[rows], before[rows])
        assert np.array_equal(made[:, columns], before[:, columns])
        middle = (height // 2, round(width * 0.35))
        assert np.array_equal(made[middle], 255 - before[middle])


def test_a_mask_of_another_shape_is_told(tmp_path: Path, negative: Translator) -> None:
    path = save(tmp_path / "in.png", picture(12, 20))
    control = Control(mask=find_masks(str(save(tmp_path / "m.png", HALF.T))))
    result = one(negative, path, tmp_path / "out.png", control)
    (note,) = result.notes
    assert note.endswith("another shape than the picture (12x20 beside 20x12) and is stretched")
