"""A feature network that knows which weights it has, and is called after them."""

from __future__ import annotations

from dataclasses import dataclass

from cyclekit.models.features.base import FeatureNetwork


@dataclass(frozen=True)
class Extractor:
    """A network ready to describe pictures."""

    name: str
    """Key in the registry of networks."""
    network: FeatureNetwork
    """Filled and frozen."""
    digest: str
    """SHA-256 of the file that its weights come from, 64 hexadecimal digits."""
    published: bool
    """Whether those are the published weights; if not, scores carry the digest in their name."""

    @property
    def identity(self) -> str:
        """What features depend on beside the picture; a file name."""
        return f"{self.name}-{self.digest[:16]}-{self.network.resize}"

    @property
    def title(self) -> str:
        """Name of the network in scores."""
        return self.network.title if self.published else f"{self.network.title}~{self.digest[:8]}"

    @property
    def frechet_name(self) -> str:
        """Name of the Frechet distance; "FID" is only what has the FID's own weights and resize."""
        return self.network.frechet_name if self.published else f"FD-{self.title}"

    @property
    def kernel_name(self) -> str:
        """Name of the kernel distance; "KID" likewise."""
        return self.network.kernel_name if self.published else f"KD-{self.title}"
