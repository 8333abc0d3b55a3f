"""The faster network against the plain model: outputs, gradients and buffers."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from mnistspec.training.fast.acceleration import AcceleratedNetwork
from mnistspec.training.fast.dropout import FastDropout, drop
from mnistspec.training.fast.layers import AutogradLayer, FastConvolution, FastReLU
from mnistspec.training.fast.normalization import FastBatchNorm
from mnistspec.training.randomness import Purpose, make_generator
from tests.profiles import examples

CHANNELS = 4


class Recorded(nn.Module):
    """A dropout whose factors are known, as one row in channels-last order."""

    def __init__(self, factors: Tensor) -> None:
        super().__init__()
        self.factors = factors

    def forward(self, values: Tensor) -> Tensor:
        return values * self.factors.view(values.movedim(1, -1).shape).movedim(-1, 1)


def list_dropouts(network: AcceleratedNetwork) -> list[FastDropout]:
    """Return the network's dropout layers, those of batch norms too."""
    found = [layer.dropout if isinstance(layer, FastBatchNorm) else layer for layer in network.layers]
    return [layer for layer in found if isinstance(layer, FastDropout)]


def record(network: AcceleratedNetwork) -> list[Tensor]:
    """Have the network's dropout layers note the factors that they drew, in the list that is returned."""
    noted: list[Tensor] = []

    def wrap(layer: FastDropout) -> None:
        draw = layer.draw

        def note(count: int) -> Tensor:
            dropped = draw(count)
            with torch.inference_mode(mode=False):
                factors = torch.full((count,), layer.scale, dtype=torch.float64)
                drop(factors, dropped)
            noted.append(factors)
            return dropped

        layer.draw = note  # type: ignore[method-assign]  # for this test

    for layer in list_dropouts(network):
        wrap(layer)
    return noted


def with_factors(model: nn.Sequential, factors: list[Tensor]) -> nn.Sequential:
    """Return the model with what was drawn for dropout, and nothing in place: torch refuses some orders of that."""
    rest = iter(factors)
    for module in model:
        if hasattr(module, "inplace"):
            setattr(module, "inplace", False)  # noqa: B010 - the type checker knows no such attribute
    return nn.Sequential(*(Recorded(next(rest)) if isinstance(m, nn.Dropout) and m.p else m for m in model))


def assert_same(model: nn.Sequential, images: Tensor, steps: int = 2) -> None:
    """Compare outputs, gradients of parameters and images, and buffers, over some steps of the same model."""
    plain, network = copy.deepcopy(model).train(), AcceleratedNetwork(model).train()
    factors = record(network)
    for step in range(steps):
        ours, theirs = (images.clone().requires_grad_() for _ in range(2))
        network.begin_step(1, 0, step)
        factors.clear()
        output = network(ours)
        reference = with_factors(plain, factors)
        expected = reference(theirs)
        torch.testing.assert_close(output, expected)
        weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view(output.shape).sin()
        model.zero_grad()
        plain.zero_grad()
        (output * weights).sum().backward()
        (expected * weights).sum().backward()
        assert ours.grad is not None
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-7, rtol=1e-6)
        assert ours.detach().equal(images), "the caller's images stay as they are"
        for parameter, other in zip(model.parameters(), plain.parameters(), strict=True):
            torch.testing.assert_close(parameter.grad, other.grad, atol=1e-7, rtol=1e-6)
    for name, buffer in model.named_buffers():
        torch.testing.assert_close(buffer, plain.get_buffer(name))


def test_maps_need_not_be_square() -> None:
    torch.manual_seed(1)
    end = [nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3), nn.Dropout(0.3), nn.AdaptiveAvgPool2d(1)]
    for modules in ([nn.BatchNorm2d(4)], end):
        assert_same(nn.Sequential(*modules).double(), torch.rand(3, 4, 5, 7, dtype=torch.float64))


