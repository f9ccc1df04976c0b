"""Trains the network of *Digits in scenes* and writes it as ONNX.

    python train.py --seed 1 --epochs 64 --out scenes.onnx

Every epoch sees scenes rendered afresh from the training glyphs and photo columns, with shot and read
noise as of a real sensor. Batch normalisation helps training and is folded into the convolutions before
export. One thread and fixed seeds: the same machine and versions give the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from render import SIDE, Renderer, read_idx

HERE = Path(__file__).parent
SCENES_PER_EPOCH = 8192
BATCH = 128
FULL_WELL = 15_000.0
"""Electrons at full scale; the code 255 stands for a full well."""
READ_NOISE = 10.0
"""Electrons, root mean square."""
CLASSES = 10

CONVOLUTIONS = (
    # input channels, output channels, kernel, stride, padding
    (1, 8, 5, 2, 2),
    (8, 16, 3, 2, 1),
    (16, 40, 3, 2, 1),
    (40, 112, 3, 1, 0),
)
"""48x48 -> 24x24 -> 12x12 -> 6x6 -> 4x4, then the global average and one linear layer."""


def build_network() -> nn.Sequential:
    """Convolution, batch normalisation and ReLU for each row of CONVOLUTIONS, then the classifier."""
    layers: list[nn.Module] = []
    for inputs, outputs, kernel, stride, padding in CONVOLUTIONS:
        layers += [nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)]
        layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
    width = CONVOLUTIONS[-1][1]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, CLASSES))


def expose(codes: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Turns codes [n, 48, 48] into the noisy network input [n, 1, 48, 48] in 0..1."""
    electrons = codes.astype(np.float32) * np.float32(FULL_WELL / 255)
    noise = generator.standard_normal(codes.shape, dtype=np.float32)
    electrons += noise * np.sqrt(electrons + np.float32(READ_NOISE**2))
    return np.clip(electrons / np.float32(FULL_WELL), 0, 1)[:, None]


def train(network: nn.Module, epochs: int, seed: int, loss_function: nn.Module | None = None) -> None:
    """AdamW with a one-cycle learning rate and, by default, cross-entropy with slight label smoothing."""
    loss_function = loss_function or nn.CrossEntropyLoss(label_smoothing=0.05)
    renderer = Renderer("training")
    noise = np.random.Generator(np.random.Philox(key=seed))
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.02)
    steps = epochs * (SCENES_PER_EPOCH // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps)
    network.train()
    start = time.monotonic()
    for epoch in range(epochs):
        # The glyphs come in turn, so an epoch is shuffled before it is cut into batches.
        codes, labels = renderer.scenes(SCENES_PER_EPOCH, seed=1000 * seed + epoch)
        order = noise.permutation(SCENES_PER_EPOCH)
        images = torch.from_numpy(expose(codes[order], noise))
        targets = torch.from_numpy(labels[order].astype(np.int64))
        total = 0.0
        for batch, target in zip(images.split(BATCH), targets.split(BATCH)):
            optimiser.zero_grad()
            loss = loss_function(network(batch), target)
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(target)
        seconds = time.monotonic() - start
        print(f"epoch {epoch + 1:3}  loss {total / SCENES_PER_EPOCH:.4f}  {seconds:5.0f} s", flush=True)


def fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns weight and bias of a convolution with its normalisation folded in."""
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    weight = convolution.weight.double() * scale[:, None, None, None]
    return weight, norm.bias.double() - norm.running_mean.double() * scale


def folded(network: nn.Sequential) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns (weight, bias) of each convolution with its normalisation folded in, then the classifier's."""
    pairs = []
    for first in range(0, 3 * len(CONVOLUTIONS), 3):
        pairs.append(fold(network[first], network[first + 1]))
    pairs.append((network[-1].weight, network[-1].bias))
    return [(w.detach().float().numpy(), b.detach().float().numpy()) for w, b in pairs]


def onnx_model(pairs: list[tuple[np.ndarray, np.ndarray]]) -> onnx.ModelProto:
    """Writes the graph by hand: Conv, Relu, AveragePool, Flatten and Gemm with readable names."""
    nodes, initializers, value = [], [], "image"
    names = [f"conv{k + 1}" for k in range(len(CONVOLUTIONS))] + ["classifier"]
    for name, (weight, bias) in zip(names, pairs):
        initializers.append(numpy_helper.from_array(weight, f"{name}.weight"))
        initializers.append(numpy_helper.from_array(bias, f"{name}.bias"))
    for k, (_, _, kernel, stride, padding) in enumerate(CONVOLUTIONS, start=1):
        inputs = [value, f"conv{k}.weight", f"conv{k}.bias"]
        window = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
        nodes.append(helper.make_node("Conv", inputs, [f"conv{k}.out"], f"conv{k}", **window))
        nodes.append(helper.make_node("Relu", [f"conv{k}.out"], [f"relu{k}.out"], f"relu{k}"))
        value = f"relu{k}.out"
    nodes.append(helper.make_node("AveragePool", [value], ["pool.out"], "pool", kernel_shape=[4, 4], strides=[4, 4]))
    nodes.append(helper.make_node("Flatten", ["pool.out"], ["features"], "flatten", axis=1))
    inputs = ["features", "classifier.weight", "classifier.bias"]
    nodes.append(helper.make_node("Gemm", inputs, ["logits"], "classifier", transB=1))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIDE, SIDE])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES])
    text = "Input: linear-light code / 255, one grey scene of 48x48 pixels. Output: one score per digit."
    graph = helper.make_graph(nodes, "digits_in_scenes", [image], [logits], initializers, doc_string=text)
    opset = helper.make_opsetid("", 13)
    model = helper.make_model(graph, opset_imports=[opset], producer_name="axsim", ir_version=8)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def accuracy(path: Path, split: str) -> float:
    """Top-1 of the ONNX file on a committed split, by onnxruntime."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    images = read_idx(HERE / f"{split}-images-idx3-ubyte.gz").astype(np.float32) / 255
    labels = read_idx(HERE / f"{split}-labels-idx1-ubyte.gz")
    scores = [session.run(["logits"], {"image": image[None, None]})[0][0] for image in images]
    return float(np.mean(np.argmax(scores, axis=1) == labels))


def main() -> None:
    """Trains, writes the file, prints its SHA-256 and its accuracy on the committed scenes."""
    parser = argparse.ArgumentParser(description="Train the network of Digits in scenes.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=64)
    parser.add_argument("--out", type=Path, default=HERE / "scenes.onnx")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)
    network = build_network()
    train(network, args.epochs, args.seed)
    onnx.save(onnx_model(folded(network.eval())), args.out)
    print(f"{hashlib.sha256(args.out.read_bytes()).hexdigest()}  {args.out.name}")
    for split in ("calibration", "test"):
        print(f"top-1 on {split}: {100 * accuracy(args.out, split):.2f} %")


if __name__ == "__main__":
    main()
