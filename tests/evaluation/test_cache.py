import sqlite3
from contextlib import closing

import numpy as np
import pytest

from cyclekit.evaluation.cache import FeatureCache

ROW = np.arange(5, dtype=np.float32)


def test_what_was_put_comes_back_in_its_own_type_from_another_cache(tmp_path):
    first = FeatureCache(tmp_path, "net")
    first.put({"a": ROW, "b": ROW.astype(np.float16)})
    second = FeatureCache(tmp_path, "net")
    assert np.array_equal(second.get("a"), ROW)
    assert second.get("b").dtype == np.float16
    assert second.get("c") is None
    assert FeatureCache(tmp_path, "other").get("a") is None
    first.close(), second.close()


def test_without_a_folder_nothing_is_kept():
    cache = FeatureCache(None, "net")
    cache.put({"a": ROW})
    assert cache.get("a") is None
    cache.close()


def test_a_damaged_file_is_thrown_away(tmp_path):
    file = tmp_path / "features/net.sqlite"
    file.parent.mkdir()
    file.write_bytes(b"no table at all" * 100)
    cache = FeatureCache(tmp_path, "net")
    cache.put({"a": ROW})
    assert np.array_equal(cache.get("a"), ROW)
    cache.close()


def test_a_folder_that_cannot_be_made_costs_only_speed(tmp_path):
    (tmp_path / "features").write_text("in the way")
    cache = FeatureCache(tmp_path, "net")
    cache.put({"a": ROW})
    assert cache.get("a") is None


@pytest.mark.parametrize(
    "damage",
    ["type = 'object'", "type = 'float16'", "data = x'010203'", "data = substr(data, 1, 8)",
     "data = zeroblob(20)", "data = 'text'", "data = NULL", "digest = NULL", "key = 'b'"],
)  # fmt: skip
def test_a_damaged_row_is_not_believed(tmp_path, damage):
    cache = FeatureCache(tmp_path, "net")
    cache.put({"a": ROW})
    with closing(sqlite3.connect(tmp_path / "features/net.sqlite")) as table, table:
        table.execute(f"UPDATE kept SET {damage}")
    assert cache.get("a") is None
    assert cache.get("b") is None
    cache.put({"a": ROW})
    assert np.array_equal(cache.get("a"), ROW)
    cache.close()
