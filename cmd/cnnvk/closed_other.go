//go:build !unix

package main

// stdoutClosed need not be asked here: writing to a standard output that is closed fails.
func stdoutClosed() bool { return false }
