"""`mofa process` on linkers of every sort: family, perception and limits as options, refusals with their reason."""

from __future__ import annotations

import pytest

from tests.cli.helpers import mofa

BDC = "O=C(O)c1ccc(C(=O)O)cc1"
TRIMESIC = "O=C(O)c1cc(C(=O)O)cc(C(=O)O)c1"


def test_families_are_found_and_refusals_have_their_reason() -> None:
    expected = {
        "C1CN2CCN1CC2": ("AMN", None),
        "c1c[nH]cn1": ("IMD", None),
        TRIMESIC: ("TCA", None),
        "O=C(O)c1ccccc1": (None, "no_anchors"),
        "O=C(O)C=C=CC(=O)O": ("BCA", "cumulene"),
        "O=C(O)C1=C(C(=O)O)C1": ("BCA", "strained_ring"),
        "O=C(O)[Xq]C(=O)O": (None, "unknown_element"),
    }
    done = mofa("process", *expected, "--json")
    assert done.code == 1
    assert [(line["family"], line["reason"]) for line in done.json_lines] == list(expected.values())
    assert all(line["detail"] for line in done.json_lines if line["reason"])


def test_family_and_limit_are_options() -> None:
    assert mofa("process", TRIMESIC, "--family", "bca", "--json").json["family"] == "BCA"
    refused = mofa("process", BDC, "--max-sa-score", "1.2", "--json")
    assert refused.code == 1
    assert refused.json["reason"] == "hard_to_make"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--family", "ABC"), "Choose one of BCA, BZN, PYR, AMN, TCA, QCA, IMD"),
        (("--perception", "guess"), "Choose one of exact, likelihood, openbabel"),
    ],
)
def test_unknown_names_are_answered_with_the_known_ones(option: tuple[str, str], said: str) -> None:
    done = mofa("process", BDC, *option)
    assert done.code == 1
    assert said in done.err
