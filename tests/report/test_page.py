from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mofa.errors import CampaignError, StoreError
from mofa.report import write_report
from tests.report.synthetic import new_campaign, uptake
from tests.structures import irmof1

VOID = {"meta", "link", "br", "input", "img", "hr"}
LOADS = {"src", "href", "xlink:href", "data", "poster", "action", "srcset"}


class Page(HTMLParser):
    """Reads a page: text, ids, what it refers to, and whether the tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[tuple[str, str]] = []
        self.visible: list[str] = []
        self.scripts: dict[str, str] = {}
        self._script_id = ""
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.visible).split())

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        if known.get("id"):
            self.ids.append(known["id"])
        self.references += [(tag, value) for name, value in attrs if name in LOADS]
        self._script_id = known.get("id", "") if tag == "script" else self._script_id
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open[-1:] == [tag], f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.scripts[self._script_id] = self.scripts.get(self._script_id, "") + data
        elif inside != "style":
            self.visible.append(data)


@pytest.fixture(scope="module")
def page(campaign) -> Page:
    return Page(campaign.html)


def test_the_page_is_well_formed_and_its_ids_are_unique(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_the_page_loads_nothing_from_anywhere(campaign, page):
    assert not re.search(r"(?:https?:)?//[\w.-]+\.\w", re.sub(r"//[^\n]*", "", "".join(page.scripts.values())))
    assert not re.search(r"https?:|@import|url\(", campaign.html)
    assert {tag for tag, _ in page.references} <= {"a", "use"}
    assert "default-src 'none'" in campaign.html


def test_links_lead_to_existing_files_and_places(campaign, page):
    for _, target in page.references:
        if target.startswith("#"):
            assert target[1:] in page.ids
        else:
            assert (campaign.page.parent / target).exists(), target


def test_numbers_come_with_their_units(page):
    for expected in (
        "1.234 ± 0.056 mol/kg CO₂ at 0.1 bar and 300 K",
        "54.3 mg/g · 27.7 cm³/g",
        "24.10 ± 0.80 kJ/mol",
        "4.3 %",
        "7.4 / 9.3 Å",
        "2210 m²/g",
        "g/cm³",
        "RASPA3, 8000 cycles",
        "GFN1-xTB, \u22120.64 to +0.79 e, metal at least +0.78 e",
        "UFF4MOF, LAMMPS, 2×2×2 cells, 10 ps at 300 K",
        "22.8 %",
        "15.2 %",
        "8.6 %",
        "Seed 7",
    ):
        assert expected in page.text, expected


def test_names_and_details_are_escaped(campaign, page):
    assert "a <test> campaign" in page.text
    assert "<b>best</b> & first" in page.text
    assert "nitrogen 7 has <five> bonds" in page.text
    assert "<b>best" not in campaign.html
    assert "<five>" not in campaign.html


def test_refusals_are_listed_with_reason_detail_and_id(page):
    for expected in ("generate-000000/0/2", "no type for S5", "signal 11", "strain 0.310 is not below 0.25"):
        assert expected in page.text, expected


def test_scenes_are_json_and_hold_whole_bonds(page):
    scenes = {name: json.loads(text) for name, text in page.scripts.items() if name.startswith("scene-")}
    assert set(scenes) == {"scene-1", "scene-2"}
    scene = scenes["scene-1"]
    n = len(scene["a"])
    assert len(scene["x"]) == 3 * n
    assert len(scene["q"]) == n
    assert len(scene["c"]) == 72
    assert max(scene["b"]) < n
    assert max(scene["a"]) < len(scene["e"])


def test_the_ranking_is_in_order_of_uptake(page):
    assert page.text.index("<b>best</b> & first CIF") < page.text.index("second CIF")


def test_a_campaign_without_events_still_gives_a_report(tmp_path):
    new_campaign(tmp_path / "empty", '[campaign]\nname = "nothing yet"\n')
    page = Page(write_report(tmp_path / "empty").read_text())
    assert page.open == []
    assert "nothing yet" in page.text
    assert "No MOF has an uptake yet" in page.text
    assert "mofa resume" in page.text
    assert (tmp_path / "empty" / "report" / "mofs.csv").read_text().startswith("rank,id,name,uptake_mol_per_kg")


def test_a_heat_that_is_not_known_is_a_dash(tmp_path):
    writer = new_campaign(tmp_path / "c")
    nothing = uptake(0.0, 0.0, heat_kj_per_mol=float("nan"), heat_error_kj_per_mol=float("nan"), pores=None)
    writer.whole(replace(irmof1(), id="aa11", name="inert"), 0.05, nothing)
    html = write_report(tmp_path / "c").read_text()
    assert "nan" not in Page(html).text.lower().split()
    assert "nan" not in (tmp_path / "c" / "report" / "mofs.csv").read_text()


def test_a_campaign_file_broken_since_is_named_and_does_not_stop_the_report(tmp_path):
    writer = new_campaign(tmp_path / "c")
    writer.folder.config_path.write_text("[campaign\n")
    assert "campaign.toml is no longer valid TOML" in Page(write_report(tmp_path / "c").read_text()).text


def test_the_report_can_be_written_elsewhere_and_again(campaign, tmp_path):
    first = write_report(campaign.path, out=tmp_path / "deep" / "there")
    (first.parent / "mofs" / "007-old.cif").write_text("left by an older report")
    (first.parent / "mofs" / "notes.txt").write_text("the user's")
    second = write_report(campaign.path, out=tmp_path / "deep" / "there")
    assert second == first == tmp_path / "deep" / "there" / "index.html"
    assert sorted(p.name for p in (first.parent / "mofs").iterdir()) == ["001-bb22.cif", "002-aa11.cif", "notes.txt"]
    for _, target in Page(second.read_text()).references:
        assert target.startswith("#") or (first.parent / target).exists()


def test_a_folder_without_a_campaign_is_an_error_with_an_action(tmp_path):
    with pytest.raises(CampaignError, match="holds no campaign"):
        write_report(tmp_path)


def test_an_unusable_place_is_an_error_with_an_action(campaign, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be made"):
        write_report(campaign.path, out=tmp_path / "file")
