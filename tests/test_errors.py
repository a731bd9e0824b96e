import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclekit import errors
from cyclekit.errors import CyclekitError, UnknownNameError, UsageError, suggest

NAMES = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)


def tree(root: type[CyclekitError]) -> list[type[CyclekitError]]:
    return [root, *(found for child in root.__subclasses__() for found in tree(child))]


def test_the_drawing_names_every_error() -> None:
    ours = [error for error in tree(CyclekitError) if error.__module__ == errors.__name__]
    assert len(ours) == 11
    drawing = errors.__doc__ or ""
    assert [error.__name__ for error in ours if error.__name__ not in drawing] == []


def test_wrong_usage_exits_with_2_and_all_else_with_1() -> None:
    for error in tree(CyclekitError):
        assert error.exit_code == (2 if issubclass(error, UsageError) else 1)


def test_an_unknown_name_is_named_with_its_kind_and_the_nearest_known_one() -> None:
    error = UnknownNameError("generator", "resnt9", ["resnet9", "unet256"])
    assert str(error) == "unknown generator 'resnt9'; did you mean 'resnet9'?"


def test_a_name_far_from_all_is_answered_with_the_sorted_list() -> None:
    assert suggest("qqqq", ["unet256", "resnet9"]) == "expected one of: resnet9, unet256"


@given(NAMES, st.sets(NAMES, min_size=1))
def test_a_suggestion_only_names_what_is_known(name: str, known: set[str]) -> None:
    said = suggest(name, known)
    if said.startswith("did you mean"):
        assert said.split("'")[1] in known
    else:
        assert said.removeprefix("expected one of: ").split(", ") == sorted(known)


@given(NAMES, NAMES)
def test_every_message_is_one_line(kind: str, name: str) -> None:
    assert "\n" not in str(UnknownNameError(kind, name, ["a", "b"]))


@pytest.mark.parametrize("error", tree(CyclekitError))
def test_every_error_can_be_caught_as_ours(error: type[CyclekitError]) -> None:
    assert issubclass(error, CyclekitError)
    assert not issubclass(error, ValueError)
