//go:build !unix

package main

import "os"

// notices are other systems' signals: none is known here.
var notices []os.Signal
