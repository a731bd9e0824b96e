import pytest


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """Give this test a user's cache and data folder of its own; returns cyclekit's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user-data"))
    return tmp_path / "user-cache" / "cyclekit"


@pytest.fixture
def hub(own_cache, tmp_path, monkeypatch):
    """Serve an empty Hub, and make it the one that HF_ENDPOINT names; no token is there."""
    constants = pytest.importorskip("huggingface_hub.constants")
    from tests.hub.hub_server import Hub, serving

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    server = Hub()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    with serving(server):
        yield server
