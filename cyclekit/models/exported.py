"""A generator that runs in another program, from a file that holds its arithmetic."""

from __future__ import annotations

from torch import Tensor

from cyclekit.errors import UsageError
from cyclekit.models.base import ImageGenerator


class ExportedGenerator(ImageGenerator):
    """Turns pictures into pictures like any other, but it has no layers to look into.

    So its norms' statistics can neither be replayed nor carried, and its number formats are those
    that its file and the other program offer.

    `engine` names the program, for the user: "onnxruntime 1.31.1". `formats` are the number formats
    to choose from, the file's own first: "fp32", "fp16", "int8", "bf16". `reach` is how far an
    output pixel looks, in pixels of the input on either side; None where it may see everything, and
    `whole` then says why tiles would not be exact. `bytes_per_pixel` is the memory that a picture
    takes and `macs_per_pixel` the multiplications, for each of its pixels, and `weights` counts the
    parameters; the last two are None where the file does not say.
    """

    in_channels = out_channels = 3
    engine: str
    formats: tuple[str, ...]
    reach: int | None
    whole: str
    bytes_per_pixel: float
    macs_per_pixel: float | None = None
    weights: int | None = None
    colors: Tensor | None = None

    @property
    def palette(self) -> Tensor | None:
        """The colours that all outputs consist of, as its file says."""
        return self.colors

    def place(self, device: str) -> str:
        """Return the device that it runs on where `device` is asked for.

        Raises:
            UsageError: if it does not run there.
        """
        if device not in ("auto", "cpu"):
            raise UsageError(
                f"{self.engine} runs on the processor here; leave --device {device} out"
            )
        return "cpu"

    def require_format(self, precision: str) -> None:
        """Refuse a number format that is not among `formats`.

        Raises:
            UsageError: saying which there are.
        """
        if precision not in (*self.formats, "auto"):
            known = " or ".join(self.formats)
            raise UsageError(
                f"this file computes in {known} ({self.engine}), not in {precision}; "
                "leave --precision out"
            )
