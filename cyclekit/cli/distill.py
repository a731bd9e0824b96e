"""`cyclekit distill`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from cyclekit.cli import options
from cyclekit.cli.evaluation_progress import EvaluationProgress
from cyclekit.cli.train import require_length, run, show_plan, tell_dropped
from cyclekit.errors import UsageError

if TYPE_CHECKING:
    from cyclekit.config.schema import Config
    from cyclekit.data.layouts import Domain
    from cyclekit.distillation.targets import Targets
    from cyclekit.distillation.teacher import Teacher

EXAMPLES = """\b
Examples:
  cyclekit distill latest_net_G_A.pth photos/ -o runs/small --width 64 --minutes 60
  cyclekit distill starry-night photos/ -o runs/live --target-ms 33 --epochs 40
  cyclekit distill big.safetensors photos/ more/*.jpg -o runs/small --target-mac 1.5G --plan
"""
FEW = 8
"""Pictures that a plan is made with."""
DOMAINS = 2
"""What the student learns from: pictures, and what the teacher made of them."""
_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def _parse_macs(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)", text.strip(), re.IGNORECASE)
    if match is None or not float(match[1]):
        raise click.BadParameter(f"'{text}' is no number of multiplications such as 1.5G or 800M")
    return float(match[1]) * _UNITS[match[2].upper()]


@click.command("distill", epilog=EXAMPLES)
@click.argument("teacher", metavar="TEACHER")
@click.argument(
    "roots", nargs=-1, required=True, metavar="PICTURES...", type=click.Path(path_type=Path)
)
@click.option("-o", "--output", "folder", metavar="RUN", type=click.Path(path_type=Path), help="Folder of the run; the same command goes on where it was interrupted.")  # fmt: skip
@options.direction
@options.style
@click.option("--width", metavar="N", type=click.IntRange(4), help="Channels of the student, a multiple of 4.  [default: 96]")  # fmt: skip
@click.option("--blocks", metavar="N", type=click.IntRange(0), help="Residual blocks of the student.  [default: 8]")  # fmt: skip
@click.option("--target-ms", metavar="X", type=click.FloatRange(0, min_open=True), help="Take the largest student that makes a picture of 256x256 in X milliseconds on this machine: 33 is 30 a second.")  # fmt: skip
@click.option("--target-mac", metavar="X", callback=_parse_macs, help="Take the largest student of X multiplications for a picture of 256x256, such as 1.5G.")  # fmt: skip
@click.option("--vgg", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="VGG19's weights up to relu4_1 (.safetensors): compare what they see, too.")  # fmt: skip
@click.option("--cache", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Where the teacher's pictures are kept.  [default: the user's cache]")  # fmt: skip
@click.option("--cache-size", metavar="SIZE", default="4G", show_default=True, help="Most that DIR may hold; pictures beyond are left out.")  # fmt: skip
@click.option("--config", "file", metavar="FILE", type=click.Path(path_type=Path), help="Settings that --dry-run printed; replaces the preset.")  # fmt: skip
@click.option("--set", "settings", metavar="SECTION.KEY=VALUE", multiple=True, help="Change one setting; may be repeated.")  # fmt: skip
@click.option("--images", metavar="N", type=click.IntRange(1), help="Length in pictures.")
@click.option("--epochs", metavar="N", type=click.FloatRange(0, min_open=True), help="Length in passes over the pictures.")  # fmt: skip
@click.option("--minutes", metavar="N", type=click.FloatRange(0, min_open=True), help="Length in minutes, without the teacher's.")  # fmt: skip
@options.device
@click.option("--plan", is_flag=True, help="Take three steps, print the student, speed, memory and time; keep nothing.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the settings as YAML and stop.")
@options.quiet
def command(
    teacher: str, roots: tuple[Path, ...], folder: Path | None, direction: str | None,
    style: int | None, device: str, plan: bool, dry_run: bool, quiet: bool,
    cache: Path | None, cache_size: str, **asked: Any,
) -> None:  # fmt: skip
    """Teach a small model what a large one does to pictures.

    TEACHER is any model that translates, as for `translate -m`. PICTURES... are folders, pictures
    and videos of what it turns from. It translates each of them once, as a whole, at the size that
    the student learns from (--set data.load=256); what it made is kept on disk. The student knows
    this one direction, and its file says who taught it.

    RUN gets what `cyclekit train` writes. Ctrl-C saves and stops. Exit codes: 0 done, 1 cannot go
    on, 2 wrong usage, 130 interrupted.
    """
    _check(folder if not (plan or dry_run) else Path(), asked)
    from cyclekit.cli.student import described, student_config
    from cyclekit.config.resolve import dump
    from cyclekit.data.class_folders import find_pile
    from cyclekit.distillation.targets import Targets
    from cyclekit.distillation.teacher import open_teacher
    from cyclekit.inference.memory import parse_bytes

    limit = parse_bytes(cache_size)
    opened = open_teacher(teacher, direction, style, device)
    config, dropped = student_config(roots, opened.names, opened.name, folder, device, **asked)
    tell_dropped(dropped, folder, quiet=quiet)
    if dry_run:
        click.echo(dump(config), nl=False)
        return
    if not plan:
        _require_room(config, folder)
    report = EvaluationProgress(quiet)
    report.note(f"{opened.title}: {' to '.join(opened.names)}, {opened.note}")
    report.note(f"student: {described(config)}")
    domain = find_pile(roots, opened.names[0])
    if plan:
        _plan(config, domain, opened, device)
        return
    targets = Targets(cache or _usual_cache(), opened.identity, limit)
    assert folder is not None
    run(config, _taught(config, domain, opened, targets, report), folder, device, quiet=quiet)


def _check(folder: Path | None, asked: Mapping[str, Any]) -> None:
    """Refuse what makes no sense before anything heavy is loaded."""
    from cyclekit.cli.student import check_sizes

    if folder is None:
        raise UsageError("missing -o RUN: a folder for the model, the samples and the state")
    lengths = [asked[unit] for unit in ("images", "epochs", "minutes") if asked[unit] is not None]
    if len(lengths) > 1:
        raise UsageError(f"give one of --images, --epochs, --minutes, not {len(lengths)}")
    check_sizes(asked["width"], asked["blocks"], asked["target_ms"], asked["target_mac"])
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("cyclekit distill runs as one process; leave torchrun out")


def _require_room(config: Config, folder: Path | None) -> None:
    """Refuse what the training would refuse only after all that the teacher has to do."""
    from cyclekit.training.learner import check_fit
    from cyclekit.training.run import Run

    require_length(config)
    check_fit(config, DOMAINS)
    assert folder is not None
    Run(folder).require_room(config)


def _usual_cache() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("cyclekit") / "targets"


def _taught(
    config: Config, domain: Domain, teacher: Teacher, targets: Targets, report: EvaluationProgress
) -> tuple[Domain, Domain]:
    """Let the teacher translate what it has not yet; tell what is missing."""
    from cyclekit.distillation.lessons import teach
    from cyclekit.training.inputs import augmentation_of

    count = len(domain.train) + len(domain.held_out)
    domains, lessons = teach(
        domain, augmentation_of(config).prepare, teacher, targets,
        lambda sources: report.watch(sources, "what the teacher makes of them", count),
    )  # fmt: skip
    for message in lessons.broken:
        report.note(f"skipped {message}")
    if lessons.left_out:
        report.note(
            f"{lessons.left_out} of {count} pictures are left out: {targets.folder} holds "
            f"{targets.bytes / 2**20:.0f} MB; raise --cache-size to learn from them too"
        )
    return domains


def _plan(config: Config, domain: Domain, teacher: Teacher, device: str) -> None:
    """Teach a few pictures, take a few steps with them, and say what all of them will take."""
    from cyclekit.distillation.lessons import teach
    from cyclekit.distillation.targets import Targets
    from cyclekit.training.inputs import augmentation_of

    few = replace(domain, train=domain.train[:FEW], held_out=())
    count = len(domain.train) + len(domain.held_out)
    with TemporaryDirectory() as folder:
        targets, started = Targets(Path(folder), teacher.identity, 2**40), time.perf_counter()
        domains, lessons = teach(few, augmentation_of(config).prepare, teacher, targets)
        each = (time.perf_counter() - started) / len(lessons.given)
        pictures = len(domain.train)
        show_plan(_of_all(config, pictures), domains, device, pictures=pictures)
        size = targets.bytes / len(lessons.given) * count / 2**20
    click.echo(
        f"teacher {each:.3g} s a picture, {count} pictures: {each * count / 60:.0f} min, "
        f"{size:.0f} MB, less what is kept already"
    )


def _of_all(config: Config, pictures: int) -> Config:
    """Turn epochs into pictures, for a plan that is made with a few of them."""
    if config.train.epochs is None:
        return config
    images = max(1, round(config.train.epochs * pictures))
    return config.model_copy(
        update={"train": config.train.model_copy(update={"images": images, "epochs": None})}
    )
