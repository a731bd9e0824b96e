"""Generators whose output is known by a formula."""

from torch import Tensor, nn

from cyclekit.models import ImageGenerator


class Same(ImageGenerator):
    """Returns its input; notes the shapes it saw."""

    stride = 4
    in_channels = out_channels = 3

    def __init__(self, seen: list[tuple[int, ...]] | None = None) -> None:
        super().__init__()
        self.head = nn.Identity()
        self.seen = [] if seen is None else seen

    def __deepcopy__(self, memo: object) -> "Same":
        return Same(self.seen)  # the translator's copy reports to the test

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(tuple(x.shape))
        return x


class Negative(Same):
    """Turns black into white."""

    def __deepcopy__(self, memo: object) -> "Negative":
        return Negative(self.seen)

    def forward(self, x: Tensor) -> Tensor:
        return -super().forward(x)
