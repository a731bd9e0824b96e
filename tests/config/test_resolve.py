import pytest
import yaml

from cyclekit.config.resolve import (
    differences,
    dropped,
    dump,
    merge,
    parse_set,
    parse_sets,
    preset_names,
    read_file,
    read_preset,
    resolve,
)
from cyclekit.errors import ConfigError, UnknownNameError


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_resolves(name):
    assert resolve([read_preset(name)]).method.name


def test_three_presets_are_found():
    assert {"cyclegan", "cyclegan-lite", "painting"} <= set(preset_names())


def test_what_dry_run_prints_can_be_fed_back(tmp_path):
    config = resolve([read_preset("painting"), parse_set("data.crop=64")])
    path = tmp_path / "config.yaml"
    path.write_text(dump(config))
    assert resolve([read_file(path)]) == config


def test_later_settings_win():
    config = resolve(
        [read_preset("cyclegan"), parse_set("data.crop=64"), parse_set("data.crop=32")]
    )
    assert config.data.crop == 32
    assert config.data.load == 286


def test_another_network_drops_the_options_of_the_first():
    merged = merge(
        [{"generator": {"name": "mobile", "blocks": 3}}, {"generator": {"name": "unet"}}]
    )
    assert merged["generator"] == {"name": "unet"}


def test_what_another_name_drops_is_said():
    below = {
        "generator": {"name": "mobile", "blocks": 3, "skip": True, "norm": "batch"},
        "method": {"name": "cyclegan", "cycle": 5.0},
        "train": {"images": 3, "seed": 1},
    }
    above = parse_sets(["generator.name=unet", "generator.norm=none", "train.epochs=2"])
    assert dropped(below, merge([below, above])) == [
        "generator.name=unet drops what was set for mobile: blocks=3, skip=true"
    ]
    assert dropped(below, merge([below, {"generator": {"name": "mobile", "width": 8}}])) == []


@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_settings_of_one_command_does_not_matter(turned):
    texts = ["generator.name=unet", "generator.width=8"]
    settings = parse_sets(reversed(texts) if turned else texts)
    merged = merge([{"generator": {"name": "mobile", "width": 96, "blocks": 3}}, settings])
    assert merged["generator"] == {"name": "unet", "width": 8}


def test_the_later_of_two_settings_of_one_key_wins():
    assert parse_sets(["data.crop=8", "data.crop=16"]) == {"data": {"crop": 16}}


def test_options_stay_when_the_name_stays():
    merged = merge([{"generator": {"name": "mobile", "blocks": 3}}, {"generator": {"width": 8}}])
    assert merged["generator"] == {"name": "mobile", "blocks": 3, "width": 8}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("data.corp=3", "unknown setting 'data.corp'; did you mean 'crop'?"),
        ("dat.crop=3", "unknown setting 'dat'; did you mean 'data'?"),
        ("data.crop=-3", "data.crop: input should be greater than 0, got -3"),
        ("data.crop=large", "data.crop: input should be a valid integer"),
        ("train.precision=fp8", "train.precision: input should be 'auto', 'fp32' or 'bf16'"),
    ],
)
def test_a_wrong_setting_is_named(setting, message):
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        resolve([parse_set(setting)])


@pytest.mark.parametrize("text", ["crop=3", "data.crop", "=3", "a.b.c=1", "data.=2"])
def test_set_wants_section_key_value(text):
    with pytest.raises(ConfigError, match=r"expected section\.key=value"):
        parse_set(text)


def test_an_unknown_preset_suggests():
    with pytest.raises(UnknownNameError, match="did you mean 'cyclegan-lite'"):
        read_preset("cyclegan-light")


def test_a_config_file_runs_no_code(tmp_path):
    path = tmp_path / "evil.yaml"
    path.write_text("data: !!python/object/apply:os.system ['touch evil']")
    with pytest.raises(ConfigError, match="not a readable YAML file"):
        read_file(path)


@pytest.mark.parametrize("text", ["[" * 2000, "a: 2020-99-99", "&a [*a]"])
def test_a_config_that_no_reader_bears_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"odd\.yaml: not a readable YAML file: .+"):
        read_file(tmp_path / "odd.yaml")
    with pytest.raises(ConfigError, match=r"--set 'data\.crop="):
        parse_set(f"data.crop={text}")


def test_a_config_that_is_not_there_is_named_once(tmp_path):
    with pytest.raises(
        ConfigError, match=r"none\.yaml: cannot be read: No such file or directory$"
    ):
        read_file(tmp_path / "none.yaml")


@pytest.mark.parametrize("value", [".inf", ".nan", "-.inf"])
@pytest.mark.parametrize("name", ["train.minutes", "train.epochs", "optimizer.rate", "data.zoom"])
def test_numbers_are_finite(name, value):
    with pytest.raises(ConfigError, match=f"{name}: input should be"):
        resolve([parse_set(f"{name}={value}")])


def test_a_list_is_no_config(tmp_path):
    path = tmp_path / "list.yaml"
    path.write_text(yaml.safe_dump([1, 2]))
    with pytest.raises(ConfigError, match="expected sections"):
        read_file(path)


def test_differences_are_named():
    assert differences({"train": {"batch": 1}}, {"train": {"batch": 2}}) == ["train.batch: 1 -> 2"]


@pytest.mark.parametrize("unit", ["images", "epochs", "minutes"])
def test_a_length_replaces_lengths_in_other_units(unit):
    train = resolve([read_preset("painting"), parse_set(f"train.{unit}=7")]).train
    others = {"images", "epochs", "minutes"} - {unit}
    assert getattr(train, unit) == 7
    assert all(getattr(train, other) is None for other in others)


def test_two_lengths_at_once_are_refused():
    with pytest.raises(ConfigError, match=r"give one of train\.images, train\.epochs"):
        resolve([{"train": {"images": 3, "epochs": 2}}])
