import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cyclekit.errors import CyclekitError, DataError, UsageError
from cyclekit.evaluation.listener import Silence
from cyclekit.evaluation.study.create import Wish, create_study
from cyclekit.evaluation.study.design import Protocol, read_design
from cyclekit.evaluation.study.notes import notes_on
from cyclekit.evaluation.study.prepare import encode, prepare
from cyclekit.media.images import Picture, write
from tests.evaluation.study.worlds import BLUE, RED, paint
from tests.evaluation.worlds import Ears, scene

SMALL = Protocol(practice=1, trials=3)


@pytest.fixture
def wish(tmp_path: Path) -> Wish:
    real, fake = paint(tmp_path / "real", 5, RED), paint(tmp_path / "fake", 4, BLUE)
    return Wish(real, {"paints": fake}, SMALL, size=16)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


def test_a_study_is_its_pictures_under_names_that_say_nothing(wish, tmp_path):
    design = create_study(wish, tmp_path / "study", Silence())
    assert design == read_design(tmp_path / "study")
    named = [*design.real, *design.fakes["paints"]]
    assert sorted(path.name for path in (tmp_path / "study/pictures").iterdir()) == sorted(
        one.file for one in named
    )
    colours = {one.file: cv2.imread(str(tmp_path / "study/pictures" / one.file))[8, 8] for one in named}  # fmt: skip
    assert all(colours[one.file][2] > 150 for one in design.real)
    assert all(colours[one.file][0] > 150 for one in design.fakes["paints"])


def test_all_pictures_have_one_size_one_length_and_no_metadata(tmp_path):
    for folder, low in (("real", 0), ("fake", 100)):
        for number in range(4):
            picture = scene(number, side=40 + 7 * number)
            if folder == "fake":
                picture = np.full_like(picture, low)  # compressed, it would be much shorter
            path = tmp_path / folder / f"{number}.jpg"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(picture).save(path, comment=b"fake" * number)
    wish = Wish(tmp_path / "real", {"f": tmp_path / "fake"}, SMALL, size=24)
    create_study(wish, tmp_path / "study", Silence())
    made = list((tmp_path / "study/pictures").iterdir())
    assert len(made) == 8
    assert len({path.stat().st_size for path in made}) == 1
    for path in made:
        with Image.open(path) as image:
            assert (image.size, image.mode, image.info) == ((24, 24), "RGB", {})


def test_preparing_cuts_the_middle_square_out(tmp_path):
    image = np.zeros((60, 20, 3), np.uint8)
    image[20:40] = 255
    write(tmp_path / "tall.png", Picture(image))
    assert (prepare(tmp_path / "tall.png", 10, None) == 255).all()


def test_jpeg_changes_every_picture_alike(tmp_path):
    write(tmp_path / "a.png", Picture(scene(0)))
    plain, packed = (prepare(tmp_path / "a.png", 32, quality) for quality in (None, 40))
    assert np.array_equal(plain, scene(0))
    assert 1 < np.abs(plain.astype(int) - packed).max() < 120
    assert len(encode(plain)) == len(encode(packed))


def test_obvious_fakes_are_made_of_real_pictures_that_appear_nowhere_else(wish, tmp_path):
    more = paint(tmp_path / "more", 8, RED)
    wish = Wish(more, wish.fakes, Protocol(practice=1, trials=3, vigilance=2), size=16)
    design = create_study(wish, tmp_path / "study", Silence())
    assert len(design.obvious) == 2
    assert not {one.key for one in design.obvious} & {one.key for one in design.real}
    pictures = tmp_path / "study/pictures"
    jumbled = cv2.imread(str(pictures / design.obvious[0].file))
    assert jumbled[8, 8, 2] < 100  # red has become its opposite


def test_one_broken_picture_stops_nothing_and_is_named(wish, tmp_path):
    (wish.real / "broken.png").write_bytes(b"no picture")
    (wish.fakes["paints"] / "cut.png").write_bytes((wish.real / "0.png").read_bytes()[:60])
    ears = Ears()
    design = create_study(wish, tmp_path / "study", ears)
    assert (len(design.real), len(design.fakes["paints"])) == (5, 4)
    assert sorted(Path(line.split(":")[0]).name for line in ears.failures) == [
        "broken.png",
        "cut.png",
    ]


