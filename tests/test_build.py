"""From SMILES to a MOF in one call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mofa.assemble import check_framework
from mofa.build import build, first_linker, sound_linkers
from mofa.chemistry import Framework, Linker, RawLinker, Reason, Rejected, Stage
from mofa.chemistry.molecules import from_smiles
from mofa.chemistry.molfiles import write_sdf
from mofa.errors import InputError

BDC = "OC(=O)c1ccc(cc1)C(=O)O"
BPDC = "OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O"
DABCO = "C1CN2CCN1CC2"


def test_uio66_in_one_line() -> None:
    mof = build("zr6", "fcu", [BDC])
    assert isinstance(mof, Framework)
    assert check_framework(mof) is None
    assert mof.formula == "Zr3C24H14O16"
    assert mof.cell_parameters()[0] * 2.0**0.5 == pytest.approx(20.700, rel=0.015)  # DOI 10.1021/ja8057953


def test_smiles_files_generated_and_sound_linkers_make_one_mof(tmp_path: Path) -> None:
    raw = from_smiles(BDC, seed=1)
    sound = first_linker(BDC)
    pillar = tmp_path / "pillar.smi"
    pillar.write_text(f"{DABCO} dabco\n{BDC}\n")
    saved = tmp_path / "linker.sdf"
    assert isinstance(raw, RawLinker)
    assert isinstance(sound, Linker)
    write_sdf([sound], saved)
    ids = set()
    for source in (BDC, raw, sound, saved, str(saved)):
        mof = build("zn-paddlewheel-pillar", "pcu", [source, pillar])
        assert isinstance(mof, Framework)
        ids.add(mof.id)
    assert len(ids) == 1


def test_further_nets_are_put_in() -> None:
    mof = build("zn4o", "pcu", [BPDC], catenation=1)
    assert isinstance(mof, Framework)
    assert mof.lineage.catenation == 1
    assert mof.name.endswith(".cat1")


def test_the_first_refusal_is_the_answer() -> None:
    of_linker = build("zr6", "fcu", ["CCO"])
    assert isinstance(of_linker, Rejected)
    assert (of_linker.stage, of_linker.reason) == (Stage.PROCESS, Reason.NO_ANCHORS)
    of_mof = build("zr6", "pcu", [BDC])
    assert isinstance(of_mof, Rejected)
    assert (of_mof.stage, of_mof.reason) == (Stage.ASSEMBLE, Reason.CONNECTIVITY)


def test_linkers_of_a_file_come_one_by_one_with_refusals_in_their_places(tmp_path: Path) -> None:
    file = tmp_path / "some.smi"
    file.write_text(f"{BDC}\nCCO ethanol\n{BPDC}\n")
    kinds = [type(linker) for linker in sound_linkers(file)]
    assert kinds == [Linker, Rejected, Linker]


@pytest.mark.parametrize("source", ["nonsense(", "missing.sdf", "C" * 300 + "("])
def test_what_is_no_linker_at_all_is_wrong_usage(source: str) -> None:
    with pytest.raises(InputError):
        build("zr6", "fcu", [source])


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, mofa.build; print(*sorted({'numpy', 'rdkit', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
