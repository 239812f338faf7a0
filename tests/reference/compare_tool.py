#!/usr/bin/env python3
"""Compares the command-line tool with PyTorch on random networks, and says where they differ:

    /usr/bin/python3 tests/reference/compare_tool.py build/release/examples/deconvviz --networks 500

Each network is a random chain of all operators of load_onnx, in odd shapes: rectangular, strided, dilated, grouped, padded
on four sides, in ceil mode. Half are exported by PyTorch, half written node by node, in opsets 7 to 17. What the tool
gives is compared with PyTorch in double: every layer's output (maps, predict), four projections under random rules,
overlaps, seeds and values (project), an occlusion map by Captum's definition (occlude). The tolerance is 1e-5 of the
largest value, at least of 0.1: weights are drawn so that activations are near 1, and where all of a result is much
smaller, it is what is left of values that cancel, which is as inexact in PyTorch's floats.

Nothing here uses deconvviz. Debian: python3-torch, python3-numpy, python3-onnx. Leaves with 1 where something differs.
"""
import argparse
import collections
import pathlib
import random
import subprocess
import tempfile
import warnings

import numpy
import torch
import torch.nn.functional as F
from torch import nn

from random_networks import Group, OnnxLRN, View, Writer, draw_weights, export, random_modules, two

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


# --- the way back ----------------------------------------------------------------------------------------------------

def back(module, x, above, rule, overlap):
    """The signal below a module whose input was x."""
    if isinstance(module, Group):
        inputs = [x]
        for part in module[:-1]:
            inputs.append(part(inputs[-1]))
        for part, seen in zip(reversed(module), reversed(inputs)):
            above = back(part, seen, above, rule, overlap)
        return above
    if isinstance(module, nn.MaxPool2d) and overlap == "overwrite":
        _, places = F.max_pool2d(x, module.kernel_size, module.stride, module.padding, ceil_mode=module.ceil_mode,
                                 return_indices=True)
        below = torch.zeros_like(x).flatten(2)
        for i in range(places[0, 0].numel()):  # in row-major order, so the last one stays
            below.scatter_(2, places.flatten(2)[:, :, i:i + 1], above.flatten(2)[:, :, i:i + 1])
        return below.view(x.shape)
    if isinstance(module, (nn.ReLU, nn.ReLU6)) and rule != "gradient":
        seen = (x > 0) & (x < (6 if isinstance(module, nn.ReLU6) else torch.inf))
        return above.clamp(min=0) * (1 if rule == "deconvnet" else seen)
    if isinstance(module, (nn.LocalResponseNorm, OnnxLRN, nn.Softmax)) and rule != "gradient":
        return above  # identity: see docs/method.md
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(module(x), x, above)[0]


# --- the comparison --------------------------------------------------------------------------------------------------

