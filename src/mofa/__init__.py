"""MOFA: discover metal-organic frameworks for carbon capture.

Data flows one way through seven rooms named after the tasks of the MOFA paper: `generate`, `process`,
`assemble`, `validate`, `optimize`, `charges` and `adsorb`. `campaign` decides what runs next, `compute` runs it,
`store` remembers it and `report` shows it. Every room also works alone, on your own files.

Nothing heavy is imported here: `import mofa` costs milliseconds.
"""

__version__ = "0.1.0"
