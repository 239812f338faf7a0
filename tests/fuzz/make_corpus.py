#!/usr/bin/env python3
"""Writes corpus/TARGET/… beside this file: small valid files of every kind that the readers take, for the fuzz targets to
begin with. Files that a target has found stand beside them and are left alone.

Run by hand when a reader learns something new (Debian: python3-numpy, python3-onnx, python3-pil), and commit the files:

    /usr/bin/python3 tests/fuzz/make_corpus.py
"""
import gzip
import io
import json
import pathlib
import struct
import zlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

CORPUS = pathlib.Path(__file__).with_name("corpus")


def save(target, name, content):
    path = CORPUS / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def packed(content, **fields):
    """As gzip.compress, with the optional fields of the header that are named."""
    flags = sum({"crc": 2, "extra": 4, "file": 8, "comment": 16}[field] for field in fields)
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6)
    if "extra" in fields:
        head += struct.pack("<H", len(fields["extra"])) + fields["extra"]
    for text in ("file", "comment"):
        if text in fields:
            head += fields[text] + b"\0"
    if "crc" in fields:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    return head + zlib.compress(content, 9)[2:-4] + struct.pack("<II", zlib.crc32(content), len(content))


def packers():
    """Without compression, and with the codes that are fixed."""
    yield "stored", zlib.compressobj(0, zlib.DEFLATED, -15)
    yield "fixed", zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_FIXED)


# --- arrays ----------------------------------------------------------------------------------------------------------

def npy():
    for kind in ("<f4", "<f8", "|u1"):
        for shape in ((), (0,), (3,), (2, 3), (1, 2, 3, 2), (1,) * 8):
            for order in "CF":
                stream = io.BytesIO()
                values = numpy.asarray(numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape), kind, order)
                numpy.lib.format.write_array(stream, values)
                save("npy", f"{kind[1:]}_{len(shape)}{order}_{values.size}.npy", stream.getvalue())
    for version in ((2, 0), (3, 0)):
        stream = io.BytesIO()
        numpy.lib.format.write_array(stream, numpy.arange(4, dtype="<f4"), version)
        save("npy", f"version{version[0]}.npy", stream.getvalue())


def idx():
    pictures = struct.pack(">IIII", 2051, 2, 3, 4) + bytes(range(0, 240, 10))
    labels = struct.pack(">II", 2049, 5) + bytes([0, 1, 2, 9, 5])
    for name, content in (("pictures", pictures), ("labels", labels)):
        save("idx", f"{name}.idx", content)
        save("idx", f"{name}.gz", packed(content))
        for method, packer in packers():
            body = packer.compress(content) + packer.flush()
            save("idx", f"{name}_{method}.gz", b"\x1f\x8b\x08" + bytes(7) + body +
                 struct.pack("<II", zlib.crc32(content), len(content)))
    save("idx", "fields.gz", packed(labels, extra=b"extra", file=b"name", comment=b"comment", crc=b""))
    blank = struct.pack(">IIII", 2051, 100, 20, 20) + bytes(40000)
    save("idx", "blank.gz", packed(blank))
    save("idx", "several.gz", gzip.compress(labels, mtime=0) * 2)


def cifar():
    record = bytes([7]) + bytes(3072)
    noise = bytes([3]) + bytes((i * i * 7 + i) % 251 for i in range(3072))
    save("cifar", "one.bin", record)
    save("cifar", "one.gz", packed(record))
    save("cifar", "two.gz", packed(record + noise[:1] + noise[1:100] * 31 + noise[1:4]))
    save("cifar", "short.bin", noise[:200])


# --- pictures --------------------------------------------------------------------------------------------------------

