#!/usr/bin/env python3
"""Writes lenet.bin and odd.bin beside this file: whole networks as PyTorch computes them. The tests that read them
are in tests/model/pytorch_test.cpp.

Run by hand when a network below changes (Debian: python3-torch, python3-numpy), and commit the files:

    /usr/bin/python3 tests/reference/make_reference.py

Nothing here uses deconvviz. Inputs and weights are multiples of a power of two that float holds exactly, so that one
file serves the tests in double and in float; everything else is computed in double, on one thread.

A file is a sequence of arrays, each a line "name type d0 d1 ...\\n" (type f4 or f8) followed by its values in row-major
order, little endian:

    input                        the batch of 3; forward values and reverse signals are those of its first picture
    <layer>.weights, .bias       parameters before training; <layer> is the index of the layer
    forward/<layer>              the output of each layer
    back/<seed>/<relu>/<overlap>/<contrast>   the reverse signal at the input
    labels, loss, loss/2         of the batch, before the first and the second step
    grad/<layer>.weights, .bias  gradients of that loss
    after/<layer>.weights, .bias parameters after two steps
"""
import pathlib

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(1)  # max_unpool2d then writes in row-major order, so that the last window wins
torch.set_default_dtype(torch.float64)


# --- layers: (kind, parameters, options) -----------------------------------------------------------------------------

def exact(generator, shape, scale):
    """Random multiples of 2^-12, about normal with the given deviation."""
    values = generator.standard_normal(shape) * scale
    return torch.from_numpy(numpy.round(values * 4096) / 4096)


