"""A calculator for tests: Tersoff's silicon (DOI 10.1103/PhysRevB.39.5566), fast enough for a laptop."""

from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.lj import LennardJones
from ase.calculators.tersoff import Tersoff, TersoffParameters

SILICON = TersoffParameters(
    A=1830.8,
    B=471.18,
    lambda1=2.4799,
    lambda2=1.7322,
    lambda3=0.0,
    beta=1.1e-6,
    gamma=1.0,
    m=3.0,
    n=0.78734,
    c=1.0039e5,
    d=16.217,
    h=-0.59825,
    R=2.85,
    D=0.15,
)


def silicon_calculator() -> Tersoff:
    """The calculator."""
    return Tersoff({("Si", "Si", "Si"): SILICON})


class _Stressless(LennardJones):
    implemented_properties = ("energy", "forces")

    def get_stress(self, atoms=None):
        raise PropertyNotImplementedError("stress")


class _OutOfMemory(LennardJones):
    def calculate(self, *arguments, **options):
        raise MemoryError("out of memory")


def stressless() -> LennardJones:
    """A calculator without stress."""
    return _Stressless()


def out_of_memory() -> LennardJones:
    """A calculator that cannot work."""
    return _OutOfMemory()
