import numpy as np
import pytest
import torch

from cyclekit.data.films import frames_of
from cyclekit.data.source import Source
from cyclekit.data.sources import read_source
from cyclekit.evaluation import describe
from cyclekit.evaluation.ahead import ahead
from cyclekit.evaluation.cache import FeatureCache
from cyclekit.evaluation.describe import Describer
from cyclekit.evaluation.pile import Pile, pile_of_folder
from cyclekit.media.images import Picture, write
from cyclekit.media.resample import pil_bicubic, through_jpeg
from cyclekit.metrics.structure import self_similarity
from tests.clips import make_clip
from tests.clips import scene as clip_frames
from tests.evaluation.worlds import Ears, averages, paint, scene

CPU = torch.device("cpu")


def describer(cache=None, extractor=None, ears=None):
    extractor = extractor or averages()
    return Describer(extractor, CPU, FeatureCache(cache, extractor.identity), ears or Ears())


def directly(image):
    levels = torch.from_numpy(pil_bicubic(image, 16, 16)).permute(2, 0, 1)[None]
    return averages().network(levels)


@pytest.mark.parametrize("batch", [1, 4, 16])
def test_rows_are_what_the_network_says_of_each_picture_in_order(tmp_path, monkeypatch, batch):
    monkeypatch.setitem(describe.BATCH, "cpu", batch)
    found = describer().describe(paint(tmp_path, 6), ("pooled", "structure"))
    assert found["pooled"].keys == [str(n) for n in range(6)]
    expected = [directly(scene(n)) for n in range(6)]
    assert torch.allclose(found["pooled"].rows, torch.cat([e.pooled for e in expected]), atol=1e-5)
    similar = torch.cat([self_similarity(e.places) for e in expected])
    assert torch.allclose(found["structure"].rows.float(), similar, atol=1e-3)
    assert torch.equal(found["pooled"].of(["4", "1"]), found["pooled"].rows[[4, 1]])


def test_jpeg_is_looked_at_through_jpeg(tmp_path):
    found = describer().describe(paint(tmp_path, 2), jpeg=True)["pooled"].rows
    assert torch.allclose(found[1:], directly(through_jpeg(scene(1), 90)).pooled, atol=1e-5)
    assert not torch.allclose(found[1:], directly(scene(1)).pooled, atol=1e-5)


def test_halves_are_told_apart(tmp_path):
    image = np.concatenate([scene(1), scene(2)], axis=1)
    write(tmp_path / "x/0.png", Picture(image))
    pile = Pile("halves", {side: Source(tmp_path / "x/0.png", side) for side in ("left", "right")})
    found = describer(tmp_path / "cache").describe(pile)["pooled"].rows
    again = describer(tmp_path / "cache").describe(pile)["pooled"].rows
    assert torch.allclose(found[:1], directly(scene(1)).pooled, atol=1e-5)
    assert torch.allclose(found[1:], directly(scene(2)).pooled, atol=1e-5)
    assert torch.equal(found, again)


def test_frames_of_a_video_are_told_apart(tmp_path):
    make_clip(tmp_path / "clip.mp4", clip_frames(6))
    frames = frames_of(tmp_path / "clip.mp4")
    assert len(frames) > 2
    pile = Pile("frames", {str(frame.frame): frame for frame in frames})
    found = describer(tmp_path / "cache").describe(pile)["pooled"]
    for key, source in pile.sources.items():
        assert torch.allclose(found.of([key]), directly(read_source(source)).pooled, atol=1e-5)
    again = describer(tmp_path / "cache").describe(pile)["pooled"]
    assert torch.equal(found.rows, again.rows)
    assert len(set(found.digests)) == len(frames)


def test_a_picture_that_was_seen_is_not_shown_to_the_network_again(tmp_path):
    pile, cache = paint(tmp_path / "a", 5), tmp_path / "cache"
    first = averages()
    before = describer(cache, first).describe(pile, ("pooled", "structure"))
    assert first.network.asked == 5
    paint(tmp_path / "b", 4, first=1)  # the same content under other names, and one new picture
    paint(tmp_path / "b", 1, first=77)
    second = averages()
    found = describer(cache, second).describe(pile_of_folder(tmp_path / "b"))
    assert second.network.asked == 1
    assert torch.equal(found["pooled"].rows[1], before["pooled"].rows[2])


def test_a_changed_picture_is_looked_at_again(tmp_path):
    pile = paint(tmp_path / "a", 3)
    describer(tmp_path / "cache").describe(pile)
    paint(tmp_path / "a", 1, first=50)
    found = describer(tmp_path / "cache").describe(pile)["pooled"].rows
    assert torch.allclose(found[:1], directly(scene(50)).pooled, atol=1e-5)


def test_broken_pictures_are_said_and_left_out(tmp_path):
    pile, ears = paint(tmp_path, 4), Ears()
    (tmp_path / "1.png").write_bytes(b"no picture")
    (tmp_path / "2.png").unlink()
    found = describer(ears=ears).describe(pile)["pooled"]
    assert (found.keys, found.rows.shape) == (["0", "3"], (2, 48))
    assert len(ears.failures) == 2
    assert str(tmp_path / "1.png") in ears.failures[0]
    assert f"{tmp_path / '2.png'}: cannot be read: No such file" in ears.failures[1]
    assert ears.watched == [(f"Averages, {tmp_path.name}", 4)]


def test_a_pile_of_which_nothing_can_be_read_has_no_rows(tmp_path):
    pile = paint(tmp_path, 2)
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    assert len(describer().describe(pile)["pooled"]) == 0


def test_ahead_keeps_the_order_and_stops_with_its_caller():
    assert list(ahead(lambda n: n * n, range(100))) == [n * n for n in range(100)]
    started = []
    results = ahead(lambda n: started.append(n) or n, range(10_000))
    assert next(results) == 0
    results.close()
    assert len(started) < 200
