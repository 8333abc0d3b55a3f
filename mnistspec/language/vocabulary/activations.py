"""The activations: blocks that change values and never shapes."""

from __future__ import annotations

from pydantic import Field

from mnistspec.language.vocabulary.block import Block, Module, Shape


class _Activation(Block, kind="activation"):
    """An elementwise function."""

    def modules(self, shape: Shape) -> tuple[Module, ...]:  # noqa: ARG002 - elementwise
        return (Module(self.word, self.torch_class, self.model_dump()),)


class ReLU(_Activation, word="relu"):
    """max(0, x)."""


class LeakyReLU(_Activation, word="leaky_relu", scalar="negative_slope", aliases=("lrelu",)):
    """x where positive, else a small slope times x."""

    negative_slope: float = Field(default=0.01, ge=0, le=1)


class ELU(_Activation, word="elu", scalar="alpha"):
    """x where positive, else alpha (exp(x) - 1)."""

    alpha: float = Field(default=1.0, gt=0, le=100)


class GELU(_Activation, word="gelu"):
    """x times the normal distribution function of x."""


class SiLU(_Activation, word="silu", aliases=("swish",)):
    """x times the sigmoid of x."""


class Hardswish(_Activation, word="hardswish"):
    """SiLU in straight pieces."""


class Tanh(_Activation, word="tanh"):
    """Hyperbolic tangent."""


class Sigmoid(_Activation, word="sigmoid"):
    """1 / (1 + exp(-x))."""
