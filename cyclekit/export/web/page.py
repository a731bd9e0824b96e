"""Writes the page itself."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclekit.export.about import About
from cyclekit.export.web.runtime import NAME, VERSION
from cyclekit.media.pair import pair_script, pair_style

if TYPE_CHECKING:
    from markupsafe import Markup

_PARTS = Path(__file__).parent
_SCRIPTS = ("engine.js", "page.js", "camera.js")
_LONGEST = 300
"""Letters of an entry of the provenance that is shown."""
_WORDS = {"cyclekit": "made by cyclekit", "images": "images seen in training", "seconds": "seconds of training"}  # fmt: skip


def render_page(path: Path, about: About, facts: Mapping[str, Any], *, model_bytes: int) -> None:
    """Write `index.html`: everything but the network and what runs it.

    Whatever is said of the model is escaped; the page forbids itself to fetch from anywhere, and to
    run any script but its own.

    Args:
        path: the file.
        about: what is known of the model.
        facts: what the scripts need to know.
        model_bytes: size of the network, packed.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_PARTS), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    script = pair_script() + "".join(_read(name) for name in _SCRIPTS)
    style = _read("page.css") + pair_style()
    source, target = about.info.domains(about.info.directions[0])
    text = environment.get_template("page.html").render(
        about=about, source=source, target=target, facts=facts, model_bytes=model_bytes,
        provenance=_told(about.info.provenance), runtime=f"{NAME} {VERSION}",
        blocks=_blocks(about.text),
        script=script, script_hash=_hash(script), style=style, style_hash=_hash(style),
        worker=_read("worker.js"),
    )  # fmt: skip
    path.write_text(text, encoding="utf-8", errors="replace")


def _read(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _blocks(text: str) -> list[tuple[str, list[Markup]]]:
    """Escape a model's card, as "p" with one text or "ul" with a text for each entry.

    Of Markdown, titles are left out, lists are lists, and what stands out still does.
    """
    found: list[tuple[str, list[Markup]]] = []
    for block in text.split("\n\n"):
        if block.startswith("- "):
            found.append(("ul", [_marked(entry) for entry in f"\n{block}".split("\n- ")[1:]]))
        elif block.strip() and not block.startswith("#"):
            found.append(("p", [_marked(block)]))
    return found


def _marked(text: str) -> Markup:
    from markupsafe import Markup, escape

    words = str(escape(text))
    for mark, name in (("**", "b"), ("*", "i"), ("`", "code")):
        sign = re.escape(mark)
        words = re.sub(rf"{sign}(\S[^*`]*){sign}", rf"<{name}>\1</{name}>", words)
    return Markup(words)


def _told(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Leave out what is no plain fact, such as all settings of a run."""
    plain = {key: str(value) for key, value in provenance.items() if isinstance(value, str | int | float)}  # fmt: skip
    return {_WORDS.get(key, key): value for key, value in plain.items() if value and len(value) <= _LONGEST}  # fmt: skip
