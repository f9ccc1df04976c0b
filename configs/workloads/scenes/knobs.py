"""Measures what each approximation does to the top-1 of *Digits in scenes*, with numpy alone.

    python knobs.py

A second derivation of what the simulator computes, and the source of the tables in the README: its own
convolution, quantiser and truncated product, compared with onnxruntime where that is possible. The
simulator's rounding and calibration may differ in detail; these figures are no golden.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from render import read_idx

HERE = Path(__file__).parent
Product = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Matrix product of integer codes [n, k] and [k, m]."""


def codes_of(values: np.ndarray, scale: np.ndarray | float, bits: int) -> np.ndarray:
    """Symmetric quantisation to codes of at most 2^(bits-1) - 1 in magnitude."""
    limit = 2 ** (bits - 1) - 1
    return np.clip(np.rint(values / scale), -limit, limit).astype(np.float32)


def truncated(columns: int) -> Product:
    """Product of 8-bit codes that sums a_i b_j 2^(i+j) over i + j >= columns; the sign stays outside.

    Bit i of a meets only the bits of b from columns - i upwards, so one exact matrix product per bit
    of a replaces a look-up per operand pair.
    """

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        magnitude_a, magnitude_b = np.abs(a).astype(np.int32), np.abs(b).astype(np.int32)
        total = np.zeros((a.shape[0], b.shape[1]), np.float32)
        for i in range(7):
            low = max(columns - i, 0)
            bit = (magnitude_a >> i & 1) * np.sign(a)
            rest = (magnitude_b >> low << low) * np.sign(b)
            total += np.ldexp(bit.astype(np.float32) @ rest.astype(np.float32), i)
        return total

    return product


class Quantised:
    """Symmetric integer arithmetic: weights per output channel, activations per tensor by min-max."""

    def __init__(self, bits: int, product: Product = np.matmul) -> None:
        """Takes the width of weights and activations and how codes are multiplied."""
        self.bits, self.product = bits, product
        self.ranges: dict[str, float] = {}
        self.calibrating = True

    def multiply(self, name: str, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Multiplies [n, k] by [k, m]; while calibrating it only notes the range and stays exact."""
        if self.calibrating:
            self.ranges[name] = max(self.ranges.get(name, 0.0), float(np.abs(inputs).max()))
            return inputs @ weights
        limit = 2 ** (self.bits - 1) - 1
        input_scale = self.ranges[name] / limit
        weight_scale = np.abs(weights).max(axis=0) / limit
        a, b = codes_of(inputs, input_scale, self.bits), codes_of(weights, weight_scale, self.bits)
        return self.product(a, b) * (input_scale * weight_scale).astype(np.float32)


class Float:
    """Plain 32-bit arithmetic."""

    def multiply(self, name: str, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Multiplies [n, k] by [k, m]."""
        return inputs @ weights


class Network:
    """The graph of scenes.onnx as numpy: Conv, Relu, AveragePool over the whole map, Flatten, Gemm."""

    def __init__(self, path: Path) -> None:
        """Reads nodes and weights."""
        graph = onnx.load(path).graph
        self.nodes = list(graph.node)
        self.weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}

    def logits(self, images: np.ndarray, arithmetic: Float | Quantised) -> np.ndarray:
        """Runs scenes [n, 1, 48, 48] in 0..1 and returns [n, 10]."""
        return np.concatenate([self._run(images[s : s + 128], arithmetic) for s in range(0, len(images), 128)])

    def _run(self, value: np.ndarray, arithmetic: Float | Quantised) -> np.ndarray:
        """Follows the chain of nodes."""
        for node in self.nodes:
            if node.op_type == "Conv":
                value = self._convolve(node, value, arithmetic)
            elif node.op_type == "Relu":
                value = np.maximum(value, 0)
            elif node.op_type == "AveragePool":
                value = value.mean(axis=(2, 3), keepdims=True)
            elif node.op_type == "Flatten":
                value = value.reshape(len(value), -1)
            elif node.op_type == "Gemm":
                weight, bias = (self.weights[name] for name in node.input[1:])
                value = arithmetic.multiply(node.name, value, weight.T) + bias
            else:
                raise ValueError(f"node {node.name}: operator {node.op_type} is not part of this network")
        return value

    def _convolve(self, node: onnx.NodeProto, value: np.ndarray, arithmetic: Float | Quantised) -> np.ndarray:
        """Convolution as one matrix product over unfolded windows; square kernel, stride and padding."""
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        kernel, stride, pad = (attributes[k][0] for k in ("kernel_shape", "strides", "pads"))
        weight, bias = (self.weights[name] for name in node.input[1:])
        padded = np.pad(value, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))
        windows = windows[:, :, ::stride, ::stride].transpose(0, 2, 3, 1, 4, 5)
        n, height, width = windows.shape[:3]
        flat = windows.reshape(n * height * width, -1)
        result = arithmetic.multiply(node.name, flat, weight.reshape(len(weight), -1).T) + bias
        return result.reshape(n, height, width, -1).transpose(0, 3, 1, 2)


