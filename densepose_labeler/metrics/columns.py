"""What the figures are called, how they are written, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from densepose_labeler.metrics.figures import Figure


@dataclass(frozen=True, slots=True)
class Column:
    """One figure.

    Attributes:
        name: in `figures.Figure` tables and data files.
        title: over a column.
        about: in a sentence.
        share: written in percent; else with three decimals.
    """

    name: str
    title: str
    about: str
    share: bool = False

    def show(self, figure: Figure | None, interval: bool = False) -> str:
        """The figure as text, a dash where it has no meaning; with its interval if asked for."""
        if figure is None or figure.value != figure.value:
            return "–"
        scale, places = (100.0, 1) if self.share else (1.0, 3)
        values = [f"{scale * one:.{places}f}" for one in (figure.value, figure.low, figure.high)]
        unit = " %" if self.share else ""
        return f"{values[0]}{unit} ({values[1]}–{values[2]})" if interval else f"{values[0]}{unit}"


MAIN = (
    Column("people_found", "people found", "share of the people whose box a detection meets by half at least", True),
    Column(
        "nobody", "detections of nobody", "share of the detections that meet nobody, or somebody found already", True
    ),
    Column("foreground_iou", "foreground IoU", "IoU of the body's pixels, whatever the part"),
    Column("part_iou", "mean part IoU", "IoU of each part's pixels over the whole set, mean of the 24 parts"),
    Column("accuracy", "accuracy", "share of the body's pixels that have the right part", True),
    Column("u_error", "|dU|", "mean difference of U at annotated points whose part is right"),
    Column("v_error", "|dV|", "mean difference of V at annotated points whose part is right"),
    Column("gps_AP", "GPS AP", "average precision by geodesic point similarity, mean over thresholds 0.5 to 0.95"),
    Column("gps_AP50", "AP50", "the same at 0.5"),
    Column("gps_AP75", "AP75", "the same at 0.75"),
    Column("gpsm_AP", "GPSm AP", "by the geometric mean of point similarity and the mask's IoU"),
    Column("auc10", "AUC10", "area under the curve of points correct within 0 to 10 cm along the surface"),
    Column("auc30", "AUC30", "the same to 30 cm"),
)
"""The columns of the tables."""

FURTHER = (
    Column("pictures_found", "pictures found", "share of the pictures of people whose surest detection is one", True),
    Column("common_accuracy", "accuracy on common", "of the pixels both call body, the share of the right part", True),
    Column("point_accuracy", "points of right part", "share of the annotated points that have the right part", True),
    *(
        Column(f"{likeness}_{name}", f"{title} {name}", f"{name} by {title}")
        for likeness, title, names in (
            ("gps", "GPS", "APm APl AR AR50 AR75 ARm ARl"),
            ("gpsm", "GPSm", "AP50 AP75 APm APl AR AR50 AR75 ARm ARl"),
            ("iou", "IoU", "AP AP50 AP75 APm APl AR AR50 AR75 ARm ARl"),
        )
        for name in names.split()
    ),
)
"""All others."""

PARTS = (
    Column("part_iou", "IoU", "of the part's pixels"),
    Column("accuracy", "accuracy", "share of the part's pixels that are called so", True),
    Column("point_accuracy", "points right", "share of the part's annotated points that are called so", True),
    Column("u_error", "|dU|", "at points whose part is right"),
    Column("v_error", "|dV|", "at points whose part is right"),
    Column("auc10", "AUC10", "of the part's points"),
    Column("auc30", "AUC30", "of the part's points"),
)
"""The columns of the tables by part."""