class Comparison:
    def __init__(self, tool, folder, tolerance):
        self.tool, self.folder, self.tolerance = tool, folder, tolerance
        self.compared, self.worst, self.differences = collections.Counter(), collections.Counter(), 0

    def run(self, *arguments):
        done = subprocess.run([self.tool, *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def expect(self, what, expected, *arguments):
        """What the tool writes with these arguments against the values by PyTorch."""
        out = self.folder / "out.npy"
        self.run(*arguments, "--npy", out)
        got, kind = numpy.load(out), arguments[0]
        self.compared[kind] += 1
        if got.shape != tuple(expected.shape):
            return self.differ(what, *arguments, "shape", got.shape, tuple(expected.shape))
        difference = abs(got - numpy.asarray(expected)).max() / max(abs(numpy.asarray(expected)).max(), 0.1)
        self.worst[kind] = max(self.worst[kind], difference)
        if not difference <= self.tolerance:
            self.differ(what, *arguments, difference)

    def differ(self, what, *why):
        self.differences += 1
        print(f"network {what}:", *why, flush=True)

    def network(self, seed):
        rng = random.Random(seed)
        by_hand, opset = rng.random() < 0.5, rng.randint(7, 17)
        sample, modules = random_modules(rng, by_hand)
        draw_weights(modules, seed)
        path, image = self.folder / "model.onnx", self.folder / "image.npy"
        x = torch.from_numpy(numpy.random.default_rng(seed).normal(size=(rng.choice([1, 1, 2, 3]), *sample)))
        x = x.float().double()
        values = [x]
        try:
            if by_hand:
                if not Writer(rng, opset).write(modules, sample, path):
                    return
            else:
                modules = export(modules, x, opset, path, rng)
            with torch.no_grad():
                for module in modules:
                    values.append(module(values[-1]))
        except RuntimeError:  # an average whose export has another size than its module, which does not fit the next
            self.compared["skipped"] += 1
            return
        try:
            layers = self.layers(path, modules)
        except RuntimeError as error:
            return self.differ(seed, error)
        self.compared["network"] += 1
        numpy.save(image, x.numpy().astype("f4"))
        if values[-1].dim() == 2:
            self.expect(seed, values[-1], "predict", path, image)
        for index, last in layers.items():
            self.expect(seed, values[last + 1], "maps", path, image, "--layer", index)
        for _ in range(4):
            self.projection(seed, rng, modules, values, layers, path, image)
        if values[-1].dim() == 2 and values[-1].shape[1] > 1:
            self.occlusion(seed, rng, modules, values, path)

    def layers(self, path, modules):
        """For each layer of the file the last module that it stands for: PyTorch takes a norm into its convolution."""
        lines = [line.split() for line in self.run("info", path).splitlines()]
        found = {int(words[1].split("/")[1]): int(words[0]) for words in lines
                 if len(words) > 2 and words[0].isdigit() and words[1].startswith("/")}
        through = {}
        for module, index in found.items():
            last, at = module, module + 1
            while isinstance(modules[module], nn.Conv2d) and at < len(modules) and at not in found and isinstance(
                    modules[at], (nn.BatchNorm2d, nn.Identity, nn.Dropout)):
                last, at = at, at + 1
            through[index] = last
        return through

    def projection(self, seed, rng, modules, values, layers, path, image):
        index = rng.choice(list(layers))
        value = values[layers[index] + 1]
        rule, overlap = rng.choice(["deconvnet", "guided", "gradient"]), rng.choice(["accumulate", "overwrite"])
        one, units, k = rng.random() < 0.5, rng.choice(["all", "unit", "strongest", "whole"]), rng.randrange(value.shape[1])
        source = torch.ones_like(value) if one else value
        arguments = ["--layer", index, "--rule", rule, "--overlap", overlap,
                     "--seed-value", "one" if one else "activation"]
        mask = torch.zeros_like(value)
        if units == "all":
            mask[:] = 1
        elif units == "whole":
            mask[:, k] = 1
        elif units == "unit":
            place = [rng.randrange(size) for size in value.shape[2:]]
            mask[(slice(None), k, *place)] = 1
            arguments += ["--unit", ",".join(map(str, place)) or "0,0"]
        else:
            for n, picture in enumerate(value):
                mask[n, k].view(-1)[int(picture[k].argmax())] = 1
        if units != "all":
            arguments += ["--map", k] + ([f"--{units}"] if units != "unit" else [])
        signal = source * mask
        for i in range(layers[index], -1, -1):
            signal = back(modules[i], values[i], signal, rule, overlap)
        self.expect(seed, signal, "project", path, image, *arguments)

    def occlusion(self, seed, rng, modules, values, path):
        ends = [i for i, m in enumerate(modules) if not isinstance(m, (nn.Flatten, View, nn.Dropout, nn.Identity))][-1]
        ready = isinstance(modules[ends], nn.Softmax) and values[ends + 1][0].numel() == values[ends + 1].shape[1]

        def probabilities(picture):
            with torch.no_grad():
                for module in modules:
                    picture = module(picture)
                return picture[0] if ready else torch.softmax(picture[0], 0)

        x = values[0][:1]
        patch, (rows, columns) = two(rng, 1, 5), x.shape[2:]
        stride, fill = [rng.randint(1, side) for side in patch], rng.choice([0.5, 0, -0.25, 1.5])
        target = int(probabilities(x).argmax())
        steps = [-(-(size - side) // step) + 1 for size, side, step in zip((rows, columns), patch, stride)]
        expected = numpy.zeros(steps)
        for r, c in numpy.ndindex(*steps):
            hidden = x.clone()
            hidden[:, :, r * stride[0]:r * stride[0] + patch[0], c * stride[1]:c * stride[1] + patch[1]] = fill
            expected[r, c] = probabilities(hidden)[target]
        numpy.save(self.folder / "one.npy", x[0].numpy().astype("f4"))
        sides = ["{}x{}".format(*each) for each in (patch, stride)]
        self.expect(seed, expected, "occlude", path, self.folder / "one.npy", "--patch", sides[0], "--stride", sides[1],
                    f"--fill={fill}", "--class", target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tool", type=pathlib.Path)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first one: a seed")
    parser.add_argument("--tolerance", type=float, default=1e-5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(options.tool, pathlib.Path(folder), options.tolerance)
        for seed in range(options.first, options.first + options.networks):
            comparison.network(seed)
    print(dict(comparison.compared), "worst:", {kind: f"{value:.1e}" for kind, value in comparison.worst.items()})
    print(comparison.differences, "differences")
    raise SystemExit(1 if comparison.differences else 0)


if __name__ == "__main__":
    main()
