import numpy as np
import onnx
import pytest
import torch

from cyclekit.errors import ExportError, UsageError
from cyclekit.export import packages
from cyclekit.export.open import open_exported
from cyclekit.export.write import export, sample_pictures
from cyclekit.hub.exporting import find_writer
from cyclekit.inference.translator import Translator
from cyclekit.models.norm import InstanceNorm
from tests.export.orders import order, pictures
from tests.tiny import names_of, picture

ENDINGS = (".onnx", ".xml", ".pt")


def written(folder, ending, wanted, name="model", **how):
    path = folder / f"{name}{ending}"
    seen = how.pop("pictures", None) or pictures(wanted.generator.stride)
    return export(wanted, path, find_writer(path, None), pictures=seen, **how)


@pytest.mark.parametrize("name", names_of("translator"))
def test_every_generator_is_the_same_in_onnx_at_any_size(tmp_path, name):
    made = written(tmp_path, ".onnx", order(name))
    assert len({(one.width, one.height) for one in made.differences}) == 3
    assert all(one.mean < 0.02 and one.most <= 1 for one in made.differences)


@pytest.mark.parametrize("ending", [".xml", ".pt"])
@pytest.mark.parametrize("name", ["mobile", "resnet6_antialias", "unet"])
def test_other_formats_are_the_same_too(tmp_path, name, ending):
    made = written(tmp_path, ending, order(name))
    assert all(one.mean < 0.02 and one.most <= 1 for one in made.differences)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        path.name for path in made.files
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_with_processing_stored_pictures_of_any_size_go_in_and_out(tmp_path, ending):
    wanted = order(processing=True)
    seen = [picture(7, 1), picture(33, 18), picture(16, 16)]
    made = written(tmp_path, ending, wanted, pictures=seen)
    assert all(one.most <= 1 for one in made.differences[1:])
    assert made.about.stride == 4


@pytest.mark.parametrize("ending", ENDINGS)
def test_half_precision_is_near(tmp_path, ending):
    made = written(tmp_path, ending, order(precision="fp16"))
    assert 0 < made.differences[0].mean < 0.5
    full = written(tmp_path, ending, order(), name="full")
    assert made.files[-1].stat().st_size < full.files[-1].stat().st_size


@pytest.mark.parametrize("ending", [".onnx", ".xml"])
def test_int8_keeps_sensitive_layers_and_says_so(tmp_path, ending):
    seen = [crop[64:112, 64:112] for crop in sample_pictures()] * 2
    made = written(tmp_path, ending, order(precision="int8", pictures=seen))
    assert made.psnr >= 30
    assert "kept in float32" in made.about.note
    assert "calibrated on 4" in made.about.note
    assert "on 2 pictures" in made.about.note
    opened = open_exported(made.files[0])
    assert opened.generator.formats == ("int8",)
    with pytest.raises(UsageError, match="computes in int8"):
        Translator(opened.generator, precision="bf16")
    if ending == ".onnx":
        steps = [node.op_type for node in onnx.load(str(made.files[0])).graph.node]
        assert "QuantizeLinear" in steps


def test_int8_that_is_far_from_float32_is_refused_unless_forced(tmp_path, monkeypatch):
    monkeypatch.setattr("cyclekit.export.write.LEAST_PSNR", 99)
    wanted = order(precision="int8", pictures=[picture(24, 24, seed=i) for i in range(3)])
    with pytest.raises(ExportError, match=r"dB from float32, expected at least 99: nothing was"):
        written(tmp_path, ".onnx", wanted)
    assert list(tmp_path.iterdir()) == []
    assert written(tmp_path, ".onnx", wanted, force=True).files[0].is_file()


def test_torchscript_holds_no_int8(tmp_path):
    with pytest.raises(UsageError, match="holds no int8"):
        written(tmp_path, ".pt", order(precision="int8", pictures=[picture()]))


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_differs_from_torch_is_not_kept(tmp_path, ending, monkeypatch):
    wanted = order()
    path = tmp_path / f"model{ending}"
    path.write_text("the old one")
    true = type(wanted).expected
    monkeypatch.setattr(type(wanted), "expected", lambda self, seen: 255 - true(self, seen))
    with pytest.raises(ExportError, match=r"differs from torch by .* nothing was written"):
        written(tmp_path, ending, wanted)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "the old one"


