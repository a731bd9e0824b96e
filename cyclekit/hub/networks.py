"""Where the weights of feature networks come from, and where they lie on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from cyclekit.errors import UnknownNameError


@dataclass(frozen=True)
class Origin:
    """A published file."""

    url: str
    """Its address."""
    sha256: str
    """Its checksum, or, where no more is published, the first digits."""


@dataclass(frozen=True)
class Network:
    """A feature network whose weights can be had."""

    name: str
    """What `--features` calls it."""
    builder: str
    """Key of the registry of networks; "lpips" is no such network, but a distance of pairs."""
    origins: tuple[Origin, ...]
    """Files that make up the weights."""
    licence: str
    """Of the weights, as their publishers say."""
    size_mb: int
    """What is fetched, in millions of bytes."""
    keys: tuple[str, ...] = ("",)
    """How keys begin that are kept on installing."""
    same_as: tuple[str, ...] = ()
    """Checksums of files in other forms that hold the same numbers."""
    stored_as: str = ""
    """Another network whose file it shares; its own if empty."""


_PYTORCH = "https://download.pytorch.org/models"
_DINOV2 = "https://dl.fbaipublicfiles.com/dinov2"
_INCEPTION = Origin(
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    "pt_inception-2015-12-05-6726825d.pth",
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
)
_TORCHSCRIPT = "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4"
_LPIPS = "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/lpips/weights"


def _inception(name: str, stored_as: str = "") -> Network:
    licence = "Apache-2.0 (TensorFlow's Inception of 2015-12-05, ported by pytorch-fid)"
    return Network(
        name, name, (_INCEPTION,), licence, 96, same_as=(_TORCHSCRIPT,), stored_as=stored_as
    )


def _dinov2(name: str, file: str, sha256: str, size_mb: int) -> Network:
    origin = Origin(f"{_DINOV2}/{file}/{file}_pretrain.pth", sha256)
    return Network(name, "dinov2", (origin,), "Apache-2.0 (Meta)", size_mb)


NETWORKS = {
    network.name: network
    for network in (
        Network(
            "mobilenet",
            "mobilenet",
            (Origin(f"{_PYTORCH}/mobilenet_v2-b0353104.pth", "b0353104"),),
            "BSD-3-Clause (torchvision)",
            14,
            keys=("features.",),
            # The same numbers without the classifier, as safetensors.
            same_as=("6117ffe95246bf9d037a2f8d463678cb0248de829d161362afce326136d1ac10",),
        ),
        _inception("inception"),
        _inception("fid", stored_as="inception"),
        _dinov2(
            "dinov2",
            "dinov2_vits14",
            "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9",
            88,
        ),
        _dinov2(
            "dinov2-b",
            "dinov2_vitb14",
            "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73",
            346,
        ),
        _dinov2(
            "dinov2-l",
            "dinov2_vitl14",
            "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428",
            1218,
        ),
        Network(
            "vgg",
            "vgg",
            (Origin(f"{_PYTORCH}/vgg19-dcbb9e9d.pth", "dcbb9e9d"),),
            "BSD-3-Clause (torchvision)",
            575,
            keys=tuple(f"features.{n}." for n in (0, 2, 5, 7, 10, 12, 14, 16, 19)),
        ),
        Network(
            "lpips",
            "lpips",
            (
                Origin(f"{_PYTORCH}/vgg16-397923af.pth", "397923af"),
                Origin(
                    f"{_LPIPS}/v0.1/vgg.pth",
                    "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
                ),
            ),
            "BSD-3-Clause (torchvision), BSD-2-Clause (LPIPS)",
            528,
            keys=("features.", "lin"),
        ),
    )
}
"""Feature networks by name, the one that needs least first."""


def find_network(name: str) -> Network:
    """Return the network of that name.

    Raises:
        UnknownNameError: if there is none.
    """
    if name not in NETWORKS:
        raise UnknownNameError("feature network", name, NETWORKS)
    return NETWORKS[name]


def installed_file(network: Network, cache: Path | None = None) -> Path:
    """Return where a network's weights lie once they are installed.

    Args:
        network: any.
        cache: the user's cache folder; found by the platform's rules if None.
    """
    folder = cache or platformdirs.user_cache_path("cyclekit")
    return folder / "networks" / f"{network.stored_as or network.name}.safetensors"
