import sqlite3

import numpy as np

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


def test_a_row_of_a_strange_type_is_ignored(tmp_path):
    FeatureCache(tmp_path, "net").close()
    with sqlite3.connect(tmp_path / "features/net.sqlite") as table:
        table.execute("INSERT INTO vectors VALUES ('a', 'object', x'00')")
    table.close()
    cache = FeatureCache(tmp_path, "net")
    assert cache.get("a") is None
    cache.close()
