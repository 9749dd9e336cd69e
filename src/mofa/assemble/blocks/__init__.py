"""Building blocks: metal nodes from data files and from users' files, and what their bonds tell."""
