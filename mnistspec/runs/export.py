"""A trained network as a file for other programs: ONNX, checked on the whole test set, or safetensors."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mnistspec import __name__ as package
from mnistspec.errors import MnistspecError
from mnistspec.runs.checkpoints import limit_bytes
from mnistspec.runs.files import hash_text, write_atomically
from mnistspec.runs.result import count_params
from mnistspec.runs.weights import load_tensors, save_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from mnistspec.data.datasets import Dataset
    from mnistspec.runs.folder import RunDir
    from mnistspec.runs.trained import TrainedModel

OPSET = 18  # of ONNX's operators: the exporter's own, read by onnxruntime since 1.14
_BATCH = 617  # images at a time; the last batch is smaller, and the exporter saw another size still
