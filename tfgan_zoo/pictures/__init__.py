"""Pictures of samples: grids, labels, scatter plots and walks, and their files."""

from tfgan_zoo.pictures.grids import as_colour, enlarge, grid, rows, sheet
from tfgan_zoo.pictures.labels import labelled_grid, labelled_rows, titled_rows
from tfgan_zoo.pictures.plane import plane
from tfgan_zoo.pictures.points import scatter
from tfgan_zoo.pictures.save import (
    ENDINGS,
    check_ending,
    find_ffmpeg,
    foreign_file,
    save_folder,
    save_frames,
    save_gif,
    save_image,
    save_mp4,
    save_png,
)
from tfgan_zoo.pictures.voxels import draw_voxels, turntable
from tfgan_zoo.pictures.walks import slerp, walk
from tfgan_zoo.pixels import to_uint8, to_unit_range

#: The other direction of `to_uint8`, under its earlier name.
from_uint8 = to_unit_range

__all__ = [
    "ENDINGS",
    "as_colour",
    "check_ending",
    "draw_voxels",
    "enlarge",
    "find_ffmpeg",
    "foreign_file",
    "from_uint8",
    "grid",
    "labelled_grid",
    "labelled_rows",
    "plane",
    "rows",
    "save_folder",
    "save_frames",
    "save_gif",
    "save_image",
    "save_mp4",
    "save_png",
    "scatter",
    "sheet",
    "slerp",
    "titled_rows",
    "to_uint8",
    "turntable",
    "walk",
]
