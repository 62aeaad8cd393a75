"""Weights from elsewhere: which arrays of a file become which variables of a network here.

`FAMILIES` has a function for each architecture. It looks at the shapes of a file, and returns a
`Plan`: the network to build, and an entry for each array. `opened` compares the plan with the file,
and names all that differs. `tfgan_zoo.run.import_weights` makes a model of it.
"""

from tfgan_zoo.importing.families import FAMILIES, Family, check_family, checked_plan, choose
from tfgan_zoo.importing.files import NOTE, Request, Source, note_of, opened
from tfgan_zoo.importing.plan import Entry, Plan

__all__ = [
    "FAMILIES",
    "NOTE",
    "Entry",
    "Family",
    "Plan",
    "Request",
    "Source",
    "check_family",
    "checked_plan",
    "choose",
    "note_of",
    "opened",
]
