package main

import (
	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/net"
)

func dataFlag() cli.Flag {
	return &cli.StringFlag{
		Name:    "data",
		Usage:   "`DIR` with CIFAR-100's train.bin and test.bin",
		EnvVars: []string{"CNNVK_DATA"},
	}
}

// syntheticImages is the size of the synthetic set: small, so that trying out is quick. Tests make it smaller.
var syntheticImages = 10_000

// dataOf hands a set of images to the trainer.
func dataOf(s *cifar.Set, table [3][256]float32) net.Data {
	d := net.Data{
		Images: s.Images, Labels: s.Labels,
		Shape: net.Images{N: s.Len(), C: cifar.Channels, H: cifar.Side, W: cifar.Side},
	}
	for _, channel := range table {
		d.Table = append(d.Table, channel[:]...)
	}
	return d
}
