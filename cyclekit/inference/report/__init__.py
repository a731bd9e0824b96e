"""One page of all results that works as a file: thumbnails, sliders, errors, cycle errors."""

from cyclekit.inference.report.places import report_folder
from cyclekit.inference.report.writer import ReportWriter

__all__ = ["ReportWriter", "report_folder"]
