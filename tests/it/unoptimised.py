"""Runs every model N.onnx of a folder in onnxruntime on the samples of N.npy, one by one; output K of all goes to N.K.npy."""

import pathlib
import sys

import numpy
import onnxruntime

options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
# Where a processor has no dot products of bytes, sums of two products would saturate at 16 bits.
options.add_session_config_entry("session.x64quantprecision", "1")
options.intra_op_num_threads = 1
for model in pathlib.Path(sys.argv[1]).glob("*.onnx"):
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (x,) = session.get_inputs()
    samples = numpy.load(model.with_suffix(".npy"))
    answers = [session.run(None, {x.name: sample[None]}) for sample in samples]
    for at, output in enumerate(zip(*answers)):
        numpy.save(model.with_suffix(f".{at}.npy"), numpy.concatenate([numpy.atleast_1d(one) for one in output]))
