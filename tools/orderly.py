"""How every tool begins and ends: a picture's name is checked first, a mistake is one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from cyclekit.cli.lines import one_line
from cyclekit.errors import CyclekitError, UsageError

MISTAKE, INTERRUPTED = 2, 130


def run_tool(main: Callable[[], object]) -> NoReturn:
    """Run a tool and leave: 0 if all went well, 2 and one line if the user can mend it."""
    try:
        main()
    except CyclekitError as error:
        _leave(str(error))
    except OSError as error:
        if error.filename is None:
            _leave(str(error))
        _leave(f"{os.fsdecode(error.filename)}: {error.strerror}")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    sys.exit(0)


def _leave(reason: str) -> NoReturn:
    print(f"error: {one_line(reason)}", file=sys.stderr)
    sys.exit(MISTAKE)


def picture_file(text: str) -> Path:
    """Return a path that a picture can be written to, for argparse."""
    from PIL import Image

    path = Path(text)
    if Image.registered_extensions().get(path.suffix.lower()) not in Image.SAVE:
        raise argparse.ArgumentTypeError(f"'{text}': expected a picture's name, such as sheet.png")
    return path


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder, of which there must be some.

    Raises:
        UsageError: if there are none.
    """
    from cyclekit.media.folders import list_pictures

    found = list_pictures(folder)
    if not found:
        raise UsageError(f"{folder}: holds no pictures")
    return found
