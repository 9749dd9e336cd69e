"""DDEC6 partial charges from the electron density of a periodic cell.

`Ddec6Charges` is the charge model: it takes a cube file with the valence density, or has CP2K compute one. Behind
it, `partition` runs the seven charge cycles on any grid; `read_cube` reads a file, whose header checks that it belongs
to a structure; `references` holds the free ions and cores that the method starts from.

    >>> from mofa.charges.ddec6 import partition, read_cube
    >>> cube = read_cube("density.cube")
    >>> partition(cube.header.framework(), cube.values).charges

DOI 10.1039/c6ra04656h (theory), 10.1039/c6ra05507a (results).
"""

from mofa.charges.ddec6.cube import Cube, Header, read_cube, read_header
from mofa.charges.ddec6.model import Ddec6Charges
from mofa.charges.ddec6.partition import Partition, partition

__all__ = ["Cube", "Ddec6Charges", "Header", "Partition", "partition", "read_cube", "read_header"]
