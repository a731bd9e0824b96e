"""The folder of a page, without a browser; see test_web_in_browser.py for what it does."""

import gzip
import hashlib
import io
import json
import math
import re
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

from cyclekit.cli.export import command
from cyclekit.errors import CyclekitError, ExportError, UsageError
from cyclekit.export.engines import OnnxEngine
from cyclekit.export.onnx import make_onnx
from cyclekit.export.open import open_exported
from cyclekit.export.web import runtime
from cyclekit.export.web.folder import BUILDS, LICENCES, MODEL, PAGE
from cyclekit.export.web.half import halve_weights
from cyclekit.export.web.npm import REGISTRY, package_address
from cyclekit.export.web.writer import delivered
from cyclekit.export.write import export
from cyclekit.hub.exporting import find_writer
from cyclekit.media.shared_folder import MANIFEST
from tests.export.orders import INFO, order, pictures
from tests.tiny import batch, tiny_model

FILES = {name: f"this stands for {name}".encode() for pair in BUILDS.values() for name in pair}
PACKED = {name: gzip.compress(data) for name, data in FILES.items()}
HOSTILE = '"><script>document.title = 1</script>'


def archive(files: dict[str, bytes], root: str = "package/dist/") -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as opened:
        for name, data in files.items():
            member = tarfile.TarInfo(root + name)
            member.size = len(data)
            opened.addfile(member, io.BytesIO(data))
    return memory.getvalue()


@pytest.fixture(autouse=True)
def small_package(monkeypatch):
    """Let four short files be what npm has."""
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    monkeypatch.setattr(runtime, "_CHECKSUMS", sums)
    monkeypatch.setattr(runtime, "_PACKAGE", f"sha512:{hashlib.sha512(archive(FILES)).hexdigest()}")


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """Serve the package as a registry does; give the paths that were asked for."""
    place = tmp_path / "registry" / runtime.NAME / "-" / f"{runtime.NAME}-{runtime.VERSION}.tgz"
    place.parent.mkdir(parents=True)
    place.write_bytes(archive(FILES))
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format, *words):
            asked.append(self.path)

    handler = partial(Handler, directory=tmp_path / "registry")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_address[1]}")
        yield asked, place
        server.shutdown()


def written(folder: Path, wanted=None):
    writer = find_writer(folder, "web", runtime=PACKED)
    return export(wanted or order(), folder, writer, pictures=pictures())


def test_it_is_fetched_once_from_the_registry_that_npm_would_ask(registry, tmp_path):
    asked, place = registry
    first = runtime.find_runtime(None, tmp_path / "cache")
    assert {name: gzip.decompress(data) for name, data in first.items()} == FILES
    assert asked == [f"/onnxruntime-web/-/onnxruntime-web-{runtime.VERSION}.tgz"]
    assert runtime.find_runtime(None, tmp_path / "cache") == first
    assert len(asked) == 1
    kept = next((tmp_path / "cache").rglob("*.wasm.gz"))
    kept.write_bytes(gzip.compress(b"damaged"))
    assert runtime.find_runtime(None, tmp_path / "cache") == first
    assert len(asked) == 2
    assert {one.suffix for one in kept.parent.iterdir()} == {".gz"}
    kept.write_bytes(kept.read_bytes()[:-9])
    place.write_bytes(archive({**FILES, "ort.wasm.bundle.min.mjs": b"evil"}))
    with pytest.raises(ExportError, match=r"not the file it was: its sha512 differs.*--runtime"):
        runtime.find_runtime(None, tmp_path / "cache")


def test_what_cannot_be_fetched_is_one_line(registry, tmp_path):
    registry[1].unlink()
    with pytest.raises(ExportError, match=r"the server answers 404.*with --runtime"):
        runtime.find_runtime(None, tmp_path / "cache")


@pytest.mark.parametrize("where", ["", "dist", "node_modules/onnxruntime-web/dist"])
def test_a_copy_of_the_package_is_taken(tmp_path, where):
    folder = tmp_path / "here" / where
    folder.mkdir(parents=True)
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    (tmp_path / "package.tgz").write_bytes(archive(FILES))
    for given in (tmp_path / "here", tmp_path / "package.tgz"):
        found = runtime.find_runtime(given, tmp_path / "cache")
        assert {name: gzip.decompress(data) for name, data in found.items()} == FILES
    assert not (tmp_path / "cache").exists()


def test_another_package_is_refused(tmp_path):
    path = tmp_path / "package.tgz"
    wrong = {**FILES, "ort.webgpu.bundle.min.mjs": b"older"}
    for data, why in (
        (archive(wrong), r"ort\.webgpu\.bundle\.min\.mjs is another one; expected onnxruntime-web"),
        (archive(FILES, "package/"), "expected onnxruntime-web .* from npm"),
        (archive(FILES)[:-30], "expected onnxruntime-web"),
        (b"no archive", "expected onnxruntime-web"),
    ):
        path.write_bytes(data)
        with pytest.raises(UsageError, match=why):
            runtime.find_runtime(path, tmp_path)
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(UsageError, match="expected onnxruntime-web"):
            runtime.find_runtime(path, tmp_path)


