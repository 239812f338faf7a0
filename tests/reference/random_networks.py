"""Random chains of the operators that load_onnx reads, as PyTorch modules, and the ONNX files that say the same, exported
by PyTorch or written node by node in one of the forms that exporters use. For compare_tool.py.
"""
import contextlib
import io

import numpy
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn


# --- modules that PyTorch does not have ------------------------------------------------------------------------------

class Pad(nn.Module):
    """Sides as F.pad takes them: left, right, top, bottom."""
    def __init__(self, sides, value=0.0):
        super().__init__()
        self.sides, self.value = sides, value

    def forward(self, x):
        return F.pad(x, self.sides, value=self.value)


class OnnxLRN(nn.Module):
    """Its window of an even size lies otherwise than that of nn.LocalResponseNorm."""
    def __init__(self, size, alpha, beta, k):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x):
        before, maps = (self.size - 1) // 2, x.shape[1]
        sums = [(x[:, max(0, c - before):c - before + self.size] ** 2).sum(1) for c in range(maps)]
        return x / (self.k + self.alpha / self.size * torch.stack(sums, 1)) ** self.beta


class View(nn.Module):
    def forward(self, x):
        return x.view(x.size(0), -1)


class Group(nn.Sequential):
    """Modules that one layer of the file stands for."""


# --- random networks -------------------------------------------------------------------------------------------------

def two(rng, low, high):
    return rng.randint(low, high), rng.randint(low, high)


