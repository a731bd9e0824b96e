"""Published checkpoints are fetched, converted and named; what is no model is refused."""

import hashlib
import json
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from cyclekit.checkpoint.model import read_info
from cyclekit.cli.models import command
from cyclekit.errors import DataError, HubError, UsageError
from cyclekit.hub.find_place import find_place
from cyclekit.hub.networks import NETWORKS
from cyclekit.hub.open import open_generator
from cyclekit.hub.places import Address, OfAuthors, OnDisk, safe_file_name
from cyclekit.hub.published import PUBLISHED
from cyclekit.hub.pull import choose_name, pull_model
from cyclekit.hub.source import embedded_models, find_model, named_models
from cyclekit.hub.store import CARD, MODEL, check_name, pulled_models
from tests.hub.hub_server import serving
from tests.legacy.published import BATCH, randomize, resnet, unet
from tests.tiny import batch, picture, tiny_model

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Lay out files as the authors' server does: bare state dicts in the published layouts."""
    folder = tmp_path_factory.mktemp("server")
    for place in ("cyclegan/pretrained_models", "pix2pix/models-pytorch"):
        (folder / place).mkdir(parents=True)
    nine = randomize(resnet(blocks=9, width=4))
    torch.save(nine.state_dict(), folder / "cyclegan/pretrained_models/horse2zebra.pth")
    eight = randomize(unet(8, 2, BATCH, dropout=True))
    torch.save(eight.state_dict(), folder / "pix2pix/models-pytorch/facades_label2photo.pth")
    return folder, nine, eight


@pytest.fixture(scope="module")
def server(shelf):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = partial(Quiet, directory=shelf[0])
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made, serving(made):
        yield f"http://127.0.0.1:{made.server_address[1]}"


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def mirrored(name, server):
    """Name a published checkpoint, at its own path on the local server."""
    path = PUBLISHED[name].url.removeprefix("https://efrosgans.eecs.berkeley.edu")
    return OfAuthors(name, Address(server + path))


def test_names_never_collide_and_every_address_is_the_authors_own():
    assert len(PUBLISHED) == 23
    assert not {*PUBLISHED} & {*NETWORKS, *embedded_models()}
    for name, one in PUBLISHED.items():
        assert check_name(name) == name
        assert one.url.startswith("https://efrosgans.eecs.berkeley.edu/")
        assert one.url.endswith(f"/{name.removeprefix('pix2pix-')}.pth")
        assert one.rights.startswith("none is told for the weights; of their data (")
        assert one.domains[0] != one.domains[1]