def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, depth, colour, interlaced=False, palette=None, transparent=None, filters=True, level=9):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for x, y, step_x, step_y in passes if interlaced else [(0, 0, 1, 1)]:
        columns, lines = -(-(width - x) // step_x), -(-(height - y) // step_y)
        if columns < 1 or lines < 1:
            continue
        size = -(-columns * channels * depth // 8)
        for line in range(lines):
            rows += bytes([line % 5 if filters else 0]) + bytes((37 * i + line) % 256 for i in range(size))
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
    if palette is not None:
        out += chunk(b"PLTE", palette)
    if transparent is not None:
        out += chunk(b"tRNS", transparent)
    data = zlib.compress(rows, level)
    half = len(data) // 2
    return out + chunk(b"IDAT", data[:half]) + chunk(b"IDAT", data[half:]) + chunk(b"IEND", b"")


def pictures():
    for depth, colour in ((1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2), (8, 4), (16, 4), (8, 6), (16, 6)):
        for interlaced in (False, True):
            save("picture", f"c{colour}_{depth}{'_adam7' if interlaced else ''}.png",
                 png(5, 6, depth, colour, interlaced))
    for depth in (1, 2, 4, 8):
        save("picture", f"palette_{depth}.png",
             png(4, 3, depth, 3, depth == 4, bytes(range(3 * 2 ** min(depth, 5))), bytes([0, 128, 255][:2])))
    save("picture", "transparent_grey.png", png(3, 3, 8, 0, transparent=b"\0\x25"))
    save("picture", "transparent_colour_16.png", png(3, 3, 16, 2, transparent=b"\0\1\0\2\0\3"))
    save("picture", "stored.png", png(7, 5, 8, 2, level=0))
    save("picture", "thin.png", png(1, 500, 8, 0, filters=False))
    image = Image.new("RGB", (19, 17))
    image.putdata([((13 * i) % 256, (7 * i) % 256, i % 256) for i in range(19 * 17)])
    options = {
        "baseline": {}, "progressive": {"progressive": True}, "subsampled": {"subsampling": 2},
        "half": {"subsampling": 1, "optimize": True}, "exact": {"subsampling": 0, "quality": 100},
        "coarse": {"quality": 1, "optimize": True}, "coarse_progressive": {"quality": 5, "progressive": True}}
    for name, more in options.items():
        stream = io.BytesIO()
        image.save(stream, "JPEG", **more)
        save("picture", f"{name}.jpg", stream.getvalue())
    for mode in ("L", "CMYK"):
        stream = io.BytesIO()
        image.convert(mode).save(stream, "JPEG", quality=30, optimize=True, progressive=mode == "L")
        save("picture", f"{mode}.jpg", stream.getvalue())


def broken_pictures():
    """What stb alone would take too seriously."""
    start = b"\xff\xd8"
    table = b"\xff\xc4" + struct.pack(">H", 2 + 17 + 4080) + b"\0" + b"\xff" * 16
    save("picture", "codes_beyond_their_table.jpg", start + table + bytes(4080) + b"\xff\xd9")
    save("picture", "codes_beyond_their_table_and_the_end.jpg", b"\xff" + start + table)
    frame = lambda kind, width, height, sampling: struct.pack(
        ">BBHBHHB", 0xFF, kind, 17, 8, height, width, 3) + bytes([1, sampling, 0, 2, 0x11, 0, 3, 0x11, 0])
    save("picture", "thin_sampled_4x4.jpg", start + frame(0xC2, 1, 60000, 0x44) + bytes(100))
    scan = b"\xff\xda\0\x08\1\1\0\1\5\0"
    save("picture", "scans_without_end.jpg", start + frame(0xC2, 2200, 2200, 0x11) + scan * 1500 + b"\xff\xd9")
    save("picture", "no_tables.jpg", start + frame(0xC0, 16, 16, 0x11) + b"\xff\xda\0\x0c\3\1\0\2\x11\3\x22\0\x3f\0"
         + bytes(range(200)) + b"\xff\xd9")
    good = png(5, 6, 8, 2)
    at = good.index(b"IDAT") - 4
    save("picture", "chunk_of_a_gigabyte.png", good[:at] + struct.pack(">I", 1 << 30) + good[at + 4:])
    data = zlib.compress(bytes(4_000_000), 9)
    save("picture", "megabytes_for_one_pixel.png", good[:16] + struct.pack(">II", 1, 1) + good[24:at] +
         chunk(b"IDAT", data) + chunk(b"IEND", b""))
    save("picture", "thinner_than_can_be_resized.png", png(1, 20000, 8, 0, filters=False, level=1))


# --- weights ---------------------------------------------------------------------------------------------------------

def safetensors():
    shapes = {"conv1.weights": (2, 1, 2, 2), "conv1.bias": (2,), "dense1.weights": (2, 8)}
    sizes = {"F32": 4, "F64": 8, "F16": 2, "BF16": 2}
    architecture = ("input (1,3,3), conv1 Conv2D (2,2,2), relu1 ReLU (2,2,2), flatten1 Flatten (8), dense1 Dense (2)")
    for kind, size in sizes.items():
        header, values = {"__metadata__": {"format": "deconvviz"}}, b""
        if kind == "F32":
            header["__metadata__"]["architecture"] = architecture
        for name, shape in shapes.items():
            more = bytes((5 * i) % 256 for i in range(size * int(numpy.prod(shape))))
            header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(values), len(values) + len(more)]}
            values += more
        text = json.dumps(header).encode()
        save("safetensors", f"{kind}.safetensors", struct.pack("<Q", len(text)) + text + values)
    deep = b'{"a":' + b"[" * 15000 + b"]" * 15000 + b"}"
    save("safetensors", "nested_too_deep.safetensors", struct.pack("<Q", len(deep)) + deep)


