from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclekit.errors import ConfigError, UnknownNameError
from cyclekit.registry import Registry, Spec


@pytest.fixture
def shapes() -> Registry[tuple[str, int]]:
    registry: Registry[tuple[str, int]] = Registry("shape")

    @registry.register("square")
    def square(side: int = 2) -> tuple[str, int]:
        if side < 1:
            raise ValueError(f"side must be at least 1, got {side}")
        return "square", side

    @registry.register("circle")
    def circle(radius: int) -> tuple[str, int]:
        return "circle", radius

    return registry


def test_names_are_sorted(shapes: Registry[tuple[str, int]]) -> None:
    assert shapes.names() == ["circle", "square"]


def test_what_is_left_out_keeps_its_default(shapes: Registry[tuple[str, int]]) -> None:
    assert shapes.create(Spec("square")) == ("square", 2)


@given(st.integers(min_value=1))
def test_options_reach_the_factory(side: int) -> None:
    registry: Registry[int] = Registry("number")
    registry.register("same")(lambda value: value)
    assert registry.create(Spec("same", {"value": side})) == side


def test_runtime_values_win_over_options(shapes: Registry[tuple[str, int]]) -> None:
    assert shapes.create(Spec("square", {"side": 3}), side=5) == ("square", 5)


def test_registering_returns_the_factory_unchanged(shapes: Registry[tuple[str, int]]) -> None:
    def point() -> tuple[str, int]:
        return "point", 0

    assert shapes.register("point")(point) is point


def test_a_name_is_registered_once(shapes: Registry[tuple[str, int]]) -> None:
    with pytest.raises(ValueError, match="shape 'square' is registered twice"):
        shapes.register("square")(lambda: ("square", 0))


def test_an_unknown_name_is_answered_with_the_nearest(shapes: Registry[tuple[str, int]]) -> None:
    with pytest.raises(UnknownNameError, match="unknown shape 'sqare'; did you mean 'square'"):
        shapes.create(Spec("sqare"))


def test_an_unknown_option_is_answered_with_the_nearest(shapes: Registry[tuple[str, int]]) -> None:
    with pytest.raises(
        ConfigError, match="shape 'square' has no option 'sid'; did you mean 'side'"
    ):
        shapes.create(Spec("square", {"sid": 1}))


def test_a_refused_value_is_a_config_error_with_its_reason(
    shapes: Registry[tuple[str, int]],
) -> None:
    with pytest.raises(ConfigError, match="shape 'square': side must be at least 1, got 0"):
        shapes.create(Spec("square", {"side": 0}))


def test_a_missing_option_is_a_config_error(shapes: Registry[tuple[str, int]]) -> None:
    with pytest.raises(ConfigError, match=r"shape 'circle': .*missing.*'radius'"):
        shapes.create(Spec("circle"))


def test_options_are_those_of_the_factorys_signature(shapes: Registry[tuple[str, int]]) -> None:
    assert list(shapes.options("square")) == ["side"]
    assert shapes.options("square")["side"].default == 2


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Spec("square").name = "circle"  # type: ignore[misc]
