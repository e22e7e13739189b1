"""The README says what the cards say."""

import json

from training import tune_report
from training.report import README, with_figures


def test_the_readme_holds_the_figures_of_the_cards():
    text = README.read_text(encoding="utf-8")
    assert with_figures(text) == text, "run: python -m training.report"


def test_a_changed_figure_would_be_noticed():
    text = README.read_text(encoding="utf-8")
    assert with_figures(text.replace("macro-F1 is", "macro-F1 was")) == text


def test_a_study_is_told_with_the_shipped_settings_marked_and_the_best_first(tmp_path):
    settings = {
        "learning_rate": 0.01,
        "weight_decay": 0.02,
        "exponent": 0.4,
        "batch": 256,
        "d": 32,
        "heads": 4,
        "d_ff": 96,
    }
    trials = [
        {"number": k, "state": "complete" if loss else "pruned", "log_loss_flat": loss, **settings}
        for k, loss in enumerate([0.95, None, 0.93, 0.94, 0.96])
    ]
    head = {"command": "c", "date": "d", "sampler": "TPE", "pruner": "median", "steps": 500}
    (tmp_path / "tune.json").write_text(json.dumps({**head, "trials": trials}))
    lines = [line for line in tune_report.section(tmp_path / "tune.json").splitlines() if line.startswith("| 0")]
    assert [line.split()[1] for line in lines] == ["0.930", "0.940", "0.950", "0.960"]
    assert [("(shipped)" in line) for line in lines] == [False, False, True, False]
    assert tune_report.section(tmp_path / "absent.json") == ""