def convolution(rng, shape, by_hand):
    _, maps, height, width = shape
    for _ in range(50):
        kernel, stride = two(rng, 1, 5), two(rng, 1, 3) if rng.random() < 0.5 else (1, 1)
        dilation = two(rng, 1, 3) if rng.random() < 0.4 else (1, 1)
        groups = rng.choice([1, 1, maps, rng.choice([g for g in range(1, maps + 1) if maps % g == 0])])
        padding = two(rng, 0, 2) if rng.random() < 0.6 else (0, 0)
        sides = [rng.randint(0, 3) for _ in range(4)] if by_hand and rng.random() < 0.5 else None
        rows = height + (sides[2] + sides[3] if sides else 2 * padding[0])
        columns = width + (sides[0] + sides[1] if sides else 2 * padding[1])
        if rows <= dilation[0] * (kernel[0] - 1) or columns <= dilation[1] * (kernel[1] - 1):
            continue
        module = nn.Conv2d(maps, groups * rng.randint(1, max(1, 9 // groups)), kernel, stride, 0 if sides else padding,
                           dilation, groups, bias=rng.random() < 0.7)
        return Group(Pad(sides), module) if sides else module
    return nn.Conv2d(maps, 4, 1)


def pooling(rng, shape, by_hand):
    height, width = shape[2:]
    for _ in range(50):
        kernel, stride, ceil = two(rng, 1, 4), two(rng, 1, 3), rng.random() < 0.5
        padding = (rng.randint(0, kernel[0] // 2), rng.randint(0, kernel[1] // 2)) if rng.random() < 0.6 else (0, 0)
        if height + 2 * padding[0] < kernel[0] or width + 2 * padding[1] < kernel[1]:
            continue
        if rng.random() < 0.35:
            return nn.AvgPool2d(kernel, stride, padding, ceil, count_include_pad=rng.random() < 0.5)
        if by_hand and rng.random() < 0.4:
            sides = [rng.randint(0, kernel[axis] - 1) for axis in (1, 1, 0, 0)]
            return Group(Pad(sides, -1e30), nn.MaxPool2d(kernel, stride))
        return nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil)
    return nn.ReLU()


def map_layer(rng, shape, by_hand):
    kind = rng.choices(["conv", "relu", "leaky", "relu6", "pool", "norm", "batch", "drop", "pad", "softmax", "same"],
                       [35, 15, 5, 5, 23, 6, 5, 2, 2, 1, 1])[0]
    if kind == "conv":
        return convolution(rng, shape, by_hand)
    if kind == "pool":
        return pooling(rng, shape, by_hand)
    if kind == "norm":
        options = rng.randint(1, 7), rng.choice([0.5, 0.1, 0.01]), rng.choice([0.75, 0.5, 1.0]), rng.choice([1.0, 2.0])
        return OnnxLRN(*options) if by_hand else nn.LocalResponseNorm(*options)
    return {"relu": nn.ReLU(), "leaky": nn.LeakyReLU(rng.choice([0.1, 0.01, 0.3])), "relu6": nn.ReLU6(),
            "batch": nn.BatchNorm2d(shape[1], eps=rng.choice([1e-5, 1e-3, 0.1])), "drop": nn.Dropout(0.3),
            "pad": Pad([rng.randint(0, 2) for _ in range(4)]), "softmax": nn.Softmax(1), "same": nn.Identity()}[kind]


def random_modules(rng, by_hand):
    """The shape of a picture, and modules; three quarters end in classes."""
    sample = rng.randint(1, 4), rng.randint(5, 17), rng.randint(5, 17)
    modules, x = [], torch.zeros(1, *sample)

    def push(module):
        nonlocal x
        out = module.eval()(x)
        if 0 < out.numel() < 40000:
            modules.append(module)
            x = out

    for _ in range(rng.randint(2, 8)):
        with contextlib.suppress(RuntimeError):  # a pooling that is larger than its map
            push(map_layer(rng, x.shape, by_hand))
    push(nn.Conv2d(x.shape[1], 3, 1))
    if rng.random() < 0.25:
        return sample, modules
    if rng.random() < 0.3:
        push(nn.AdaptiveAvgPool2d(1))
        if rng.random() < 0.3:
            push(nn.Softmax(1))
    push(rng.choice([nn.Flatten(), View()]))
    if not isinstance(modules[-2], nn.Softmax):
        if rng.random() < 0.5:
            push(nn.Linear(x.shape[1], rng.randint(2, 12), bias=rng.random() < 0.7))
            push(rng.choice([nn.ReLU(), nn.LeakyReLU(0.2), nn.BatchNorm1d(x.shape[1]), nn.Dropout()]))
        push(nn.Linear(x.shape[1], rng.randint(2, 7), bias=rng.random() < 0.7))
        if rng.random() < 0.4:
            push(nn.Softmax(1))
    return sample, modules


def draw_weights(modules, seed):
    """Values that a float holds, kept as doubles."""
    generator = torch.Generator().manual_seed(seed)
    for module in nn.Sequential(*modules).modules():
        for name, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            if name == "num_batches_tracked":
                continue
            deviation = (2 / tensor[0].numel()) ** 0.5 if tensor.dim() > 1 else 0.3
            value = torch.randn(tensor.shape, generator=generator) * deviation
            if name == "running_var" or (name == "weight" and tensor.dim() == 1):
                value = value.abs() + 0.4
            tensor.data = value.float().double()


# --- ONNX files ------------------------------------------------------------------------------------------------------

def export(modules, x, opset, path, rng):
    """By PyTorch. Gives the modules as the file has them: a padding that an average counts is a node of its own. Below
    opset 10 the exporter then gets a ceil mode wrong, so there is none.
    """
    written = []
    for module in modules:
        counted = isinstance(module, nn.AvgPool2d) and module.count_include_pad and any(module.padding)
        if counted:
            module.ceil_mode = module.ceil_mode and opset >= 10
            top, left = module.padding
            module = Group(Pad([left, left, top, top]),
                           nn.AvgPool2d(module.kernel_size, module.stride, 0, module.ceil_mode))
        written.append(module)
    dynamic = {"image": {0: "n"}, "scores": {0: "n"}} if rng.random() < 0.6 else None
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        torch.onnx.export(nn.Sequential(*modules).eval().float(), x.float(), str(path), opset_version=opset,
                          input_names=["image"], output_names=["scores"], dynamic_axes=dynamic)
    nn.Sequential(*modules).double()
    return written


class Writer:
    """Node by node, in one of several forms where there are some."""
    def __init__(self, rng, opset):
        self.rng, self.opset, self.nodes, self.constants = rng, opset, [], []

    def constant(self, value):
        self.constants.append(numpy_helper.from_array(numpy.asarray(value), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def real(self, tensor, shape=None):
        values = tensor.detach().numpy().astype("f4") if torch.is_tensor(tensor) else numpy.float32(tensor)
        return self.constant(values.reshape(shape) if shape else values)

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name="/{}/{}".format(output.rstrip("abc"), kind),
                                           **attributes))

    def either(self, *forms):
        return self.rng.choice(forms)

    def write(self, modules, sample, path):
        """False for a network that this opset cannot say."""
        value, x = "image", torch.zeros(1, *sample)
        for i, module in enumerate(modules):
            if getattr(module, "ceil_mode", False) and self.opset < 10:
                return False
            following = module(x)
            self.add(module, value, str(i), x, following)
            value, x = str(i), following
        self.nodes[-1].output[0] = "scores"
        describe = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *dims])
        graph = helper.make_graph(self.nodes, "g", [describe("image", sample)], [describe("scores", x.shape[1:])],
                                  self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=7)
        onnx.checker.check_model(model)
        onnx.save(model, str(path))
        return True

    def add(self, module, value, out, x, following):
        main, pads = module, None
        if isinstance(module, Group):
            left, right, top, bottom = module[0].sides
            main, pads = module[1], [top, left, bottom, right]
        if hasattr(main, "padding") and pads is None:
            sides = main.padding if isinstance(main.padding, tuple) else (main.padding, main.padding)
            pads = [*sides, *sides]
        if isinstance(main, nn.Conv2d):
            self.convolution(main, value, out, pads)
        elif isinstance(main, nn.MaxPool2d):
            ceil = {"ceil_mode": 1} if main.ceil_mode else {}
            self.node("MaxPool", [value], out, kernel_shape=main.kernel_size, strides=main.stride, pads=pads, **ceil)
        elif isinstance(main, nn.AvgPool2d):
            ceil = {"ceil_mode": 1} if main.ceil_mode else {}
            self.node("AveragePool", [value], out, kernel_shape=main.kernel_size, strides=main.stride, pads=pads,
                      count_include_pad=int(main.count_include_pad), **ceil)
        elif isinstance(main, nn.Linear):
            self.dense(main, value, out)
        elif isinstance(main, (nn.Flatten, View)):
            self.flatten(value, out, x, following)
        elif isinstance(main, nn.Softmax):
            self.softmax(value, out, x)
        else:
            self.simple(main, value, out)

    def convolution(self, conv, value, out, pads):
        attributes = dict(strides=conv.stride, dilations=conv.dilation, group=conv.groups, pads=pads)
        if not any(pads) and self.either(True, False):
            del attributes["pads"]
            attributes.update(self.either({}, {"auto_pad": "VALID"}))
        inputs = [value, self.real(conv.weight)]
        if conv.bias is None or self.rng.random() < 0.7:
            inputs += [] if conv.bias is None else [self.real(conv.bias)]
            return self.node("Conv", inputs, out, **attributes)
        self.node("Conv", inputs, out + "c", **attributes)
        added = self.real(conv.bias, self.either((1, -1, 1, 1), (-1, 1, 1)))
        self.node("Add", self.either([out + "c", added], [added, out + "c"]), out)

    def dense(self, linear, value, out):
        weights, bias = linear.weight.detach(), linear.bias
        if self.either(True, False):
            self.node("MatMul", [value, self.real(weights.t())], out if bias is None else out + "c")
            if bias is not None:
                self.node("Add", [out + "c", self.real(bias, self.either((-1,), (1, -1)))], out)
            return
        alpha, beta = self.either(1.0, 0.5, 2.0), self.either(1.0, 0.25, 4.0)
        if bias is None and self.opset < 11:
            bias = torch.zeros(len(weights))
        inputs = [value, self.real(self.either(weights, weights.t()) / alpha)]
        turned = tuple(self.constants[-1].dims) == tuple(weights.shape) and len(weights) != weights.shape[1]
        if len(weights) == weights.shape[1]:  # a square does not tell
            self.constants[-1].CopyFrom(numpy_helper.from_array((weights / alpha).numpy().astype("f4"), inputs[1]))
            turned = True
        inputs += [] if bias is None else [self.real(bias / beta)]
        self.node("Gemm", inputs, out, alpha=alpha, beta=beta, transB=int(turned))

    def flatten(self, value, out, x, following):
        forms = ["flatten", "reshape"] + (["squeeze"] if x.shape[2] == x.shape[3] == 1 else [])
        form = self.either(*forms)
        if form == "flatten":
            self.node("Flatten", [value], out, **self.either({}, {"axis": 1}))
        elif form == "reshape":
            wanted = self.either([0, -1], [-1, following.shape[1]], [0, following.shape[1]])
            self.node("Reshape", [value, self.constant(numpy.array(wanted))], out)
        elif self.opset < 13:
            self.node("Squeeze", [value], out, axes=[2, 3])
        else:
            self.node("Squeeze", [value, self.constant(numpy.array(self.either([2, 3], [-1, -2])))], out)

    def softmax(self, value, out, x):
        if x.dim() == 4 and self.opset < 13 and x[0, 0].numel() > 1:
            self.node("Transpose", [value], out + "a", perm=[0, 2, 3, 1])
            self.node("Softmax", [out + "a"], out + "b", axis=3)
            return self.node("Transpose", [out + "b"], out, perm=[0, 3, 1, 2])
        self.node("Softmax", [value], out, axis=self.either(1, 1 - x.dim()) if self.opset >= 11 else 1)

    def simple(self, module, value, out):
        if isinstance(module, nn.ReLU6):
            if self.opset < 11:
                return self.node("Clip", [value], out, min=0.0, max=6.0)
            return self.node("Clip", [value, self.real(0), self.real(6)], out)
        if isinstance(module, nn.ReLU):
            return self.node("Relu", [value], out)
        if isinstance(module, nn.LeakyReLU):
            return self.node("LeakyRelu", [value], out, alpha=module.negative_slope)
        if isinstance(module, OnnxLRN):
            return self.node("LRN", [value], out, size=module.size, alpha=module.alpha, beta=module.beta, bias=module.k)
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm1d)):
            tensors = module.weight, module.bias, module.running_mean, module.running_var
            return self.node("BatchNormalization", [value, *map(self.real, tensors)], out, epsilon=module.eps)
        if isinstance(module, nn.Dropout):
            if self.opset < 12:
                return self.node("Dropout", [value], out, ratio=0.3)
            return self.node("Dropout", self.either([value], [value, self.real(0.3)]), out)
        if isinstance(module, Pad):
            left, right, top, bottom = module.sides
            pads = [0, 0, top, left, 0, 0, bottom, right]
            if self.opset < 11:
                return self.node("Pad", [value], out, pads=pads)
            return self.node("Pad", [value, self.constant(numpy.array(pads))], out)
        kind = {nn.Identity: "Identity", nn.AdaptiveAvgPool2d: "GlobalAveragePool"}[type(module)]
        return self.node(kind, [value], out)
