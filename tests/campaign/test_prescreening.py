"""MOFs of one assemble task come with the strain that is expected of them, where the campaign asks for it."""

from __future__ import annotations

import pytest

from mofa.campaign.configured import plan_of
from mofa.campaign.tasks import Task, TaskKind
from mofa.campaign.work import perform
from mofa.campaign.workplace import Workplace
from mofa.chemistry.molecules import from_smiles
from mofa.config import parse_config
from mofa.process import process
from mofa.store.codec import put_json

BDC, DCB = "OC(=O)c1ccc(cc1)C(=O)O", "N#Cc1ccc(cc1)C#N"
STOP = "[stop]\nmax_validated = 1\n[compute]\nworkers = 1\n"


def test_it_is_off_unless_it_is_asked_for():
    assert "prescreen_steps" not in plan_of(parse_config(STOP)).options[TaskKind.ASSEMBLE]
    asked = plan_of(parse_config(f"{STOP}[policy]\nprescreen_steps = 4000\n"))
    assert asked.options[TaskKind.ASSEMBLE]["prescreen_steps"] == 4000


@pytest.mark.engine
def test_the_score_is_the_expected_strain(tmp_path):
    for name in ("files", "outbox"):
        (tmp_path / name).mkdir()
    workplace = Workplace(str(tmp_path), {TaskKind.ASSEMBLE: {"prescreen_steps": 200}})
    acid, pillar = (put_json(process(from_smiles(smiles)), workplace.files) for smiles in (BDC, DCB))
    task = Task("assemble-000000", TaskKind.ASSEMBLE, (acid, acid, pillar), {"linkers_per_mof": 3, "seed": 1}, "1 MOFs")
    (item,) = perform(lambda report: False, task, workplace).result["items"]
    assert item["rejected"] is None
    assert 0.005 < item["score"] < 0.1
