from cyclekit.evaluation.pairing import chance_of_pairs, find_pairs
from cyclekit.evaluation.pile import Pile
from tests.evaluation.worlds import paint


def test_auto_pairs_only_where_all_names_are_the_same(tmp_path):
    five, same, four = (paint(tmp_path / name, n) for name, n in (("a", 5), ("b", 5), ("c", 4)))
    assert find_pairs(five, same, "auto") == ["0", "1", "2", "3", "4"]
    assert find_pairs(five, four, "auto") == find_pairs(four, five, "auto") == []
    assert find_pairs(five, four, "names") == ["0", "1", "2", "3"]
    assert find_pairs(five, same, "none") == []


def test_edges_tell_true_pairs_from_pictures_that_share_a_number(tmp_path):
    real = paint(tmp_path / "real", 12)
    tinted = paint(tmp_path / "tinted", 12, tint=50)
    numbered = paint(tmp_path / "numbered", 12, first=500)
    assert chance_of_pairs(real, tinted) <= 0.01
    assert chance_of_pairs(real, numbered) > 0.05


def test_too_few_pairs_cannot_be_judged(tmp_path):
    real = paint(tmp_path / "real", 5)
    few = Pile("few", dict(list(real.sources.items())[:4]))
    assert chance_of_pairs(real, few) is None
    (tmp_path / "real/0.png").write_bytes(b"broken")
    assert chance_of_pairs(real, real) is None
