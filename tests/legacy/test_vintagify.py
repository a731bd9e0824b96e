"""A real published checkpoint against what its own class computed.

`vintagify.npz` was recorded once: `input` is the eye of the sample photograph chelsea.png (64 px),
`output` what the class `ResnetGenerator` of the PyPI package vintagify 0.1.2 made of it.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from cyclekit.hub.open import open_generator
from cyclekit.pixels import to_tensor

WEIGHTS = Path(__file__).parents[3] / "shared/data/weights/vintagify-0.1.2-G_A2B.pth"
RECORDED = Path(__file__).with_name("vintagify.npz")


@pytest.mark.data
@pytest.mark.skipif(not WEIGHTS.is_file(), reason=f"{WEIGHTS} is absent")
def test_a_real_checkpoint_computes_what_its_authors_published():
    model = open_generator(WEIGHTS)
    recorded = np.load(RECORDED)
    with torch.inference_mode():
        output = model.generator(to_tensor(recorded["input"])[None])[0]
    np.testing.assert_allclose(output.numpy(), recorded["output"], atol=1e-4)
    assert (model.info.generator.name, model.direction) == ("resnet9", "ab")
