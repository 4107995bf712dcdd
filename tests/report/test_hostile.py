import pytest

from dada.errors import UserError
from dada.reporting import write_report
from tests.report.conftest import (
    make_config,
    make_epoch,
    write_events,
    write_json,
    write_training,
)
from tests.torture.reports import campaign


def test_damaged_runs_give_a_page_or_one_line():
    found = campaign(0, 12)
    assert found["reports written"] and found["reports refused"]


@pytest.mark.parametrize("machine", [None, 3, "cpu", []])
def test_a_machine_of_another_type(run, machine):
    write_json(run / "config.json", make_config() | {"machine": machine})
    with pytest.raises(UserError, match=r"config\.json: not the configuration of a run \(machine"):
        write_report(run)


@pytest.mark.parametrize("number", [1e400, "one", None, [1]])
def test_an_epoch_without_a_number(run, number):
    write_events(run / "events.jsonl", [make_epoch(1) | {"epoch": number}])
    with pytest.raises(UserError):
        write_report(run)


@pytest.mark.parametrize("policies", [{}, {"crop": "", "flip": ""}])
def test_a_training_of_no_policy_or_of_two(tmp_path, policies):
    run = write_training(tmp_path / "run")
    config = make_config("train") | {"seed": 0, "policy": "none", "policies": policies}
    write_json(run / "config.json", config)
    with pytest.raises(UserError, match="damaged"):
        write_report(run)


def test_a_seed_that_is_no_whole_number(run):
    config = make_config()
    write_json(run / "config.json", config | {"settings": config["settings"] | {"seed": 0.5}})
    with pytest.raises(UserError, match="damaged"):
        write_report(run)
