package files

import (
	"errors"
	"os"
	"os/user"
	"strings"
)

// FromHome expands a leading ~ to the user's home folder, and ~NAME to that of the user NAME, as shells do. A path with an unknown NAME stays
// as it is. It is an error if the user has no home folder.
func FromHome(path string) (string, error) {
	name, is := strings.CutPrefix(path, "~")
	if !is {
		return path, nil
	}
	below := ""
	if i := strings.IndexFunc(name, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) }); i >= 0 {
		name, below = name[:i], name[i:]
	}
	if name != "" {
		who, err := user.Lookup(name)
		if err != nil || who.HomeDir == "" {
			return path, nil
		}
		return who.HomeDir + below, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		if who, err := user.Current(); err == nil {
			home = who.HomeDir
		}
	}
	if home == "" {
		return "", errors.New("no home folder is known")
	}
	return home + below, nil
}
