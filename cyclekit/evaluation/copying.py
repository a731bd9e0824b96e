"""Are outputs copies of training pictures?"""

from __future__ import annotations

from torch import Tensor

from cyclekit.evaluation.results import Score
from cyclekit.metrics.neighbours import nearest
from cyclekit.models.features.extractor import Extractor


def score_copying(
    extractor: Extractor, model: str, split: str, real: Tensor, fake: Tensor, train: Tensor
) -> tuple[Score, Tensor, Tensor]:
    """Measure whether fakes are nearer to training pictures than unseen real pictures are.

    Args:
        extractor: whose features these are.
        model: the model's name.
        split: which real pictures these are, in words.
        real: features of real pictures that training did not see, (N, D).
        fake: features of the model's, (M, D).
        train: features of the training pictures of the same domain, (K, D).

    Returns:
        The median distance of fakes to their nearest training picture over that of real pictures;
        every fake's distance over that of real pictures (M,); the nearest one's row in train (M,).
    """
    usual = nearest(real, train)[0].median().clamp(min=1e-12)
    distance, index = nearest(fake, train)
    ratio = distance / usual
    name = (
        f"nearest training picture-{extractor.title}, fakes over reals "
        f"({extractor.network.resize}, {len(fake)} vs {len(real)}, {len(train)} training, {split})"
    )
    value = float(ratio.median())
    score = Score(f"copying:{extractor.name}", name, model, value, better="near 1")
    return score, ratio, index
