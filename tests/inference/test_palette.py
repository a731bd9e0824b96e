"""Generators with a palette behind the translator, and their files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from cyclekit.inference.control import Control
from cyclekit.inference.folder import translate_files
from cyclekit.inference.masks import find_masks
from cyclekit.inference.results import Options, Result
from cyclekit.inference.steady import Steadiness, SteadyTranslator
from cyclekit.inference.translator import Translator
from cyclekit.media.images import Metadata, Picture, read, write
from cyclekit.media.mirror import Job
from cyclekit.media.video.encoding import Wishes
from cyclekit.models import GENERATORS, ImageGenerator, make_translator
from tests.clips import frames_of, make_clip, run, scene
from tests.tiny import names_of, picture, tiny_spec

COLORS = ["#102030", "#a0b0c0", "#ff8000", "#f8f8f0"]
EXACT = {(16, 32, 48), (160, 176, 192), (255, 128, 0), (248, 248, 240)}
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def generator(name: str = "mobile", colors: Any = COLORS) -> ImageGenerator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        spec = tiny_spec(GENERATORS, name, head="palette", colors=colors)
        return make_translator(spec).eval()


def translator(name: str = "mobile", **options: Any) -> Translator:
    return Translator(generator(name), device="cpu", **{"precision": "fp32"} | options)


def colors_of(pixels: Any) -> set[tuple[int, ...]]:
    return {tuple(row) for row in pixels.reshape(-1, 3).tolist()}


def one(path: Path, out: Path, **how: Any) -> Result:
    (result,) = translate_files(translator(), [Job(path, out)], Options(**how))
    assert result.error is None
    return result


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    write(tmp_path / "photo.png", Picture(picture(40, 50)))
    return tmp_path / "photo.png"


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("size", [(40, 50), (1, 1), (17, 64)])
def test_every_pixel_has_exactly_a_colour(precision: str, size: tuple[int, int]) -> None:
    made = translator(precision=precision)(picture(*size))
    assert colors_of(made) <= EXACT


def test_the_translator_knows_its_colours() -> None:
    palette = translator().palette
    assert palette is not None
    assert (palette.dtype, colors_of(palette)) == (np.uint8, EXACT)
    plain = make_translator(tiny_spec(GENERATORS, "mobile"))
    assert Translator(plain, device="cpu", precision="fp32").palette is None


def test_sixteen_bits_are_exact_too() -> None:
    made = translator()(picture(24, 24).astype(np.uint16) * 257)
    assert (made % 257 == 0).all()
    assert colors_of(made // 257) <= EXACT


def test_opacity_passes_through() -> None:
    image = picture(24, 24, 4)
    made = translator()(image)
    assert np.array_equal(made[..., 3], image[..., 3])
    assert colors_of(made[..., :3]) <= EXACT


@pytest.mark.parametrize("name", names_of("translator"))
def test_tiles_choose_what_the_whole_picture_does(name: str) -> None:
    """Where two logits are equal to rounding, either may win: in one pixel of a thousand."""
    image = picture(70, 90)
    whole, tiles = (translator(name, tile=tile)(image) for tile in ("off", 32))
    assert colors_of(tiles) <= EXACT
    assert (whole != tiles).any(axis=2).mean() <= 1e-3
    assert len(colors_of(whole)) > 1


def test_bfloat16_changes_few_choices() -> None:
    image = picture(64, 64)
    exact, fast = (translator(precision=precision)(image) for precision in ("fp32", "bf16"))
    assert (exact != fast).any(axis=2).mean() < 0.05


def test_a_file_of_it_is_an_indexed_png(tmp_path: Path, photo: Path) -> None:
    result = one(photo, tmp_path / "art.png")
    assert result.notes == ()
    with Image.open(tmp_path / "art.png") as image:
        assert image.mode == "P"
        assert image.getpalette("RGB")[:12] == [
            level for color in COLORS for level in bytes.fromhex(color[1:])
        ]
    expected = translator()(read(photo).pixels)
    assert np.array_equal(read(tmp_path / "art.png").pixels, expected)


def test_a_jpeg_of_it_says_so(tmp_path: Path, photo: Path) -> None:
    result = one(photo, tmp_path / "art.jpg")
    assert result.notes == ("JPEG does not keep its 4 colours exact; PNG does",)


def test_gray_pictures_take_the_colours_too(tmp_path: Path) -> None:
    Image.fromarray(picture(32, 32, 1)[..., 0]).save(tmp_path / "gray.png")
    one(tmp_path / "gray.png", tmp_path / "art.png")
    made = read(tmp_path / "art.png")
    assert colors_of(made.pixels) <= EXACT
    assert not made.gray


def test_the_profile_of_a_photograph_does_not_shift_the_colours(tmp_path: Path) -> None:
    write(tmp_path / "photo.png", Picture(picture(24, 24), metadata=Metadata(icc=SRGB)))
    result = one(tmp_path / "photo.png", tmp_path / "art.png")
    assert result.notes == ("its colour profile is left out, for the palette's colours are sRGB",)
    assert read(tmp_path / "art.png").metadata.icc is None


@pytest.mark.parametrize("control", ["strength", "luminance", "mask"])
def test_what_is_mixed_is_no_longer_indexed_and_says_so(
    tmp_path: Path, photo: Path, control: str
) -> None:
    half = np.zeros((40, 50), np.uint8)
    half[:, 20:] = 255
    Image.fromarray(half).save(tmp_path / "mask.png")
    chosen = {
        "strength": Control(strength=0.5),
        "luminance": Control(keep="luminance"),
        "mask": Control(mask=find_masks(str(tmp_path / "mask.png"))),
    }[control]
    result = one(photo, tmp_path / "art.png", control=chosen)
    assert "no longer the palette's alone" in result.notes[-1]
    with Image.open(tmp_path / "art.png") as image:
        assert image.mode == "RGB"
    made, before = read(tmp_path / "art.png").pixels, read(photo).pixels
    assert not colors_of(made) <= EXACT
    if control == "mask":
        assert np.array_equal(made[:, :20], before[:, :20])
        assert colors_of(made[:, 20:]) <= EXACT


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "%02d.png"])
def test_the_frames_of_a_steady_video_have_only_its_colours(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0)
    base = scene(1, 32, 24)[0].astype(int)
    noisy = [np.clip(base + noise.integers(-3, 4, base.shape), 0, 255) for _ in range(8)]
    source = make_clip(tmp_path / "in.mkv", [frame.astype(np.uint8) for frame in noisy])
    steady = SteadyTranslator(translator(), Steadiness(blend=0.5))
    wishes = Wishes(crf=0 if name == "a.webp" else None)
    run(source, tmp_path / name, wishes, step=steady.stream, memory=steady)
    made = frames_of(tmp_path / name)
    assert len(made) == 8
    assert all(colors_of(still.pixels) <= EXACT for still in made)
