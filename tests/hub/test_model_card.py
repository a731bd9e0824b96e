"""A card says all, or is refused by the field that it lacks; every embedded model has one."""

from pathlib import Path

import pytest
import yaml

from cyclekit.checkpoint.model import read_info
from cyclekit.errors import CheckpointError
from cyclekit.hub.card import read_card
from cyclekit.hub.model_card import (
    CardScore,
    ModelCard,
    card_file,
    dump_model_card,
    read_model_card,
    told,
)
from cyclekit.hub.open import open_generator
from cyclekit.hub.source import EMBEDDED, embedded_models
from cyclekit.hub.store import check_name
from cyclekit.inference.translator import Translator
from cyclekit.media.images import read_rgb
from tests.tiny import tiny_model

ROOT = Path(__file__).parents[2]
MODELS = embedded_models()
LARGEST = 3_000_000
WHOLE = {
    "title": "Horses as zebras",
    "does": "Paints stripes.",
    "data": [{"what": "12 horses.", "rights": "public domain"}],
    "command": "cyclekit train horses zebras",
    "recipe": "CycleGAN.",
    "time": "One minute.",
    "good_at": "horses.",
    "failures": ["Donkeys."],
    "samples": ["https://example.org/sheet.jpg"],
    "licence": "MIT",
}
SCORE = {
    "name": "KD-MobileNetV2 ×1000 (72 vs 72)", "value": 31, "better": "lower", "error": 2.5,
    "floor": -0.4, "floor_deviation": 0.2, "do_nothing": 310.0,
}  # fmt: skip


def written(path, **changes):
    fields = {**WHOLE, **changes}
    path.write_text(yaml.safe_dump({key: value for key, value in fields.items() if value}))
    return path


def test_the_folder_holds_models_and_their_cards_and_nothing_else():
    assert len(MODELS) >= 1
    expected = {path for model in MODELS.values() for path in (model, card_file(model))}
    others = {path for path in EMBEDDED.iterdir() if not path.name.startswith("__")}
    assert others == expected


@pytest.mark.parametrize("name", MODELS)
def test_an_embedded_model_is_small_works_and_says_where_it_is_from(name):
    path = MODELS[name]
    assert check_name(name) == name
    assert path.stat().st_size <= LARGEST
    provenance = read_info(path).provenance
    assert provenance["images"] > 0
    assert provenance["seconds"] > 0
    assert {"method", "generator", "data", "optimizer", "train"} <= {*provenance["config"]}
    card = read_model_card(card_file(path))
    for sample in card.samples:
        assert sample.startswith("https://") or (ROOT / sample).is_file(), sample
    assert card.licence == "MIT"
    photograph = read_rgb(ROOT / "datasets/samples/chelsea.png")[::4, ::4].copy()
    made = Translator(open_generator(name).generator, precision="fp32")(photograph)
    assert (made.shape, made.dtype) == (photograph.shape, photograph.dtype)
    change = abs(made.astype(float) - photograph).mean()
    assert change > 5
    assert made.std() > 20


@pytest.mark.parametrize("field", WHOLE)
def test_a_card_without_a_field_is_refused_by_its_name(tmp_path, field):
    with pytest.raises(
        CheckpointError, match=rf"a.yaml: not a model card: {field}: Field required"
    ):
        read_model_card(written(tmp_path / "a.yaml", **{field: None}))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"titel": "x"}, "titel: Extra inputs are not permitted"),
        ({"failures": [" "]}, "failures.0: String should have at least 1 character"),
        ({"title": 12}, "title: Input should be a valid string"),
        ({"data": [{"what": "12 horses."}]}, "data.0.rights: Field required"),
        ({"scores": [{**SCORE, "better": "more"}]}, "scores.0.better: Input should be 'lower'"),
        ({"scores": [{**SCORE, "value": "31"}]}, "scores.0.value: Input should be a valid number"),
        ({"does": "\x1b[2J"}, "control characters in its text"),
    ],
)
def test_a_card_that_is_wrong_is_refused(tmp_path, changes, reason):
    with pytest.raises(CheckpointError) as refused:
        read_model_card(written(tmp_path / "a.yaml", **changes))
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["[1", "", "text", "!!python/object/apply:os.system [ls]", "a: *b", "[" * 2000, "&a [*a]"],
)
def test_what_is_no_card_is_refused(tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(CheckpointError, match="not a model card"):
        read_model_card(tmp_path / "a.yaml")


def test_a_card_comes_back_as_it_was_written(tmp_path):
    card = read_model_card(written(tmp_path / "a.yaml", scores=[SCORE]))
    (tmp_path / "b.yaml").write_text(dump_model_card(card), encoding="utf-8")
    assert read_model_card(tmp_path / "b.yaml") == card


def test_a_score_is_never_alone():
    assert told(CardScore(**SCORE)) == (
        "KD-MobileNetV2 ×1000 (72 vs 72): 31 ± 2.5 (lower is better, floor -0.4 ± 0.2, "
        "doing nothing 310)"
    )


def test_a_card_beside_any_model_is_shown_with_all_its_fields(tmp_path):
    path = tiny_model(tmp_path / "zebra.safetensors")
    assert read_card(path).card is None
    written(tmp_path / "zebra.yaml", scores=[SCORE])
    card = read_card(path)
    assert card.card == ModelCard(**WHOLE, scores=[SCORE]).model_dump(mode="json")
    for value in (
        "Horses as zebras",
        "12 horses. Rights: public domain",
        "One minute.",
        "Donkeys.",
    ):
        assert value in card.text
    (tmp_path / "zebra.yaml").write_text("nothing")
    with pytest.raises(CheckpointError, match=r"zebra.yaml: not a model card"):
        read_card(path)
