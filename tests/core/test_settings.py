"""What an owner sets is read from the environment, then from a mapping over it, and refused by name when wrong."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from core.refusal import BadInput
from core.settings import ExtraModel, Settings, read_settings

SHA = "0123456789abcdef" * 4


def test_nothing_set_means_the_defaults():
    assert read_settings(environ={}) == Settings()
    assert read_settings({}, environ={"T2SCOPE_CACHE_MB": "", "HOME": "/x"}) == Settings()


def test_the_environment_is_read_and_a_mapping_goes_over_it():
    environ = {
        "T2SCOPE_LASAIR_TOKEN": " abc ",
        "T2SCOPE_CACHE_DIR": "/tmp/x",
        "T2SCOPE_CACHE_MB": "50",
        "T2SCOPE_BROKERS": "Fink-ZTF, alerce-ztf",
        "T2SCOPE_EXTRA_MODELS": f"/models/a@{SHA}, /models/b@c@{SHA.upper()}",
        "T2SCOPE_READ_TIMEOUT": "12.5",
        "T2SCOPE_REQUIRE_LOGIN": "yes",
    }
    settings = read_settings({"lasair_token": "over", "T2SCOPE_CACHE_MB": 7, "auth": {"x": 1}}, environ=environ)
    assert settings.lasair_token == "over" and settings.cache_mb == 7 and settings.cache_dir == Path("/tmp/x")
    assert settings.brokers == ("fink-ztf", "alerce-ztf")
    assert settings.extra_models == (ExtraModel(Path("/models/a"), SHA), ExtraModel(Path("/models/b@c"), SHA))
    assert settings.read_timeout == 12.5 and settings.require_login is True


def test_a_mapping_may_give_lists_and_tables():
    settings = read_settings({"brokers": ["fink-ztf"], "extra_models": {"/m": SHA}, "require_login": False}, environ={})
    assert settings.brokers == ("fink-ztf",) and settings.extra_models == (ExtraModel(Path("/m"), SHA),)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("T2SCOPE_CACHE_MB", "lots", "a number zero or more"),
        ("T2SCOPE_CACHE_MB", "-1", "a number zero or more"),
        ("T2SCOPE_READ_TIMEOUT", "0", "a number above zero"),
        ("T2SCOPE_TOTAL_TIMEOUT", "nan", "a number above zero"),
        ("T2SCOPE_REQUIRE_LOGIN", "maybe", "true or false"),
        ("T2SCOPE_EXTRA_MODELS", "/models/a", "folder@sha256"),
        ("T2SCOPE_LOG", "xml", "text or json"),
        ("T2SCOPE_METRICS_PORT", "70000", "a port from 1 to 65535, or 0 for none"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(name, value, expected):
    with pytest.raises(BadInput, match=name) as caught:
        read_settings(environ={name: value})
    assert expected in caught.value.message and repr(value) in caught.value.message


def test_the_folder_of_schemas_must_be_one(tmp_path):
    assert read_settings(environ={"T2SCOPE_SCHEMAS": str(tmp_path)}).schemas == tmp_path
    (tmp_path / "file.json").touch()
    for name, found in (("nowhere", "does not exist"), ("file.json", "is a file")):
        with pytest.raises(BadInput, match=f"T2SCOPE_SCHEMAS is .*{name}.*{found}; expected a folder of LSST schemas"):
            read_settings(environ={"T2SCOPE_SCHEMAS": str(tmp_path / name)})


def test_every_setting_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    missing = [f.name for f in fields(Settings) if f"`T2SCOPE_{f.name.upper()}`" not in page]
    assert not missing


def test_a_misspelt_setting_is_logged(caplog):
    assert read_settings(environ={"T2SCOPE_CASHE_MB": "5"}) == Settings()
    assert "T2SCOPE_CASHE_MB is not known" in caplog.text


def test_tokens_never_show_in_a_printed_setting():
    assert "secret" not in repr(read_settings({"lasair_token": "secret", "lasair_ztf_token": "secret"}, environ={}))


@pytest.mark.parametrize("name", ["CACHE_MB", "REQUIRE_LOGIN", "LOG", "METRICS_PORT", "EXTRA_MODELS", "SCHEMAS"])
def test_a_value_without_end_is_cut_in_the_message(name):
    with pytest.raises(BadInput, match=f"T2SCOPE_{name} ") as told:
        read_settings(environ={f"T2SCOPE_{name}": "x" * 100_000})
    assert len(str(told.value)) < 600
