package main

import (
	"os"
	"syscall"
)

// notices are the signals, besides Ctrl-C and SIGTERM, that say that the end is near: of the terminal, or, some time before it, of the
// time that a scheduler gives. Which one a scheduler sends is often the user's choice.
var notices = []os.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGXCPU, syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGPWR}
