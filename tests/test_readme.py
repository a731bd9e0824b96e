"""The README's commands are run, and its claims about numbers and names are checked."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import cv2
import numpy as np
import pytest
import torch
from matplotlib import get_cachedir

import cyclekit
from cyclekit.config.resolve import preset_names
from cyclekit.evaluation.study.store import Store
from cyclekit.export.web import runtime
from cyclekit.hub.install import install_network
from cyclekit.hub.networks import NETWORKS
from cyclekit.hub.published import PUBLISHED
from cyclekit.hub.source import DEFAULT_MODEL, embedded_models
from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.models import DISCRIMINATORS, GENERATORS
from tests.clips import make_clip
from tests.evaluation.study.worlds import Person, tiny_study
from tests.export.networks import negative
from tests.legacy.published import resnet
from tests.models.features.published import mobilenet_shapes, randomly
from tests.runtimes import web_runtime
from tests.tiny import picture, tiny_domain_model, tiny_model, tiny_noise_model

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("cyclekit ")]
SHORT = ["--set", "generator.width=8", "--set", "discriminator.width=8", "--set", "data.crop=32"]
NOISY = ["--set", "generator.side=16", "--set", "data.load=16", "--set", "data.crop=16"]
SHORTENED = {
    " -o survey": " -o survey --no-timing",
    "--fix clean": "--fix clean --no-timing",
    "-o horse2zebra": "-o split",
    "--start 1:30 --end 1:45": "--start 0.1 --end 0.5",
    "--minutes 60": " ".join(["--images 4", *SHORT]),
    "--epochs 100 --evaluate-every 5000": " ".join(["--images 4 --evaluate-every 2", *SHORT]),
    "--minutes 30": "--images 2 --set discriminator.width=8 --set data.crop=32",
    "--target-ms 33 --plan": " ".join(["--plan", *SHORT]),
    "distill latest_net_G_A.pth": "distill latest_net_G_A.pth --set data.load=32",
    "--plan": " ".join(["--plan", *SHORT]),
    "--profile": " ".join(["--profile", *SHORT]),
    "--method pix2pix": " ".join(
        ["--method pix2pix --images 2 --set generator.name=unet128", *SHORT]
    )
    + " --set data.load=null --set data.crop=128",
    "--preset pixel-art": " ".join(["--preset pixel-art --images 4", *SHORT]),
    "--method fastcut": " ".join(["--method fastcut --images 2", *SHORT]),
    "--images 12000": " ".join(["--images 4 --set train.batch=2", *SHORT]),
    "--domains": " ".join(
        ["--images 2 --set train.batch=2 --set discriminator.layers=2 --domains", *SHORT]
    ),
    "--method gan": " ".join(["--method gan --images 4 --set train.batch=2", *SHORT, *NOISY]),
    "bench starry-night": "bench --rounds 2 --size 32x32 --program torch",
    "cyclekit live holiday.mp4": "cyclekit live holiday.mp4 --once --port 0",
    "--method recycle": " ".join(
        ["--method recycle --images 2 --set method.predictor_width=8", *SHORT]
    ),
    "--method predict": " ".join(["--method predict --images 2 --set train.batch=2", *SHORT]),
    "-o studies/zebra": "-o studies/new-zebra --practice 1 --trials 2",
    "--method biggan": " ".join(["--method biggan --images 4 --set train.batch=2", *SHORT, *NOISY]),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Lay out what the README's commands name."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("photos", "horses", "zebras", "faces", "clothing/bags", "clothing/shoes"):
        (folder / name).mkdir(parents=True)
        for i in range(3):
            cv2.imwrite(str(folder / name / f"{i}.png"), picture(24, 32, seed=i))
    (folder / "facades").mkdir()
    for name in ("holiday.jpg", "painting.jpg", "panorama.tif", "mask.png"):
        cv2.imwrite(str(folder / name), picture(24, 32))
    shutil.copytree(folder / "photos", folder / "masks")
    (folder / "maps").mkdir()
    for i in range(3):
        cv2.imwrite(str(folder / f"maps/{i}.png"), picture(24, 48, seed=i))
    shutil.copytree(folder / "photos", folder / "pixelart")
    cv2.imwrite(str(folder / "palette.png"), picture(2, 2))
    make_clip(folder / "holiday.mp4")
    make_clip(folder / "zebras.mp4", pixel_format="yuv444p")
    tiny_model(folder / "runs/zebra/model.safetensors", keep_discriminators=True)
    negative(folder / "style.onnx", "0..1")
    tiny_model(folder / "runs/maps/model.safetensors", directions=("ab",))
    tiny_model(folder / "runs/pixels/model.safetensors")
    tiny_noise_model(folder / "runs/clothing/model.safetensors", ("bags", "shoes"))
    cv2.imwrite(str(folder / "facades/1.png"), picture(24, 48))
    tiny_domain_model(folder / "runs/clothes/model.safetensors", ("bags", "shoes"))
    for place, name in (("A", "horses"), ("B", "zebras")):
        for part in ("train", "test"):
            shutil.copytree(folder / name, folder / f"horse2zebra/{part}{place}")
    torch.save(randomly(mobilenet_shapes()), folder / "mobilenet.pth")
    install_network(NETWORKS["mobilenet"], [folder / "mobilenet.pth"], cache=folder / "cyclekit")
    study, design = tiny_study(folder / "people", ("ours",))
    shutil.copytree(study, folder / "studies/zebra")
    store = Store(folder / "studies/zebra", design)
    Person(store, design, {"ours": 0.7}, np.random.default_rng(0)).answer_all()
    torch.save(resnet(blocks=6, width=2).state_dict(), folder / "latest_net_G_A.pth")
    return folder


def test_the_readme_has_commands():
    assert len(COMMANDS) >= 28
    assert {
        "translate", "critique", "distill", "video", "train", "sample", "evaluate", "study", "game",
        "models", "data", "live", "export", "bench",
    } == {line.split()[1] for line in COMMANDS}  # fmt: skip


@pytest.mark.parametrize(
    "line", [line for line in COMMANDS if not re.search("download|pull|serve|game", line)]
)
def test_a_command_of_the_readme_runs(desk, line):
    if "--format web" in line:
        keep_runtime(desk / "cyclekit")
    for long, short in SHORTENED.items():
        line = line.replace(long, short).replace("-o runs/", "-o runs/new-")
    command = [sys.executable, "-m", *shlex.split(line)]
    surroundings = {**os.environ, "XDG_CACHE_HOME": str(desk), "MPLCONFIGDIR": get_cachedir()}
    result = subprocess.run(
        command, cwd=desk, env=surroundings, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout


def keep_runtime(cache):
    """Put what runs networks in browsers where the command looks for it; skip where it cannot be."""
    place = cache / f"{runtime.NAME}-{runtime.VERSION}"
    place.mkdir(parents=True)
    for name, data in web_runtime().items():
        (place / f"{name}.gz").write_bytes(data)


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.search("serve|game", line)])
def test_a_page_of_the_readme_is_served(desk, line):
    command = [sys.executable, "-m", *shlex.split(line), "--port", "0"]
    with subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        with urlopen(address, timeout=30) as page:
            assert b"</html>" in page.read()
        process.terminate()
    assert process.returncode == 143


def test_the_download_of_the_readme_is_a_real_command():
    from cyclekit.cli.data import command

    (line,) = (line for line in COMMANDS if "download" in line)
    name, *arguments = shlex.split(line)[2:]
    assert command.commands[name].make_context(name, arguments).params["name"] == "horse2zebra"


def test_what_the_readme_pulls_can_be_pulled():
    from cyclekit.cli.models import command

    found = set()
    for line in (line for line in COMMANDS if " pull " in line):
        name, *arguments = shlex.split(line)[2:]
        found.add(command.commands[name].make_context(name, arguments).params["what"])
    assert len(found) == 2
    assert found <= {*NETWORKS, *PUBLISHED}


def test_the_python_of_the_readme_runs():
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {"before": picture(24, 32)}
    exec(compile(block, "README", "exec"), names)
    assert names["after"].shape == (24, 32, 3)
    assert names["after"].dtype == np.uint8


def test_tiles_are_as_far_off_as_the_readme_says(tmp_path):
    single, exact = (float(told) for told in re.findall(r"([\d.]+)(?: of 255)? levels off", README))
    command = [sys.executable, "tools/tiles_showcase.py", "-o", str(tmp_path / "tiles.jpg")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    measured = [float(told) for told in re.findall(r"([\d.]+) levels off", done.stdout)]
    assert measured[0] == pytest.approx(single, rel=0.1)
    assert measured[1] == pytest.approx(exact, abs=0.002)
    assert "1 at most" in done.stdout
    assert (tmp_path / "tiles.jpg").stat().st_size > 10_000


def test_the_control_of_the_readme_runs():
    (line,) = re.findall(r"`(cyclekit\.blend\(.*?\))`", README)
    before, after = picture(24, 32), picture(24, 32, seed=1)
    mask = np.full((24, 32), 255, np.uint8)
    made = eval(line, {"cyclekit": cyclekit, "before": before, "after": after, "mask": mask})
    assert np.array_equal(made, cyclekit.blend(before, after, strength=0.5, keep="luminance"))


def test_names_in_the_readme_are_complete():
    for name in (*ADVERSARIAL_LOSSES.names(), *GENERATORS.names(), *DISCRIMINATORS.names()):
        if not name.endswith("_antialias"):
            assert f"`{name}`" in README, name
    assert DEFAULT_MODEL in embedded_models()
    assert f"`{DEFAULT_MODEL}`" in README
    for name in NETWORKS:
        assert f"`{name}`" in README, name
    for name in ("cyclegan", "cyclegan-lite"):
        assert name in preset_names()


def test_files_that_the_readme_names_exist():
    named = re.findall(r"\]\((?!https:)([^)]+)\)", README)
    named += re.findall(r"`((?:tools|datasets|tests|models)/[\w./-]+)`", README)
    assert len(named) > 8
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "cyclekit" / name).exists(), name
