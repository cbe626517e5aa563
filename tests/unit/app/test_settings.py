"""The settings tree (archipel.app.settings)."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from archipel.app.settings import Settings, host_and_port, load
from archipel.kernel.errors import Malformed

PAGE = Path(__file__).parents[3] / "docs" / "operate" / "settings.md"


def test_every_setting_is_documented() -> None:
    told = {
        f"{section.name}.{setting.name}"
        for section in fields(Settings)
        for setting in fields(getattr(Settings(), section.name))
    }

    assert set(re.findall(r"^### `([\w.]+)`", PAGE.read_text(), re.MULTILINE)) == told


def test_a_file_and_the_environment_make_one_tree(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[node]\nname = "CH"\n[http]\nbind = "127.0.0.1:1"\n')

    settings = load(file, {"ARCHIPEL_HTTP__BIND": "127.0.0.1:2", "ARCHIPEL_HOME": "/elsewhere"})

    assert settings.node.name == "CH"
    assert settings.http.bind == "127.0.0.1:2"


@pytest.mark.parametrize(
    "text", ["[nodes]\n", "[node]\nnane = 'x'\n", "[dicom]\nworkers = 'two'\n", "[node\n"]
)
def test_a_mistake_is_named_not_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.toml").write_text(text)

    with pytest.raises(Malformed, match=r"nodes|nane|workers|settings\.toml"):
        load(tmp_path / "settings.toml", {})


@pytest.mark.parametrize("bind", ["0.0.0.0:8042", "10.0.0.1:8042", "[::]:8042"])
def test_the_web_door_stays_on_loopback_without_a_certificate(bind: str) -> None:
    settings = load(Path("absent"), {"ARCHIPEL_HTTP__BIND": bind})

    with pytest.raises(Malformed, match="certificate"):
        settings.check_doors()


def test_the_dicom_door_stays_on_loopback_unless_told() -> None:
    with pytest.raises(Malformed, match="plain_lan"):
        load(Path("absent"), {"ARCHIPEL_DICOM__BIND": "0.0.0.0:104"}).check_doors()
    load(
        Path("absent"),
        {"ARCHIPEL_DICOM__BIND": "0.0.0.0:104", "ARCHIPEL_DICOM__PLAIN_LAN": "true"},
    ).check_doors()


@pytest.mark.parametrize(
    "origins", ["*", "viewer.exemple.fr", "https://viewer.exemple.fr/", "file:///x", "null"]
)
def test_what_is_no_origin_is_refused(origins: str) -> None:
    settings = load(Path("absent"), {"ARCHIPEL_HTTP__DICOMWEB_ORIGINS": origins})

    with pytest.raises(Malformed, match="origin"):
        settings.check_doors()


@pytest.mark.parametrize("bind", ["", "8042", "host:", ":1", "h:99999", "h:x"])
def test_what_is_no_host_and_port_is_malformed(bind: str) -> None:
    with pytest.raises(Malformed):
        host_and_port(bind)
