"""A page about training runs: what the folders hold, charts, and the HTML around them."""

from tfgan_zoo.reporting.gather import RunRecord, gather
from tfgan_zoo.reporting.page import Walk, render, write_page

__all__ = ["RunRecord", "Walk", "gather", "render", "write_page"]
