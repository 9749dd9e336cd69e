from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mofa.chemistry import Framework, Reason, Stage
from mofa.report import write_report
from mofa.store.payloads import Status
from mofa.store.records import CampaignRecords, load
from tests.report.synthetic import BDC, DCB, lineage, new_campaign, uptake
from tests.structures import irmof1

BEST = replace(uptake(1.234, 0.056), charge_min_e=-0.644, charge_max_e=0.791, charge_metal_min_e=0.78)


@dataclass(frozen=True)
class Campaign:
    """A campaign folder, what is in it, and its report."""

    path: Path
    best: Framework
    """As it was stored last, with charges."""
    page: Path

    @property
    def records(self) -> CampaignRecords:
        return load(self.path)

    @property
    def html(self) -> str:
        return self.page.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """Two MOFs with an uptake, one unstable, one refused; names that try to break the page."""
    path = tmp_path_factory.mktemp("reports") / "campaign"
    writer = new_campaign(path)
    mof = replace(irmof1(), lineage=lineage())
    writer.task(Stage.GENERATE, subject="BCA", batches=2)
    writer.linker("KEY0", BDC, "BCA", 16)
    writer.linker("KEY2", DCB, "BZN", 14)
    for k in range(3):
        writer.refuse(Stage.PROCESS, Reason.VALENCE, f"generate-000000/0/{k}", "nitrogen 7 has <five> bonds")
    writer.refuse(Stage.PROCESS, Reason.CHARGED, "generate-000000/1/0")
    writer.whole(replace(mof, id="aa11", name="second"), 0.17, uptake(0.61, 0.05))
    best = writer.whole(replace(mof, id="bb22", name="<b>best</b> & first"), 0.043, BEST)
    unstable, refused = replace(mof, id="cc33", name="soft"), replace(mof, id="dd44", name="untyped")
    writer.assemble(unstable)
    writer.validate(unstable, 0.31)
    writer.assemble(refused)
    writer.refuse(Stage.VALIDATE, Reason.UNTYPED, "dd44", "no type for S5")
    writer.task(Stage.VALIDATE, subject="ee55", status=Status.CRASHED, detail="signal 11")
    return Campaign(path, best, write_report(path))
