"""The course's networks as people write them, to hold the builder against."""

from __future__ import annotations

from torch import nn


def step0() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2, 2),
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(),
        nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2, 2),
        nn.Conv2d(256, 512, 3), nn.ReLU(),
        nn.Conv2d(512, 1024, 3), nn.ReLU(),
        nn.Conv2d(1024, 10, 3),
        nn.Flatten(),
    )  # fmt: skip


def step1() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False), nn.ReLU(),
        nn.Conv2d(8, 16, 3, bias=False), nn.ReLU(),
        nn.MaxPool2d(2, 2),
        nn.Conv2d(16, 8, 1, bias=False), nn.ReLU(),
        nn.Conv2d(8, 10, 3, bias=False), nn.ReLU(),
        nn.Conv2d(10, 10, 3, bias=False), nn.ReLU(),
        nn.Conv2d(10, 16, 3, bias=False), nn.ReLU(),
        nn.Conv2d(16, 10, 1, bias=False),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip


def _norm_first(channels: int, *, dropout: float | None = None, dropout_last: bool = True) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.BatchNorm2d(channels), nn.ReLU()]
    if dropout is not None:
        layers.insert(2 if dropout_last else 1, nn.Dropout(dropout))
    return layers


def step2(dropout: float | None = None) -> nn.Sequential:
    layers: list[nn.Module] = []
    for given, made, kernel in ((1, 8, 3), (8, 16, 3), (16, 8, 1), (8, 10, 3), (10, 16, 3), (16, 10, 3)):
        layers += [nn.Conv2d(given, made, kernel, bias=False), *_norm_first(made, dropout=dropout, dropout_last=False)]
        if made == 16 and given == 8:
            layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def step3() -> nn.Sequential:
    return step2(dropout=0.03)


def _with_head(channels: tuple[int, ...], dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    given = 1
    for index, made in enumerate(channels):
        layers += [nn.Conv2d(given, made, 1 if index == 2 else 3, bias=False), *_norm_first(made, dropout=dropout)]
        if index == 1:
            layers.append(nn.MaxPool2d(2, 2))
        given = made
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(given, 10, bias=False))


def step4() -> nn.Sequential:
    return _with_head((8, 16, 10, 8, 16, 11), 0.03)


def step5() -> nn.Sequential:
    return _with_head((8, 16, 8, 10, 16, 16), 0.01)


def step6() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(8), nn.Dropout(0.003),
        nn.Conv2d(8, 16, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(16), nn.Dropout(0.003),
        nn.MaxPool2d(2, 2),
        nn.Conv2d(16, 8, 1, bias=False),
        nn.Conv2d(8, 10, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(10), nn.Dropout(0.003),
        nn.Conv2d(10, 16, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(16), nn.Dropout(0.003),
        nn.Conv2d(16, 18, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(18), nn.Dropout(0.003),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(18, 16, bias=False), nn.ReLU(), nn.BatchNorm1d(16), nn.Dropout(0.003),
        nn.Linear(16, 10, bias=False),
    )  # fmt: skip


STEPS = (step0, step1, step2, step3, step4, step5, step6)
