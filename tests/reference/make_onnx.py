#!/usr/bin/env python3
"""Writes onnx/NAME.onnx and onnx/NAME.bin beside this file: networks as other tools export them, and what PyTorch
computes with them. The tests that read them are in tests/onnx/.

Run by hand when a network below changes (Debian: python3-torch, python3-numpy, python3-onnx), and commit the files:

    /usr/bin/python3 tests/reference/make_onnx.py

Nothing here uses deconvviz. The format of the .bin files, the way back and the exact inputs and weights are those of
make_reference.py; of a network there are

    input                           one picture
    forward/<layer>                 what each layer gives; layers count as load_onnx counts them
    back/<seed>/<relu>/<overlap>    the signal at the input; contrast normalisation by its automatic rule
    occlusion                       rows x columns, the probability of the class that is most probable with nothing
                                    hidden: patch 4, stride 3, fill 0.25, the last position clipped at the border

The first three networks are exported by PyTorch. The others are written node by node, in the forms that other exporters
use: older opsets, auto_pad, float16, typed data, weights in Constant nodes and in external files.
"""
import pathlib
import sys

import numpy
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import make_reference as reference

FOLDER = pathlib.Path(__file__).with_name("onnx")
RULES = [(relu, overlap) for relu in ("deconvnet", "guided", "gradient") for overlap in ("accumulate", "overwrite")]


# --- the way back through modules ------------------------------------------------------------------------------------

def back_module(module, x, above, relu, overlap):
    """The signal below a module whose input was x."""
    if isinstance(module, Same):
        left, right, top, bottom = module.pads
        below = back_module(module.module, F.pad(x, module.pads, value=module.value), above, relu, overlap)
        return below[:, :, top:below.shape[2] - bottom, left:below.shape[3] - right]
    if isinstance(module, torch.nn.MaxPool2d) and overlap == "overwrite":
        _, indices = F.max_pool2d(x, module.kernel_size, module.stride, module.padding, ceil_mode=module.ceil_mode,
                                  return_indices=True)
        return torch._C._nn.max_unpool2d(above, indices, x.shape[2:])
    if isinstance(module, (torch.nn.ReLU, torch.nn.ReLU6)) and relu != "gradient":
        seen = 1 if relu == "deconvnet" else (x > 0) & (x < (6 if isinstance(module, torch.nn.ReLU6) else torch.inf))
        return F.relu(above) * seen
    if isinstance(module, (torch.nn.LocalResponseNorm, torch.nn.Softmax)) and relu != "gradient":
        return above  # identity: see docs/method.md
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(module(x), x, above)[0]


def seeds(values):
    """At the last layer of maps its strongest unit and all of them; at the output its strongest value, as 1."""
    maps = max(i for i, value in enumerate(values) if value.dim() == 4) - 1
    value = values[maps + 1]
    strongest = torch.zeros_like(value)
    at = int(value.argmax())
    strongest.view(-1)[at] = value.view(-1)[at]
    one = torch.zeros_like(values[-1])
    one.view(-1)[int(values[-1].argmax())] = 1
    return {"strongest": (maps, strongest), "all_maps": (maps, value.clone()), "logit": (len(values) - 2, one)}


