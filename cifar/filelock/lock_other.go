//go:build !windows && (!unix || aix || solaris)

package filelock

import "os"

// Try has no lock to take here.
func Try(*os.File) (bool, error) { return true, nil }

// Remove removes the file and closes it.
func Remove(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}
