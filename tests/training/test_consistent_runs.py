import json

from cyclekit.config.resolve import resolve
from cyclekit.training.loop import train
from tests.training.test_loop import assert_same_state
from tests.training.worlds import CPU, TINY, two_folders

CONSISTENT = resolve([TINY, {"consistency": {"weight": 10.0, "shift": 1.0}}])


def test_a_consistent_run_resumes_exactly_and_logs_the_rule(tmp_path):
    domains = two_folders(tmp_path)
    train(CONSISTENT, domains, tmp_path / "whole", device=CPU)
    train(CONSISTENT, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 10)
    assert train(CONSISTENT, domains, tmp_path / "parts", device=CPU).done
    assert_same_state(tmp_path / "whole", tmp_path / "parts")
    line = json.loads((tmp_path / "whole/log.jsonl").read_text().splitlines()[-1])
    assert line["consistency_ab"] > 0