def test_the_registry_is_the_one_that_npm_would_ask(tmp_path, monkeypatch):
    file = tmp_path / "npmrc"
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(file))
    monkeypatch.delenv("npm_config_registry", raising=False)
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    assert package_address("a", "1.0.0") == f"{REGISTRY}a/-/a-1.0.0.tgz"
    file.write_text('; ours\nfund=false\nregistry = "https://${MIRROR}/npm/"\n')
    monkeypatch.setenv("MIRROR", "mirror.example")
    assert package_address("a", "1.0.0") == "https://mirror.example/npm/a/-/a-1.0.0.tgz"
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://other.example")
    assert package_address("a", "1.0.0") == "http://other.example/a/-/a-1.0.0.tgz"


def test_a_folder_holds_the_page_the_network_and_what_runs_it(tmp_path):
    made = written(tmp_path / "page")
    assert made.files == (tmp_path / "page",)
    assert all(one.most <= 1 for one in made.differences)
    assert "a visitor loads 0." in made.about.note
    names = {one.name for one in made.files[0].iterdir()}
    assert names == {PAGE, MODEL, LICENCES, "wasm.js", "webgpu.js", MANIFEST}
    for name, (code, machine) in BUILDS.items():
        script = tmp_path / "page" / f"{name}.js"
        assert gzip.decompress(delivered(script, f"{name} code")) == FILES[code]
        assert gzip.decompress(delivered(script, f"{name} machine")) == FILES[machine]
    assert "Microsoft" in (tmp_path / "page" / LICENCES).read_text()
    network = gzip.decompress(delivered(tmp_path / "page" / MODEL, "model"))
    x = batch(1, 16, 20)
    with torch.inference_mode():
        expected = order().generator(x)
    assert torch.allclose(OnnxEngine(network).on_tensor(x), expected, atol=1e-4)


def test_what_a_model_says_of_itself_cannot_run(tmp_path):
    from dataclasses import replace

    info = replace(
        INFO, names=(HOSTILE, "zebra"), provenance={"author": HOSTILE, "config": {"a": 1}}
    )
    wanted = order()
    wanted = replace(wanted, about=replace(wanted.about, info=info, text=f"**Bold** {HOSTILE}"))
    written(tmp_path / "page", wanted)
    page = (tmp_path / "page" / PAGE).read_text()
    assert "<script>document" not in page
    assert "<b>Bold</b> &#34;&gt;&lt;script&gt;" in page
    assert page.count("&#34;&gt;&lt;script&gt;") == 4  # the title, the head line, author, card
    (facts,) = re.findall(r'id="facts">(.*?)</script>', page)
    assert json.loads(facts)["target"] == HOSTILE
    assert "'unsafe-inline'" not in page


def test_a_card_is_paragraphs_and_lists(tmp_path):
    from dataclasses import replace

    text = f"# Title\n\n**Known failures**\n\n- Red.\n- {HOSTILE}\n  goes on.\n\nAfter - a dash."
    wanted = order()
    written(tmp_path / "page", replace(wanted, about=replace(wanted.about, text=text)))
    page = (tmp_path / "page" / PAGE).read_text()
    (card,) = re.findall(r'<div class="card">\n(.*?)</div>', page, re.S)
    assert card.splitlines() == [
        "<p><b>Known failures</b></p>", "<ul>", "<li>Red.</li>",
        "<li>&#34;&gt;&lt;script&gt;document.title = 1&lt;/script&gt;", "  goes on.</li>", "</ul>",
        "<p>After - a dash.</p>",
    ]  # fmt: skip


def test_half_the_bytes_compute_nearly_the_same(tmp_path):
    wanted = order("resnet")
    model, _ = make_onnx(wanted)
    whole, half = onnx.ModelProto(), onnx.ModelProto()
    whole.CopyFrom(model)
    half.CopyFrom(model)
    halve_weights(half)
    kernels = sum(4 * math.prod(one.dims) for one in whole.graph.initializer if len(one.dims) > 1)
    saved = len(whole.SerializeToString()) - len(half.SerializeToString())
    assert saved == pytest.approx(kernels / 2, rel=0.02)
    onnx.checker.check_model(half)
    x = np.ascontiguousarray(batch(1, 16, 20).numpy())
    one, other = (OnnxEngine(each.SerializeToString()).run(x) for each in (whole, half))
    assert 0 < np.abs(one - other).max() < 0.03
    made = written(tmp_path / "page", order(precision="fp16"))
    assert made.about.precision == "fp16"
    assert "in half precision" in (tmp_path / "page" / PAGE).read_text()


