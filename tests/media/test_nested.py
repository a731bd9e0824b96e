import json

import pytest
import yaml

from cyclekit.media.nested import DEEPEST, LARGEST, parse_json, parse_yaml


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


@pytest.mark.parametrize("parse", [parse_json, parse_yaml])
def test_what_is_as_deep_as_allowed_is_read_and_nothing_deeper(parse) -> None:
    assert parse(nested(DEEPEST)) == json.loads(nested(DEEPEST))
    for levels in (DEEPEST + 1, 400, 100_000 if parse is parse_json else 2000):
        with pytest.raises(ValueError, match=f"nested more than {DEEPEST} levels deep"):
            parse(nested(levels))


@pytest.mark.parametrize("parse", [parse_json, parse_yaml])
@pytest.mark.parametrize("value", [None, 1, "a", [], {}, {"a": [1, {"b": None}], "c": 2.5}])
def test_plain_values_come_as_they_are(parse, value) -> None:
    assert parse(json.dumps(value)) == value


def test_references_count_as_often_as_they_are_followed() -> None:
    assert parse_yaml("a: &a [1, 2]\nb: *a") == {"a": [1, 2], "b": [1, 2]}
    with pytest.raises(ValueError, match=f"values, more than {LARGEST:,}"):
        parse_yaml(LAUGHS)
    with pytest.raises(ValueError, match="levels deep"):
        parse_yaml("&a [*a]")
    deep = f"a: &a {'[' * 40}{']' * 40}\nb: {'[' * 40}*a {']' * 40}"
    with pytest.raises(ValueError, match="levels deep"):
        parse_yaml(deep)


@pytest.mark.parametrize(
    "text",
    [
        "[1",
        "a: *b",
        "2020-99-99",
        "!!python/name:os.system",
        "\x00",
        "!!timestamp x",
        "!!int ''",
        "!!bool x",
    ],
)
def test_what_is_no_yaml_is_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z") as refused:
        parse_yaml(text)
    assert not isinstance(refused.value, yaml.YAMLError)
