"""Trains the network of *Digits in scenes* with two binary layers and writes it as ONNX.

    python train_binary.py --seed 1 --epochs 64 --out binary.onnx

The network is that of train.py without the rectifiers before conv3 and conv4, which multiply signs as XNOR-Net
does (Rastegari, Ordonez, Redmon, Farhadi, ECCV 2016): those of the weights, scaled by the mean magnitude of the
filter, and those of the activations, scaled by the mean magnitude in the window. Gradients pass a sign as if it
were not there, where what it is the sign of lies between -1 and 1. The file holds the weights as reals, so the
float score of the file itself means nothing; what is printed is the score with signs, in single precision.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from render import read_idx
from train import HERE, build_network, folded, onnx_model, train

BINARY = (3, 4)
"""Numbers of the convolutions that multiply signs."""


class Sign(torch.autograd.Function):
    """+1 from zero on, else -1."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, reals: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(reals)
        return torch.where(reals < 0, -1.0, 1.0)

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: torch.Tensor) -> torch.Tensor:
        (reals,) = context.saved_tensors
        return gradient * (reals.abs() <= 1)


class BinaryConv2d(nn.Conv2d):
    """A convolution of signs after equation 11 of XNOR-Net."""

    def forward(self, reals: torch.Tensor) -> torch.Tensor:
        window = torch.full_like(self.weight[:1, :1], 1 / self.weight[0, 0].numel())
        means = self._conv_forward(reals.abs().mean(1, keepdim=True), window, None)
        filters = self.weight.abs().mean((1, 2, 3))[:, None, None]
        products = self._conv_forward(Sign.apply(reals), Sign.apply(self.weight), None)
        return products * means * filters


def build_binary() -> nn.Sequential:
    """The network of train.py whose last two convolutions read and multiply signs."""
    network = build_network()
    for number in BINARY:
        at = 3 * (number - 1)
        wide = network[at]
        network[at] = BinaryConv2d(
            wide.in_channels, wide.out_channels, wide.kernel_size, wide.stride, wide.padding, bias=False
        )
        network[at - 1] = nn.Identity()
    return network


def without_rectifiers(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph where binary convolutions read what the convolution before them wrote."""
    for number in BINARY:
        (relu,) = [node for node in model.graph.node if node.name == f"relu{number - 1}"]
        model.graph.node.remove(relu)
        (reader,) = [node for node in model.graph.node if node.name == f"conv{number}"]
        reader.input[0] = relu.input[0]
    del model.graph.value_info[:]
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def accuracy(network: nn.Sequential, split: str) -> float:
    """Top-1 of the network with signs on a committed split."""
    images = read_idx(HERE / f"{split}-images-idx3-ubyte.gz").astype(np.float32) / 255
    labels = read_idx(HERE / f"{split}-labels-idx1-ubyte.gz")
    with torch.no_grad():
        answers = network(torch.from_numpy(images[:, None])).argmax(1).numpy()
    return float(np.mean(answers == labels))


def main() -> None:
    """Trains, writes the file, prints its SHA-256 and the accuracy with signs on the committed scenes."""
    parser = argparse.ArgumentParser(description="Train the network of Digits in scenes with binary layers.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=64)
    parser.add_argument("--out", type=Path, default=HERE / "binary.onnx")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)
    network = build_binary()
    train(network, args.epochs, args.seed)
    onnx.save(without_rectifiers(onnx_model(folded(network.eval()))), args.out)
    print(f"{hashlib.sha256(args.out.read_bytes()).hexdigest()}  {args.out.name}")
    for split in ("calibration", "test"):
        print(f"top-1 on {split}, with signs: {100 * accuracy(network, split):.2f} %")


if __name__ == "__main__":
    main()
