//go:build !windows && (!unix || aix || solaris)

package cifar

import "os"

// tryLock has no lock to take here: two downloads at once would spoil each other's part file, which
// its checksums show.
func tryLock(*os.File) (bool, error) { return true, nil }

func removeLock(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

func full(error) bool { return false }
