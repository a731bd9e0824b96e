import re

import pytest
import torch

from cyclekit.distillation.student import (
    SHAPES,
    Student,
    student_of_macs,
    student_of_milliseconds,
    time_student,
)
from cyclekit.errors import UsageError
from cyclekit.hub.card import count_macs
from cyclekit.registry import Spec

every_network = pytest.mark.parametrize("name", SHAPES)


@every_network
@pytest.mark.parametrize("limit", [3e8, 2.7e9])
def test_the_student_uses_what_is_allowed_and_no_more(limit, name):
    student = student_of_macs(limit, Spec(name, {"skip": True}))
    assert 0.9 * limit < count_macs(student.spec) <= limit
    assert SHAPES[name] / 4 < student.width / student.blocks < 4 * SHAPES[name]
    assert student.spec.options["skip"] is True


def test_less_than_the_smallest_is_refused():
    with pytest.raises(
        UsageError, match=r"--target-mac 0\.01G is too little: .* needs 0.1\d*G"
    ) as no:
        student_of_macs(1e7, Spec("mobile"))
    width, blocks = map(int, re.findall(r"tried \(width (\d+), (\d+) blocks\)", str(no.value))[0])
    assert f"needs {Student('mobile', width, blocks).macs / 1e9:.2g}G" in str(no.value)
    assert Student("mobile", 8, 1).macs < 1e8, "--width and --blocks do make smaller ones"


@every_network
def test_the_largest_that_is_fast_enough_is_found_with_few_measurements(name):
    measured = []

    def measure(student):
        measured.append(student)
        return student.macs / 1e8

    student, taken = student_of_milliseconds(10, Spec(name), measure=measure)
    wider = student.width + 8
    assert student.macs <= 1e9 < Student(name, wider, round(wider / SHAPES[name])).macs
    assert taken == pytest.approx(student.macs / 1e8)
    assert len(measured) <= 7
    with pytest.raises(UsageError, match=r"\(width 16, 2 blocks\) takes 80\.0 ms for 256x256 here"):
        student_of_milliseconds(10, Spec(name), measure=lambda _: 80.0)
    largest, _ = student_of_milliseconds(10, Spec(name), measure=lambda _: 1.0)
    assert (largest.width, largest.blocks) == (320, 16)


def test_a_student_is_timed_and_nothing_else_changes():
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    assert 0 < time_student(Student("mobile", 16, 2), "cpu") < 10_000
    assert torch.equal(torch.random.get_rng_state(), before)