def occlusion(modules, x):
    def probabilities(picture):
        for module in modules:
            picture = module(picture)
        last = [module for module in modules if not isinstance(module, torch.nn.Flatten)][-1]
        return picture[0] if isinstance(last, torch.nn.Softmax) else torch.softmax(picture[0], 0)

    patch, stride = 4, 3
    target = int(probabilities(x).argmax())
    positions = [range(-(-max(0, size - patch) // stride) + 1) for size in x.shape[2:]]
    out = torch.zeros(len(positions[0]), len(positions[1]))
    for r in positions[0]:
        for c in positions[1]:
            hidden = x.clone()
            hidden[:, :, r * stride:r * stride + patch, c * stride:c * stride + patch] = 0.25
            out[r, c] = probabilities(hidden)[target]
    return out


def write_reference(name, modules, x):
    with torch.no_grad():
        values = [x]
        for module in modules:
            values.append(module(values[-1]))
    with open(FOLDER / f"{name}.bin", "wb") as out:
        reference.write(out, "input", x, "f4")
        for i, value in enumerate(values[1:]):
            reference.write(out, f"forward/{i}", value)
        for seed, (start, signal) in seeds(values).items():
            for relu, overlap in RULES:
                below = signal
                for i in range(start, -1, -1):
                    below = back_module(modules[i], values[i], below, relu, overlap)
                reference.write(out, f"back/{seed}/{relu}/{overlap}", below)
        with torch.no_grad():
            reference.write(out, "occlusion", occlusion(modules, x))


# --- networks exported by PyTorch ------------------------------------------------------------------------------------

def make_exact(network, generator):
    for module in network.modules():
        for key, parameter in list(module.named_parameters(recurse=False)) + list(module.named_buffers(recurse=False)):
            if key == "num_batches_tracked":
                continue
            scale = (2 / max(parameter[0].numel(), 1)) ** 0.5 if parameter.dim() > 1 else 0.25
            value = reference.exact(generator, tuple(parameter.shape), scale)
            if key == "running_var" or (key == "weight" and parameter.dim() == 1):
                value = value.abs() + 0.5
            parameter.data = value
    return network.eval()


def export(name, network, x, opset=13, double=False):
    network = network if double else network.float()
    torch.onnx.export(network, x if double else x.float(), str(FOLDER / f"{name}.onnx"), opset_version=opset,
                      input_names=["image"], output_names=["scores"],
                      dynamic_axes={"image": {0: "n"}, "scores": {0: "n"}})
    network.double()


class View(torch.nn.Module):
    """What many networks do in place of a Flatten: its batch size is computed in the graph."""
    def forward(self, x):
        return x.view(x.size(0), -1)


def exported(generator):
    nn = torch.nn
    plain = [nn.Conv2d(3, 8, (3, 5), padding=(1, 2)), nn.ReLU(), nn.BatchNorm2d(8), nn.MaxPool2d(2),
             nn.Conv2d(8, 12, 3, stride=2, padding=1, groups=4, bias=False), nn.LeakyReLU(0.1),
             nn.Conv2d(12, 12, 3, padding=2, dilation=2), nn.ReLU6(), nn.AvgPool2d(2, stride=1, padding=1),
             nn.Flatten(), nn.Dropout(0.3), nn.Linear(12 * 5 * 6, 16), nn.ReLU(), nn.Linear(16, 6)]
    x = torch.from_numpy(generator.integers(0, 257, (1, 3, 16, 18)) / 256)
    numpy.save(FOLDER / "plain.npy", x[0].numpy().astype("<f4"))  # for the command-line tool
    network = make_exact(nn.Sequential(*plain), generator)
    export("plain", network, x)
    # The exporter writes the counted padding of an average as a node of its own, and a dropout in evaluation not at all.
    exported_plain = plain[:8] + [nn.ZeroPad2d(1), nn.AvgPool2d(2, stride=1)] + [plain[9]] + plain[11:]
    write_reference("plain", exported_plain, x)

    odd = [nn.Conv2d(2, 6, (2, 5), padding=(1, 2), dilation=(3, 1), groups=2), nn.ReLU(),
           nn.LocalResponseNorm(3, 0.5, 0.75, 1.0), nn.MaxPool2d(3, 2, 1, ceil_mode=True),
           nn.Conv2d(6, 8, 3, stride=(2, 1), padding=1), nn.ReLU(), nn.LocalResponseNorm(5, 0.9, 0.625, 2.0),
           nn.MaxPool2d((3, 2), (2, 1), (1, 0), ceil_mode=True), nn.AdaptiveAvgPool2d(1), View(),
           nn.Linear(8, 5), nn.Softmax(1)]
    x = reference.exact(generator, (1, 2, 13, 17), 1)
    network = make_exact(nn.Sequential(*odd), generator)
    export("odd", network, x, double=True)
    write_reference("odd", odd, x)

    deep = [nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
            nn.Conv2d(6, 10, 3, padding=1), nn.ReLU(), nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False),
            nn.Conv2d(10, 7, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    x = torch.from_numpy(generator.integers(0, 257, (1, 1, 21, 14)) / 256)
    network = make_exact(nn.Sequential(*deep), generator)
    export("deep", network, x, opset=9)
    write_reference("deep", deep, x)


def softmax_over_maps(generator):
    """Before a Flatten, as some classifiers end, in an opset that has it between transposes; and at each position."""
    nn = torch.nn
    classes = [nn.Conv2d(2, 5, (3, 2)), nn.ReLU(), nn.Conv2d(5, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Softmax(1),
               nn.Flatten()]
    x = reference.exact(generator, (1, 2, 7, 9), 1)
    network = make_exact(nn.Sequential(*classes), generator)
    export("classes", network, x, opset=9)
    write_reference("classes", classes, x)

    places = [nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 5, 3), nn.Softmax(1), nn.MaxPool2d(3, 2),
              nn.Flatten(), nn.Linear(5 * 5 * 4, 3)]
    x = reference.exact(generator, (1, 1, 13, 11), 1)
    network = make_exact(nn.Sequential(*places), generator)
    for name, opset in (("places", 13), ("places12", 12)):
        export(name, network, x, opset=opset)
    write_reference("places", places, x)


def numbers_on_the_side(generator):
    """What the exporter computes with whole numbers, in its oldest form and a newer one: casts of constants, transposed
    weights, the sides of a padding put in order; windows of an even number of maps; a ceil mode that is padding."""
    nn = torch.nn
    layers = [nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(2, 7, 3), nn.ReLU(), nn.LocalResponseNorm(4, 0.5, 0.75, 1.0),
              nn.MaxPool2d((2, 3), (2, 3), (1, 0), ceil_mode=True), nn.Conv2d(7, 6, 1), nn.LocalResponseNorm(2, 0.9, 0.5),
              nn.ReLU(), View(), nn.Linear(6 * 6 * 4, 4, bias=False)]
    x = reference.exact(generator, (1, 2, 11, 10), 1)
    network = make_exact(nn.Sequential(*layers), generator)
    for name, opset in (("numbers", 14), ("numbers7", 7)):
        export(name, network, x, opset=opset)
    write_reference("numbers", layers, x)


# --- networks written node by node -----------------------------------------------------------------------------------

def save(name, nodes, constants, sample, opset, outputs, **extra):
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", *sample])],
                              [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", outputs])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)
    onnx.checker.check_model(model)
    onnx.save(model, str(FOLDER / f"{name}.onnx"), **extra)


class Same(torch.nn.Module):
    """A convolution or pooling with auto_pad: unequal padding."""
    def __init__(self, module, pads, value=0.0):
        super().__init__()
        self.module, self.pads, self.value = module, pads, value

    def forward(self, x):
        return self.module(F.pad(x, self.pads, value=self.value))


def weights(generator, name, shape, kind=numpy.float32, typed=False):
    fan = int(numpy.prod(shape[1:])) if len(shape) > 1 else 16
    values = reference.exact(generator, shape, (2 / fan) ** 0.5).numpy()
    values = numpy.round(values * 256) / 256  # float16 holds these too
    if typed:
        kinds = {numpy.float32: TensorProto.FLOAT, numpy.float64: TensorProto.DOUBLE}
        return values, helper.make_tensor(name, kinds[kind], shape, values.flatten().tolist())
    return values, numpy_helper.from_array(values.astype(kind), name)


def conv_of(w, b, **options):
    module = torch.nn.Conv2d(w.shape[1] * options.get("groups", 1), w.shape[0], w.shape[2:], bias=b is not None,
                             **options)
    module.weight.data = torch.from_numpy(w)
    if b is not None:
        module.bias.data = torch.from_numpy(b)
    return module


def linear_of(w, b):
    module = torch.nn.Linear(w.shape[1], w.shape[0])
    module.weight.data, module.bias.data = torch.from_numpy(w), torch.from_numpy(b)
    return module


def keras_like(generator):
    """auto_pad, Conv and Add, Pad, MatMul and Add, Identity, Squeeze; float16 and Constant nodes; opset 13."""
    w1, t1 = weights(generator, "w1", (6, 2, 3, 3), numpy.float16)
    b1, u1 = weights(generator, "b1", (6,), numpy.float16)
    w2, t2 = weights(generator, "w2", (8, 6, 2, 3))
    b2, u2 = weights(generator, "b2", (8,))
    w3, t3 = weights(generator, "w3", (8, 5), numpy.float64, typed=True)
    b3, u3 = weights(generator, "b3", (5,), typed=True)
    u2 = numpy_helper.from_array(b2.astype("f4").reshape(1, 8, 1, 1), "b2")
    node = helper.make_node
    nodes = [node("Constant", [], ["w1"], value=t1),
             node("Conv", ["image", "w1", "b1"], ["a"], name="first", auto_pad="SAME_UPPER", strides=[2, 2]),
             node("Clip", ["a", "zero", "six"], ["b"], name="six"),
             node("Identity", ["b"], ["c"], name="nothing"),
             node("Pad", ["c", "pads"], ["d"], name="border", mode="constant"),
             node("Conv", ["d", "w2"], ["e0"], name="second", auto_pad="VALID"),
             node("Add", ["e0", "b2"], ["e"], name="second_bias"),
             node("Relu", ["e"], ["f"], name="rectified"),
             node("MaxPool", ["f"], ["g"], name="pooled", auto_pad="SAME_LOWER", kernel_shape=[2, 2], strides=[2, 2]),
             node("GlobalAveragePool", ["g"], ["h"], name="mean"),
             node("Squeeze", ["h", "axes"], ["i"], name="flat"),
             node("MatMul", ["i", "w3"], ["j"], name="classes"),
             node("Add", ["b3", "j"], ["scores"], name="classes_bias")]
    six = numpy_helper.from_array(numpy.float32(6), "six")
    zero = numpy_helper.from_array(numpy.float32(0), "zero")
    pads = numpy_helper.from_array(numpy.array([0, 0, 1, 0, 0, 0, 0, 2]), "pads")
    axes = numpy_helper.from_array(numpy.array([2, 3]), "axes")
    sample = (2, 11, 14)
    graph = helper.make_graph(nodes, "keras", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", *sample])],
                              [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 5])],
                              [u1, t2, u2, t3, u3, six, zero, pads, axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.save(model, str(FOLDER / "keras.onnx"))  # the types are mixed, which the checker would refuse
    # 11x14, stride 2: 6x7, so rows need one more at both ends, columns one at the end
    modules = [Same(conv_of(w1, b1, stride=2), (0, 1, 1, 1)), torch.nn.ReLU6(), torch.nn.ZeroPad2d((0, 2, 1, 0)),
               conv_of(w2, b2), torch.nn.ReLU(), Same(torch.nn.MaxPool2d(2), (1, 0, 0, 0), -1e30),
               torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), linear_of(w3.T.copy(), b3)]
    write_reference("keras", modules, reference.exact(generator, (1, *sample), 1))


def old_opset(generator):
    """Opset 7: attributes where later ones have inputs; Gemm without transB, scaled; external weights."""
    w1, t1 = weights(generator, "w1", (4, 1, 5, 3))
    w2, t2 = weights(generator, "w2", (4 * 4 * 5, 6))
    b2, u2 = weights(generator, "b2", (6,))
    scale, shift, mean, variance = (weights(generator, name, (4,)) for name in ("scale", "shift", "mean", "variance"))
    positive = numpy.abs(variance[0]) + 0.5
    node = helper.make_node
    nodes = [node("Conv", ["image", "w1"], ["a"], name="conv", kernel_shape=[5, 3], pads=[1, 2, 0, 0], strides=[2, 3]),
             node("BatchNormalization", ["a", "scale", "shift", "mean", "variance"], ["b"], name="norm", epsilon=1e-3),
             node("Clip", ["b"], ["c"], name="clip", min=0.0),
             node("MaxPool", ["c"], ["d"], name="pool", kernel_shape=[3, 3], strides=[2, 1], pads=[0, 0, 1, 1]),
             node("Dropout", ["d"], ["e"], name="drop", ratio=0.25),
             node("Reshape", ["e", "shape"], ["f"], name="flat"),
             node("Gemm", ["f", "w2", "b2"], ["g"], name="dense", alpha=0.5, beta=2.0),
             node("LeakyRelu", ["g"], ["scores"], name="leaky")]
    shape = numpy_helper.from_array(numpy.array([-1, 80]), "shape")
    constants = [t1, t2, u2, scale[1], shift[1], mean[1], numpy_helper.from_array(positive.astype("f4"), "variance"), shape]
    (FOLDER / "opset7.weights").unlink(missing_ok=True)
    save("opset7", nodes, constants, (1, 19, 18), 7, 6, save_as_external_data=True, location="opset7.weights",
         size_threshold=64, convert_attribute=False)
    norm = torch.nn.BatchNorm2d(4, eps=1e-3).eval()
    norm.weight.data, norm.bias.data = torch.from_numpy(scale[0]), torch.from_numpy(shift[0])
    norm.running_mean, norm.running_var = torch.from_numpy(mean[0]), torch.from_numpy(positive)
    modules = [Same(conv_of(w1, None, stride=(2, 3)), (2, 0, 1, 0)), norm, torch.nn.ReLU(),
               Same(torch.nn.MaxPool2d(3, (2, 1)), (0, 1, 0, 1), -1e30), torch.nn.Dropout().eval(), torch.nn.Flatten(),
               linear_of(0.5 * w2.T.copy(), 2 * b2), torch.nn.LeakyReLU(0.01)]
    write_reference("opset7", modules, reference.exact(generator, (1, 1, 19, 18), 1))


def main():
    FOLDER.mkdir(exist_ok=True)
    generator = numpy.random.default_rng(1311)
    exported(generator)
    keras_like(generator)
    old_opset(generator)
    softmax_over_maps(generator)
    numbers_on_the_side(generator)


if __name__ == "__main__":
    main()
