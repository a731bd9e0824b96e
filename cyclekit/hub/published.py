"""Checkpoints that the authors of CycleGAN and pix2pix published with their code."""

from __future__ import annotations

from dataclasses import dataclass

from cyclekit.data.catalogue import entries

CODE = "https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix"
_SERVER = "https://efrosgans.eecs.berkeley.edu"


@dataclass(frozen=True)
class Published:
    """One generator that anybody can fetch."""

    name: str
    """What it is called here."""
    url: str
    """Address of the file: a bare state dict."""
    paper: str
    """The method that it was trained by."""
    domains: tuple[str, str]
    """What it turns into what, in words."""
    dataset: str
    """What it learned from; the catalogue of datasets says of most which rights there are."""
    generator: str
    """The network that it is."""

    @property
    def rights(self) -> str:
        """What is known of who may do what with the weights."""
        known = {entry.name: entry.licence for entry in entries()}
        data = known.get(self.dataset, "unknown")
        return f"none is told for the weights; of their data ({self.dataset}): {data}"


def _cyclegan(file: str, source: str, target: str, dataset: str) -> Published:
    url = f"{_SERVER}/cyclegan/pretrained_models/{file}.pth"
    return Published(file, url, "CycleGAN, arXiv:1703.10593", (source, target), dataset, "resnet9")


def _pix2pix(file: str, source: str, target: str, dataset: str) -> Published:
    """Describe one of pix2pix, of which some files are called as those of CycleGAN."""
    url = f"{_SERVER}/pix2pix/models-pytorch/{file}.pth"
    name = f"pix2pix-{file}"
    return Published(name, url, "pix2pix, arXiv:1611.07004", (source, target), dataset, "unet256")


PUBLISHED = {
    published.name: published
    for published in (
        _cyclegan("horse2zebra", "horse", "zebra", "horse2zebra"),
        _cyclegan("zebra2horse", "zebra", "horse", "horse2zebra"),
        _cyclegan("apple2orange", "apple", "orange", "apple2orange"),
        _cyclegan("orange2apple", "orange", "apple", "apple2orange"),
        _cyclegan("summer2winter_yosemite", "summer", "winter", "summer2winter_yosemite"),
        _cyclegan("winter2summer_yosemite", "winter", "summer", "summer2winter_yosemite"),
        _cyclegan("monet2photo", "monet", "photo", "monet2photo"),
        _cyclegan("style_monet", "photo", "monet", "monet2photo"),
        _cyclegan("style_cezanne", "photo", "cezanne", "cezanne2photo"),
        _cyclegan("style_ukiyoe", "photo", "ukiyoe", "ukiyoe2photo"),
        _cyclegan("style_vangogh", "photo", "vangogh", "vangogh2photo"),
        _cyclegan("sat2map", "aerial", "map", "maps"),
        _cyclegan("map2sat", "map", "aerial", "maps"),
        _cyclegan("cityscapes_photo2label", "photo", "label", "cityscapes"),
        _cyclegan("cityscapes_label2photo", "label", "photo", "cityscapes"),
        _cyclegan("facades_photo2label", "photo", "label", "facades"),
        _cyclegan("facades_label2photo", "label", "photo", "facades"),
        _cyclegan("iphone2dslr_flower", "iphone", "dslr", "iphone2dslr_flower"),
        _pix2pix("edges2shoes", "edges", "shoe", "edges2shoes"),
        _pix2pix("sat2map", "aerial", "map", "maps_paired"),
        _pix2pix("map2sat", "map", "aerial", "maps_paired"),
        _pix2pix("facades_label2photo", "label", "photo", "facades_paired"),
        _pix2pix("day2night", "day", "night", "night2day"),
    )
}
"""Published generators by name."""
