// Package run is the folder of a training: the names and contents of its files, how they are written (each whole or not at all), the lock
// that keeps the folder for one training at a time, and how a training is resumed from it. It knows no flags.
//
// folder.go makes the folder, lock.go and own.go keep it for one training. save.go writes an epoch's files: metrics.go has metrics.csv,
// events.go events.jsonl, config.go config.yaml, checkpoint.go the checkpoints. report.go names the files of eval.
package run