def test_the_callers_values_stay_though_flattening_copies_nothing() -> None:
    for shape in ((3, 5), (3, 1, 2, 2)):
        for end in (nn.ReLU(), nn.Dropout(0.5)):
            assert_same(nn.Sequential(nn.Flatten(), end), torch.randn(shape, dtype=torch.float64))


def test_modules_of_torchs_own_draw_from_the_steps_seed() -> None:
    for module, is_seeded in ((nn.Sigmoid(), True), (nn.ReLU(), False)):
        torch.manual_seed(5)
        AcceleratedNetwork(nn.Sequential(module)).begin_step(1, 2, 3)
        seed = int(make_generator(1, 2, 3, Purpose.DROPOUT).integers(2**63))
        assert torch.initial_seed() == (seed if is_seeded else 5)


MODULES: dict[str, Callable[[], nn.Module]] = {
    "conv": lambda: nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1),
    "conv without padding": lambda: nn.Conv2d(CHANNELS, CHANNELS, 2, bias=False),
    "conv with stride": lambda: nn.Conv2d(CHANNELS, CHANNELS, 3, stride=(2, 1), padding=(1, 2), dilation=(1, 2)),
    "depthwise": lambda: nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS),
    "same": lambda: nn.Conv2d(CHANNELS, CHANNELS, 3, padding="same"),
    "circular": lambda: nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, padding_mode="circular"),
    "1x1": lambda: nn.Conv2d(CHANNELS, CHANNELS, 1, bias=False),
    "bn": lambda: nn.BatchNorm2d(CHANNELS),
    "bn without affine": lambda: nn.BatchNorm2d(CHANNELS, affine=False, momentum=0.3),
    "bn with mean": lambda: nn.BatchNorm2d(CHANNELS, momentum=None, eps=1e-2),
    "bn without statistics": lambda: nn.BatchNorm2d(CHANNELS, track_running_stats=False),
    "relu": nn.ReLU,
    "relu in place": lambda: nn.ReLU(inplace=True),
    "silu in place": lambda: nn.SiLU(inplace=True),
    "sigmoid": nn.Sigmoid,
    "leaky relu in place": lambda: nn.LeakyReLU(0.1, inplace=True),
    "no dropout": lambda: nn.Dropout(0),
    "dropout": lambda: nn.Dropout(0.05),
    "strong dropout": lambda: nn.Dropout(0.4),
    "maxpool": lambda: nn.MaxPool2d(2, stride=1, padding=1),
    "maxpool with ceil": lambda: nn.MaxPool2d((3, 2), stride=2, padding=1, ceil_mode=True),
    "avgpool": lambda: nn.AvgPool2d(2, stride=1, padding=1),
    "identity": nn.Identity,
    "group norm": lambda: nn.GroupNorm(2, CHANNELS),
}
FEATURES: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "bn": lambda: nn.BatchNorm1d(CHANNELS),
    "dropout": lambda: nn.Dropout(0.2),
    "tanh": nn.Tanh,
    "fc": lambda: nn.Linear(CHANNELS, CHANNELS),
    "fc without bias": lambda: nn.Linear(CHANNELS, CHANNELS, bias=False),
}
HEADS: dict[str, Callable[[], list[nn.Module]]] = {
    "gap": lambda: [nn.AdaptiveAvgPool2d(1), nn.Flatten()],
    "flatten": lambda: [nn.AdaptiveAvgPool2d((2, 3)), nn.Flatten(), nn.Linear(6 * CHANNELS, CHANNELS)],
    "relu after flatten": lambda: [nn.Flatten(), nn.ReLU(), nn.LazyLinear(CHANNELS)],
}


