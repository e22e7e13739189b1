"""The README says what the cards say."""

import json

from training import repeat, tune_report
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


def test_a_second_run_that_leaves_an_interval_is_named(tmp_path):
    def figures(f1, auc):
        of_prior = {"macro_f1": f1, "auc_snia": auc, "log_loss_flat": 0.5, "snia_purity_at_85_percent": 0.99}
        return {
            "five_class": {
                "sample": of_prior | {"macro_f1_interval": [0.7, 0.8]},
                "survey": of_prior | {"auc_snia_interval": [0.97, 0.99]},
                "equal": of_prior,
            },
            "alerts_only": {"sample": of_prior},
            "ece_survey": 0.02,
        }

    path = tmp_path / "repeat.json"
    head = {"command": "c", "date": "d", "minutes": 60.0, "load": 1.0}
    for second, said in (
        (figures(0.75, 0.98), "lies within it"),
        (figures(0.75, 0.95), "Outside the intervals: AUC (SN Ia)."),
    ):
        path.write_text(json.dumps({**head, "figures": repeat.compared(figures(0.76, 0.98), second)}))
        assert said in repeat.section(path)
    assert "| macro-F1, sample | 0.760 [0.700, 0.800] | 0.750 | -0.010 |" in repeat.section(path)
    assert repeat.section(tmp_path / "absent.json") == ""
