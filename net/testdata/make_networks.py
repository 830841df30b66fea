#!/usr/bin/python3
"""Write networks.json: what PyTorch says of the built-in networks. TestBuiltInsAgreeWithPyTorch reads it.

    ./make_networks.py              writes networks.json beside this script
    ./make_networks.py --list NAME  prints a network's state_dict

Needs python3-torch (written with Debian's 1.13). The definitions below are as one would write them for PyTorch; a network's entry has the
number of its trained parameters, the SHA-256 of its state_dict's names and shapes ("NAME (1, 2)" a line, without num_batches_tracked), and
the SHA-256 of its values as little-endian float32 after torch.manual_seed(7), in that order.
"""
import hashlib
import json
import pathlib
import sys

import torch
from torch import nn


def conv(inputs, outputs, kernel=3, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)


class DSConv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.depthwise = conv(inputs, inputs, groups=inputs)
        self.pointwise = conv(inputs, outputs, 1)
        self.bn = nn.BatchNorm2d(outputs)


class SmallCIFARNet(nn.Module):
    def __init__(self):
        super().__init__()
        layers, inputs = [], 3
        for i, outputs in enumerate((64, 128, 256, 512, 512, 512)):
            layers += [DSConv(inputs, outputs)] + [nn.MaxPool2d(2)] * (i < 3)
            inputs = outputs
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(512, 100)


class TinyNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.fc1 = nn.Linear(64 * 8 * 8, 128)
        self.fc2 = nn.Linear(128, 100)


class ConvBN(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv, self.bn = conv(inputs, outputs, stride=stride), nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.bn(self.conv(x)).relu()


class Basic(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, stride=stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs), nn.BatchNorm2d(outputs)
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        else:
            self.shortcut = nn.Identity()

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (self.shortcut(x) + y).relu()


class ResNet9s(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = ConvBN(3, 24)
        self.stage1 = nn.Sequential(ConvBN(24, 48, 2), Basic(48, 48))
        self.stage2 = nn.Sequential(ConvBN(48, 96, 2), Basic(96, 96))
        self.stage3 = nn.Sequential(ConvBN(96, 160, 2), Basic(160, 160))
        self.fc = nn.Linear(160, 100)

    def forward(self, x):
        return self.fc(self.stage3(self.stage2(self.stage1(self.stem(x)))).mean((2, 3)))


class DSBlock(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.depthwise, self.bn1 = conv(inputs, inputs, stride=stride, groups=inputs), nn.BatchNorm2d(inputs)
        self.pointwise, self.bn2 = conv(inputs, outputs, 1), nn.BatchNorm2d(outputs)
        self.skip = inputs == outputs and stride == 1

    def forward(self, x):
        y = self.bn2(self.pointwise(self.bn1(self.depthwise(x))))
        return (x + y if self.skip else y).relu()


class DSResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = ConvBN(3, 32, 2)
        self.blocks = nn.Sequential(DSBlock(32, 128), DSBlock(128, 128), DSBlock(128, 256, 2), DSBlock(256, 256),
                                    DSBlock(256, 256), DSBlock(256, 512, 2), DSBlock(512, 512))
        self.fc = nn.Linear(512, 100)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 16), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*[Basic(16, 16) for _ in range(3)])
        self.layer2 = nn.Sequential(Basic(16, 32, 2), Basic(32, 32), Basic(32, 32))
        self.layer3 = nn.Sequential(Basic(32, 64, 2), Basic(64, 64), Basic(64, 64))
        self.fc = nn.Linear(64, 100)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


class Wide(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, stride=stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        self.shortcut = conv(inputs, outputs, 1, stride) if inputs != outputs else None

    def forward(self, x):
        y = self.bn1(x).relu()
        beside = self.shortcut(y) if self.shortcut else x
        return beside + self.conv2(self.bn2(self.conv1(y)).relu())


class WideResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = conv(3, 16)
        self.block1 = nn.Sequential(Wide(16, 32), Wide(32, 32))
        self.block2 = nn.Sequential(Wide(32, 64, 2), Wide(64, 64))
        self.block3 = nn.Sequential(Wide(64, 128, 2), Wide(128, 128))
        self.bn = nn.BatchNorm2d(128)
        self.fc = nn.Linear(128, 100)

    def forward(self, x):
        return self.fc(self.bn(self.block3(self.block2(self.block1(self.conv1(x))))).relu().mean((2, 3)))


def conv_bn_relu6(inputs, outputs, kernel=3, stride=1, groups=1):
    return nn.Sequential(conv(inputs, outputs, kernel, stride, groups), nn.BatchNorm2d(outputs), nn.ReLU6())


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden, layers = inputs * expansion, []
        if expansion > 1:
            layers.append(conv_bn_relu6(inputs, hidden, 1))
        layers += [conv_bn_relu6(hidden, hidden, 3, stride, hidden), conv(hidden, outputs, 1), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.skip else self.conv(x)


class MobileNetV2(nn.Module):
    """torchvision's, but for strides, width and expansion."""

    def __init__(self):
        super().__init__()
        layers, inputs = [conv_bn_relu6(3, 24)], 24
        for outputs, count, stride in ((16, 1, 1), (16, 2, 1), (24, 3, 2), (48, 4, 2), (64, 3, 1), (112, 3, 2), (224, 1, 1)):
            for i in range(count):
                layers.append(InvertedResidual(inputs, outputs, stride if i == 0 else 1, 4 if len(layers) > 1 else 1))
                inputs = outputs
        self.features = nn.Sequential(*layers, conv_bn_relu6(inputs, 896, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(896, 100))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


NETWORKS = {"smallcifarnet": SmallCIFARNet, "tinynet": TinyNet, "resnet9s": ResNet9s, "ds-resnet": DSResNet, "resnet20": ResNet20,
            "wrn-16-2": WideResNet, "mobilenetv2": MobileNetV2}


def state(name):
    torch.manual_seed(7)
    net = NETWORKS[name]()
    return net, [(k, v) for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")]


def describe(name):
    net, entries = state(name)
    names, values = hashlib.sha256(), hashlib.sha256()
    for key, value in entries:
        names.update(f"{key} ({', '.join(map(str, value.shape))})\n".encode())
        values.update(value.numpy().astype("<f4").tobytes())
    return {"parameters": sum(p.numel() for p in net.parameters()), "names": names.hexdigest(), "values": values.hexdigest()}


if sys.argv[1:2] == ["--list"]:
    for key, value in state(sys.argv[2])[1]:
        print(key, tuple(value.shape))
else:
    path = pathlib.Path(__file__).parent / "networks.json"
    path.write_text(json.dumps({name: describe(name) for name in NETWORKS}, indent=1) + "\n")
