package files

import (
	"errors"
	"path/filepath"
	"sync"

	"github.com/adrg/xdg"

	"cnnvk/internal/hints"
)

// CacheDir is where downloads, measurements and decoded pictures go: the folder cnnvk in the user's cache folder, which is XDG_CACHE_HOME or else the
// system's usual one. It need not exist yet.
func CacheDir() (string, error) {
	reloading.Lock()
	defer reloading.Unlock()
	xdg.Reload() // the package reads the environment once, before a program can change it
	if !filepath.IsAbs(xdg.CacheHome) {
		return "", hints.With(errors.New("no cache folder: the home folder is not known"),
			"XDG_CACHE_HOME=DIR names the cache folder, cnnvk data download --to DIR another place")
	}
	return filepath.Join(xdg.CacheHome, "cnnvk"), nil
}

var reloading sync.Mutex
