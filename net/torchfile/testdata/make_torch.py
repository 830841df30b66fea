#!/usr/bin/python3
"""Write the files of torch.save that the tests read, and expected.json: the tensors in them, or the words of an error.

    ./make_torch.py       (written with Python 3.11, torch 1.13.1 and numpy 1.24.2)

The values of a tensor are in base64, little-endian and one after another, as float32, float64 or int64.
"""
import argparse
import base64
import collections
import datetime
import io
import json
import os
import pathlib
import zipfile
import numpy
import torch

HERE = pathlib.Path(__file__).parent
EXPECTED = {}
torch.manual_seed(1)


def network():
    net = torch.nn.Sequential(collections.OrderedDict(conv=torch.nn.Conv2d(2, 3, 3), bn=torch.nn.BatchNorm2d(3), head=torch.nn.Linear(3, 4)))
    net.bn(torch.randn(5, 3, 2, 2))  # statistics and the counter move
    return net


NET = network()
STATE = NET.state_dict()


def encoded(t):
    t = t.detach()
    wide = t.double() if t.dtype == torch.float64 else t.float() if t.is_floating_point() else t.long()
    kind = {torch.float64: "F64", torch.float32: "F32", torch.int64: "I64"}[wide.dtype]
    return [kind, list(t.shape), base64.b64encode(wide.contiguous().numpy().tobytes()).decode()]


def save(name, value, state=None, note="", **options):
    """Save value; state are the tensors that should be read of it, which are value itself if none are given."""
    torch.save(value, HERE / name, **options)
    EXPECTED[name] = {"note": note, "tensors": {k: encoded(v) for k, v in (value if state is None else state).items()}}


def refused(name, value, error, **options):
    torch.save(value, HERE / name, **options)
    EXPECTED[name] = {"error": error}


save("plain.pt", STATE)
for protocol in (3, 4, 5):
    save(f"protocol{protocol}.pt", STATE, pickle_protocol=protocol)
save("dict.pth", dict(STATE))
save("parallel.pt", torch.nn.DataParallel(NET).state_dict())
save("parameters.pt", dict(NET.named_parameters()))

# Checkpoints of other programs.
OTHER = {k: v + 1 for k, v in STATE.items()}
adam = torch.optim.AdamW(NET.parameters())
NET.head(torch.ones(3)).sum().backward()
adam.step()
STATE = NET.state_dict()
multi = torch.optim.lr_scheduler.MultiStepLR(adam, [3, 5])
save("imagenet.pth.tar", {"epoch": 3, "arch": "resnet18", "state_dict": STATE, "best_acc1": torch.tensor(71.5), "optimizer": adam.state_dict(),
                          "scheduler": multi.state_dict()}, STATE, "state_dict")
save("timm.pth", {"epoch": 3, "arch": "x", "state_dict": OTHER, "optimizer": adam.state_dict(), "version": 2,
                  "args": argparse.Namespace(lr=0.1, sizes=[1, 2], none=None, out=pathlib.PurePosixPath("runs"), device=torch.device("cuda:0")),
                  "metric": numpy.float64(0.5), "state_dict_ema": STATE}, STATE, "state_dict_ema")
save("fastai.pth", {"model": STATE, "opt": adam.state_dict()}, STATE, "model")
save("kuangliu.pth", {"net": torch.nn.DataParallel(NET).state_dict(), "acc": 93.1, "epoch": 7}, torch.nn.DataParallel(NET).state_dict(), "net")
save("lightning.ckpt", {"state_dict": STATE, "loops": {"a": {"b": [1, (2, 3), None, True, 2.5]}}, "callbacks": {}, "hyper_parameters": {"lr": 0.1},
                        "when": datetime.datetime(2024, 1, 2), "names": {"a", "b"}, "frozen": frozenset([1]), "array": numpy.arange(3), "long": 1 << 70,
                        "bytes": b"x" * 300, "default": collections.defaultdict(list, a=[1]), "count": collections.Counter("aab"),
                        "size": torch.Size([1, 2]), "type": torch.float16}, STATE, "state_dict")
save("nested.pt", {"model": {"state_dict": STATE, "cfg": "x"}}, STATE, "model.state_dict")
save("ema.pt", {"model": OTHER, "ema": {"module": STATE, "decay": 0.9}}, STATE, "ema.module")
save("extra.pt", {**STATE, "_extra_state": {"step": 3}, "epoch": 4}, STATE, "_extra_state, epoch")

# Types.
half = torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 6.1035e-05, 5.9605e-08, 3.0994e-06, -1e-07, float("inf"), float("-inf"), float("nan")])
save("types.pt", {"half": half.half(), "bfloat16": torch.tensor([1.0, -1e-40, 3e38, float("inf")]).bfloat16(), "double": torch.tensor([1 / 3, 1e300]).double(),
                  "float": torch.tensor([[1 / 3], [1e-40]]), "int64": torch.tensor(-(1 << 40)), "int32": torch.tensor([-5, 7], dtype=torch.int32),
                  "uint8": torch.tensor([0, 255], dtype=torch.uint8), "scalar": torch.tensor(2.5), "empty": torch.zeros(3, 0, 2)})
