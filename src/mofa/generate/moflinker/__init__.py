"""MOFLinker: generative models of linkers, trained on linkers that we enumerate."""
