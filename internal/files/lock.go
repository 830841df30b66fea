package files

import "os"

// IsAt says whether path still names the open file. Ask this after taking a lock: its last owner may have removed the file after it was
// opened, and somebody else may have locked a new file of that name.
func IsAt(f *os.File, path string) bool {
	here, err1 := f.Stat()
	there, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && os.SameFile(here, there)
}
