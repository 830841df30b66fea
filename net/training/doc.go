// Package training says how a network is trained: recipe, schedule, optimiser, augmentation, the training step, the trainer, and
// checkpoints from which it goes on.
//
// The way of a batch: the trainer picks images (epoch.go) and fills the step's inputs, among them the draws of their augmentation
// (inputs.go); the step's program (step.go, augment.go) gathers, changes and normalises them on the device, the network's layers
// follow, of package net, then loss, gradients and update (optimizer.go). recipe.go has what can be chosen, recipes.go what was.
//
// Errors begin with "net: ", as those of package net do.
package training
