//go:build !windows && (!unix || aix || solaris)

package files

import "os"

// TryLock always succeeds: this system has no locks.
func TryLock(*os.File) (bool, error) { return true, nil }

// RemoveLocked removes the file and closes it. Another file that has taken its name stays.
func RemoveLocked(f *os.File) {
	if IsAt(f, f.Name()) {
		os.Remove(f.Name())
	}
	f.Close()
}
