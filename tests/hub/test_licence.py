"""Pages are anybody's: the licence is read of what the Hub reads, and nothing else is believed."""

import pytest

from cyclekit.hub.licence import LARGEST, LONGEST, read_licence


def licence_of(folder, text):
    page = folder / "README.md"
    page.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_licence(page)


@pytest.mark.parametrize(
    ("top", "licence"),
    [
        ("license: mit", "mit"),
        ("license: mit\nlicence_in_words: MIT", "MIT"),
        ("license: other\nlicense_name: our-own-terms", "our-own-terms"),
        (
            "license: other\nlicense_name: see-the-page\nlicence_in_words: 勝手にどうぞ",
            "勝手にどうぞ",
        ),
        ("license: other", "other"),
        ("license: mit\nlicense_name: a-left-over", "mit"),
        ("tags: [gan]\nlicense: ' apache-2.0 '", "apache-2.0"),
    ],
)
def test_the_licence_is_read_of_the_metadata(tmp_path, top, licence):
    assert licence_of(tmp_path, f"---\n{top}\n---\n\n# Zebras\n---\n") == licence
    windows = f"\ufeff---\n{top}\n---\n# Zebras".replace("\n", "\r\n")
    assert licence_of(tmp_path, windows) == licence


@pytest.mark.parametrize(
    "text",
    [
        "", "# Zebras\n", "license: mit\n", "---\nlicense: mit\n", "# Z\n---\nlicense: mit\n---\n",
        "---\n---\nlicense: mit\n", "---\nlicense: [mit\n---\n", "---\nlicense: [mit]\n---\n",
        "---\nlicense: 3\n---\n", "---\nlicense: ''\n---\n", "---\n- license\n---\n",
        "---\nlicense: !!timestamp x\n---\n", "---\n!!python/object:os.system {}\n---\n",
        b"\xff\xfe\x00", f"---\n{'[' * 30_000}\n---\n",
        f"---\ntags: {'x' * LARGEST}\nlicense: mit\n---\n",
    ],
)  # fmt: skip
def test_what_tells_none_is_no_error(tmp_path, text):
    assert licence_of(tmp_path, text) is None


def test_a_page_that_is_no_file_tells_none_and_a_long_licence_is_cut(tmp_path):
    assert read_licence(tmp_path) is None
    assert read_licence(tmp_path / "absent.md") is None
    assert licence_of(tmp_path, f"---\nlicense: {'x' * 1000}\n---\n") == "x" * LONGEST
