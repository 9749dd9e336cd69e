"""Tables and structures beside the page: `mofs.csv`, `rejected.csv` and one CIF with charges per ranked MOF."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from mofa.chemistry import Lineage
from mofa.report.cards import MofCard
from mofa.report.ranking import stability_class
from mofa.store.durable import store_error, write_durably
from mofa.store.files import FileStore
from mofa.store.records import CampaignRecords, MofRecord, StrainLimits

MOFS_FOLDER = "mofs"
_CIF_NAME = re.compile(r"\d{3,}-.+\.cif")
Cell = str | int | float | bool | None
_NO_MOF = MofRecord("", "", 0, Lineage(), "", 0.0)
"""Gives the columns of a table without rows."""


def write_cifs(cards: Sequence[MofCard], files: FileStore, folder: Path) -> None:
    """Copy the structure of every ranked MOF to ``mofs/<rank>-<id>.cif``; copies of an older report are removed.

    Raises:
        StoreError: full disk, no permission, or a structure is damaged.
    """
    target = folder / MOFS_FOLDER
    wanted = {card.ranked.file_name: card.ranked.mof.best_ref for card in cards}
    try:
        target.mkdir(parents=True, exist_ok=True)
        for old in target.iterdir():
            if _CIF_NAME.fullmatch(old.name) and old.name not in wanted:
                old.unlink()
    except OSError as error:
        raise store_error("written", target, error) from error
    for name, ref in wanted.items():
        write_durably(target / name, files.get(ref))


def write_mofs_csv(records: CampaignRecords, cards: Sequence[MofCard], path: Path) -> None:
    """One row per assembled MOF, the ranked ones first; units are in the column names."""
    by_id = {card.ranked.mof.id: card for card in cards}
    others = [mof for mof in records.mofs.values() if mof.id not in by_id]
    others.sort(key=lambda mof: (mof.stability.strain if mof.stability is not None else float("inf"), mof.id))
    limits = records.limits
    points = sorted({name for mof in records.mofs.values() for name in mof.points})
    shown = [(card.ranked.mof, card) for card in cards] + [(mof, None) for mof in others]
    rows = [_mof_row(mof, card, limits) | _point_columns(mof, points) for mof, card in shown]
    columns = _mof_row(_NO_MOF, None, limits) | _point_columns(_NO_MOF, points)
    for row in rows:
        row["objective_unit"] = None if row["objective"] is None else records.objective.unit
    _write_csv(path, rows, list(columns))


def write_rejected_csv(records: CampaignRecords, path: Path) -> None:
    """One row per refusal, in the order in which they happened."""
    rows: list[dict[str, Cell]] = [
        {
            "time_unix_s": round(refusal.time_s, 3),
            "stage": refusal.stage.value,
            "reason": refusal.reason.value,
            "id": refusal.key,
            "detail": refusal.detail,
            "atoms": " ".join(str(atom) for atom in refusal.atoms),
            "task": refusal.task_id,
            "file": refusal.ref,
        }
        for refusal in records.rejections
    ]
    _write_csv(path, rows, ["time_unix_s", "stage", "reason", "id", "detail", "atoms", "task", "file"])


def _write_csv(path: Path, rows: Sequence[dict[str, Cell]], columns: Sequence[str]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _known(cell) for name, cell in row.items()} for row in rows)
    write_durably(path, text.getvalue().encode())


def _known(cell: Cell) -> Cell:
    """The cell, empty for NaN."""
    return None if isinstance(cell, float) and not isfinite(cell) else cell


def _mof_row(mof: MofRecord, card: MofCard | None, limits: StrainLimits) -> dict[str, Cell]:
    lineage = mof.lineage
    return {
        "rank": card.ranked.rank if card else None,
        "id": mof.id,
        "name": mof.name,
        **_uptake_columns(mof, card),
        "objective": mof.objective,
        "objective_unit": None,
        "objective_note": mof.objective_note or None,
        **_judge_columns(mof),
        **_pore_columns(mof),
        **_stability_columns(mof, limits),
        **_charge_columns(mof),
        **_cell_columns(card),
        "atoms_per_cell": mof.n_atoms,
        "node": lineage.node,
        "net": lineage.net,
        "catenation": lineage.catenation,
        "linkers_smiles": " ".join(lineage.linkers),
        "linker_sources": " ".join(lineage.sources),
        "rejected_stage": mof.rejected.stage.value if mof.rejected else None,
        "rejected_reason": mof.rejected.reason.value if mof.rejected else None,
        "rejected_detail": mof.rejected.detail if mof.rejected else None,
        "cif": f"{MOFS_FOLDER}/{card.ranked.file_name}" if card else None,
    }


def _uptake_columns(mof: MofRecord, card: MofCard | None) -> dict[str, Cell]:
    uptake = mof.uptake
    return {
        "uptake_mol_per_kg": uptake.uptake_mol_per_kg if uptake else None,
        "uptake_error_95_mol_per_kg": uptake.error_mol_per_kg if uptake else None,
        "uptake_mg_per_g": card.ranked.mg_per_g if card else None,
        "uptake_cm3_stp_per_g": card.ranked.cm3_stp_per_g if card else None,
        "uptake_cm3_stp_per_cm3": uptake.uptake_cm3_stp_per_cm3 if uptake else None,
        "heat_of_adsorption_kj_per_mol": uptake.heat_kj_per_mol if uptake else None,
        "heat_error_kj_per_mol": uptake.heat_error_kj_per_mol if uptake else None,
        "gas": uptake.gas if uptake else None,
        "pressure_pa": uptake.pressure_pa if uptake else None,
        "temperature_k": uptake.temperature_k if uptake else None,
        "mole_fraction": uptake.mole_fraction if uptake else None,
        "selectivity": uptake.selectivity if uptake else None,
        "selectivity_error_95": uptake.selectivity_error if uptake else None,
        "adsorption_engine": uptake.engine or None if uptake else None,
        "adsorption_method": uptake.method if uptake else None,
        "adsorption_converged": uptake.converged if uptake else None,
        "adsorption_charge_method": uptake.charge_method or None if uptake else None,
        "adsorption_charge_min_e": uptake.charge_min_e if uptake else None,
        "adsorption_charge_max_e": uptake.charge_max_e if uptake else None,
        "adsorption_charge_metal_min_e": uptake.charge_metal_min_e if uptake else None,
    }


def _judge_columns(mof: MofRecord) -> dict[str, Cell]:
    judged = mof.judged
    return {
        "judge_engine": judged.engine or None if judged else None,
        "judge_uptake_mol_per_kg": judged.uptake_mol_per_kg if judged else None,
        "judge_uptake_error_95_mol_per_kg": judged.error_mol_per_kg if judged else None,
        "judge_agrees": mof.judge_agrees,
        "judge_method": judged.method if judged else None,
        "judge_note": mof.judge_note or None,
    }


def _point_columns(mof: MofRecord, points: Sequence[str]) -> dict[str, Cell]:
    """The uptakes under further conditions, the point's name first."""
    columns: dict[str, Cell] = {}
    for name in points:
        uptake = mof.points.get(name)
        columns |= {
            f"{name}_uptake_mol_per_kg": uptake.uptake_mol_per_kg if uptake else None,
            f"{name}_uptake_error_95_mol_per_kg": uptake.error_mol_per_kg if uptake else None,
            f"{name}_heat_of_adsorption_kj_per_mol": uptake.heat_kj_per_mol if uptake else None,
            f"{name}_selectivity": uptake.selectivity if uptake else None,
            f"{name}_gas": uptake.gas if uptake else None,
            f"{name}_pressure_pa": uptake.pressure_pa if uptake else None,
            f"{name}_temperature_k": uptake.temperature_k if uptake else None,
        }
    return columns


