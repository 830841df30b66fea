//go:build !windows && (!unix || aix || solaris)

package files

import "os"

// TryLock has no lock to take here.
func TryLock(*os.File) (bool, error) { return true, nil }

// RemoveLocked removes the file and closes it.
func RemoveLocked(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}
