import json
import os
from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from cyclekit.cli.lines import json_line, one_line, some_lines

ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=30)


def test_bytes_that_are_no_text_are_written_out() -> None:
    assert one_line("caf\udce9\n.png") == "caf\\xe9\\x0a.png"
    told = json.loads(json_line({"file": "caf\udce9\n.png", "size": 3}))
    assert told == {"file": "caf\\xe9\n.png", "file_quoted": "caf%E9%0A.png", "size": 3}
    assert unquote_to_bytes(told["file_quoted"]) == os.fsencode("caf\udce9\n.png")


def test_what_steers_a_terminal_is_written_out() -> None:
    hostile = "\x1b[2Ja\rb\x9b\x7f\u202egnp.exe\u2066\u2028"
    assert one_line(hostile) == r"\x1b[2Ja\x0db\x9b\x7f\u202egnp.exe\u2066\u2028"
    assert some_lines("a\n\x1b[2Jb\n") == "a\n\\x1b[2Jb\n"


@given(ANYTHING)
def test_a_line_is_one_line_of_characters(text: str) -> None:
    line = one_line(text)
    assert "\n" not in line
    line.encode()
    assert one_line(line) == line


@given(st.recursive(ANYTHING | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANYTHING, inner)))  # fmt: skip
def test_json_of_anything_is_one_line_that_strict_readers_take(value: object) -> None:
    line = json_line(value)
    assert "\n" not in line
    read = json.loads(line)
    json.dumps(read, ensure_ascii=False).encode()  # no half of a pair is left


def test_text_stays_as_it_is() -> None:
    value = {"names": ["ä", "日本", "a/b c.png"], "share": 0.5, "none": None}
    assert json.loads(json_line(value)) == value
