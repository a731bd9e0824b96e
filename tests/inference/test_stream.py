import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cyclekit.errors import MediaError, UsageError
from cyclekit.hub.open import open_generator
from cyclekit.inference import planes, stream
from cyclekit.inference.plan import Plan, UntileableError
from cyclekit.inference.precision import sample_picture
from cyclekit.inference.translator import Translator
from cyclekit.media.images import read
from cyclekit.models import GENERATORS, ImageGenerator
from cyclekit.registry import Spec
from tests.inference.networks import Same
from tests.tiny import names_of, picture, real_data, tiny_generator

GENERATOR_NAMES = names_of("translator")


def whole(generator: ImageGenerator, **options: Any) -> Translator:
    return Translator(generator, device="cpu", precision="fp32", tile="off", **options)


def tiled(generator: ImageGenerator, tile: int = 16, **options: Any) -> Translator:
    return Translator(generator, device="cpu", precision="fp32", tile=tile, **options)


def check_equal(made: Any, expected: Any) -> None:
    """The promise: at most 0.01 levels on average, and one level anywhere."""
    difference = np.abs(made.astype(np.int64) - expected.astype(np.int64))
    level = 1 if made.dtype == np.uint8 else 257
    assert difference.mean() <= 0.01 * level
    assert difference.max() <= level


def plan_of(generator: ImageGenerator) -> Plan:
    return Plan(generator, sample_picture(max(64, generator.stride)))


@pytest.mark.parametrize("size", [(40, 50), (65, 33), (17, 100), (1, 70), (97, 1)])
@pytest.mark.parametrize("name", GENERATOR_NAMES)
def test_tiles_equal_the_whole_picture(name: str, size: tuple[int, int]) -> None:
    generator = tiny_generator(name)
    image = picture(*size)
    check_equal(tiled(generator)(image), whole(generator)(image))


@pytest.mark.parametrize("norm", ["instance_affine", "batch", "batch_per_picture", "none"])
@pytest.mark.parametrize("name", ["mobile", "resnet", "unet"])
def test_tiles_are_exact_whatever_the_norm(name: str, norm: str) -> None:
    generator = tiny_generator(name, norm=norm)
    image = picture(50, 70)
    check_equal(tiled(generator)(image), whole(generator)(image))


def test_tiles_are_exact_with_short_cuts() -> None:
    generator = tiny_generator("mobile", skip=True)
    generator.head.conv.weight.data.mul_(20)
    image = picture(50, 70)
    check_equal(tiled(generator)(image), whole(generator)(image))


@pytest.mark.parametrize("up", ["transposed", "blur", "resize"])
@pytest.mark.parametrize("down", ["strided", "blur"])
def test_tiles_are_exact_whatever_the_sampling(down: str, up: str) -> None:
    generator = tiny_generator("resnet", down=down, up=up)
    image = picture(50, 70)
    check_equal(tiled(generator)(image), whole(generator)(image))


RESNET = tiny_generator("resnet")
LEAST = int(tiled(RESNET, 32)._cost * 32**2)
"""Bytes in which a tile runs, and nothing can be kept."""


