"""Sources through the gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mofa.chemistry import Family, RawLinker, Reason
from mofa.errors import InputError
from mofa.evaluate import Reference, Workers, from_file, reference_of, streamed
from mofa.evaluate import sources as sources_of
from mofa.evaluate.evaluation import evaluate
from mofa.evaluate.figures import write_figures
from mofa.evaluate.outcomes import Counts
from mofa.evaluate.sources import StreamLot, families_of
from mofa.generate import StreamRequest
from mofa.generate.library import LibraryGenerator

SMILES = "OC(=O)c1ccc(cc1)C#Cc1ccc(C(=O)O)cc1 tolane\n# a comment\nnonsense\nN#Cc1ccc(cc1)C1CC1c1ccc(C#N)cc1\n"


def texts(source: sources_of.Source, n_workers: int = 1) -> list[str]:
    with Workers(n_workers) as workers:
        return [outcome.text for outcome in workers.sample(source).outcomes]


def test_a_sample_is_made_of_streams_with_seeds_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_of, "LOT_LINKERS", 8)
    source = streamed("library", ["BCA"], n=18, seed=3, max_heavy_atoms=16)
    requests = [lot.request for lot in source.lots if isinstance(lot, StreamLot)]
    assert [request.n for request in requests] == [8, 8, 2]
    assert len({request.seed for request in requests}) == 3
    assert requests[0].seed == 3
    assert len(texts(source)) == 18


def test_two_processes_find_the_same(tmp_path: Path) -> None:
    file = tmp_path / "some.smi"
    file.write_text(SMILES)
    assert texts(from_file(file), 2) == texts(from_file(file), 1)


def test_every_linker_tells_its_time() -> None:
    (lot,) = streamed("library", ["BZN"], n=18, seed=1, max_heavy_atoms=16).lots
    assert all(candidate.cpu_s for candidate in lot.candidates())


class Counting:
    """The library, with draws that came to nothing: two for every batch."""

    name, version, families = "counting", "1", (Family.BZN,)

    def __init__(self) -> None:
        self.n_draws = self.n_failed = self.n_repeated = 0

    def batches(self, request: StreamRequest) -> Iterator[list[RawLinker]]:
        library = LibraryGenerator().batches(request)
        for number in range(request.n_batches):
            self.n_draws += request.size_of(number) + 2
            self.n_failed += 2
            if number >= request.start_batch:
                yield next(library)


def test_draws_are_counted_for_a_lot_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting()
    monkeypatch.setattr(sources_of, "_warm_engine", lambda *_: counting)
    whole = StreamLot("counting", StreamRequest(Family.BZN, 18, 1, max_heavy_atoms=16))
    assert len(list(whole.candidates())) == 18
    assert whole.counts() == Counts(22, 4, 0)


def test_families_share_the_linkers() -> None:
    source = streamed("library", families_of("both"), n=5, seed=1)
    with Workers() as workers:
        sample = workers.sample(source)
    assert [outcome.family for outcome in sample.outcomes] == [Family.BCA] * 3 + [Family.BZN] * 2


def test_smiles_of_another_tool_are_refused_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "some.smi"
    file.write_text(SMILES)
    with Workers() as workers:
        sample = workers.sample(from_file(file))
    reasons = [outcome.refusal.reason if outcome.refusal else None for outcome in sample.outcomes]
    assert reasons == [None, Reason.UNREADABLE, Reason.RING_SIZE]


def test_the_reference_is_read_with_its_identities(tmp_path: Path) -> None:
    cores, whole = tmp_path / "cores.smi", tmp_path / "whole.smi"
    cores.write_text("*C#C*\n*c1ccncc1*\n")
    whole.write_text("OC(=O)c1ccc(cc1)C#Cc1ccc(C(=O)O)cc1\nN#Cc1ccc(cc1)c1ccncc1-c1ccc(C#N)cc1\n")
    with Workers() as workers:
        of_cores = reference_of(cores, families_of("both"), workers)
        of_whole = reference_of(whole, families_of("both"), workers)
    assert of_cores.training == of_whole.training == {"*C#C*", "*c1ccncc1*"}
    assert len(of_cores.sample.sound) == len(of_whole.sample.sound) == 2


@pytest.mark.parametrize(
    ("content", "said"), [("", "empty"), ("# only a comment\n", "empty"), ("CCO\n", "none of 1 linkers")]
)
def test_data_of_no_use_are_named(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "data.smi"
    file.write_text(content)
    with Workers() as workers, pytest.raises(InputError, match=said):
        reference_of(file, families_of("BCA"), workers)


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(InputError, match="'XYZ'"):
        families_of("XYZ")


def test_figures_are_written(tmp_path: Path) -> None:
    file = tmp_path / "some.smi"
    file.write_text(SMILES)
    with Workers() as workers:
        sample = workers.sample(from_file(file))
    written = write_figures(evaluate(sample, Reference(sample, None)), sample, sample, tmp_path)
    assert [path.name for path in written] == ["refusals.png", "distributions.png", "linkers.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