@examples(60)
@given(
    body=st.lists(st.sampled_from(sorted(MODULES)), max_size=6),
    head=st.sampled_from(sorted(HEADS)),
    tail=st.lists(st.sampled_from(sorted(FEATURES)), max_size=4),
    size=st.tuples(st.integers(6, 9), st.integers(6, 9)),
    seed=st.integers(0, 2**16),
)
def test_any_order_of_modules(body: list[str], head: str, tail: list[str], size: tuple[int, int], seed: int) -> None:
    torch.manual_seed(seed)
    modules = [MODULES[name]() for name in body] + HEADS[head]() + [FEATURES[name]() for name in tail]
    images = torch.randn(3, CHANNELS, *size, dtype=torch.float64)
    model = nn.Sequential(*modules).double()
    model.eval()(images)  # gives the lazy layer its size
    assert_same(model, images)


def test_every_block_kind_alone_and_that_the_common_ones_are_taken_over() -> None:
    images = torch.randn(3, CHANNELS, 7, 6, dtype=torch.float64)
    plain = set()
    for name, make in MODULES.items():
        model = nn.Sequential(make()).double()
        assert_same(model, images)
        if any(isinstance(layer, AutogradLayer) for layer in AcceleratedNetwork(model).layers):
            plain.add(name)
    assert plain == {
        "same",
        "circular",
        "silu in place",
        "sigmoid",
        "leaky relu in place",
        "avgpool",
        "group norm",
    }


def step6(p: float) -> nn.Sequential:
    """Return the course's last network."""

    def block(channels_in: int, channels_out: int) -> list[nn.Module]:
        conv = nn.Conv2d(channels_in, channels_out, 3, bias=False)
        return [conv, nn.ReLU(), nn.BatchNorm2d(channels_out), nn.Dropout(p)]

    return nn.Sequential(
        *block(1, 8),
        *block(8, 16),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 8, 1, bias=False),
        *block(8, 10),
        *block(10, 16),
        *block(16, 18),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(18, 16, bias=False),
        nn.ReLU(),
        nn.BatchNorm1d(16),
        nn.Dropout(p),
        nn.Linear(16, 10, bias=False),
    )


@pytest.mark.parametrize("p", [0.0, 0.03, 0.3])
def test_the_courses_last_network(p: float) -> None:
    torch.manual_seed(0)
    assert_same(step6(p).double(), torch.randn(16, 1, 28, 28, dtype=torch.float64))


@pytest.mark.parametrize("p", [0.05, 0.4, 1.0])
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("bd", "B"),
        ("bdr", "Br"),
        ("brd", "Br"),
        ("brdd", "Brd"),
        ("bdrd", "Brd"),
        ("rdb", "rdb"),
        ("brrd", "brrd"),
        ("bfd", "bfd"),
        ("d", "d"),
    ],
)
def test_a_batch_norm_does_the_dropout_after_it(order: str, expected: str, p: float) -> None:
    """The layers, a batch norm with dropout as a capital B, and that they compute what the modules do."""
    torch.manual_seed(0)
    kinds: dict[str, Callable[[], nn.Module]] = {
        "b": lambda: nn.BatchNorm2d(CHANNELS),
        "d": lambda: nn.Dropout(p),
        "r": nn.ReLU,
        "f": lambda: nn.Conv2d(CHANNELS, CHANNELS, 1),
    }
    model = nn.Sequential(*(kinds[letter]() for letter in order)).double()
    letters = {FastBatchNorm: "b", FastDropout: "d", FastReLU: "r", FastConvolution: "f"}
    layers = AcceleratedNetwork(model).layers
    names = [
        letters[type(layer)].upper() if getattr(layer, "dropout", None) else letters[type(layer)] for layer in layers
    ]
    assert "".join(names) == expected
    assert_same(model, torch.randn(5, CHANNELS, 4, 3, dtype=torch.float64))


