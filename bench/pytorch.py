#!/usr/bin/env python3
"""PyTorch on the shapes of the other programs here, as a file that bench_report reads beside theirs.

Needs python3-torch. scripts/bench.sh --pytorch runs it. Names are kernel/pytorch/shape; the operations are those of
the C++ programs, in PyTorch's own plain layout.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("pytorch.py: PyTorch was not found: apt-get install python3-torch, and run it with /usr/bin/python3")

from torch import nn
from torch.nn import functional as F

BENCHMARKS = []


def benchmark(name, questions=1):
    """Registers a function that makes the operands and returns what is timed, and answers so many questions."""

    def register(make):
        BENCHMARKS.append((name, make, questions))
        return make

    return register


def uniform(*shape):
    return torch.rand(*shape) * 2 - 1


# in, out, kernel, stride, padding, size, batch, as in support/convolutions.hpp
CONVOLUTIONS = [
    (64, 64, 3, 1, 1, 224, 1),
    (256, 256, 3, 1, 1, 56, 1),
    (512, 512, 3, 1, 1, 14, 1),
    (3, 96, 7, 2, 1, 224, 1),
    (3, 64, 3, 1, 1, 224, 1),
    (16, 32, 5, 1, 0, 12, 64),
]
REVERSED_CONVOLUTIONS = [
    (64, 64, 3, 1, 1, 224, 1),
    (512, 512, 3, 1, 1, 28, 1),
    (96, 256, 5, 2, 0, 55, 1),
    (3, 96, 7, 2, 1, 224, 1),
    (3, 64, 3, 1, 1, 224, 1),
    (1, 16, 5, 1, 0, 28, 64),
]


def convolved(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def shape_name(i, o, k, s, size, n):
    return f"{i}x{o}_k{k}s{s}_{size}" + (f"_b{n}" if n > 1 else "")


def add_convolution(i, o, k, s, p, size, n):
    @benchmark(f"convolution/pytorch/{shape_name(i, o, k, s, size, n)}")
    def _():
        src, weights = uniform(n, i, size, size), uniform(o, i, k, k)
        return lambda: F.conv2d(src, weights, stride=s, padding=p)


def add_transposed_convolution(i, o, k, s, p, size, n):
    small = convolved(size, k, s, p)

    @benchmark(f"transposed_convolution/pytorch/{shape_name(o, i, k, s, small, n)}")
    def _():
        dst, weights = uniform(n, o, small, small), uniform(o, i, k, k)
        rest = size - ((small - 1) * s - 2 * p + k)
        return lambda: F.conv_transpose2d(dst, weights, stride=s, padding=p, output_padding=rest)


def add_weight_gradient(i, o, k, s, p, size, n):
    small = convolved(size, k, s, p)

    @benchmark(f"weight_gradient/pytorch/{shape_name(i, o, k, s, size, n)}")
    def _():
        src, weights, grad_dst = uniform(n, i, size, size), uniform(o, i, k, k), uniform(n, o, small, small)
        return lambda: torch.ops.aten.convolution_backward(
            grad_dst, src, weights, None, [s, s], [p, p], [1, 1], False, [0, 0], 1, [False, True, False]
        )


def add_pooling(maps, size, k, s):
    shape = f"{maps}_k{k}s{s}_{size}"

    @benchmark(f"max_pool/pytorch/{shape}")
    def _():
        src = uniform(1, maps, size, size)
        return lambda: F.max_pool2d(src, k, s, ceil_mode=True, return_indices=True)

    @benchmark(f"unpool/pytorch/{shape}")
    def _():
        src = uniform(1, maps, size, size)
        dst, switches = F.max_pool2d(src, k, s, ceil_mode=True, return_indices=True)
        return lambda: F.max_unpool2d(dst, switches, k, s, output_size=src.shape)


def add_dense(inputs, outputs, n):
    shape = f"{inputs}x{outputs}" + (f"_b{n}" if n > 1 else "")

    @benchmark(f"dense/pytorch/{shape}")
    def _():
        src, weights = uniform(n, inputs), uniform(outputs, inputs)
        return lambda: F.linear(src, weights)

    @benchmark(f"dense_transposed/pytorch/{shape}")
    def _():
        dst, weights = uniform(n, outputs), uniform(outputs, inputs)
        return lambda: dst @ weights


for options in CONVOLUTIONS:
    add_convolution(*options)
for options in REVERSED_CONVOLUTIONS:
    add_transposed_convolution(*options)
for options in CONVOLUTIONS + [(1, 16, 5, 1, 0, 28, 64)]:
    add_weight_gradient(*options)
add_pooling(64, 224, 2, 2)
add_pooling(96, 110, 3, 2)
for dense_inputs in (9216, 4096):
    for dense_batch in (1, 64):
        add_dense(dense_inputs, 4096, dense_batch)


def lenet_like():
    return [
        *[nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Flatten(), nn.Linear(512, 10)],
    ]


@benchmark("training_step/pytorch/lenet_like_b64")
def training_step():
    model = nn.Sequential(*lenet_like())
    sgd = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    images, labels = uniform(64, 1, 28, 28), torch.arange(64) % 10

    def step():
        with torch.enable_grad():
            loss = F.cross_entropy(model(images), labels)
            sgd.zero_grad(set_to_none=True)
            loss.backward()
            sgd.step()

    return step


def classifier(features):
    return [
        *[nn.Flatten(), nn.Linear(features, 4096), nn.ReLU(), nn.Dropout()],
        *[nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000)],
    ]


def zfnet():
    def norm():
        return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)

    def pool(ceil):
        return nn.MaxPool2d(3, 2, ceil_mode=ceil, return_indices=True)

    return [
        *[nn.Conv2d(3, 96, 7, 2, 1), nn.ReLU(), pool(True), norm()],
        *[nn.Conv2d(96, 256, 5, 2), nn.ReLU(), pool(True), norm()],
        *[nn.Conv2d(256, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 384, 3, 1, 1), nn.ReLU()],
        *[nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(), pool(False)],
        *classifier(9216),
    ]


def vgg16():
    layers, maps = [], 3
    for convolutions, out in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(convolutions):
            layers += [nn.Conv2d(maps, out, 3, 1, 1), nn.ReLU()]
            maps = out
        layers.append(nn.MaxPool2d(2, return_indices=True))
    return layers + classifier(512 * 7 * 7)


def add_network(name, make):
    made = []

    def layers():
        if not made:
            made.extend(layer.eval() for layer in make())
        return made

    def trace(image, last):
        """The activations up to the layer `last`, and for each pooling its switches."""
        activations, switches = [image], {}
        for place, layer in enumerate(layers()[: last + 1]):
            if isinstance(layer, nn.MaxPool2d):
                pooled, switches[place] = layer(activations[-1])
                activations.append(pooled)
            else:
                activations.append(layer(activations[-1]))
        return activations, switches

    @benchmark(f"forward/pytorch/{name}")
    def _():
        image = uniform(1, 3, 224, 224)

        def forward():
            values = image
            for layer in layers():
                values = layer(values)
                if isinstance(layer, nn.MaxPool2d):
                    values = values[0]
            return values

        return forward

    def add_projection(kernel, seed, shape=name):
        """Forward as far as the ReLU of the last convolution, and back from what `seed` takes of its map 0."""

        @benchmark(f"{kernel}/pytorch/{shape}")
        def _():
            image = uniform(1, 3, 224, 224)
            last = max(i for i, layer in enumerate(layers()) if isinstance(layer, nn.Conv2d)) + 1

            def projection():
                activations, switches = trace(image, last)
                signal = torch.zeros_like(activations[-1])
                seed(activations[-1][0, 0], signal[0, 0])
                for place in range(last, -1, -1):
                    layer, below = layers()[place], activations[place]
                    if isinstance(layer, nn.ReLU):
                        signal = F.relu(signal)
                    elif isinstance(layer, nn.MaxPool2d):
                        signal = F.max_unpool2d(
                            signal, switches[place], layer.kernel_size, layer.stride, output_size=below.shape
                        )
                    elif isinstance(layer, nn.Conv2d):
                        (k, _), (s, _), (p, _) = layer.kernel_size, layer.stride, layer.padding
                        rest = below.shape[2] - ((signal.shape[2] - 1) * s - 2 * p + k)
                        signal = F.conv_transpose2d(signal, layer.weight, stride=s, padding=p, output_padding=rest)
                return signal

            return projection

    def strongest(seen, signal):
        signal.view(-1)[seen.argmax()] = seen.max()

    add_projection("projection", strongest)
    add_projection("projection_whole_map", lambda seen, signal: signal.copy_(seen))
    if name == "zfnet":  # by hand, one of the 2304 after the other
        add_projection("projection_of_top", strongest, "zfnet_relu5_256x9")


def add_occlusion(name, make, shape, patch, sparse, at_once):
    """An occlusion map as Captum computes it [kokhlikyan2020]: for each position a mask as large as the picture, a
    forward pass (of `at_once` positions), and the change of the class's score added to all pixels of the mask. A
    position costs the same wherever it is: they are `sparse` pixels apart, and the table has the time for one."""
    channels, height, width = shape
    rows, columns = (len(range(0, max(size - patch, 0) + 1, sparse)) for size in (height, width))

    @benchmark(f"occlusion/pytorch/{name}", questions=rows * columns)
    def _():
        layers = [layer.eval() for layer in make()]
        image = uniform(1, channels, height, width)

        def score(values):
            for layer in layers:
                values = layer(values)
                values = values[0] if isinstance(layer, nn.MaxPool2d) and layer.return_indices else values
            return F.softmax(values, 1)[:, 0]

        def mask(position):
            y, x = position // columns * sparse, position % columns * sparse
            return F.pad(torch.ones(1, 1, patch, patch), (x, width - patch - x, y, height - patch - y))

        def occlusion():
            total, weights, whole = torch.zeros_like(image), torch.zeros(1, 1, height, width), score(image)
            for first in range(0, rows * columns, at_once):
                masks = torch.cat([mask(i) for i in range(first, min(first + at_once, rows * columns))])
                change = whole - score(image * (1 - masks) + 0.5 * masks)
                total += (change.reshape(-1, 1, 1, 1) * masks).sum(0)
                weights += masks.sum(0)
            return total / weights.clamp(min=1)

        return occlusion


add_occlusion("lenet_like_p7_s1", lenet_like, (1, 28, 28), 7, 1, 64)
add_occlusion("zfnet_p32_s8", zfnet, (3, 224, 224), 32, 64, 1)
add_occlusion("zfnet_p32_s16", zfnet, (3, 224, 224), 32, 64, 1)
add_occlusion("vgg16_p32_s8", vgg16, (3, 224, 224), 32, 96, 1)
add_network("zfnet", zfnet)
add_network("vgg16", vgg16)


def measure(work, repetitions, min_time):
    """Seconds a call, of this process's time and by the clock, one pair a repetition."""
    work()
    start = time.perf_counter()
    work()
    calls = max(1, round(min_time / max(time.perf_counter() - start, 1e-7)))
    for _ in range(repetitions):
        real, cpu = time.perf_counter(), time.process_time()
        for _ in range(calls):
            work()
        yield (time.process_time() - cpu) / calls, (time.perf_counter() - real) / calls