def test_too_few_pictures_are_told_before_and_after_reading(wish, tmp_path):
    for name in ("0.png", "1.png"):
        (wish.real / name).unlink()
    with pytest.raises(DataError, match=r"real: 3 usable pictures, expected at least 4"):
        create_study(wish, tmp_path / "study", Silence())
    assert not (tmp_path / "study").exists()
    (wish.real / "bad.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"real: 3 usable pictures, expected at least 4"):
        create_study(wish, tmp_path / "study", Ears())
    assert not (tmp_path / "study/study.json").exists()


def test_a_control_and_vigilance_need_more_real_pictures(wish, tmp_path):
    protocol = Protocol(practice=1, trials=3, control=True, vigilance=2)
    with pytest.raises(DataError, match="expected at least 11"):
        create_study(Wish(wish.real, wish.fakes, protocol, size=16), tmp_path / "s", Silence())


def test_pairs_of_one_name_are_required_where_asked_for(wish, tmp_path):
    for number in range(4):
        path = wish.fakes["paints"] / f"{number}.png"
        path.rename(path.with_name(f"other{number}.png"))
    protocol = Protocol(practice=1, trials=3, pairing="same")
    with pytest.raises(DataError, match="0 pictures share a name"):
        create_study(Wish(wish.real, wish.fakes, protocol, size=16), tmp_path / "s", Silence())


def test_an_interrupted_creation_goes_on_to_the_same_study(wish, tmp_path):
    create_study(wish, tmp_path / "whole", Silence())

    class Stops(Silence):
        def watch(self, items, what, total):
            for number, item in enumerate(items):
                if what == "paints" and number == 2:
                    raise KeyboardInterrupt
                yield item

    with pytest.raises(KeyboardInterrupt):
        create_study(wish, tmp_path / "study", Stops())
    left = {path: path.stat().st_mtime_ns for path in (tmp_path / "study/pictures").iterdir()}
    assert left
    create_study(wish, tmp_path / "study", Silence())
    assert files(tmp_path / "study") == files(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == time for path, time in left.items())  # not made again


def test_the_same_again_changes_nothing_and_another_is_refused(wish, tmp_path):
    create_study(wish, tmp_path / "study", Silence())
    (tmp_path / "study/answers.sqlite").write_bytes(b"answers")
    before = files(tmp_path / "study")
    create_study(wish, tmp_path / "study", Silence())
    assert files(tmp_path / "study") == before
    next((tmp_path / "study/pictures").iterdir()).unlink()
    create_study(wish, tmp_path / "study", Silence())
    assert files(tmp_path / "study") == before  # what has gone is made again
    other = Wish(wish.real, wish.fakes, Protocol(practice=0, trials=3), size=16)
    with pytest.raises(UsageError, match="holds another study"):
        create_study(other, tmp_path / "study", Silence())
    assert files(tmp_path / "study") == before


def test_other_folders_are_left_alone(wish, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match=r"holds 'thesis\.txt'"):
        create_study(wish, tmp_path / "mine", Silence())
    (tmp_path / "album/pictures").mkdir(parents=True)
    (tmp_path / "album/pictures/wedding.png").write_bytes(b"once in a lifetime")
    with pytest.raises(UsageError, match=r"holds 'wedding\.png'"):
        create_study(wish, tmp_path / "album", Silence())
    assert files(tmp_path / "album") == {"pictures/wedding.png": b"once in a lifetime"}
    with pytest.raises(UsageError, match="a file; expected a folder"):
        create_study(wish, tmp_path / "mine/thesis.txt", Silence())
    with pytest.raises(DataError, match="nowhere: expected a folder of pictures"):
        create_study(Wish(tmp_path / "nowhere", wish.fakes, SMALL), tmp_path / "s", Silence())
    with pytest.raises(UsageError, match="--control takes this name"):
        create_study(
            Wish(wish.real, {"control": wish.real}, Protocol(control=True)), tmp_path / "s", Silence()
        )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "not a study"), ("[]", "not a study"), ('{"version": 9}', "not a study"), (None, "no study here")],
)  # fmt: skip
def test_what_is_no_study_is_said_in_one_line(tmp_path, text, told):
    if text is not None:
        (tmp_path / "study.json").write_text(text)
    with pytest.raises(CyclekitError, match=told) as caught:
        read_design(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_cannot_lead_out_of_the_study(wish, tmp_path):
    create_study(wish, tmp_path / "study", Silence())
    path = tmp_path / "study/study.json"
    name = read_design(tmp_path / "study").real[0].file
    path.write_text(path.read_text().replace(name, "../../secret.png"))
    with pytest.raises(DataError, match="should match pattern"):
        read_design(tmp_path / "study")


def test_what_could_give_fakes_away_is_said(wish, tmp_path):
    photos = paint(tmp_path / "photos", 3, RED, "jpg")
    (few,) = notes_on(photos, wish.fakes, 24, None)
    assert "only real pictures are JPEG files" in few
    assert notes_on(photos, wish.fakes, 24, 90) == []
    large = tmp_path / "large"
    shutil.copytree(wish.real, large)
    for path in large.iterdir():
        write(path, Picture(scene(0, side=64)))
    (told,) = notes_on(large, wish.fakes, 32, None)
    assert "'paints' have 24 px and are enlarged" in told


def test_fakes_that_are_real_pictures_are_said(wish, tmp_path):
    assert notes_on(wish.real, wish.fakes, 16, None) == []
    mixed = tmp_path / "mixed"
    shutil.copytree(wish.fakes["paints"], mixed)
    for place, path in enumerate(sorted(wish.real.iterdir())[:2]):
        shutil.copy(path, mixed / f"copy{place}.png")
    (mixed / "gone.png").symlink_to(tmp_path / "nowhere")
    (told,) = notes_on(wish.real, {"ours": mixed}, 16, None)
    assert told == "2 pictures of 'ours' are, byte by byte, among the real ones"
