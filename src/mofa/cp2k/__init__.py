"""CP2K: density-functional energies, stresses and electron densities of periodic cells, by an external program.

Quickstep GPW with PBE, DFT-D3(BJ), GTH pseudopotentials and MOLOPT basis sets. The cell optimiser `cp2k` and the
charge model `ddec6` share this package: `Cp2kSettings` says how the program is run, `single_point` leaves an electron
density behind, `run_folder` decides what stays on disk.

    >>> from mofa.cp2k import Cp2kSettings, run_folder, single_point
    >>> with run_folder(None) as folder:
    ...     point = single_point(framework, Cp2kSettings(command="mpirun -n 8 cp2k.psmp"), folder=folder)
    ...     density = read_cube(point.density_cube)  # gone at the end of the block

CP2K: DOI 10.1063/5.0007045. PBE: DOI 10.1103/PhysRevLett.77.3865. DFT-D3: DOI 10.1063/1.3382344, with Becke-Johnson
damping: DOI 10.1002/jcc.21759. GTH pseudopotentials: DOI 10.1103/PhysRevB.54.1703. MOLOPT: DOI 10.1063/1.2770708.
"""

from mofa.cp2k.checks import check_settings
from mofa.cp2k.folders import RunFolder, run_folder
from mofa.cp2k.settings import Cp2kSettings
from mofa.cp2k.single_point import SinglePoint, single_point

__all__ = ["Cp2kSettings", "RunFolder", "SinglePoint", "check_settings", "run_folder", "single_point"]