def blas():
    """The library that PyTorch's matrix products come from: Debian's default is the slow reference one."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {os.path.realpath(line.split()[-1]) for line in maps if "blas" in line.split()[-1]}
    return " and ".join(sorted(os.path.basename(path) for path in paths)) or "an unknown BLAS"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="the JSON file to write")
    parser.add_argument("--filter", default="", help="only benchmarks whose names match, ours or PyTorch's")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--min-time", type=float, default=0.1, help="seconds a repetition")
    options = parser.parse_args()
    threads = int(os.environ.get("DECONVVIZ_BENCH_THREADS") or 1)
    torch.set_num_threads(threads)
    torch.manual_seed(1)

    entries = []
    with torch.no_grad():
        for family, (name, make, questions) in enumerate(BENCHMARKS):
            names = [name] + [name.replace("/pytorch/", f"/{other}/") for other in ("deconvviz", "onednn")]
            if not any(re.search(options.filter, one) for one in names):
                continue
            times = list(measure(make(), options.repetitions, options.min_time))
            print(f"{name}  {1e3 * statistics.median(cpu for cpu, _ in times):.3g} ms", flush=True)
            for repetition, (cpu, real) in enumerate(times):
                entries.append(
                    {
                        "name": name,
                        "family_index": family,
                        "run_name": name,
                        "run_type": "iteration",
                        "repetition_index": repetition,
                        "real_time": 1e3 * real,
                        "cpu_time": 1e3 * cpu,
                        "time_unit": "ms",
                        "questions": questions,
                    }
                )
    context = {"threads": str(threads), "pytorch": f"{torch.__version__} with {blas()}"}
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump({"context": context, "benchmarks": entries}, file, indent=1)


if __name__ == "__main__":
    main()