def test_a_page_that_computes_something_else_is_not_kept(tmp_path, monkeypatch):
    wanted = order()
    true = type(wanted).expected
    monkeypatch.setattr(type(wanted), "expected", lambda self, seen: 255 - true(self, seen))
    with pytest.raises(ExportError, match="nothing was written"):
        written(tmp_path / "page", wanted)
    assert list(tmp_path.iterdir()) == []


def test_openvino_files_of_two_exports_are_never_mixed(tmp_path, monkeypatch):
    path = tmp_path / "m.xml"
    for name in ("m.xml", "m.bin"):
        (tmp_path / name).write_text("the old one")
    replace, seen = Path.replace, []

    def stops(self, target):  # where a process may be killed: between the two
        seen.append(Path(target).name)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stops)
    with pytest.raises(KeyboardInterrupt):
        export(order(), path, find_writer(path, None), pictures=pictures())
    assert seen[0] == "m.bin"
    assert [one.name for one in tmp_path.iterdir()] == ["m.bin"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "package.tgz"
    path.write_bytes(archive(FILES))
    return path


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def refusal(*arguments):
    error = run(*arguments).exception
    assert isinstance(error, CyclekitError), error
    return str(error)


def test_the_command_writes_a_folder(model, package, tmp_path):
    words = (model, "-o", tmp_path / "page", "--format", "web", "--runtime", package)
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == [str(tmp_path / "page")]
    assert result.stderr.count("levels of 255 from torch") == 3
    assert "a visitor loads" in result.stderr
    assert "replace it with --overwrite" in refusal(*words)
    result = run(*words, "--overwrite", "--half", "--json")
    facts = json.loads(result.stdout)
    sizes = [one.stat().st_size for one in (tmp_path / "page").iterdir() if one.name != MANIFEST]
    assert (facts["precision"], facts["bytes"]) == ("fp16", sum(sizes))


def test_files_of_others_stay(model, package, tmp_path):
    page = tmp_path / "page"
    words = (model, "-o", page, "--format", "web", "--runtime", package)
    page.mkdir()
    (page / ".DS_Store").touch()
    (page / "index.html").write_text("my own page")
    assert "holds a file index.html that cyclekit did not write" in refusal(*words, "--overwrite")
    assert (page / "index.html").read_text() == "my own page"
    (page / "index.html").rename(page / "mine.html")
    assert "holds mine.html, and no page that was exported" in refusal(*words, "--overwrite")
    (page / "mine.html").rename(tmp_path / "mine.html")
    assert run(*words).exit_code == 0
    for name in ("Thumbs.db", "robots.txt"):
        (page / name).write_text("mine")
    assert run(*words, "--overwrite").exit_code == 0
    assert {(page / name).read_text() for name in ("Thumbs.db", "robots.txt")} == {"mine"}
    with (page / "licences.txt").open("a") as file:
        file.write("and ours")
    assert "holds a file licences.txt that" in refusal(*words, "--overwrite")


def test_a_link_is_written_through(model, package, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "page").symlink_to("real")
    words = (model, "-o", tmp_path / "page", "--format", "web", "--runtime", package)
    for more in ([], ["--overwrite"]):
        assert run(*words, *more).exit_code == 0
        assert (tmp_path / "page").is_symlink()
        assert (tmp_path / "real" / PAGE).is_file()
    for name, others in (("m.onnx", ()), ("m.xml", ("m.bin",)), ("m.pt", ())):
        (tmp_path / "far").mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(f"far/{name}")
        for more in ([], ["--overwrite"]):
            made = run(model, "-o", tmp_path / name, *more)
            assert made.exit_code == 0, made.exception
            paths = [tmp_path / one for one in (name, *others)]
            assert made.stdout.split() == list(map(str, paths))
            assert (tmp_path / name).is_symlink()
            assert all(path.is_file() for path in paths)
    assert open_exported(tmp_path / "m.xml").info.abilities() == ("horse-to-zebra",)


def test_what_does_not_fit_a_page_is_one_line(model, package, tmp_path):
    words = (model, "-o", tmp_path / "page", "--format", "web", "--runtime", package)
    assert "leave --with-processing out" in refusal(*words, "--with-processing")
    assert "have no int8" in refusal(*words, tmp_path, "--int8")
    assert "--runtime is for --format web" in refusal(model, "-o", "m.onnx", "--runtime", package)
    assert "a file; expected a folder" in refusal(model, "-o", package, "--format", "web")
    assert "and no page that was exported" in refusal(model, "-o", ".", "--format", "web")
    assert "the ending says no format" in refusal(model, "-o", tmp_path / "page")
    assert not (tmp_path / "page").exists()
