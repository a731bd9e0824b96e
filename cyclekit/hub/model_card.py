"""What people say about a model: NAME.yaml, beside NAME.safetensors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cyclekit.errors import CheckpointError
from cyclekit.media.nested import parse_yaml

LARGEST = 1 << 20
"""Bytes of a card."""
Words = Annotated[str, Field(min_length=1)]
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, strict=True)


class Data(_Strict):
    """Pictures that a model learned from."""

    what: Words
    """What they show, how many there are, at which size."""
    rights: Words
    """Who may do what with them: "public domain", or "unknown"."""


class CardScore(_Strict):
    """A number that was measured, and what it has to be seen beside; `tools/score_model.py`."""

    name: Words
    """What was measured, on which pictures, how many."""
    value: float
    """The number."""
    better: Literal["lower", "higher", "near 1"]
    """Which way is good."""
    error: float | None = None
    """Its standard error."""
    floor: float | None = None
    """The same of real pictures against real ones."""
    floor_deviation: float | None = None
    """Deviation of the floor over draws."""
    do_nothing: float | None = None
    """The same of the inputs as they are."""
    unrelated: float | None = None
    """The same of other inputs in the outputs' place: what pictures that share nothing get."""


class ModelCard(_Strict):
    """Everything that the numbers in a model's header do not say."""

    title: str = Field(min_length=1, max_length=100)
    """What it is, in one line."""
    does: Words
    """What it makes of a picture."""
    data: tuple[Data, ...] = Field(min_length=1, strict=False)
    """What it learned from."""
    command: Words
    """What makes it again."""
    recipe: Words
    """What the command does, in words, and what was done otherwise."""
    time: Words
    """How long it took, on which machine."""
    good_at: Words
    """Where it does well."""
    failures: tuple[Words, ...] = Field(min_length=1, strict=False)
    """What it is known to do badly."""
    samples: tuple[Words, ...] = Field(min_length=1, strict=False)
    """Where pictures of its work are: files of the project, or addresses."""
    licence: Words
    """Of the weights: an SPDX identifier such as "MIT", or words."""
    scores: tuple[CardScore, ...] = Field(default=(), strict=False)
    """What was measured; empty if nothing was yet."""

    def text(self) -> str:
        """Return the whole card in Markdown."""
        return "\n\n".join([f"# {self.title}", *self._sections()])

    def _sections(self) -> Iterator[str]:
        yield self.does
        yield f"**Good at** {self.good_at}"
        yield f"**Known failures**\n\n{_list(self.failures)}"
        yield f"**Data**\n\n{_list(f'{one.what} Rights: {one.rights}' for one in self.data)}"
        yield f"**Recipe** `{self.command}`\n\n{self.recipe}"
        yield f"**Time** {self.time}"
        if self.scores:
            yield f"**Scores**\n\n{_list(map(told, self.scores))}"
        yield f"**Samples** {', '.join(self.samples)}"
        yield f"**Licence** {self.licence}"


def told(score: CardScore) -> str:
    """Say a score in one line, with everything it has to be seen beside."""
    error = "" if score.error is None else f" ± {score.error:g}"
    spread = "" if score.floor_deviation is None else f" ± {score.floor_deviation:g}"
    beside = ["best near 1" if score.better == "near 1" else f"{score.better} is better"]
    if score.floor is not None:
        beside.append(f"floor {score.floor:g}{spread}")
    if score.do_nothing is not None:
        beside.append(f"doing nothing {score.do_nothing:g}")
    if score.unrelated is not None:
        beside.append(f"unrelated pictures {score.unrelated:g}")
    return f"{score.name}: {score.value:g}{error} ({', '.join(beside)})"


def card_file(model: Path) -> Path:
    """Return where the card of a model file lies, if it has one."""
    return model.with_suffix(".yaml")


def find_model_card(model: Path) -> ModelCard | None:
    """Return the card beside a model file, None if there is none.

    Raises:
        CheckpointError: if it is no card, or not a whole one.
    """
    file = card_file(model)
    return read_model_card(file) if file.is_file() else None


def read_model_card(file: Path) -> ModelCard:
    """Read a card, which may be anybody's.

    Raises:
        CheckpointError: if it is no card, or not a whole one; says which field.
    """
    try:
        size = file.stat().st_size
        if size > LARGEST:
            raise CheckpointError(f"{file}: {size:,} bytes; a model card has {LARGEST:,} at most")
        card = ModelCard.model_validate(parse_yaml(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise CheckpointError(f"{file}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "all of it"
        raise CheckpointError(f"{file}: not a model card: {place}: {first['msg']}") from error
    except ValueError as error:
        raise CheckpointError(f"{file}: not a model card: no YAML in UTF-8") from error
    if _CONTROLS.search(card.text()):  # they would steer the terminal that shows it
        raise CheckpointError(f"{file}: not a model card: control characters in its text")
    return card


def dump_model_card(card: ModelCard) -> str:
    """Return a card as YAML that `read_model_card` reads."""
    plain = card.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
