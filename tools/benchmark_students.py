"""Small students of a large teacher: `tools/benchmark_students.py TEACHER PHOTOS HELD_OUT -o OUT`.

Lets the teacher translate all photographs once, teaches one student after another, and measures
each on photographs that it has not seen: cost, size, time on this machine, PSNR against the
teacher, and the Frechet distance from the teacher's pictures. Writes students.json and sheet.png,
prints the table in Markdown. Interrupted, the same command goes on; what is trained is not trained
again, but timed anew. One process an OUT.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from orderly import run_tool
from torch import Tensor

from cyclekit.cli.evaluation_progress import EvaluationProgress
from cyclekit.cli.student import student_config
from cyclekit.cli.training_report import Interruption, TrainingReport
from cyclekit.config.schema import Config
from cyclekit.data.class_folders import find_pile
from cyclekit.data.layouts import Domain
from cyclekit.data.source import Source
from cyclekit.data.sources import read_source
from cyclekit.distillation.lessons import teach
from cyclekit.distillation.targets import Pixels, Targets
from cyclekit.distillation.teacher import Teacher, open_teacher
from cyclekit.distillation.timing import milliseconds
from cyclekit.hub.card import SIDE, count_macs
from cyclekit.hub.extractors import open_extractor
from cyclekit.hub.open import open_generator
from cyclekit.inference.translator import Translator
from cyclekit.media.images import Picture, write
from cyclekit.media.sheet import sheet
from cyclekit.metrics.frechet import frechet_distance
from cyclekit.metrics.paired import psnr
from cyclekit.models import ImageGenerator
from cyclekit.training.inputs import augmentation_of
from cyclekit.training.loop import train

RECIPE = ("method.adversarial_weight=0", "train.state_every=200", "train.sample_every=1000",
          "data.workers=0")  # fmt: skip
"""PSNR asks for the mean of what the teacher might make; a critic would refuse it."""
ROWS = 5
LIMIT = 2**40
Row = dict[str, Any]


def main() -> None:
    arguments = _arguments()
    teacher = open_teacher(arguments.teacher, device="cpu")
    domain, held_out = (find_pile([root], teacher.names[0]) for root in arguments.folders)
    domain = replace(
        domain, train=some(domain.train + domain.held_out, arguments.pictures),
        held_out=held_out.train + held_out.held_out,
    )  # fmt: skip
    configs = {limit: recipe(limit, teacher, arguments) for limit in arguments.macs}
    domains = taught(domain, teacher, next(iter(configs.values())), arguments.output)
    if arguments.teach_only:
        return
    folders = {limit: arguments.output / f"{limit}mac" for limit in configs}
    for limit, config in configs.items():
        if not learn(config, domains, folders[limit]):
            return
    report(arguments, domains, folders)


def some(sources: Sequence[Source], count: int) -> tuple[Source, ...]:
    """Choose at random, so that a larger choice holds the smaller one."""
    order = np.random.default_rng(0).permutation(len(sources))
    return tuple(sources[place] for place in order[:count])


def recipe(limit: str, teacher: Teacher, arguments: argparse.Namespace) -> Config:
    """Return the settings of a student of so many multiplications."""
    config, _ = student_config(
        [arguments.folders[0]], teacher.names, teacher.name, None, "cpu", file=None,
        settings=[*RECIPE, *arguments.settings], vgg=None, width=None, blocks=None, target_ms=None,
        target_mac=1e9 * float(limit.rstrip("G")), images=arguments.images,
    )  # fmt: skip
    return config


def taught(domain: Domain, teacher: Teacher, config: Config, output: Path) -> tuple[Domain, Domain]:
    """Let the teacher translate what it has not translated before."""
    count = len(domain.train) + len(domain.held_out)
    watch = EvaluationProgress(quiet=False).watch
    domains, _ = teach(
        domain, augmentation_of(config).prepare, teacher,
        Targets(output / "targets", teacher.identity, LIMIT),
        lambda sources: watch(sources, "the teacher's pictures", count),
    )  # fmt: skip
    return domains


def learn(config: Config, domains: tuple[Domain, Domain], folder: Path) -> bool:
    """Train a student, or go on; say whether it is done."""
    cpu = torch.device("cpu")
    with Interruption() as asked, TrainingReport(quiet=False) as listener:
        progress = train(
            config, domains, folder, device=cpu, listener=listener, stop=lambda _: asked.asked
        )
    return progress.done


def report(
    arguments: argparse.Namespace, domains: tuple[Domain, Domain], folders: dict[str, Path]
) -> None:
    """Measure all, write what was found, print the table."""
    photos, targets = ([read_source(one) for one in domain.held_out] for domain in domains)
    describe = describer(arguments.features)
    wanted = describe(targets)
    rows = [measured("nothing done", photos, targets, describe, wanted)]
    made = []
    for name, source in {"teacher": arguments.teacher, **folders}.items():
        opened = open_generator(source)
        translator = Translator(opened.generator, device="cpu")
        if name != "teacher":
            made.append([np.asarray(one, np.uint8) for one in translator.stream(photos)])
        pictures = targets if name == "teacher" else made[-1]
        row = measured(name, pictures, targets, describe, wanted)
        rows.append({**row, **cost(opened.generator, opened.path), "images": arguments.images}
                    | {"network": _words(opened.info.generator.options)}
                    | {"milliseconds": milliseconds(translator, SIDE)})  # fmt: skip
    found = {"held_out": len(photos), "pictures": len(domains[0].train), "rows": rows,
             "threads": torch.get_num_threads(), "features": "MobileNetV2"}  # fmt: skip
    (arguments.output / "students.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    cells = [
        [photos[i], targets[i], *(of[i] for of in made)] for i in range(min(ROWS, len(photos)))
    ]
    write(arguments.output / "sheet.png", Picture(sheet(cells, cells[0][0].shape[0])))
    print("\n".join(table(rows)))


def measured(
    name: str, pictures: Sequence[Pixels], targets: Sequence[Pixels],
    describe: Callable[[Sequence[Pixels]], Tensor], wanted: Tensor,
) -> Row:  # fmt: skip
    """Compare pictures with the teacher's: dB, mean and its error, and the Frechet distance."""
    values = torch.cat(
        [psnr(_levels([y]), _levels([x])) for x, y in zip(pictures, targets, strict=True)]
    )
    return {
        "name": name, "psnr": float(values.mean()),
        "psnr_error": float(values.std() / len(values) ** 0.5),
        "psnr_worst": float(values.min()), "fd": frechet_distance(describe(pictures), wanted),
    }  # fmt: skip


