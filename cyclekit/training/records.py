"""What the leader of a run writes down for people: log, page, and TensorBoard's files if wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cyclekit.config.schema import Config
from cyclekit.data.kinds import Domains
from cyclekit.training.loggers import JsonLines, TensorBoard
from cyclekit.training.page.write import write_page
from cyclekit.training.progress import Progress
from cyclekit.training.run import Run


class Records:
    """Opened where a run stands; what an interrupted run wrote beyond that is dropped.

    Args:
        run: its folder.
        config: its settings.
        domains: what it learns from.
        images: pictures seen at the state that it goes on from.
    """

    def __init__(self, run: Run, config: Config, domains: Domains, images: int) -> None:
        self._run, self._config, self._domains = run, config, domains
        log = JsonLines(run.log, images)
        self._writers: list[JsonLines | TensorBoard] = [log]
        self.unusable = log.unusable
        """Numbers of the lines of the log that nobody could use, and that are gone."""
        self.ended = log.ended
        """Whether the last that was written is why the run ended before its length."""
        if config.train.tensorboard:
            self._writers.append(TensorBoard(run.folder / "tensorboard", images))

    def write(self, values: dict[str, Any]) -> None:
        """Append values of one moment, "images" among them."""
        for writer in self._writers:
            writer.write(values)
        self.ended = "ended" in values

    def show(self, progress: Progress) -> None:
        """Write the page anew.

        Raises:
            MediaError: if it cannot be written.
        """
        facts = _facts(self._run.folder, self._config, self._domains, progress)
        if not self.ended:
            facts |= _left(progress)
        write_page(self._run.page, facts, self._run.log, self._run.samples)


def _facts(folder: Path, config: Config, domains: Domains, progress: Progress) -> dict[str, str]:
    names = [domain.name for domain in domains]
    pictures = ", ".join(f"{len(domain.train)} of {domain.name}" for domain in domains)
    total = f" of {progress.total}" if progress.total else ""
    return {
        "title": f"{folder.resolve().name}: {' and '.join(names)}",
        "images": f"{progress.images}{total}",
        "time": _clock(progress.seconds),
        "method": config.method.name,
        "generator": config.generator.name,
        "discriminator": config.discriminator.name,
        "crop": f"{config.data.crop} px",
        "batch": str(config.train.batch),
        "pictures": pictures,
    }


def _left(progress: Progress) -> dict[str, str]:
    if not progress.total or not progress.images or progress.done:
        return {}
    rest = (progress.total - progress.images) * progress.seconds / progress.images
    return {"left": f"about {_clock(rest)}"}


def _clock(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
