"""What a study is: its protocol and its pictures, as kept in the file `study.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cyclekit.errors import DataError
from cyclekit.media.atomic import replacing

FILE, PICTURES, ANSWERS = "study.json", "pictures", "answers.sqlite"
NAME = r"[0-9a-f]{32}\.png"
"""What names of pictures look like: nothing in them tells anything, nor leads out of the study."""
CONTROL = "control"
"""The method whose fakes are real pictures."""
SPARES = 10
"""Further pairs of pictures at most, for trials that were interrupted."""

Count = Annotated[int, Field(ge=0, le=10_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Protocol(_Part):
    """What participants do; by default that of https://arxiv.org/abs/1703.10593, section 5.1.1.

    The times between pictures are those of the code published with the protocol
    (github.com/phillipi/AMT_Real_vs_Fake).
    """

    practice: Count = 10
    """Trials with feedback, which do not count."""
    trials: Annotated[int, Field(ge=1, le=10_000)] = 40
    """Trials without feedback, which count."""
    vigilance: Count = 0
    """Further trials with an obvious fake, among those that count, to see who pays attention."""
    control: bool = False
    """Whether some participants compare real pictures with real pictures."""
    pairing: Literal["different", "same"] = "different"
    """Whether the real picture of a trial is another one than the fake's, or the one of its name."""
    start_ms: Count = 300
    """Blank before the first trial, beside `blank_ms`."""
    blank_ms: Count = 900
    """Blank before each trial."""
    exposure_ms: Annotated[int, Field(ge=50, le=60_000)] = 1000
    """How long each picture is seen."""
    gap_ms: Count = 600
    """Blank between the left and the right picture."""
    question_ms: Count = 100
    """Blank between the right picture and the question."""
    feedback_ms: Count = 2400
    """How long practice shows what was right."""


class Entry(_Part):
    """A prepared picture."""

    file: Annotated[str, Field(pattern=f"^{NAME}$")]
    """Name in the folder `pictures`; it says nothing."""
    key: str
    """Relative path of the original without its ending, so that inputs and fakes can be matched."""


class Design(_Part):
    """A study, before anybody has taken part."""

    version: Literal[1] = 1
    title: str
    """For participants."""
    seed: Annotated[int, Field(ge=0)]
    """Decides who sees what."""
    size: Annotated[int, Field(ge=16, le=2048)]
    """Side of every picture, px."""
    jpeg: Annotated[int, Field(ge=1, le=100)] | None
    """Quality of the JPEG that every picture went through; None for none."""
    protocol: Protocol
    real: tuple[Entry, ...]
    fakes: Annotated[dict[str, tuple[Entry, ...]], Field(min_length=1)]
    obvious: tuple[Entry, ...] = ()
    """Fakes that nobody takes for real, for the trials of vigilance."""

    @property
    def methods(self) -> tuple[str, ...]:
        """What a participant can be given: one of the fakes, or the control."""
        return (*self.fakes, *((CONTROL,) if self.protocol.control else ()))


def read_design(study: Path) -> Design:
    """Read the study in a folder.

    Raises:
        DataError: if there is none, or it cannot be used.
    """
    path = study / FILE
    try:
        return Design.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        reason = "no study here; make one with 'cyclekit study create'"
        raise DataError(f"{study}: {reason}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"{path}: not a study: {place} {first['msg']}".rstrip()) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def require_pictures(study: Path, design: Design) -> None:
    """Make sure that no picture has gone.

    Raises:
        DataError: naming the first that has.
    """
    for file in sorted(files_of(design)):
        if not (study / PICTURES / file).is_file():
            raise DataError(
                f"{study / PICTURES / file}: gone; 'cyclekit study create' makes it again"
            )


def files_of(design: Design) -> frozenset[str]:
    """Return the names of all pictures of a study."""
    sets = (design.real, design.obvious, *design.fakes.values())
    return frozenset(entry.file for entries in sets for entry in entries)


def write_design(study: Path, design: Design) -> None:
    """Write `study.json`, which makes a folder of pictures a study.

    Raises:
        MediaError: if it cannot be written.
    """
    text = json.dumps(design.model_dump(mode="json"), indent=1) + "\n"
    with replacing(study / FILE) as part:
        part.write_text(text, encoding="utf-8")
