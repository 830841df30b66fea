//go:build !windows && (!unix || aix || solaris)

package files

// DiskFull is always false: on this system a full disk cannot be told from other errors.
func DiskFull(error) bool { return false }
