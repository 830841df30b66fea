//go:build !windows && (!unix || aix || solaris)

package files

// DiskFull says that a write failed because there is no room, which cannot be told here.
func DiskFull(error) bool { return false }
