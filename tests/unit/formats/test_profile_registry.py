"""The registry: the built-in profiles are sound, and later profiles replace earlier ones."""

from pathlib import Path

import platformdirs
import pytest

from logcorr.formats import profile_registry, profile_toml
from logcorr.formats.profile_registry import Registry
from logcorr.inputs import head_forms
from logcorr.model.errors import UsageError

OWN = '[{name}]\nsyntax = "json"\nabout = "{about}"\n[[{name}.rule]]\nevent = "exchange"\n'


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's folder of profiles, which is empty."""
    monkeypatch.setattr(platformdirs, "user_config_path", lambda *_args, **_kwargs: tmp_path)
    folder = tmp_path / "formats"
    folder.mkdir()
    return folder


def test_the_built_in_profiles_are_sound() -> None:
    catalogue = Path(profile_registry.__file__).with_name("catalogue.toml").read_text("utf-8")
    profiles = profile_toml.read(catalogue, "built in")
    registry = Registry()
    assert registry.names() == sorted(profiles)
    for name, profile in profiles.items():
        assert registry.get(name) == profile
        assert registry.origin(name) == "built in"
        assert profile_toml.read(profile_toml.text(profile), "built in") == {name: profile}


def test_the_last_profile_of_a_name_wins(config: Path, tmp_path: Path) -> None:
    (config / "b.toml").write_text(OWN.format(name="gin", about="b") + OWN.format(name="mine", about="b"))
    (config / "a.toml").write_text(OWN.format(name="gin", about="a"))
    assert Registry().get("gin").about == "b"
    assert Registry().origin("gin") == str(config / "b.toml")
    named = [tmp_path / "one.toml", tmp_path / "two.toml"]
    for path in named:
        path.write_text(OWN.format(name="mine", about=path.name))
    registry = Registry([str(path) for path in named])
    assert registry.get("mine").about == "two.toml"
    assert registry.get("gin").about == "b"
    assert {"mine", "gin", "fastify"} <= set(registry.names())


def test_a_server_line_is_a_name() -> None:
    name = "nginx:$remote_addr [$time_local] $status"
    assert Registry().get(name).name == name
    assert Registry().origin(name) == "built in"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fastfy", "there is no format 'fastfy'; the nearest are fastify"),
        ("qqqqqqqq", "`logcorr formats list` names them all"),
        ("ngnx:$x", "there is no format"),
    ],
)
def test_a_name_that_is_none(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Registry().get(name)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="could not be read: No such file"):
        Registry([str(tmp_path / "none.toml")])
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# caf\xe9")
    with pytest.raises(UsageError, match="is not UTF-8"):
        Registry([str(latin)])
    broken = tmp_path / "broken.toml"
    broken.write_text(OWN.format(name="p", about="") + 'endpint = "x"')
    with pytest.raises(UsageError, match="rule 1, key 'endpint': unknown key; the nearest is 'endpoint'"):
        Registry([str(broken)])


def test_profiles_may_name_every_head() -> None:
    assert {*profile_toml.UNWRAP, "none"} == set(head_forms.NAMES)
