"""A model whose file is gone or another: the page says so, and the others work on."""

import shutil

import pytest

from core.card import load_card
from core.model import MODELS
from tests.pages.test_object_page import opened
from tests.pages.test_server_settings import owner_sets

__all__ = ["owner_sets"]


def gone(path):
    path.unlink()


def another(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(("harm", "says"), [(gone, "is missing"), (another, "not the file"), (empty, "not the file")])
def test_a_model_whose_file_is_gone_or_another_is_refused_on_the_page(owner_sets, tmp_path, harm, says):
    folder = tmp_path / "mine"
    shutil.copytree(MODELS / "t2-published-gr", folder)
    digest = load_card(folder).data["files"]["model"]["sha256"]
    harm(folder / "model.tflite")
    owner_sets(EXTRA_MODELS=f"{folder}@{digest}")
    at = opened(model="mine")
    assert len(at.error) == 1 and says in at.error[0].value
    assert not at.get("plotly_chart")
    at.selectbox(key="model").select("t2-published-gr").run()
    assert not at.error and at.get("plotly_chart")
