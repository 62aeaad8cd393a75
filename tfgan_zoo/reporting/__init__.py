"""An HTML report of training runs, from their folders."""

from tfgan_zoo.reporting.gather import RunRecord, gather
from tfgan_zoo.reporting.page import Walk, render, write_page

__all__ = ["RunRecord", "Walk", "gather", "render", "write_page"]
