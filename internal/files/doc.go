// Package files does to files what no other package owns: it writes them whole or not at all, locks them, tells a full disk
// from other errors, and quotes their paths for a shell.
package files
