"""SmallCIFARNet in PyTorch, for the scripts that measure beside it."""

from torch import nn


def block(channels_in, channels_out, dropout):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False),
        nn.Conv2d(channels_in, channels_out, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.Dropout2d(dropout),
    )


def small_cifar_net():
    return nn.Sequential(
        block(3, 64, 0.05),
        nn.MaxPool2d(2),
        block(64, 128, 0.10),
        nn.MaxPool2d(2),
        block(128, 256, 0.15),
        nn.MaxPool2d(2),
        block(256, 512, 0.20),
        block(512, 512, 0.20),
        block(512, 512, 0.20),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, 100),
    )
