"""From a Spec to a plain nn.Sequential of plain torch modules."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from mnistspec.errors import check_type
from mnistspec.language.spec import Spec


def build_model(spec: Spec) -> nn.Sequential:
    """Return the network: images (n, channels, height, width) in, logits (n, classes) out.

    Modules are made in the order of the spec, so that under one seed the parameters are bit for bit those of the same
    network written by hand. Children are named by their kind and count: conv1, bn1, relu1, conv2 ...
    """
    check_type("the spec", spec, Spec)
    children: OrderedDict[str, nn.Module] = OrderedDict()
    for layer in spec.trace():
        for name, module in layer.modules:
            children[name] = getattr(nn, module.torch_class)(**module.arguments)
    return nn.Sequential(children)


def sketch_model(spec: Spec) -> nn.Sequential:
    """Return the network on the CPU without values: their initialisation would draw from the global random stream."""
    with torch.device("meta"):
        model = build_model(spec)
    return model.to_empty(device="cpu")