refused("bool.pt", {"mask": torch.tensor([True])}, 'tensor "mask": of type bool')
refused("int16.pt", {"x": torch.tensor([1], dtype=torch.int16)}, "of type int16")
refused("complex.pt", {"x": torch.tensor([1j])}, "of type complex64")

# Views.
base = torch.arange(48.0)
picture = torch.randn(2, 3, 4, 5)
attributed = torch.nn.Parameter(torch.ones(2))
attributed.tag = "x"
views = {"whole": base, "part": base[5:9], "steps": base[1::7], "square": base[4:40].view(6, 6), "transposed": base[4:40].view(6, 6).t(),
         "inner": base.view(4, 3, 4)[1:3, :, 2], "permuted": base.view(2, 4, 6).permute(2, 0, 1), "expanded": base[3].expand(4, 2),
         "channels_last": picture.contiguous(memory_format=torch.channels_last), "channels": picture[:, 1], "scalar": base[7], "one": base.view(48, 1)[:, :1],
         "parameter": torch.nn.Parameter(picture[0, 0]), "frozen": torch.nn.Parameter(base[:2], requires_grad=False), "attributed": attributed}
save("views.pt", views)


class Untyped(torch.Tensor):
    """A tensor that is saved as PyTorch 2 saves types that have no storage of their own: a view of raw bytes."""

    def __reduce_ex__(self, protocol):
        return (torch._utils._rebuild_tensor_v3, (self.storage().untyped(), self.storage_offset(), tuple(self.size()), self.stride(), False,
                                                  collections.OrderedDict(), self.dtype))


def _rebuild_tensor_v3():
    pass


_rebuild_tensor_v3.__module__ = "torch._utils"
torch._utils._rebuild_tensor_v3 = _rebuild_tensor_v3
save("untyped.pt", {"a": torch.arange(6.0).view(2, 3).t().as_subclass(Untyped), "b": torch.tensor([3, 4]).as_subclass(Untyped)},
     {"a": torch.arange(6.0).view(2, 3).t(), "b": torch.tensor([3, 4])})

# What is refused.


class Command:
    def __reduce__(self):
        return os.system, ("echo no",)


Command.__module__ = "__main__"
refused("command.pt", {"state_dict": STATE, "x": Command()}, 'would run Python\'s "posix.system"')
refused("whole.pt", NET, 'would run Python\'s "torch.nn.modules.container.Sequential"')
refused("sparse.pt", {"x": torch.eye(2).to_sparse()}, 'would run Python\'s "torch._utils._rebuild_sparse_tensor"')
refused("quantized.pt", {"x": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, 'would run Python\'s "torch._utils._rebuild_qtensor"')
refused("single.pt", torch.ones(2), "it holds a single tensor, not a state_dict")
refused("list.pt", [torch.ones(2)], "it holds a list, not a state_dict")
refused("number.pt", 3, "it holds a value, not a state_dict")
refused("nothing.pt", {}, "it holds an empty dictionary")
refused("gan.pt", {"epoch": 3, "generator": STATE, "discriminator": OTHER}, "it holds epoch, generator, discriminator, of which none is a state_dict")
refused("legacy.pt", STATE, "a PyTorch file of the form before 1.6", _use_new_zipfile_serialization=False)
torch.jit.script(torch.nn.Linear(1, 1)).save(str(HERE / "script.pt"))
EXPECTED["script.pt"] = {"error": "it is a program (TorchScript)"}


def rezip(name, source, change=lambda n, data: data, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(HERE / source) as old, zipfile.ZipFile(HERE / name, "w", method) as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), change(entry.filename, old.read(entry)), method)


rezip("deflated.pt", "plain.pt", method=zipfile.ZIP_DEFLATED)
EXPECTED["deflated.pt"] = {"error": "its archive is compressed"}
rezip("stored_again.pt", "plain.pt")
EXPECTED["stored_again.pt"] = EXPECTED["plain.pt"]


def swapped(name, data):
    """The storages as a machine with the high byte first writes them: all are of four bytes but the counter, data/6."""
    if "/data/" not in name:
        return data
    return numpy.frombuffer(data, "<i8" if name.endswith("/6") else "<i4").byteswap().tobytes()


rezip("big_endian.pt", "plain.pt", swapped)
with zipfile.ZipFile(HERE / "big_endian.pt", "a") as z:
    z.writestr("plain/byteorder", "big")
EXPECTED["big_endian.pt"] = EXPECTED["plain.pt"]
(HERE / "expected.json").write_text(json.dumps(EXPECTED, indent=0, ensure_ascii=False) + "\n")
