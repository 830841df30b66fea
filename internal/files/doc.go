// Package files does to files what no other package owns: it writes them whole or not at all, forces them to the disk, locks them, tells
// a full disk from other errors, finds home folders in paths, and quotes paths for a shell.
package files