def test_single_precision() -> None:
    """Gradients are compared loosely: at the kinks of ReLU and the pool they jump with the last bit of a value."""
    torch.manual_seed(0)
    model, images, labels = step6(0.0), torch.randn(64, 1, 28, 28), torch.randint(10, (64,))
    plain = copy.deepcopy(model)
    ours, theirs = F.cross_entropy(AcceleratedNetwork(model)(images), labels), F.cross_entropy(plain(images), labels)
    torch.testing.assert_close(ours, theirs)
    torch.autograd.backward([ours, theirs])
    for parameter, other in zip(model.parameters(), plain.parameters(), strict=True):
        assert parameter.grad is not None
        assert other.grad is not None
        assert (parameter.grad - other.grad).norm() < 0.05 * other.grad.norm()
    for name, buffer in model.named_buffers():
        torch.testing.assert_close(buffer, plain.get_buffer(name))


def train(steps: int, p: float = 0.03) -> dict[str, Tensor]:
    """Return the state of the last network after some steps from a fixed start."""
    torch.manual_seed(0)
    model, images, labels = step6(p), torch.randn(32, 1, 28, 28), torch.randint(10, (32,))
    network, optimizer = AcceleratedNetwork(model), torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step in range(steps):
        network.begin_step(1, 0, step)
        optimizer.zero_grad()
        torch.autograd.backward(F.cross_entropy(network(images), labels))
        optimizer.step()
    return model.state_dict()


def test_the_same_run_gives_the_same_bytes() -> None:
    first, second = train(5), train(5)
    assert all(first[name].equal(second[name]) for name in first)


def test_the_model_is_trained_itself_and_stays_plain() -> None:
    torch.manual_seed(0)
    names, before = list(step6(0.03).state_dict()), step6(0.03).state_dict()
    after = train(3)
    assert list(after) == names
    assert int(after["2.num_batches_tracked"]) == 3
    assert not any(after[name].equal(before[name]) for name in names if "weight" in name)
    assert all(value.is_contiguous() for value in after.values())


def test_evaluation_mode_is_the_model() -> None:
    model = step6(0.3)
    network, images = AcceleratedNetwork(model).eval(), torch.randn(4, 1, 28, 28)
    with torch.inference_mode():
        torch.testing.assert_close(network(images), model(images))
    assert not model.training


def test_training_mode_without_a_gradient_updates_statistics() -> None:
    model = step6(0.03)
    with torch.no_grad():
        AcceleratedNetwork(model)(torch.randn(4, 1, 28, 28))
    assert int(model.get_buffer("2.num_batches_tracked")) == 1


def test_frozen_parameters_get_no_gradient() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sigmoid(), nn.GroupNorm(1, 2), nn.Flatten(), nn.Linear(2, 2))
    for index in (0, 2):
        model[index].requires_grad_(requires_grad=False)
    AcceleratedNetwork(model)(torch.randn(2, 1, 3, 3)).sum().backward()
    grads = {name: parameter.grad is not None for name, parameter in model.named_parameters()}
    assert [name for name, there in grads.items() if there] == ["4.weight", "4.bias"]


def test_nested_models_derived_classes_and_unknown_random_modules() -> None:
    class Loud(nn.ReLU):
        def forward(self, values: Tensor) -> Tensor:
            return values.mul(2).relu()

    images = torch.randn(4, CHANNELS, 6, 6, dtype=torch.float64)
    inner = nn.Sequential(nn.Conv2d(CHANNELS, CHANNELS, 3), nn.Sequential(Loud(), nn.BatchNorm2d(CHANNELS)))
    assert_same(nn.Sequential(inner, nn.ReLU()).double(), images)
    network = AcceleratedNetwork(nn.Sequential(nn.Dropout2d(0.5)))
    outputs = []
    for step in (0, 1, 0):
        network.begin_step(1, 0, step)
        outputs.append(network(torch.ones(64, 8, 2, 2)))
    assert outputs[0].equal(outputs[2])
    assert not outputs[0].equal(outputs[1])


def test_one_value_a_channel_is_refused_as_torch_does() -> None:
    network = AcceleratedNetwork(nn.Sequential(nn.BatchNorm1d(3)))
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        network(torch.randn(1, 3))
