"""Names of things that can be built, and how to build them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from cyclekit.errors import ConfigError, UnknownNameError, suggest

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


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

    def options(self, name: str) -> dict[str, inspect.Parameter]:
        """Return the options that the factory of `name` takes.

        Raises:
            UnknownNameError: if nothing is registered under that name.
        """
        if name not in self._factories:
            raise UnknownNameError(self.kind, name, self._factories)
        return dict(inspect.signature(self._factories[name]).parameters)

    def check(self, spec: Spec) -> None:
        """Refuse options that the factory does not take.

        Raises:
            UnknownNameError: if the name is not registered.
            ConfigError: if an option is not in the factory's signature.
        """
        known = self.options(spec.name)
        for option in spec.options:
            if option not in known:
                raise ConfigError(
                    f"{self.kind} '{spec.name}' has no option '{option}'; {suggest(option, known)}"
                )

    def create(self, spec: Spec, **runtime: Any) -> T:
        """Build what `spec` describes.

        Args:
            spec: name and options, usually from a configuration.
            **runtime: what only the caller knows; wins over the options.

        Raises:
            UnknownNameError: if the name is not registered.
            ConfigError: if an option is unknown or its value is refused by the factory.
        """
        self.check(spec)
        try:
            return self._factories[spec.name](**{**spec.options, **runtime})
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{self.kind} '{spec.name}': {error}") from error