def test_horse2zebra_arrives_as_a_model_that_its_name_opens(shelf, server):
    pulled = pull_model(mirrored("horse2zebra", server))
    assert pulled.path == find_model("horse2zebra") == pulled_models()["horse2zebra"]
    opened = open_generator("horse2zebra", "zebra")
    assert (opened.info.generator.name, opened.names) == ("resnet9", ("horse", "zebra"))
    assert opened.generator.stride == 4
    x = batch(1, 32, 32)
    assert torch.allclose(opened.generator(x), shelf[1](x), atol=1e-5)
    file = shelf[0] / "cyclegan/pretrained_models/horse2zebra.pth"
    provenance = opened.provenance
    assert provenance["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert provenance["address"] == f"{server}/cyclegan/pretrained_models/horse2zebra.pth"
    assert provenance["published"] == PUBLISHED["horse2zebra"].url
    assert pulled.rights.startswith("none is told for the weights")


def test_pix2pix_keeps_the_statistics_of_each_picture(shelf, server):
    pull_model(mirrored("pix2pix-facades_label2photo", server))
    opened = open_generator("pix2pix-facades_label2photo")
    assert opened.names == ("label", "photo")
    assert opened.info.generator.name == "unet256"
    assert opened.info.generator.options["norm"] == "batch_per_picture"
    assert opened.generator.stride == 256
    published, x = shelf[2], batch(1, 256, 256)
    for module in published.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train()
    with torch.no_grad():
        assert torch.allclose(opened.generator(x), published(x), atol=1e-4)


def test_a_pulled_name_translates_and_is_listed(shelf, server, tmp_path):
    cv2.imwrite(str(tmp_path / "photo.png"), picture(24, 32))

    with pytest.raises(UsageError, match="fetch it first: cyclekit models pull horse2zebra"):
        find_model("horse2zebra")
    url = f"{server}/cyclegan/pretrained_models/horse2zebra.pth"
    pulled = run("pull", "horse2zebra", "--url", url)
    assert pulled.exit_code == 0, pulled.exception
    assert "licence: none is told for the weights" in pulled.stderr
    command = [sys.executable, "-m", "cyclekit", "translate", "photo.png", "-o", "zebra.png"]
    done = subprocess.run(
        [*command, "-m", "horse2zebra", "--precision", "fp32"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert cv2.imread(str(tmp_path / "zebra.png")).shape == (24, 32, 3)
    rows = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [row["from"] for row in rows if row["name"] == "horse2zebra"] == ["horse2zebra"]
    assert "already installed" in run("pull", "horse2zebra").stderr
    shown = json.loads(run("show", "horse2zebra", "--json").stdout)
    assert shown["provenance"]["address"] == url


def test_a_damaged_model_does_not_hide_the_others_in_the_list(server, shelf):
    tiny_model(shelf[0] / "mine.safetensors")
    pull_model(Address(f"{server}/mine.safetensors")).path.write_bytes(b"cut")
    listed = run("list")
    assert "starry-night" in listed.stdout
    assert "note: 'mine' cannot be used: " in listed.stderr


def test_list_names_what_can_be_pulled():
    rows = [json.loads(line) for line in run("list", "--published", "--json").stdout.splitlines()]
    assert [row["name"] for row in rows] == list(PUBLISHED)
    assert rows[0]["directions"] == ["horse-to-zebra"]


def test_a_file_that_is_here_already_needs_no_address(shelf):
    file = shelf[0] / "cyclegan/pretrained_models/horse2zebra.pth"
    pulled = pull_model(find_place("horse2zebra", [file]))
    assert read_info(pulled.path).names == ("horse", "zebra")
    assert file.is_file()


def test_what_is_there_is_not_fetched_again(server):
    first = pull_model(mirrored("horse2zebra", server))
    again = pull_model(find_place("horse2zebra", urls=["http://127.0.0.1:9/gone.pth"]))
    assert (first.is_new, again.is_new, again.path) == (True, False, first.path)


def test_a_name_that_is_taken_is_not_hidden(server, tmp_path):
    address = Address(f"{server}/cyclegan/pretrained_models/horse2zebra.pth")
    for name, whose in (
        ("starry-night", "an embedded model"),
        ("Starry-Night", "an embedded model"),
        ("mobilenet", "a feature network"),
        ("horse2zebra", "a published checkpoint"),
    ):
        with pytest.raises(UsageError, match=f"'{name}' is the name of {whose}"):
            pull_model(address, name=name)
    pull_model(OnDisk(tiny_model(tmp_path / "a.safetensors")), name="mine")
    with pytest.raises(
        UsageError, match=r"already the name of what was pulled from .*a\.safetensors"
    ):
        pull_model(OnDisk(tiny_model(tmp_path / "b.safetensors")), name="mine")
    other = OnDisk(tiny_model(tmp_path / "c.safetensors", names=("cat", "dog")))
    replaced = pull_model(other, name="mine", overwrite=True)
    assert read_info(replaced.path).names == ("cat", "dog")
    assert not list(replaced.path.parents[1].glob(".*"))


def test_an_embedded_model_wins_over_a_pulled_one_of_its_name(own_cache):
    tiny_model(own_cache / "models" / "starry-night" / MODEL)
    assert named_models()["starry-night"] == embedded_models()["starry-night"]
    assert find_model("starry-night") == embedded_models()["starry-night"]


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", ".hidden", "", "a b", "x" * 97, "a.part", "CON\n"]
)
def test_a_name_never_leaves_the_cache(name):
    with pytest.raises(UsageError, match="cannot be a model's name"):
        check_name(name)


@pytest.mark.parametrize("name", ["../../evil.pth", "/etc/passwd", "..", ".bashrc", "a\nb.pth", ""])
def test_a_file_of_a_server_stays_in_its_folder(name, tmp_path):
    safe = safe_file_name(name)
    assert (tmp_path / safe).resolve().parent == tmp_path.resolve()
    assert safe not in ("", ".", "..")
    assert not safe.startswith(".")


def test_what_is_no_model_is_refused_and_not_kept(server, shelf, own_cache):
    (shelf[0] / "page.pth").write_text("<html>not found</html>")
    torch.save({"run": print}, shelf[0] / "code.pth")
    save_file({"weight": torch.zeros(3)}, shelf[0] / "other.safetensors")
    for file, reason in (
        ("page.pth", "not a checkpoint of torch"),
        ("code.pth", r"holds code \(print\)"),
        ("other.safetensors", "unknown layout: 1 tensors"),
    ):
        with pytest.raises(HubError, match=f"^{server}/{file}: .*{reason}"):
            pull_model(Address(f"{server}/{file}"), name="mine")
    with pytest.raises(DataError, match="the server answers 404"):
        pull_model(Address(f"{server}/gone.pth"), name="mine")
    assert list((own_cache / "models").iterdir()) == []


def test_a_model_file_at_an_address_is_kept_byte_by_byte(server, shelf):
    file = tiny_model(shelf[0] / "zebras" / "model.safetensors")
    place = Address(f"{server}/zebras/model.safetensors")
    assert choose_name(place, None) == "zebras"
    assert pull_model(place).path.read_bytes() == file.read_bytes()


def test_what_is_secret_in_an_address_is_kept_nowhere(server, shelf, own_cache):
    tiny_model(shelf[0] / "mine.safetensors")
    secret = f"{server.replace('://', '://bob:hunter2@')}/mine.safetensors?token=abc123"
    assert Address(secret).source == f"{server}/mine.safetensors"
    kept = pull_model(Address(secret)).path
    written = b"".join(file.read_bytes() for file in kept.parent.iterdir())
    assert server.encode() in written
    assert b"hunter2" not in written
    assert b"abc123" not in written


def test_an_address_that_sends_another_file_than_before_is_refused(server, shelf):
    place = Address(f"{server}/mine.safetensors")
    tiny_model(shelf[0] / "mine.safetensors")
    pull_model(place)
    tiny_model(shelf[0] / "mine.safetensors", names=("cat", "dog"))
    with pytest.raises(DataError, match="is not the file it was: its sha256 differs"):
        pull_model(place, overwrite=True)
    assert read_info(pulled_models()["mine"]).names == ("horse", "zebra")


def test_weights_that_do_not_fit_their_header_are_refused(tmp_path):
    file = tiny_model(tmp_path / "model.safetensors")
    data = file.read_bytes().replace(b'\\"width\\": 8', b'\\"width\\": 4')
    assert data != file.read_bytes()
    file.write_bytes(data)
    with pytest.raises(HubError, match="weights do not fit 'mobile'"):
        pull_model(OnDisk(file), name="mine")


def test_a_card_that_is_none_is_left_out_and_said(tmp_path):
    tiny_model(tmp_path / "shared" / MODEL)
    (tmp_path / "shared" / CARD).write_text("title: [1]")
    pulled = pull_model(OnDisk(tmp_path / "shared"))
    assert pulled.notes == ("its card is left out: not a model card: title: Input should be a valid string",)  # fmt: skip
    assert not (pulled.path.parent / CARD).exists()


def test_a_large_file_is_refused_before_it_comes(server, shelf, monkeypatch, own_cache):
    monkeypatch.setattr("cyclekit.hub.places.MAX_BYTES", 1000)
    with pytest.raises(DataError, match="sends over 1,000 bytes"):
        pull_model(mirrored("horse2zebra", server))
    assert list((own_cache / "models").iterdir()) == []


def test_what_cannot_be_pulled_is_named():
    with pytest.raises(UsageError, match=r"nothing to pull is called 'horse2zebr'.*'horse2zebra'"):
        find_place("horse2zebr")
    with pytest.raises(UsageError, match="begins with https://"):
        find_place("ftp://example.org/model.pth")
    with pytest.raises(UsageError, match="give one --file or --url"):
        find_place("horse2zebra", [Path("a")], ["https://example.org"])
    with pytest.raises(UsageError, match="--file and --url are for networks and published"):
        find_place("hf:someone/zebra", [Path("a")])


def test_a_broken_transfer_from_the_hub_goes_on(hub, tmp_path, monkeypatch):
    piece = 1024
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", piece)
    data = tiny_model(tmp_path / "m.safetensors").read_bytes()
    hub.repositories["someone/zebra"] = {MODEL: data}
    hub.break_after = [3 * piece + 100]
    told = []
    pulled = pull_model(find_place("hf:someone/zebra"), progress=lambda *now: told.append(now))
    assert pulled.path.read_bytes() == data
    assert hub.ranges == [None, f"bytes={3 * piece}-"]
    assert told[-1] == (len(data), len(data))


def test_a_repository_is_not_trusted(hub, tmp_path, own_cache):
    good = tiny_model(tmp_path / "m.safetensors").read_bytes()
    hub.repositories["someone/odd"] = {"../../evil.safetensors": good, "a/b.pth": good}
    with pytest.raises(HubError, match=r"expected the file model.safetensors.*; holds none"):
        pull_model(find_place("hf:someone/odd"))
    hub.repositories["someone/lie"] = {MODEL: good}
    hub.lies[MODEL] = good[:-1] + b"\0" if good[-1] else good[:-1] + b"\1"
    with pytest.raises(HubError, match=r"model.safetensors came damaged and was deleted"):
        pull_model(find_place("hf:someone/lie"))
    hub.lies.clear()
    hub.sizes[MODEL] = 3 << 30
    with pytest.raises(HubError, match=r"has 3,221,225,472 bytes; over 2,147,483,648 is refused"):
        pull_model(find_place("hf:someone/lie"))
    assert pulled_models() == {}


def test_a_foreign_checkpoint_in_a_repository_is_converted(hub, shelf):
    checkpoint = (shelf[0] / "cyclegan/pretrained_models/horse2zebra.pth").read_bytes()
    hub.repositories["someone/old"] = {"horse2zebra.pth": checkpoint, "config.json": b"{}"}
    pull_model(find_place("hf:someone/old"))
    info = read_info(find_model("old"))
    assert (info.generator.name, info.names) == ("resnet9", ("horse", "zebra"))
    assert info.provenance["revision"] == hub.commit_of("someone/old")


def test_another_model_does_not_get_a_published_name(tmp_path, shelf, server):
    own = tiny_model(tmp_path / "mine.safetensors", names=("photo", "turner"))
    told = "does photo-to-turner, turner-to-photo, and 'horse2zebra' horse-to-zebra"
    with pytest.raises(HubError, match=rf"^horse2zebra: mine\.safetensors {told}; pull the file"):
        pull_model(find_place("horse2zebra", [own]))
    own = tiny_model(tmp_path / "small.safetensors", names=("horse", "zebra"))
    with pytest.raises(HubError, match=r"is a mobile, and 'horse2zebra' a resnet9"):
        pull_model(find_place("horse2zebra", [own]))
    other = f"{server}/pix2pix/models-pytorch/facades_label2photo.pth"
    with pytest.raises(HubError, match=r"is a unet256, and 'horse2zebra' a resnet9"):
        pull_model(find_place("horse2zebra", urls=[other]))
    assert pulled_models() == {}
    foreign = shelf[0] / "cyclegan/pretrained_models/horse2zebra.pth"
    first = pull_model(find_place("horse2zebra", [foreign]))
    moved = first.path.rename(tmp_path / "converted.safetensors")
    again = pull_model(find_place("horse2zebra", [moved]), overwrite=True)
    assert again.path.read_bytes() == moved.read_bytes()


def test_a_folder_of_this_machine_is_bounded_as_a_server_is(tmp_path, own_cache):
    (tmp_path / "shared").mkdir()
    with (tmp_path / "shared" / MODEL).open("wb") as file:
        file.truncate((2 << 30) + 1)
    for place in (tmp_path / "shared", tmp_path / "shared" / MODEL):
        with pytest.raises(HubError, match=r"2,147,483,649 bytes; over 2,147,483,648 is refused"):
            pull_model(OnDisk(place), name="large")
    assert list((own_cache / "models").iterdir()) == []


def test_exported_files_are_used_where_they_lie(tmp_path):
    (tmp_path / "m.onnx").touch()
    with pytest.raises(UsageError, match=r"are not pulled; .* where it lies: -m .*/m\.onnx$"):
        find_place(str(tmp_path / "m.onnx"))
    with pytest.raises(UsageError, match=r"where it lies: -m m\.xml$"):
        find_place("https://example.org/models/m.xml?x=1")
    with pytest.raises(UsageError, match=r"are not pulled"):
        find_place("horse2zebra", [tmp_path / "m.onnx"])
    with pytest.raises(UsageError, match="nothing to pull is named"):
        find_place("")