# --- models ----------------------------------------------------------------------------------------------------------

class Graph:
    def __init__(self):
        self.nodes, self.constants, self.beside, self.count = [], [], b"", 0

    def weights(self, name, shape, kind=numpy.float32, typed=False, external=False):
        values = (numpy.arange(numpy.prod(shape)) % 5 - 2).astype(kind).reshape(shape)
        if typed:
            types = {numpy.float32: TensorProto.FLOAT, numpy.float64: TensorProto.DOUBLE,
                     numpy.float16: TensorProto.FLOAT16}
            tensor = helper.make_tensor(name, types[kind], shape, values.flatten().tolist())
        else:
            tensor = numpy_helper.from_array(values, name)
        if external:
            bytes_of = tensor.raw_data
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", external), ("offset", len(self.beside)), ("length", len(bytes_of))):
                tensor.external_data.add(key=key, value=str(value))
            self.beside += bytes_of
        self.constants.append(tensor)
        return name

    def integers(self, name, values, kind=numpy.int64):
        self.constants.append(numpy_helper.from_array(numpy.array(values, kind), name))
        return name

    def node(self, kind, inputs, **attributes):
        self.count += 1
        output = f"v{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"n{self.count}", **attributes))
        return output

    def save(self, name, output, opset=13, sample=(2, 6, 6), batch="N", given=False):
        inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT,
                                                [batch, *(["h"] * len(sample) if given else sample)])]
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, "g", inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        model.ClearField("producer_name")
        size = len(self.beside) | (0x8000 if given else 0)
        save("onnx", name, struct.pack("<H", size) + self.beside + model.SerializeToString())


