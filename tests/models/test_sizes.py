"""Every size of every registered network has bounds, and what lies outside is refused by name."""

import typing
from typing import Any

import pytest
import torch

from cyclekit.config.resolve import resolve
from cyclekit.errors import ConfigError
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Bounds, Registry, Spec
from cyclekit.training.learner import check_fit
from tests.tiny import tiny_spec

NETWORKS: list[tuple[Registry[Any], str]] = [
    (registry, name) for registry in (GENERATORS, DISCRIMINATORS) for name in registry.names()
]


def hints_of(registry, name):
    factory = registry.factory(name)
    made_by = factory.__init__ if isinstance(factory, type) else factory
    hints = typing.get_type_hints(made_by, include_extras=True)
    return {option: hints[option] for option in registry.options(name)}


def bounds_of(hint) -> Bounds | None:
    found = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Bounds)]
    return found[0] if found else None


SIZES = [
    (registry, name, option, bounds)
    for registry, name in NETWORKS
    for option, hint in hints_of(registry, name).items()
    if (bounds := bounds_of(hint))
]


def titled(value):
    return value.kind if isinstance(value, Registry) else None


def test_all_networks_are_looked_at():
    assert len(NETWORKS) >= 23
    assert len(SIZES) >= 90


@pytest.mark.parametrize(("registry", "name"), NETWORKS, ids=titled)
def test_no_number_is_without_bounds(registry, name):
    bare = [option for option, hint in hints_of(registry, name).items() if hint in (int, float)]
    assert not bare


@pytest.mark.parametrize(("registry", "name", "option", "bounds"), SIZES, ids=titled)
def test_what_lies_outside_is_refused_by_name(registry, name, option, bounds):
    for value in (bounds.least - 1, -8, bounds.most + 1, 10**30):
        limit = f"at most {bounds.most}" if value > bounds.most else f"at least {bounds.least}"
        with pytest.raises(ConfigError) as caught:
            registry.create(tiny_spec(registry, name, **{option: value}))
        expected = f"{registry.kind} '{name}': {option} must be {limit}, got {value}"
        assert str(caught.value) == expected


@pytest.mark.parametrize(("registry", "name", "option", "bounds"), SIZES, ids=titled)
def test_the_least_is_built_or_refused_in_words_of_its_own(registry, name, option, bounds):
    spec = tiny_spec(registry, name, **{option: bounds.least})
    if option == "side" and name in ("dcgan", "biggan"):
        with pytest.raises(ConfigError, match="side must be 8, 16, 32 and so on"):
            registry.create(spec)
    elif option == "width" and name.startswith("mobile"):
        with pytest.raises(ConfigError, match="width must be a multiple of 4, got 1"):
            registry.create(spec)
    else:
        with torch.device("meta"):
            network = registry.create(spec)
        assert all(weight.numel() for weight in network.parameters())


def test_a_predictor_within_a_method_is_checked_too():
    tree = {"method": {"name": "recycle", "predictor_width": -8}, "generator": {"name": "mobile"}}
    with pytest.raises(ConfigError, match="method 'recycle': predictor_width must be at least 1"):
        check_fit(resolve([tree]))


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ConfigError, match="dropout must be at least 0, got nan"):
        GENERATORS.create(Spec("resnet", {"dropout": float("nan")}))
