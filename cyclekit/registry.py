"""Names of things that can be built, and how to build them."""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, TypeVar

from cyclekit.errors import ConfigError, UnknownNameError, suggest

_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Bounds:
    """What a number of an option may be, beside its type: `Annotated[int, Bounds(1)]`."""

    least: float
    """The smallest."""
    most: float = math.inf
    """The largest."""

    def refusal(self, value: float) -> str | None:
        """Say what a value must be that lies outside; None if it lies inside."""
        if not value >= self.least:  # NaN is not
            return f"at least {self.least:g}"
        return None if value <= self.most else f"at most {self.most:g}"


@dataclass(frozen=True)
class Spec:
    """A registered name and the options it is built with."""

    name: str
    """Key in a registry."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of the factory; whatever is left out keeps its default."""


class Registry(Generic[T]):
    """Maps names to factories.

    Args:
        kind: what is registered, in words, for error messages: "generator".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._factories: dict[str, Callable[..., T]] = {}

    def register(self, name: str) -> Callable[[F], F]:
        """Decorate a class or function so that `create` finds it under `name`."""

        def keep(factory: F) -> F:
            if name in self._factories:
                raise ValueError(f"{self.kind} '{name}' is registered twice")
            self._factories[name] = factory
            return factory

        return keep

    def names(self) -> list[str]:
        """Return all registered names, sorted."""
        return sorted(self._factories)

    def factory(self, name: str) -> Callable[..., T]:
        """Return what was registered under `name`.

        Raises:
            UnknownNameError: if nothing was.
        """
        if name not in self._factories:
            raise UnknownNameError(self.kind, name, self._factories)
        return self._factories[name]

    def options(self, name: str) -> dict[str, inspect.Parameter]:
        """Return the options that the factory of `name` takes.

        Raises:
            UnknownNameError: if nothing is registered under that name.
        """
        signature = inspect.signature(self.factory(name))
        # A class that has no options inherits *args and **kwargs, which are none.
        return {name: one for name, one in signature.parameters.items() if one.kind not in _ANY}

    def check(self, spec: Spec) -> None:
        """Refuse options that the factory does not take, values of another type or out of bounds.

        Raises:
            UnknownNameError: if the name is not registered.
            ConfigError: if an option is not in the factory's signature, or its value does not fit
                the annotation there.
        """
        known = self.options(spec.name)
        hints = _hints(self._factories[spec.name])
        for option, value in spec.options.items():
            if option not in known:
                advice = suggest(option, known) if known else "it has none"
                raise ConfigError(f"{self.kind} '{spec.name}' has no option '{option}'; {advice}")
            hint = hints.get(option, Any)
            expected = _refusal(value, hint) if _fits(value, hint) else _words(hint)
            if expected:
                raise ConfigError(
                    f"{self.kind} '{spec.name}': {option} must be {expected}, got {value!r}"
                )

    def create(self, spec: Spec, **runtime: Any) -> T:
        """Build what `spec` describes.

        Args:
            spec: name and options, usually from a configuration.
            **runtime: what only the caller knows; no option may stand for it.

        Raises:
            UnknownNameError: if the name is not registered.
            ConfigError: if an option is unknown, is one of `runtime`, or its value is refused by
                the factory.
        """
        for option in spec.options.keys() & runtime.keys():
            raise ConfigError(
                f"{self.kind} '{spec.name}': {option} is not set here, "
                f"got {spec.options[option]!r}; leave it out"
            )
        self.check(spec)
        self._require(spec.name, runtime)
        try:
            return self._factories[spec.name](**spec.options, **runtime)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            reason = str(error).partition("\n")[0]
            raise ConfigError(f"{self.kind} '{spec.name}': {reason}") from error

    def _require(self, name: str, wanted: Iterable[str]) -> None:
        """Refuse a factory that has no room for what the caller brings."""
        for option in wanted:
            if option not in self.options(name):
                able = [other for other in self.names() if option in self.options(other)]
                raise ConfigError(
                    f"{self.kind} '{name}' takes no {option}; expected one of: {', '.join(able)}"
                )


_WORDS = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}
"""Types whose values are checked, in words."""


def _hints(factory: Callable[..., Any]) -> dict[str, Any]:
    try:
        made_by = factory.__init__ if inspect.isclass(factory) else factory
        return typing.get_type_hints(made_by, include_extras=True)
    except NameError:  # imported for type checkers only
        return {}


def _fits(value: object, hint: Any) -> bool:
    """Say whether `value` fits an annotation; everything fits one that is not simple."""
    hint = _bare(hint)
    if _is_union(hint):
        return any(_fits(value, choice) for choice in typing.get_args(hint))
    if typing.get_origin(hint) is Literal:
        return isinstance(value, str | int | None) and value in typing.get_args(hint)
    if hint not in _WORDS:
        return True
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


def _refusal(value: Any, hint: Any) -> str | None:
    """Say what a value that fits an annotation must be, if it is out of its bounds."""
    choices = typing.get_args(hint) if _is_union(hint) else (hint,)
    for choice in choices:
        if typing.get_origin(choice) is Annotated and _fits(value, choice):
            bounds = [one for one in choice.__metadata__ if isinstance(one, Bounds)]
            return next((told for one in bounds if (told := one.refusal(value))), None)
    return None


def _words(hint: Any) -> str:
    hint = _bare(hint)
    if _is_union(hint):
        return " or ".join(_words(choice) for choice in typing.get_args(hint))
    if typing.get_origin(hint) is Literal:
        *most, last = map(str, typing.get_args(hint))
        return f"{', '.join(most)} or {last}" if most else last
    return _WORDS[hint]


def _bare(hint: Any) -> Any:
    return hint.__origin__ if typing.get_origin(hint) is Annotated else hint


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)
