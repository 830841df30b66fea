package main

// void after_start(void);
import "C"

// What start_linux.c did before Go's runtime began ends here.
func init() { C.after_start() }
