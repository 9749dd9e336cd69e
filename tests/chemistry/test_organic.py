"""Elements that no linker has are refused with their place, in every format."""

from __future__ import annotations

from pathlib import Path

import pytest

from mofa.chemistry import Reason, Rejected
from mofa.chemistry.molecules import from_smiles
from mofa.chemistry.molfiles import read_linkers
from mofa.chemistry.organic import foreign_elements, unknown_in_smiles

SDF = """made by hand


  2  1  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 C   0  0
    1.0000    0.0000    0.0000 Qx  0  0
  1  2  1  0
M  END
$$$$
"""


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.xyz", "3\n\nC 0 0 0\nXx 1.5 0 0\nO 0 1.2 0\n", "'Xx' in line 4 is no element"),
        ("x.sdf", SDF, "'Qx' in line 6 is no element"),
        ("x.smi", "OC(=O)[Xq]\n", "'Xq' at character 8 of 'OC(=O)[Xq]' is no element"),
        ("zn.smi", "OC(=O)[Zn]C(=O)O\n", "Zn (atom 4)"),
    ],
)
def test_an_unknown_element_is_named_with_its_place(name: str, text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    (entry,) = read_linkers(path)
    assert isinstance(entry, Rejected)
    assert entry.reason is Reason.UNKNOWN_ELEMENT
    assert said in entry.detail


def test_every_foreign_atom_is_told() -> None:
    refusal = foreign_elements(["C", "Zn", "N", "Fr"])
    assert isinstance(refusal, Rejected)
    assert refusal.atoms == (1, 3)
    assert "Zn (atom 2), Fr (atom 4)" in refusal.detail


@pytest.mark.parametrize(
    "smiles", ["[nH]1cccc1", "[13CH4]", "[NH4+]", "c1cc[se]c1", "[C@@H](F)(Cl)Br", "[O-][N+](=O)C"]
)
def test_brackets_of_real_elements_are_left_alone(smiles: str) -> None:
    assert unknown_in_smiles(smiles) is None


def test_other_nonsense_stays_an_unreadable_smiles() -> None:
    answer = from_smiles("C1CC")
    assert isinstance(answer, Rejected)
    assert answer.reason is Reason.UNREADABLE