def convert(images: np.ndarray, bits: int) -> np.ndarray:
    """Uniform analogue-to-digital conversion of linear light to the given number of bits."""
    steps = np.float32(2**bits - 1)
    return np.rint(images * steps) / steps


def skip(images: np.ndarray, every: int) -> np.ndarray:
    """Reads every k-th pixel of every k-th row and repeats it up to the network's size."""
    return images[:, :, ::every, ::every].repeat(every, axis=2).repeat(every, axis=3)


def load(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Reads a committed split as [n, 1, 48, 48] in 0..1 and labels."""
    images = read_idx(HERE / f"{split}-images-idx3-ubyte.gz")[:, None].astype(np.float32) / np.float32(255)
    return images, read_idx(HERE / f"{split}-labels-idx1-ubyte.gz")


def difference_to_onnxruntime(path: Path, images: np.ndarray, logits: np.ndarray) -> float:
    """Largest absolute difference of the logits to onnxruntime."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    other = [session.run(["logits"], {"image": image[None]})[0][0] for image in images]
    return float(np.abs(np.array(other) - logits).max())


def real_taps(size: int, kernel: int, stride: int, pad: int) -> tuple[int, int]:
    """Along one edge: outputs, and kernel taps over all outputs that meet a pixel and not padding."""
    outputs = (size + 2 * pad - kernel) // stride + 1
    starts = np.arange(outputs) * stride - pad
    positions = starts[:, None] + np.arange(kernel)
    return outputs, int(np.sum((positions >= 0) & (positions < size)))


def describe(network: Network, side: int) -> None:
    """Prints parameters and multiply-accumulates of each layer, with and without those that meet padding."""
    print("| layer | output | parameters | MACs | without padding |\n|---|---|---:|---:|---:|")
    totals = np.zeros(3, np.int64)
    for node in network.nodes:
        if node.op_type not in ("Conv", "Gemm"):
            continue
        weight, bias = (network.weights[name] for name in node.input[1:])
        shape, row = f"{len(weight)}", (weight.size + bias.size, weight.size, weight.size)
        if node.op_type == "Conv":
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            kernel, stride, pad = (attributes[k][0] for k in ("kernel_shape", "strides", "pads"))
            side, taps = real_taps(side, kernel, stride, pad)
            channels = weight.shape[0] * weight.shape[1]
            shape, row = f"{len(weight)}x{side}x{side}", (row[0], weight.size * side**2, channels * taps**2)
        totals += row
        print(f"| {node.name} | {shape} | {row[0]:,} | {row[1]:,} | {row[2]:,} |")
    print(f"| sum | | {totals[0]:,} | {totals[1]:,} | {totals[2]:,} |\n")


def main() -> None:
    """Prints the size of each layer, then one line per knob and value: top-1 in percent."""
    parser = argparse.ArgumentParser(description="Top-1 of Digits in scenes, knob by knob.")
    parser.add_argument("--model", type=Path, default=HERE / "scenes.onnx")
    args = parser.parse_args()
    network = Network(args.model)
    images, labels = load("test")
    describe(network, images.shape[-1])
    calibration, _ = load("calibration")

    def show(name: str, scenes: np.ndarray, arithmetic: Float | Quantised) -> None:
        """Calibrates if needed, runs and prints."""
        if isinstance(arithmetic, Quantised):
            network.logits(calibration, arithmetic)
            arithmetic.calibrating = False
        predicted = np.argmax(network.logits(scenes, arithmetic), axis=1)
        print(f"| {name} | {100 * np.mean(predicted == labels):.1f} |", flush=True)

    difference = difference_to_onnxruntime(args.model, images, network.logits(images, Float()))
    print(f"largest difference to onnxruntime: {difference:.1e}\n\n| knob | top-1, % |\n|---|---:|")
    show("none (float)", images, Float())
    for bits in (8, 6, 5, 4, 3):
        show(f"ADC, {bits} bits", convert(images, bits), Float())
    for every in (2, 3):
        show(f"read every {every}. pixel and row", skip(images, every), Float())
    for bits in (8, 6, 5, 4):
        show(f"weights and activations, {bits} bits", images, Quantised(bits))
    for columns in (6, 7, 8):
        show(f"8-bit products, {columns} columns truncated", images, Quantised(8, truncated(columns)))


if __name__ == "__main__":
    main()
