"""Weights are installed, found again and named; files that are not what they claim are refused."""

import hashlib
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from cyclekit.errors import CheckpointError, DataError, UsageError
from cyclekit.hub.extractors import open_extractor, open_lpips
from cyclekit.hub.install import install_network, pull_network
from cyclekit.hub.networks import NETWORKS, Origin, find_network, installed_file
from cyclekit.models.features import FEATURES
from tests.models.features.published import (
    VGG16,
    lpips_shapes,
    mobilenet_shapes,
    randomly,
    vgg_shapes,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a checkpoint as torchvision publishes it, with a classifier; gives folder, address."""
    folder = tmp_path_factory.mktemp("served")
    weights = {**randomly(mobilenet_shapes()), "classifier.1.bias": torch.zeros(1000)}
    torch.save(weights, folder / "mobilenet.pth")
    (folder / "broken.pth").write_bytes(b"<html>not found</html>")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_builder_is_registered_and_every_origin_is_told_by_its_checksum():
    builders = {network.builder for network in NETWORKS.values()}
    assert builders == {*FEATURES.names(), "lpips"}
    for network in NETWORKS.values():
        for origin in network.origins:
            assert origin.url.startswith("https://")
            assert len(origin.sha256) in (8, 64)
            int(origin.sha256, 16)


def test_a_network_that_is_absent_says_how_to_get_it(tmp_path):
    with pytest.raises(UsageError, match=r"`cyclekit models pull inception` fetches it \(96 MB"):
        open_extractor("inception", cache=tmp_path)
    with pytest.raises(UsageError, match="unknown feature network 'mobilnet'; did you mean 'mob"):
        open_extractor("mobilnet", cache=tmp_path)
    with pytest.raises(UsageError, match=r"no file '.*nothing.pth' with weights of 'mobilenet'"):
        open_extractor("mobilenet", tmp_path / "nothing.pth")


def test_pulling_keeps_what_the_network_needs_and_knows_its_origin(tmp_path, served):
    folder, address = served
    published = Origin("https://example.org/m.pth", checksum(folder / "mobilenet.pth")[:8])
    network = replace(NETWORKS["mobilenet"], origins=(published,))
    told = []
    path = pull_network(
        network,
        urls=[f"{address}/mobilenet.pth"],
        cache=tmp_path,
        progress=lambda *s: told.append(s),
    )
    assert path == installed_file(network, tmp_path)
    assert [file.name for file in path.parent.iterdir()] == ["mobilenet.safetensors"]
    assert told[-1][0] == (folder / "mobilenet.pth").stat().st_size
    with safe_open(path, "pt") as file:
        assert {*file.keys()} == {*mobilenet_shapes()}
        assert file.metadata()["licence"] == network.licence
    assert pull_network(network, urls=["http://nowhere.invalid"], cache=tmp_path) == path


def test_a_pulled_file_with_another_checksum_is_refused_and_deleted(tmp_path, served):
    with pytest.raises(CheckpointError, match="not the published file, its sha256 is not b0353104"):
        pull_network(NETWORKS["mobilenet"], urls=[f"{served[1]}/broken.pth"], cache=tmp_path)
    assert not list((tmp_path / "networks").iterdir())


def test_an_absent_address_and_too_many_addresses(tmp_path, served):
    with pytest.raises(DataError, match="the server answers 404"):
        pull_network(NETWORKS["mobilenet"], urls=[f"{served[1]}/absent.pth"], cache=tmp_path)
    with pytest.raises(UsageError, match="'lpips' is made of 2 files, got 1 addresses"):
        pull_network(NETWORKS["lpips"], urls=[f"{served[1]}/absent.pth"], cache=tmp_path)


def test_scores_carry_the_digest_of_weights_that_are_not_the_published_ones(tmp_path):
    file = tmp_path / "own.safetensors"
    save_file(randomly(mobilenet_shapes()), file)
    extractor = open_extractor("mobilenet", file)
    digest = checksum(file)
    assert (extractor.digest, extractor.published) == (digest, False)
    assert extractor.frechet_name == f"FD-MobileNetV2~{digest[:8]}"
    assert extractor.identity == f"mobilenet-{digest[:16]}-pil-bicubic-224"


def test_a_files_own_word_does_not_make_it_published(tmp_path):
    file = tmp_path / "liar.safetensors"
    save_file(randomly(mobilenet_shapes()), file, {"sha256": "b0353104"})
    assert not open_extractor("mobilenet", file).published
    install_network(find_network("mobilenet"), [file], cache=tmp_path)
    assert not open_extractor("mobilenet", cache=tmp_path).published


def test_two_files_make_lpips(tmp_path):
    weights = randomly(lpips_shapes())
    backbone, heads = tmp_path / "vgg16.pth", tmp_path / "vgg.pth"
    torch.save({key: weights[key] for key in vgg_shapes(VGG16)}, backbone)
    torch.save({key: weights[key] for key in weights if key.startswith("lin")}, heads)
    with pytest.raises(
        CheckpointError, match=r"vgg16.pth: not weights of .* 'lin0.model.1.weight'"
    ):
        install_network(find_network("lpips"), [backbone], cache=tmp_path)
    install_network(find_network("lpips"), [backbone, heads], cache=tmp_path)
    picture = torch.full((1, 3, 32, 32), 100.0)
    assert float(open_lpips(cache=tmp_path)(picture, picture)) == 0


def test_other_weights_are_refused_by_the_name_of_their_file(tmp_path):
    torch.save({"a.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"other.pth: not weights of MobileNetV2: 'features"):
        open_extractor("mobilenet", tmp_path / "other.pth")
    assert not (tmp_path / "networks").exists()
