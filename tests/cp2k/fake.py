"""A program that behaves like CP2K going wrong: ``python fake.py MODE -i PROJECT.inp -o PROJECT.out``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

ABORT = """
 *******************************************************************************
 *   ___                                                                       *
 *  /   \\                                                                      *
 * [ABORT]                                                                     *
 *  \\___/   The requested basis set <FOO-GTH> for element <C> was not found in *
 *    |                     the basis set files <BASIS_MOLOPT>                 *
 *  O/|                                                                        *
 * /| |                                                                        *
 * / \\                                          aobasis/basis_set_types.F:1509 *
 *******************************************************************************

"""
SCF = """
 SCF WAVEFUNCTION OPTIMIZATION

  Step     Update method      Time    Convergence         Total energy    Change
  ------------------------------------------------------------------------------
     1 NoMix/Diag. 0.40E+00    0.2     1.73328980      -149.9021445934 -1.50E+02
     2 Broy./Diag. 0.40E+00    0.3     0.25293405      -148.9739154382  9.28E-01
"""
CONVERGED = "\n  *** SCF run converged in     2 steps ***\n\n"
RESULTS = """
 ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]:             {energy}

 ATOMIC FORCES in [a.u.]

 # Atom   Kind   Element          X              Y              Z
      1      1      H           0.00300000     0.00000000     0.00400000
      2      1      H          -0.00100000     0.00000000     0.00000000
 SUM OF ATOMIC FORCES           0.00200000     0.00000000     0.00400000     0.00447214

 STRESS| Analytical stress tensor [GPa]
 STRESS| 1/3 Trace                                             1.25000000000E+00
"""
STEP = """
 --------  Informations at step =     1 ------------
  Optimization Method        =                LBFGS
  Total Energy               =        -1.2000000000
  Internal Pressure [bar]    =     12500.0000000000

"""
RESTART = """ &MOTION
   &CELL_OPT
     STEP_START_VAL  1
   &END CELL_OPT
 &END MOTION
     &CELL
       A     4.1000000000000005E+00    0.0000000000000000E+00    0.0000000000000000E+00
       B     1.0000000000000001E-01    4.0000000000000000E+00    0.0000000000000000E+00
       C     0.0000000000000000E+00    0.0000000000000000E+00    4.0000000000000000E+00
     &END CELL
     &COORD
H   -1.2500000000000000E-01    5.0000000000000003E-02    0.0000000000000000E+00
H   -1.2500000000000000E-01    5.0000000000000003E-02    1.1250000000000000E+00
       SCALED  T
     &END COORD
"""


def main() -> None:
    mode = sys.argv[1]
    if "--version" in sys.argv:
        sys.stdout.write(" CP2K version 2023.1\n" if mode != "other" else "some other program\n")
        return
    out = Path(sys.argv[sys.argv.index("-o") + 1])
    if mode == "die":
        sys.stdout.write("no license found\n")
        sys.exit(3)
    if mode == "abort":
        out.write_text(ABORT)
        sys.exit(1)
    if mode == "silent":
        time.sleep(600)
    text = SCF + CONVERGED + RESULTS.format(energy="-1.100000000000000")
    if mode == "step":
        text += SCF + CONVERGED + RESULTS.format(energy="-1.200000000000000") + STEP
        Path(out.stem + "-1.restart").write_text(RESTART)
    out.write_text(text)
    time.sleep(600)


if __name__ == "__main__":
    main()