def test_an_export_is_a_model_again(tmp_path):
    wanted = order()
    made = written(tmp_path, ".onnx", wanted)
    opened = open_exported(made.files[0])
    assert opened.info.domains(opened.info.directions[0]) == ("zebra", "horse")
    assert opened.info.provenance == {"licence": "CC0"}
    assert (opened.generator.stride, opened.generator.weights) == (4, made.about.parameters)
    before = picture(21, 30)
    ours, theirs = (
        Translator(one, precision="fp32")(before) for one in (wanted.generator, opened.generator)
    )
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_an_openvino_file_also_computes_in_bfloat16(tmp_path):
    opened = open_exported(written(tmp_path, ".xml", order()).files[0])
    exact = Translator(opened.generator, precision="fp32")
    short = Translator(opened.generator, precision="bf16")
    assert (exact.precision, short.precision) == ("fp32", "bf16")
    before = picture(21, 30)
    assert np.abs(exact(before).astype(float) - short(before)).mean() < 3


def test_parameters_and_multiplications_are_counted(tmp_path):
    made = written(tmp_path, ".onnx", order("resnet", pictures=()))
    generator = order("resnet").generator
    assert made.about.parameters == sum(one.numel() for one in generator.parameters())
    from cyclekit.hub.card import count_macs
    from tests.tiny import GENERATORS, tiny_spec

    counted = count_macs(tiny_spec(GENERATORS, "resnet"))
    assert made.about.macs_per_pixel * 256**2 == pytest.approx(counted, rel=0.02)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("how", [{"processing": True}, {"precision": "fp16"}])
def test_weights_are_counted_whatever_is_written(tmp_path, ending, how):
    wanted = order(**how)
    made = written(tmp_path, ending, wanted)
    assert made.about.parameters == sum(one.numel() for one in wanted.generator.parameters()) > 0


@pytest.mark.parametrize(
    ("norms", "reason"),
    [
        (True, "its step InstanceNormalization looks at the whole picture"),
        (False, "made with --with-processing, it pads and converts pictures by itself"),
    ],
)
def test_why_stored_pictures_are_not_cut_into_tiles_is_said(tmp_path, norms, reason):
    wanted = order(processing=True)
    for module in () if norms else list(wanted.generator.modules()):
        for name, child in module.named_children():
            if isinstance(child, InstanceNorm):
                setattr(module, name, torch.nn.Identity())
    opened = open_exported(written(tmp_path, ".onnx", wanted).files[0])
    note = Translator(opened.generator, tile=128).note
    assert note == f"no tiles, pictures run whole: {reason}"


def test_a_missing_package_is_one_line(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    with pytest.raises(UsageError, match=r"needs the package openvino; install it with: pip"):
        packages.openvino()


def test_the_ending_names_the_format(tmp_path):
    assert find_writer(tmp_path / "a.ONNX", None).ending == ".onnx"
    with pytest.raises(UsageError, match=r"expected \.onnx, \.pt, \.xml"):
        find_writer(tmp_path / "a.bin", None)
    with pytest.raises(UsageError, match=r"ends in \.xml"):
        find_writer(tmp_path / "a.onnx", "openvino")
    for name, said in (("x.onnx", "onnx"), ("x.XML", "openvino"), ("x.pt", "torchscript")):
        with pytest.raises(UsageError, match=f"ending says {said}, and web makes a folder"):
            find_writer(tmp_path / name, "web")
    for name in ("page", "page.v2"):
        assert find_writer(tmp_path / name, "web").ending == ""


def test_sample_pictures_are_photographs_of_three_sizes():
    assert len({one.shape for one in sample_pictures()}) == 3
    assert all(one.std() > 30 for one in sample_pictures())
    assert torch.tensor([one.shape[2] for one in sample_pictures()]).tolist() == [3, 3, 3]