def describer(file: Path | None) -> Callable[[Sequence[Pixels]], Tensor]:
    """Return what describes pictures as MobileNetV2 does, (N, 1280)."""
    network = open_extractor("mobilenet", file).network

    def describe(pictures: Sequence[Pixels]) -> Tensor:
        with torch.inference_mode():
            levels = [torch.from_numpy(network.fit(one)).permute(2, 0, 1)[None] for one in pictures]
            return torch.cat([network(one).pooled for one in levels])

    return describe


def cost(generator: ImageGenerator, file: Path) -> Row:
    """Return what a model costs, whatever it makes."""
    spec = open_generator(file).info.generator
    return {
        "gmac": count_macs(spec) / 1e9,
        "parameters": sum(weight.numel() for weight in generator.parameters()),
        "megabytes": file.stat().st_size / 1e6,
    }


def table(rows: Sequence[Row]) -> list[str]:
    """Lay out the rows in Markdown."""
    lines = ["| | GMAC | parameters | MB | ms | PSNR, dB | FD |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        size = (
            f"{row['gmac']:.2f} | {row['parameters']:,} | {row['megabytes']:.1f} | "
            f"{row['milliseconds']:.1f}"
            if "gmac" in row else "| | | "
        )  # fmt: skip
        near = "| " if row["name"] == "teacher" else f"{row['psnr']:.1f} | {row['fd']:.1f}"
        name = ", ".join(word for word in (row["name"], row.get("network")) if word)
        lines.append(f"| {name} | {size} | {near} |")
    return lines


def _levels(pictures: Sequence[Pixels]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def _words(options: Any) -> str:
    return ", ".join(
        f"{key} {value}" for key, value in options.items() if key in ("width", "blocks")
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("teacher", help="any model that translates")
    parser.add_argument("folders", nargs=2, type=Path, metavar="FOLDER",
                        help="photographs to learn from, and others to measure with")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of all students")
    parser.add_argument("--macs", nargs="+", default=["2.7G", "1.4G", "0.5G"])
    parser.add_argument("--images", type=int, default=6000, help="pictures that each student sees")
    parser.add_argument("--pictures", type=int, default=10**6, help="photographs to learn from")
    parser.add_argument("--features", type=Path, help="file of MobileNetV2's weights")
    parser.add_argument("--teach-only", action="store_true", help="train no student yet")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="S.K=V")
    return parser.parse_args()


if __name__ == "__main__":
    run_tool(main)
