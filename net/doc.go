// Package net says what is trained: layers, networks with PyTorch's initial weights, the training step (loss,
// optimiser, schedule, average of the weights), the trainer, and weights and checkpoints on disk.
//
// The way of a batch: the trainer picks images and draws their augmentation, the step's program gathers, changes and normalises them on
// the device (step.go, augment.go), the network's layers follow (layer.go; models.go lists the networks), then loss, gradients and update. What
// computes it all is an engine.Executor that the caller opened; this package knows no device.
package net