@given(
    height=st.integers(1, 120),
    width=st.integers(1, 120),
    tile=st.integers(16, 80),
    kind=st.sampled_from([np.uint8, np.uint16]),
    channels=st.sampled_from([0, 3, 4]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_tiles_of_any_size_are_exact(
    height: int, width: int, tile: int, kind: type, channels: int
) -> None:
    image: Any = picture(height, width, channels or 1).astype(kind) * (np.iinfo(kind).max // 255)
    image = image if channels else image[..., 0]
    made = tiled(RESNET, tile)(image)
    assert made.shape == image.shape
    check_equal(made, whole(RESNET)(image))


def test_each_tile_by_itself_would_differ() -> None:
    image = picture(64, 64) // 4
    image[:, 32:] += 128
    expected = whole(RESNET)(image)
    halves = np.concatenate([whole(RESNET)(image[:, :32]), whole(RESNET)(image[:, 32:])], axis=1)
    assert np.abs(halves.astype(int) - expected).mean() > 5
    check_equal(tiled(RESNET, 32)(image), expected)


def test_what_is_kept_may_lie_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    mapped_file = planes._mapped_file
    monkeypatch.setattr(
        planes, "_mapped_file", lambda size: (sizes.append(size), mapped_file(size))[1]
    )
    image = picture(80, 80)
    frugal = tiled(RESNET, 32, memory=LEAST)(image)
    assert len(sizes) > 3
    assert np.array_equal(frugal, tiled(RESNET, 32)(image))


def test_no_temporary_file_is_left(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tiled(RESNET, 32, memory=LEAST)(picture(80, 80))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_told_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 10})()
    monkeypatch.setattr(planes.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(MediaError, match=r"temporary files are needed, .* TMPDIR names another"):
        tiled(RESNET, 32, memory=LEAST)(picture(80, 80))


def test_a_file_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(planes, "_reserve", refuse)
    with pytest.raises(MediaError, match=r"temporary file .* does not fit .*: No space left"):
        tiled(RESNET, 32, memory=LEAST)(picture(80, 80))


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory"), "can't allocate memory"]
)
def test_out_of_memory_halves_the_tile_and_goes_on(
    error: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments, shapes = stream._moments, []

    def refuse_large(x: torch.Tensor) -> Any:
        shapes.append(x.shape[2:])
        if x.shape[3] > 20:
            raise RuntimeError(error) if isinstance(error, str) else error
        return moments(x)

    image = picture(80, 80)
    expected = whole(RESNET)(image)
    monkeypatch.setattr(stream, "_moments", refuse_large)
    check_equal(tiled(RESNET, 64)(image), expected)
    assert max(shapes)[1] == 64
    assert min(shapes)[1] <= 16


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(stream, "_moments", fail)
    with pytest.raises(RuntimeError, match="something else"):
        tiled(RESNET)(picture(40, 40))


def test_a_whole_picture_that_runs_out_of_memory_goes_on_in_tiles() -> None:
    image = picture(120, 120)
    translator = Translator(RESNET, device="cpu", precision="fp32")

    def refuse(_: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    expected = translator(image)
    translator._run = refuse
    check_equal(translator(image), expected)


def test_auto_runs_whole_what_fits_and_tiles_the_rest() -> None:
    image = picture(200, 300)
    seen: list[tuple[int, ...]] = []

    def note(module: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        seen.append(tuple(given[0].shape[2:]))

    for memory, whole_shape in (("1G", True), ("4M", False)):
        translator = Translator(RESNET, device="cpu", precision="fp32", memory=memory)
        seen.clear()
        hook = translator._prepared.network.stem[0].register_forward_pre_hook(note)
        made = translator(image)
        hook.remove()
        assert (seen[-1] == (200, 300)) == whole_shape
        check_equal(made, whole(RESNET)(image))


def test_tiles_off_refuses_what_does_not_fit() -> None:
    with pytest.raises(
        MediaError, match=r"300x200 is too large .* about [\d.]+[KMG] are needed, .*"
    ):
        whole(RESNET, memory="1M")(picture(200, 300))


def test_a_batch_that_does_not_fit_runs_one_by_one() -> None:
    images = [picture(64, 64, seed=seed) for seed in range(4)]
    small = Translator(RESNET, device="cpu", precision="fp32", batch_size=4, memory="3M")
    for made, image in zip(small.stream(images), images, strict=True):
        check_equal(made, whole(RESNET)(image))


def test_a_pass_keeps_little() -> None:
    plan = plan_of(GENERATORS.create(Spec("resnet9")))
    widths = [sum(plan.sizes[node].elements for node in step.kept) for step in plan.passes]
    assert max(widths) <= 64  # numbers a pixel; the first and last layers alone would be 64 each
    assert plan.kept_at_most == 64
    assert sum(len(step.freed) for step in plan.passes) == sum(
        len(step.kept) for step in plan.passes
    )


def test_hardly_anything_is_computed_twice() -> None:
    plan = plan_of(GENERATORS.create(Spec("resnet9")))
    once = sum(size.products for size in plan.sizes.values())
    done = sum(plan.sizes[node].products for step in plan.passes for node in step.nodes)
    assert once <= done < 1.04 * once


def test_a_network_whose_steps_are_unknown_is_told() -> None:
    class Strange(Same):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flip(3)

        def __deepcopy__(self, memo: object) -> "Strange":
            return Strange()

    with pytest.raises(UntileableError, match="it calls call_method 'flip'"):
        plan_of(Strange())
    with pytest.raises(MediaError, match=r"40x40 is too large for this memory: it calls"):
        tiled(Strange())(picture(40, 40))


@pytest.mark.data
def test_tiles_of_a_published_network_on_a_real_picture() -> None:
    data = real_data()
    generator = open_generator(data / "weights/vintagify-0.1.2-G_A2B.pth").generator
    image = read(data / "odd/large-6684x4456.jpg").pixels[1000:1300, 3000:3331]
    check_equal(tiled(generator, 128)(image), whole(generator)(image))


@pytest.mark.parametrize("tile", ["auto", 32, 256])
def test_memory_in_which_no_tile_runs_is_refused(tile: Any) -> None:
    side = 64 if tile == "auto" else tile
    need = int(tiled(RESNET, 32)._cost * side**2)
    message = rf"is too little: a tile of {side} pixels takes \d+(\.\d)?[KM] in this network"
    for memory in (1, "1", need - 1):
        with pytest.raises(UsageError, match=message) as refused:
            tiled(RESNET, tile, memory=memory)
    least = re.search(r"takes (\S+) in", str(refused.value))
    assert least is not None
    tiled(RESNET, tile, memory=least[1])(picture(20, 20))  # what is told is enough


def test_without_tiles_every_picture_decides_for_itself() -> None:
    with pytest.raises(MediaError, match="20x20 is too large"):
        tiled(RESNET, "off", memory=1)(picture(20, 20))
