"""cyclekit with a generator that changes nothing: `tools/identity.py ARGUMENTS...` of the command.

What comes out changed, the rest of cyclekit has changed. The model is there for this run only.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from orderly import run_tool
from torch import Tensor, nn

from cyclekit.checkpoint.model import ModelInfo, save_model
from cyclekit.cli.main import main
from cyclekit.models import GENERATORS, ImageGenerator
from cyclekit.registry import Spec


@GENERATORS.register("identity")
class Identity(ImageGenerator):
    """Returns its input, which it needs in multiples of 4, as most networks do."""

    stride = 4
    in_channels = out_channels = 3

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, 3, 1, bias=False)
        nn.init.dirac_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return x as float32."""
        output: Tensor = self.head(x.to(self.head.weight.dtype))
        return output


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of cyclekit")
    arguments = parser.parse_args().arguments
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "identity.safetensors")
        info = ModelInfo(Spec("identity"), ("before", "after"), ("ab",))
        save_model(model, {"ab": Identity()}, info)
        main([*arguments, "-m", str(model)])


if __name__ == "__main__":
    run_tool(run)