def conv(generator, inputs, outputs, kernel, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    fan_in = inputs // groups * kernel[0] * kernel[1]
    weights = exact(generator, (outputs, inputs // groups, *kernel), (2 / fan_in) ** 0.5)
    options = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    return ("conv", [weights, exact(generator, outputs, 0.1)], options)


def dense(generator, inputs, outputs):
    return ("dense", [exact(generator, (outputs, inputs), (2 / inputs) ** 0.5), exact(generator, outputs, 0.1)], {})


def pool(kernel, stride, padding=(0, 0), ceil=False):
    return ("pool", [], dict(kernel_size=kernel, stride=stride, padding=padding, ceil_mode=ceil))


def norm(size, alpha, beta, k):
    return ("norm", [], dict(size=size, alpha=alpha, beta=beta, k=k))


RELU = ("relu", [], {})
FLATTEN = ("flatten", [], {})
DROPOUT = ("dropout", [], {})  # of evaluation: the identity


def forward_layer(layer, x):
    kind, parameters, options = layer
    if kind == "conv":
        return F.conv2d(x, *parameters, **options)
    if kind == "dense":
        return F.linear(x, *parameters)
    if kind == "pool":
        return F.max_pool2d(x, **options)
    if kind == "norm":
        return F.local_response_norm(x, **options)
    if kind == "relu":
        return F.relu(x)
    if kind == "flatten":
        return torch.flatten(x, 1)
    return F.dropout(x, training=False)


def forward(layers, x):
    """[input, output of layer 0, output of layer 1, ...]"""
    values = [x]
    for layer in layers:
        values.append(forward_layer(layer, values[-1]))
    return values


# --- the way back ----------------------------------------------------------------------------------------------------

def true_gradient(layer, x, above):
    """autograd.grad through this one layer."""
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(forward_layer(layer, x), x, above)[0]


def back_layer(layer, x, above, relu, overlap, contrast):
    """The signal below a layer whose input was x."""
    kind, parameters, options = layer
    if kind == "conv":  # F.conv_transpose2d, with the output_padding that gives the input's size
        kernel = parameters[0].shape[2:]
        rest = [x.shape[2 + i] - ((above.shape[2 + i] - 1) * options["stride"][i] - 2 * options["padding"][i]
                                  + options["dilation"][i] * (kernel[i] - 1) + 1) for i in (0, 1)]
        return F.conv_transpose2d(above, parameters[0], None, output_padding=rest, **options)
    if kind == "dense":
        return above @ parameters[0]
    if kind == "pool" and overlap == "overwrite":  # the operator behind torch.nn.MaxUnpool2d
        _, indices = F.max_pool2d(x, return_indices=True, **options)
        return torch._C._nn.max_unpool2d(above, indices, x.shape[2:])
    if kind == "relu" and relu == "deconvnet":
        return F.relu(above)
    if kind == "relu" and relu == "guided":
        return F.relu(above) * (x > 0)
    if kind == "norm" and contrast == "identity":
        return above
    return true_gradient(layer, x, above)  # pool (accumulate), relu (gradient), norm (gradient), flatten, dropout


def walk(layers, values, start, signal, relu, overlap, contrast):
    for i in range(start, -1, -1):
        signal = back_layer(layers[i], values[i], signal, relu, overlap, contrast)
    return signal


def strongest(values, layer, feature_map):
    signal = torch.zeros_like(values[layer + 1])
    plane = values[layer + 1][0, feature_map]
    y, x = divmod(int(plane.argmax()), plane.shape[1])
    signal[0, feature_map, y, x] = plane[y, x]
    return signal


def logit(values, feature):
    signal = torch.zeros_like(values[-1])
    signal[0, feature] = 1
    return signal


# --- the files -------------------------------------------------------------------------------------------------------

def write(out, name, value, kind="f8"):
    array = numpy.ascontiguousarray(value.detach().numpy() if torch.is_tensor(value) else value).astype("<" + kind)
    assert kind == "f8" or (array.astype("f8") == numpy.asarray(value)).all(), name
    out.write(" ".join([name, kind, *map(str, array.shape or (1,))]).encode() + b"\n")
    out.write(array.tobytes())


def write_parameters(out, prefix, layers, values, kind):
    for i, (_, parameters, _) in enumerate(layers):
        for name, parameter in zip(("weights", "bias"), parameters):
            write(out, f"{prefix}{i}.{name}", values(parameter), kind)


def write_network(name, layers, batch, seeds, ways):
    """seeds: name -> (layer, function of the forward values to a signal); ways: seed -> rules of the way back."""
    with open(pathlib.Path(__file__).with_name(name), "wb") as out:
        write(out, "input", batch, "f4")
        write_parameters(out, "", layers, lambda parameter: parameter, "f4")
        values = forward(layers, batch[:1])
        for i, value in enumerate(values[1:]):
            write(out, f"forward/{i}", value)

        for seed, (start, make) in seeds.items():
            signal = make(values)
            for rules in ways(seed):
                write(out, "back/" + "/".join((seed, *rules)), walk(layers, values, start, signal, *rules))
            # The walk by hand under the rule gradient is autograd.grad through the whole network.
            x = batch[:1].clone().requires_grad_(True)
            whole = torch.autograd.grad(forward(layers, x)[start + 1], x, signal)[0]
            assert torch.allclose(whole, walk(layers, values, start, signal, "gradient", "accumulate", "gradient"))

        # F.cross_entropy and torch.optim.SGD; weight decay for weights only.
        labels = torch.tensor([1, 0, 3])
        weights = [parameters[0] for _, parameters, _ in layers if parameters]
        biases = [parameters[1] for _, parameters, _ in layers if parameters]
        for parameter in weights + biases:
            parameter.requires_grad_(True)
        sgd = torch.optim.SGD([{"params": weights, "weight_decay": 0.03125}, {"params": biases}],
                              lr=0.125, momentum=0.75)
        write(out, "labels", labels.numpy().astype("f4"), "f4")
        for step in (1, 2):
            sgd.zero_grad()
            loss = F.cross_entropy(forward(layers, batch)[-1], labels)
            loss.backward()
            write(out, "loss" if step == 1 else "loss/2", loss)
            if step == 1:
                write_parameters(out, "grad/", layers, lambda parameter: parameter.grad, "f8")
            sgd.step()
        write_parameters(out, "after/", layers, lambda parameter: parameter, "f8")


def main():
    generator = numpy.random.default_rng(2014)
    lenet = [conv(generator, 1, 3, (5, 5)), RELU, pool((2, 2), (2, 2)),
             conv(generator, 3, 4, (5, 5)), RELU, pool((2, 2), (2, 2)), FLATTEN, dense(generator, 64, 10)]
    batch = torch.from_numpy(generator.integers(0, 257, (3, 1, 28, 28)) / 256)
    write_network("lenet.bin", lenet, batch,
                  {"strongest": (4, lambda values: strongest(values, 4, 2)),
                   "all_maps": (5, lambda values: values[6].clone()),
                   "logit": (7, lambda values: logit(values, 3))},
                  lambda seed: [(relu, "accumulate", "identity") for relu in ("deconvnet", "guided", "gradient")])

    odd = [conv(generator, 2, 6, (2, 5), padding=(1, 2), dilation=(3, 1), groups=2), RELU, norm(3, 0.5, 0.75, 1.0),
           pool((3, 3), (2, 2), (1, 1), True),
           conv(generator, 6, 8, (3, 3), stride=(2, 2), padding=(1, 1), groups=2), RELU, norm(5, 1.0, 0.625, 2.0),
           DROPOUT, pool((3, 2), (2, 1), (1, 0), True), FLATTEN,
           dense(generator, 96, 16), RELU, dense(generator, 16, 5)]
    batch = exact(generator, (3, 2, 13, 17), 1)
    automatic = {"deconvnet": "identity", "guided": "identity", "gradient": "gradient"}
    other = {"deconvnet": "gradient", "guided": "gradient", "gradient": "identity"}

    def ways(seed):
        usual = [(relu, overlap, contrast) for relu, contrast in automatic.items()
                 for overlap in ("accumulate", "overwrite")]
        return usual + ([(relu, "accumulate", contrast) for relu, contrast in other.items()] if seed == "logit" else [])

    write_network("odd.bin", odd, batch,
                  {"strongest": (5, lambda values: strongest(values, 5, 6)),
                   "all_maps": (6, lambda values: values[7].clone()),
                   "logit": (12, lambda values: logit(values, 2))}, ways)


if __name__ == "__main__":
    main()
