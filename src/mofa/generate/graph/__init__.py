"""The `graph` generator: a recurrent network that writes cores as SMILES, and a fast builder that puts them in 3-D.

Bonds and hydrogens are part of what the network writes, so nothing has to be perceived from coordinates. It is the
plain baseline of the learned generators: no geometry is learnt.
"""
