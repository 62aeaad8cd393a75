"""Images with the attributes that they can be drawn from, and their masks.

| source | attributes |
|---|---|
| `figures/attributes` | shape, angle, place, size and colour of a drawn figure, with exact masks |
| `solids/views` | kind, view, elevation, size and colour of a drawn solid, with exact masks |
| `folder:PATH`, `zip:PATH` | those of the table `attributes.csv`, see `open_attributed` |
"""

from tfgan_zoo.data.attributes.opening import Attributed, open_attributed

__all__ = ["Attributed", "open_attributed"]
