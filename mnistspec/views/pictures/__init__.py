"""Pictures of data and runs: each function writes one PNG, the same bytes for the same input."""

from mnistspec.views.pictures.confusion import plot_confusion
from mnistspec.views.pictures.curves import plot_curves
from mnistspec.views.pictures.images import plot_augmented, plot_samples
from mnistspec.views.pictures.mistakes import plot_mistakes

__all__ = ["plot_augmented", "plot_confusion", "plot_curves", "plot_mistakes", "plot_samples"]
