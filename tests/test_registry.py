from dataclasses import FrozenInstanceError
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclekit.errors import ConfigError, UnknownNameError
from cyclekit.registry import Bounds, Registry, Spec


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


def test_runtime_values_reach_the_factory(shapes: Registry[tuple[str, int]]) -> None:
    assert shapes.create(Spec("square"), side=5) == ("square", 5)


def test_an_option_cannot_stand_for_a_runtime_value(shapes: Registry[tuple[str, int]]) -> None:
    with pytest.raises(ConfigError, match="shape 'square': side is not set here, got 3; leave it"):
        shapes.create(Spec("square", {"side": 3}), side=5)


class Typed:
    def __init__(
        self,
        count: int = 1,
        weight: float = 1.0,
        share: float | None = None,
        text: str = "",
        on: bool = False,
        kind: Literal["round", "flat"] = "round",
        inner: Spec | None = None,
        size: Annotated[int, Bounds(1, 100)] = 1,
        part: Annotated[float, Bounds(0)] | None = None,
    ) -> None:
        self.bounded = (size, part)
        self.values = (count, weight, share, text, on, kind, inner)


@pytest.fixture
def typed() -> Registry[Typed]:
    registry: Registry[Typed] = Registry("thing")
    registry.register("typed")(Typed)
    return registry


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("count", "abc", "count must be a whole number, got 'abc'"),
        ("count", 2.5, "count must be a whole number, got 2.5"),
        ("count", True, "count must be a whole number, got True"),
        ("weight", "abc", "weight must be a number, got 'abc'"),
        ("weight", None, "weight must be a number, got None"),
        ("share", "abc", "share must be a number or null, got 'abc'"),
        ("text", 3, "text must be a text, got 3"),
        ("on", 1, "on must be true or false, got 1"),
        ("kind", "square", "kind must be round or flat, got 'square'"),
        ("kind", ["flat"], "kind must be round or flat, got ['flat']"),
        ("size", 2.5, "size must be a whole number, got 2.5"),
        ("size", 0, "size must be at least 1, got 0"),
        ("size", 101, "size must be at most 100, got 101"),
        ("part", "abc", "part must be a number or null, got 'abc'"),
        ("part", -0.5, "part must be at least 0, got -0.5"),
        ("part", float("nan"), "part must be at least 0, got nan"),
    ],
)
def test_a_value_of_another_type_or_out_of_bounds_is_refused(
    option: str, value: object, reason: str, typed: Registry[Typed]
) -> None:
    with pytest.raises(ConfigError) as caught:
        typed.create(Spec("typed", {option: value}))
    assert str(caught.value) == f"thing 'typed': {reason}"


def test_values_that_fit_are_taken(typed: Registry[Typed]) -> None:
    options = {"count": 2, "weight": 3, "share": None, "text": "x", "on": True, "kind": "flat"}
    made = typed.create(Spec("typed", {**options, "inner": Spec("x")}))
    assert typed.create(Spec("typed", {"size": 100, "part": 0})).bounded == (100, 0)
    assert typed.create(Spec("typed", {"part": None})).bounded == (1, None)
    assert made.values == (2, 3, None, "x", True, "flat", Spec("x"))


def test_a_failure_inside_the_factory_is_told_in_one_line() -> None:
    registry: Registry[None] = Registry("thing")

    @registry.register("failing")
    def failing() -> None:
        raise RuntimeError("no memory\nException raised from somewhere")

    with pytest.raises(ConfigError, match=r"^thing 'failing': no memory$"):
        registry.create(Spec("failing"))


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
