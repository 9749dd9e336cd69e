"""How CP2K is run, and at which level of theory."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mofa.errors import InputError
from mofa.programs import split_command

COMMAND = "cp2k.psmp"
EXAMPLE = "mpirun -n 8 cp2k.psmp"


@dataclass(frozen=True)
class Cp2kSettings:
    """How CP2K is run, and at which level of theory.

    Raises:
        InputError: a value that makes no sense, or a command with an input or output file of its own.
    """

    command: str = COMMAND
    """Command line, an MPI launcher included."""
    threads: int = 1
    """OpenMP threads of every process."""
    template: str = ""
    """Path of an input template to use instead of MOFA's; empty for MOFA's."""
    cutoff_ry: float = 300.0
    """Plane-wave cut-off of the finest grid, Ry."""
    rel_cutoff_ry: float = 50.0
    """Cut-off of the grid under a Gaussian of unit exponent, Ry."""
    basis_set: str = "DZVP-MOLOPT-SR-GTH"
    """Gaussian basis set of all elements, without the number of valence electrons."""
    eps_scf: float = 1e-6
    """Self-consistent when the largest change of the density matrix is smaller."""
    charge_e: int = 0
    """Net charge of the cell, e."""
    multiplicity: int = 1
    """Number of unpaired electrons in the cell and one; more than 1: spin-polarised."""

    def __post_init__(self) -> None:
        for name in ("cutoff_ry", "rel_cutoff_ry"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value}", where="cp2k", action="Give a positive number")
        if not 0.0 < self.eps_scf < 1.0:
            raise InputError(f"eps_scf is {self.eps_scf}", where="cp2k", action="Give a small number such as 1e-6")
        for name in ("threads", "multiplicity"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}", where="cp2k", action="Give 1 or more")
        if not self.basis_set or self.basis_set.split() != [self.basis_set]:
            raise InputError(
                f"{self.basis_set!r} is no basis set", where="cp2k", action="Give a name such as DZVP-MOLOPT-SR-GTH"
            )
        if {"-i", "-o"} & set(self.words):
            raise InputError("the command has files of its own", where="command", action="Leave -i and -o away")

    @classmethod
    def of(
        cls,
        *,
        command: str = "",
        threads: int = 0,
        template: str = "",
        cutoff_ry: float = 0.0,
        basis_set: str = "",
        multiplicity: int = 0,
    ) -> Cp2kSettings:
        """Settings from an engine's own options, of which an empty one or 0 stands for its default.

        Raises:
            InputError: see the class.
        """
        return cls(
            command=command or cls.command,
            threads=threads or cls.threads,
            template=template,
            cutoff_ry=cutoff_ry or cls.cutoff_ry,
            basis_set=basis_set or cls.basis_set,
            multiplicity=multiplicity or cls.multiplicity,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command line.

        Raises:
            InputError: none, or unbalanced quotes.
        """
        return split_command(self.command, example=EXAMPLE, program="CP2K")
