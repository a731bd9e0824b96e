"""Which output belongs to which video."""

from pathlib import Path

import pytest

from cyclekit.errors import UsageError
from cyclekit.media.video.folder import pairs


def test_a_link_stands_for_the_video_that_it_leads_to_unless_that_is_read(tmp_path: Path) -> None:
    source = tmp_path / "in.mp4"
    source.touch()
    (tmp_path / "link.mp4").symlink_to("far/real.webm")
    (tmp_path / "same.mp4").symlink_to("in.mp4")
    assert pairs(source, tmp_path / "link.mp4") == [(source, tmp_path / "far/real.webm")]
    with pytest.raises(UsageError, match="inputs are never overwritten"):
        pairs(source, tmp_path / "same.mp4")
