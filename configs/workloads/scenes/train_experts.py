"""Trains a network of *Digits in scenes* whose last convolution is a mixture of experts and writes it as ONNX.

    python train_experts.py --seed 1 --epochs 64 --out experts.onnx

conv1 to conv3 are those of train.py. A router reads the means of their features and asks two of four experts, each
a convolution half as wide as conv4 with a classifier of its own; their answers are added, weighted by the softmax of
the router's scores of those that are asked. A small loss draws the shares of the experts to each other (Fedus, Zoph,
Shazeer, JMLR 23, 2022, equation 4). The file answers `logits` and the `gates` of all experts, 0 for those that are
not asked.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from render import SIDE
from train import CLASSES, CONVOLUTIONS, HERE, accuracy, fold, train

EXPERTS, TOP, WIDTH = 4, 2, 56
FEATURES = CONVOLUTIONS[2][1]
BALANCE = 0.2
"""Weight of the loss of balance beside the cross-entropy of the classes."""


def convolution(inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> list[nn.Module]:
    """A convolution with its normalisation and rectifier."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU()]


def expert() -> nn.Sequential:
    """A convolution half as wide as conv4 and a classifier of its own."""
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*convolution(FEATURES, WIDTH, 3, 1, 0), *pool, nn.Linear(WIDTH, CLASSES))


class Mixture(nn.Module):
    """Convolutions, then as many experts of four as a sample asks."""

    def __init__(self) -> None:
        """Makes all layers; `balance` holds the last batch's loss of balance."""
        super().__init__()
        self.front = nn.Sequential(*itertools.chain(*(convolution(*row) for row in CONVOLUTIONS[:3])))
        self.router = nn.Linear(FEATURES, EXPERTS)
        self.experts = nn.ModuleList(expert() for _ in range(EXPERTS))
        self.balance = torch.zeros(())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Answers for every class, of the experts that each sample asks."""
        features = self.front(images)
        scores = self.router(features.mean((2, 3)))
        high, places = scores.topk(TOP, dim=-1)
        gates = torch.zeros_like(scores).scatter(1, places, functional.softmax(high, dim=-1))
        asked = (gates > 0).float().mean(0)
        self.balance = EXPERTS * (asked * functional.softmax(scores, dim=-1).mean(0)).sum()
        return sum(gates[:, at, None] * expert(features) for at, expert in enumerate(self.experts))


class Balanced(nn.CrossEntropyLoss):
    """The loss of train.py with that of balance."""

    def __init__(self, mixture: Mixture) -> None:
        """Takes the network whose last batch is judged."""
        super().__init__(label_smoothing=0.05)
        self.mixture = [mixture]

    def forward(self, answers: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Cross-entropy and the weighted loss of balance."""
        return super().forward(answers, classes) + BALANCE * self.mixture[0].balance


class Writer:
    """Nodes and weights of the graph as they are written."""

    def __init__(self) -> None:
        """Begins empty."""
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], name: str, **attributes: object) -> str:
        """Writes a node and returns the name of its result."""
        self.nodes.append(helper.make_node(kind, inputs, [f"{name}.out"], name, **attributes))
        return f"{name}.out"

    def constant(self, name: str, values: np.ndarray) -> str:
        """Writes a stored tensor and returns its name."""
        self.stored.append(numpy_helper.from_array(values, name))
        return name

    def layer(self, kind: str, value: str, name: str, parameters: tuple[torch.Tensor, ...], **attributes: object) -> str:
        """Writes a node with weight and bias."""
        weight, bias = (part.detach().float().numpy() for part in parameters)
        stored = [self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        return self.node(kind, [value, *stored], name, **attributes)

    def convolution(self, value: str, name: str, modules: nn.Sequential, row: tuple[int, ...]) -> str:
        """Writes a convolution with its rectifier."""
        _, _, kernel, stride, padding = row
        window = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
        value = self.layer("Conv", value, name, fold(modules[0], modules[1]), **window)
        return self.node("Relu", [value], f"{name}.relu")

    def dense(self, value: str, name: str, linear: nn.Linear, side: int) -> str:
        """Writes a classifier of the means of square planes."""
        value = self.node("AveragePool", [value], f"{name}.pool", kernel_shape=[side] * 2, strides=[side] * 2)
        value = self.node("Flatten", [value], f"{name}.flatten", axis=1)
        return self.layer("Gemm", value, name, (linear.weight, linear.bias), transB=1)


def gates(writer: Writer, scores: str) -> None:
    """Writes how the router's scores become gates."""
    top = writer.constant("top", np.array([TOP], np.int64))
    writer.nodes.append(helper.make_node("TopK", [scores, top], ["high", "places"], "best", axis=-1))
    shares = writer.node("Softmax", ["high"], "shares", axis=-1)
    none = writer.constant("none", np.zeros((1, EXPERTS), np.float32))
    scatter = helper.make_node("ScatterElements", [none, "places", shares], ["gates"], "spread", axis=1)
    writer.nodes.append(scatter)


def onnx_model(network: Mixture) -> onnx.ModelProto:
    """Writes the graph by hand, the router before the experts."""
    writer, value = Writer(), "image"
    for at, row in enumerate(CONVOLUTIONS[:3]):
        value = writer.convolution(value, f"conv{at + 1}", network.front[3 * at : 3 * at + 2], row)
    gates(writer, writer.dense(value, "router", network.router, 6))
    answers = []
    for at, expert in enumerate(network.experts):
        name = f"expert{at}"
        features = writer.convolution(value, f"{name}.conv", expert, (FEATURES, WIDTH, 3, 1, 0))
        answer = writer.dense(features, f"{name}.classifier", expert[-1], 4)
        place = writer.constant(f"{name}.place", np.array([at], np.int64))
        gate = writer.node("Gather", ["gates", place], f"{name}.gate", axis=1)
        answers.append(writer.node("Mul", [answer, gate], f"{name}.weighed"))
    writer.nodes.append(helper.make_node("Sum", answers, ["logits"], "sum"))
    sizes = {"image": [1, 1, SIDE, SIDE], "logits": [1, CLASSES], "gates": [1, EXPERTS]}
    infos = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in sizes.items()}
    text = "Input: linear-light code / 255, one grey scene of 48x48 pixels. Output: one score per digit, one gate per expert."
    outputs = [infos["logits"], infos["gates"]]
    graph = helper.make_graph(writer.nodes, "digits_by_experts", [infos["image"]], outputs, writer.stored, doc_string=text)
    opset = helper.make_opsetid("", 13)
    model = helper.make_model(graph, opset_imports=[opset], producer_name="axsim", ir_version=8)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Trains, writes the file, prints its SHA-256 and its accuracy on the committed scenes."""
    parser = argparse.ArgumentParser(description="Train the mixture of experts of Digits in scenes.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=64)
    parser.add_argument("--out", type=Path, default=HERE / "experts.onnx")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)
    network = Mixture()
    train(network, args.epochs, args.seed, Balanced(network))
    onnx.save(onnx_model(network.eval()), args.out)
    print(f"{hashlib.sha256(args.out.read_bytes()).hexdigest()}  {args.out.name}")
    for split in ("calibration", "test"):
        print(f"top-1 on {split}: {100 * accuracy(args.out, split):.2f} %")


if __name__ == "__main__":
    main()
