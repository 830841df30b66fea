// Package net says what a network is: layers, PyTorch's initial weights, the weights of files, and what it answers.
//
// A network is a text file (parse.go reads one into spec.go's form, text.go writes it), of which build.go makes the layers for a task
// (layer_*.go, residual.go); networks.go has the built-in ones, model.go what a network can be asked. program.go writes down
// what an evaluation and a training step share: images in, loss out. evaluate.go runs an evaluation; what computes it is an
// engine.Executor that the caller opened: this package knows no device. weights.go reads and writes files of weights, for which unwrap.go
// finds the network within others.
//
// How a network is trained is package net/training's matter, which stands above; files of tensors are net/safetensors', which stands below.
package net
