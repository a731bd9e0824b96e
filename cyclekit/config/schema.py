"""Every setting of a run, with its meaning and unit; unknown ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cyclekit.registry import Spec

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A group of settings that knows all of its keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )


class Part(BaseModel):
    """A registered name; all other keys are options of its factory, checked by its signature."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    """Key in the registry."""

    @property
    def spec(self) -> Spec:
        """The name and the options."""
        return Spec(self.name, dict(self.model_extra or {}))


class Data(Section):
    """Which pictures, and how they become training crops."""

    roots: tuple[Path, ...] = ()
    """One folder that holds all domains, or one folder, video or pattern of videos a domain."""
    names: tuple[str, ...] | None = None
    """Names of the domains; None takes them from the folders."""
    fit: Literal["crop", "whole"] = "crop"
    """How a long picture becomes square: crop cuts, whole draws its edges out first."""
    load: Positive | None = 286
    """Short side that pictures are resized to before the crop, px; None keeps their size."""
    crop: Positive = 256
    """Side of the random square crop, px."""
    zoom: Annotated[float, Field(ge=1)] = 1.0
    """Largest square that is cut at random and shrunk to a crop, in crops; 1 never shrinks."""
    flip: Share = 0.5
    """Probability of a left-right flip."""
    color: Share = 0.0
    """Strength of random brightness, contrast and saturation."""
    spacing: Positive = 1
    """Frames from one of a clip to the next, for methods that learn from motion."""
    cache: Annotated[int, Field(ge=0)] = 512
    """Decoded pictures kept in memory, MB a process."""
    workers: Annotated[int, Field(ge=0)] | Literal["auto"] = "auto"
    """Loader processes; auto takes half of the cores, none where there are two."""


class Optimizer(Section):
    """Adam, the same for every phase."""

    rate: Annotated[float, Field(gt=0)] = 2e-4
    """Learning rate before it falls."""
    rate_discriminator: Annotated[float, Field(gt=0)] | None = None
    """Learning rate of the critics; None takes `rate`."""
    betas: tuple[Share, Share] = (0.5, 0.999)
    """Decay of the averages of the gradient and of its square."""
    hold: Share = 0.5
    """Share of the run at the full rate; then it falls in a line to 0."""


class Consistency(Section):
    """What moves in the input is to move alike in the result, for steady films; needs no film."""

    weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the loss; 0 for none."""
    shift: Annotated[float, Field(ge=0)] = 4.0
    """Typical motion that is made up, px."""
    noise: Annotated[float, Field(ge=0)] = 0.02
    """Deviation of the noise on moved pictures, in units of [-1, 1]."""


class Train(Section):
    """How long, how often, how exactly."""

    images: Positive | None = None
    """Length in pictures of each domain."""
    epochs: Annotated[float, Field(gt=0)] | None = None
    """Length in passes over all pictures; of two domains, over the larger one."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Length in minutes; turned into pictures once the speed has been measured."""
    batch: Positive = 1
    """Pictures of each domain a step, over all processes together."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Decides first weights, order of pictures, augmentation, pools."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Type of the forward pass; auto takes bf16 where the device multiplies it natively."""
    compile: bool = False
    """Let torch compile the networks; minutes at the start, for faster steps."""
    initialization: str = "normal"
    """First weights: normal, xavier, kaiming, orthogonal."""
    gain: Annotated[float, Field(gt=0)] = 0.02
    """Deviation or gain of the first weights; orthogonal wants 1."""
    half_life: Annotated[float, Field(ge=0)] = 1000
    """Half-life of the generators' averaged weights, in pictures; 0 for no average."""
    init_from: str | None = None
    """Model whose generators the run begins with: a file, a run's folder, an embedded name."""
    warm_up: Annotated[int, Field(ge=0)] = 0
    """Pictures at the start from which only the discriminators learn."""
    freeze: Literal["none", "encoder"] = "none"
    """Part of the generators that keeps its first weights."""
    diff_augment: tuple[Literal["color", "translation", "cutout"], ...] = ()
    """How all that discriminators see is changed at random, where there are few pictures."""
    state_every: Positive = 2000
    """Pictures between two states on disk."""
    sample_every: Positive = 2000
    """Pictures between two sample sheets."""
    log_every: Positive = 100
    """Pictures between two lines of the log."""
    evaluate_every: Positive | None = None
    """Pictures between two measurements on held-out pictures; None for none."""
    features: str = "mobilenet"
    """Feature network of these measurements, as `cyclekit models networks` names it."""
    patience: Positive | None = None
    """Measurements in a row that may bring nothing better, before the run ends; None for any."""
    tensorboard: bool = False
    """Write what the log gets for TensorBoard too."""
    keep_discriminators: bool = False
    """Put the discriminators into the model file too, for `cyclekit critique`."""
    loss_limit: Annotated[float, Field(gt=0)] = 1e4
    """A loss beyond this stops the run."""
    rescue: bool = False
    """Act on what goes wrong: keep colours for a while, lower rates, go back to the last state."""


class Config(Section):
    """A run."""

    method: Part = Part(name="cyclegan")
    generator: Part = Part(name="resnet9")
    discriminator: Part = Part(name="patch")
    data: Data = Data()
    optimizer: Optimizer = Optimizer()
    consistency: Consistency = Consistency()
    train: Train = Train()

    def plain(self) -> dict[str, Any]:
        """Return the settings as plain values that YAML and JSON can hold."""
        return self.model_dump(mode="json")
