//go:build unix

package main

// #include <fcntl.h>
//
// static int closed;
//
// // Go's runtime opens /dev/null in place of a standard file that is closed. This runs earlier.
// __attribute__((constructor)) static void look(void) { closed = fcntl(1, F_GETFD) < 0; }
//
// static int stdout_closed(void) { return closed; }
import "C"

// stdoutClosed says whether the process began with its standard output closed (>&-).
func stdoutClosed() bool { return C.stdout_closed() != 0 }