def models():
    g = Graph()
    x = g.node("Conv", ["image", g.weights("w", (3, 2, 3, 3)), g.weights("b", (3,))], pads=[1, 1, 1, 1],
               kernel_shape=[3, 3])
    x = g.node("Relu", [x])
    x = g.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    x = g.node("Flatten", [x])
    x = g.node("Gemm", [x, g.weights("d", (2, 27)), g.weights("e", (2,))], transB=1)
    g.save("plain", g.node("Softmax", [x]))

    g = Graph()
    x = g.node("Conv", ["image", g.weights("w", (2, 1, 2, 3), numpy.float16)], group=2, dilations=[2, 1],
               strides=[1, 2], auto_pad="SAME_UPPER")
    x = g.node("Add", [x, g.weights("b", (1, 2, 1, 1), numpy.float64)])
    x = g.node("LeakyRelu", [x], alpha=0.1)
    x = g.node("Clip", [x, g.weights("low", (1,)), ""])
    x = g.node("AveragePool", [x], kernel_shape=[2, 2], pads=[0, 1, 1, 0], count_include_pad=1)
    x = g.node("Pad", [x, g.integers("p", [0, 0, 1, 0, 0, 0, 0, 1])])
    x = g.node("GlobalAveragePool", [x])
    x = g.node("Squeeze", [x, g.integers("axes", [2, 3])])
    x = g.node("MatMul", [x, g.weights("m", (2, 3), numpy.float64)])
    g.constants[2].raw_data = struct.pack("<f", 0)  # low
    g.save("odd", g.node("Add", [x, g.weights("c", (3,), typed=True)]))

    g = Graph()
    x = g.node("BatchNormalization", ["image"] + [g.weights(n, (2,), k, True) for n, k in
               (("s", numpy.float32), ("t", numpy.float64), ("u", numpy.float16), ("v", numpy.float32))], epsilon=0.1)
    x = g.node("LRN", [x], size=3, alpha=0.1, beta=0.5, bias=2.0)
    x = g.node("Dropout", [x], ratio=0.25)
    x = g.node("Clip", [x], min=0.0, max=6.0)
    x = g.node("Pad", [x], pads=[0, 0, 1, 1, 0, 0, 1, 1])
    x = g.node("Identity", [x])
    x = g.node("Reshape", [x, g.integers("shape", [-1, 128])])
    g.save("old", g.node("Gemm", [x, g.weights("d", (128, 2)), g.weights("e", (1,))], alpha=0.5, beta=2.0), 7)

    g = Graph()  # what PyTorch makes of view(size(0), -1), and of its contrast normalisation
    square = g.node("Mul", ["image", "image"])
    x = g.node("Unsqueeze", [square, g.integers("one", [1])])
    x = g.node("AveragePool", [x], kernel_shape=[3, 1, 1], strides=[1, 1, 1], pads=[1, 0, 0, 1, 0, 0])
    x = g.node("Squeeze", [x, "one"])
    x = g.node("Mul", [x, g.weights("alpha", ())])
    x = g.node("Add", [x, g.weights("k", ())])
    x = g.node("Pow", [x, g.weights("beta", ())])
    norm = g.node("Div", ["image", x])
    shape = g.node("Shape", [norm])
    first = g.node("Gather", [shape, g.integers("zero", 0)])
    first = g.node("Unsqueeze", [first, g.integers("axis", [0])])
    g.node("Slice", [shape, g.integers("from", [0]), g.integers("to", [1], numpy.int32)])
    last = g.node("Constant", [], value_ints=[-1])
    target = g.node("Concat", [first, last], axis=0)
    target = g.node("Cast", [target], to=TensorProto.INT64)
    g.save("torch", g.node("Reshape", [norm, target]), 17)

    g = Graph()
    x = g.node("Flatten", ["image"])
    x = g.node("MatMul", [x, g.weights("d", (72, 2), numpy.float16, external="weights")])
    x = g.node("Add", [x, g.weights("b", (2,), external="same")])
    same = g.node("Identity", [g.weights("s", (2, 2), numpy.float64, external="./sub/../weights")])
    g.save("external", g.node("Gemm", [x, same], transB=1), given=True)

    g = Graph()
    constant = helper.make_tensor("c", TensorProto.FLOAT16, (2, 2, 1, 1), [0x3C00, 0x0001, 0x7C00, 0xFBFF])
    w = g.node("Constant", [], value=constant)
    g.save("constant", g.node("Conv", ["image", w]), 9, batch=1)

    g = Graph()  # a matrix that three hundred layers share
    x = g.node("Flatten", ["image"])
    g.weights("d", (72, 72), numpy.float16)
    for _ in range(300):
        x = g.node("MatMul", [x, "d"])
    g.save("weights_shared_too_often", x)

    g = Graph()  # a list of numbers, copied and copied
    x = g.node("Constant", [], value_ints=[1] * 2000)
    for _ in range(600):
        g.node("Cast", [x])
    g.save("numbers_copied", g.node("Relu", ["image"]))

    for shape in ((0, 0, 1 << 62, 1), (0, 1 << 62, 1, 1)):
        g = Graph()
        g.constants.append(helper.make_tensor("w", TensorProto.FLOAT, shape, []))
        g.save(f"no_weights_but_{'large' if shape[2] > 1 else 'many'}_kernels",
               g.node("Conv", ["image", "w"], group=1 << 30, dilations=[1 << 30] * 2, auto_pad="SAME_UPPER"))

    locations = {"above": "../outside", "by_link": "link", "from_the_root": "/etc/hostname",
                 "by_detour": "sub/../../outside", "folder": "sub", "folder_of_the_model": ".", "zero": "weights\0",
                 "missing": "missing"}
    for name, location in locations.items():
        g = Graph()
        x = g.node("Flatten", ["image"])
        x = g.node("MatMul", [x, g.weights("d", (72, 2), external=location)])
        g.save("external_" + name, x)


npy()
idx()
cifar()
pictures()
broken_pictures()
safetensors()
models()
