// Package net says what is trained: layers, networks with PyTorch's initial weights, the training step (loss,
// optimiser, schedule, average of the weights), the trainer, and weights and checkpoints on disk.
//
// The way of a batch: [Trainer.Train] picks indices, the step's program gathers and normalises their images on the
// device (step.go), the network's layers follow (layer.go; models.go lists the networks), then loss, gradients and update. What
// computes it all is an engine.Executor that the caller opened; this package knows no device.
package net
