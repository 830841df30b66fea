// Package net says what a network is: layers, PyTorch's initial weights, the weights of files, and what it answers.
//
// A network is a list of layers (layer.go); models.go lists the networks, model.go has what they have in common. program.go writes down
// what an evaluation and a training step share: images in, loss out. evaluate.go runs an evaluation; what computes it is an
// engine.Executor that the caller opened: this package knows no device. weights.go reads and writes files of weights, for which unwrap.go
// finds the network within others.
//
// How a network is trained is package net/training's matter, which stands above; files of tensors are net/safetensors', which stands below.
package net