def _pore_columns(mof: MofRecord) -> dict[str, Cell]:
    pores = mof.uptake.pores if mof.uptake else None
    return {
        "largest_cavity_diameter_ang": pores.largest_cavity_diameter_ang if pores else None,
        "pore_limiting_diameter_ang": pores.pore_limiting_diameter_ang if pores else None,
        "accessible_surface_m2_per_g": pores.accessible_surface_m2_per_g if pores else None,
        "accessible_volume_fraction": pores.accessible_volume_fraction if pores else None,
        "probe_radius_ang": pores.probe_radius_ang if pores else None,
    }


def _stability_columns(mof: MofRecord, limits: StrainLimits) -> dict[str, Cell]:
    stability = mof.stability
    return {
        "strain": stability.strain if stability else None,
        "strain_inverted": stability.strain_inverted if stability else None,
        "stability": stability_class(stability.strain if stability else None, limits),
        "volume_ratio": stability.volume_ratio if stability else None,
        "md_steps": stability.steps if stability else None,
        "md_timestep_fs": stability.timestep_fs if stability else None,
        "md_temperature_k": stability.temperature_k if stability else None,
        "stability_method": stability.method if stability else None,
    }


def _charge_columns(mof: MofRecord) -> dict[str, Cell]:
    gate = mof.charges.gate if mof.charges else None
    return {
        "relaxed": mof.optimized.converged if mof.optimized else None,
        "relaxation_method": mof.optimized.method if mof.optimized else None,
        "charge_method": mof.charges.method if mof.charges else None,
        "charge_min_e": gate.min_e if gate else None,
        "charge_max_e": gate.max_e if gate else None,
        "charge_metal_min_e": gate.metal_min_e if gate else None,
        "charge_sum_e": gate.sum_e if gate else None,
        "charge_equivalent_spread_e": gate.equivalent_spread_e if gate else None,
    }


def _cell_columns(card: MofCard | None) -> dict[str, Cell]:
    lengths = ("cell_a_ang", "cell_b_ang", "cell_c_ang")
    angles = ("cell_alpha_deg", "cell_beta_deg", "cell_gamma_deg")
    cell = card.framework.cell_parameters() if card else (None,) * 6
    return {
        **{name: None if x is None else round(x, 6) for name, x in zip(lengths + angles, cell, strict=True)},
        "density_g_per_cm3": round(card.framework.density_g_per_cm3, 6) if card else None,
    }
