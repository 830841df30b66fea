// Package machine is the device that a command works on: how it is found and opened, which kernels and which vector width are the
// fastest on it, what is kept of that in the user's cache folder (the kernel store), and whether there is room for a batch. It knows
// no flags, no networks and no data sets: programs and logs are its callers'.
package machine
