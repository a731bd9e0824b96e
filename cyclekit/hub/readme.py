"""The page of a published model: what Hugging Face reads of it, and then what people do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from shlex import quote

import yaml

from cyclekit.hub.card import SIDE, Card
from cyclekit.hub.licence import WORDS
from cyclekit.media.one_line import one_line, some_lines

SAMPLES = "samples.jpg"
_SIGNS = re.compile(r"[\\`*_\[\]<>&#|~!$]")
_LICENCES = frozenset(
    [
        "afl-3.0",
        "agpl-3.0",
        "apache-2.0",
        "artistic-2.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "bsl-1.0",
        "cc",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cc-by-nd-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "ecl-2.0",
        "epl-2.0",
        "eupl-1.1",
        "eupl-1.2",
        "gpl",
        "gpl-2.0",
        "gpl-3.0",
        "isc",
        "lgpl",
        "lgpl-2.1",
        "lgpl-3.0",
        "mit",
        "mpl-2.0",
        "ms-pl",
        "odbl",
        "odc-by",
        "ofl-1.1",
        "openrail",
        "openrail++",
        "osl-3.0",
        "pddl",
        "unknown",
        "unlicense",
        "wtfpl",
        "zlib",
    ]
)
"""Identifiers that the Hub knows (https://huggingface.co/docs/hub/repositories-licenses)."""


def write_readme(card: Card, name: str, pull: str, licence: str, *, samples: bool) -> str:
    """Return the page in Markdown, with the metadata that the Hub reads on top.

    Args:
        card: facts of the model, and what its makers say.
        name: what it will be called.
        pull: what `cyclekit models pull` takes, as "hf:USER/NAME".
        licence: of the weights: an SPDX identifier, or words.
        samples: whether the picture `SAMPLES` lies beside it.
    """
    top = yaml.safe_dump(_metadata(card, licence), sort_keys=False, allow_unicode=True)
    return f"---\n{top}---\n\n" + "\n\n".join(_sections(card, name, pull, licence, samples)) + "\n"


def _metadata(card: Card, licence: str) -> dict[str, object]:
    known = licence.lower()
    slug = re.sub(r"[^a-z0-9.+]+", "-", known).strip("-")[:64] or "see-the-page"
    told = {"license": known} if known in _LICENCES else {"license": "other", "license_name": slug}
    task = "unconditional-image-generation" if card.kind == "noise" else "image-to-image"
    return {
        **told,
        WORDS: one_line(licence),
        "library_name": "cyclekit",
        "pipeline_tag": task,
        "tags": [task, "cyclekit", "gan", "safetensors"],
    }


def _sections(card: Card, name: str, pull: str, licence: str, samples: bool) -> Iterator[str]:
    made = markdown(", ".join(card.directions))
    bare = f"# {markdown(name)}: {made}\n\n**Licence** {markdown(licence)}"
    yield without_html(card.text) or bare
    if samples:
        yield f"![Above pictures, below what the model makes of them]({SAMPLES})"
    use = "translate photos -o translated -m" if card.kind != "noise" else "sample -o sheet.png"
    commands = f"cyclekit models pull {quote(pull)}\ncyclekit {use} {quote(name)}"
    yield f"**Use** with cyclekit\n\n```bash\n{commands}\n```"
    yield "**Facts**\n\n" + "\n".join(f"- {markdown(line)}" for line in _facts(card))


def markdown(text: str) -> str:
    """Return text of anybody's, a model's header for one, as what Markdown shows as it is."""
    return _SIGNS.sub(r"\\\g<0>", one_line(text))


def without_html(text: str) -> str:
    """Return Markdown of anybody's in which no tag is one."""
    return some_lines(text).replace("<", "&lt;")


def _facts(card: Card) -> Iterator[str]:
    options = "".join(f" {key}={value}" for key, value in card.options.items())
    yield f"makes: {', '.join(card.directions)}"
    yield f"network: {card.architecture}{options}, {card.parameters or 0:,} parameters a direction"
    yield f"cost: {(card.macs or 0) / 1e9:.2f} billion multiplications at {card.side or SIDE} px"
    for key in ("images", "seconds", "pictures", "date", "cyclekit", "teacher", "address"):
        if key in card.provenance:
            yield f"{_FACTS[key]}: {card.provenance[key]}"


_FACTS = {
    "images": "images seen, of each side",
    "seconds": "training steps, in seconds",
    "pictures": "pictures learned from, of each side",
    "date": "date",
    "cyclekit": "made with cyclekit",
    "teacher": "learned from",
    "address": "comes from",
}
