package run

import (
	"os"
	"path"
	"path/filepath"
	"slices"
)

// People name a run by whatever of it they see: its folder, one of its files, or the folder that these are in.

// innerFolders are those of a run folder in which files are.
var innerFolders = []string{path.Dir(LastWeights), path.Dir(LastState)}

func IsRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, ConfigFile))
	return err == nil
}

// FolderOf is the run folder that a path names, or the path itself if there is none.
func FolderOf(path string) string {
	info, err := os.Stat(path)
	if err != nil || IsRun(path) {
		return path // what is not there is no run: whoever opens it says so
	}
	dir := path
	if !info.IsDir() {
		if dir = filepath.Dir(path); IsRun(dir) {
			return dir
		}
	}
	if above := filepath.Dir(dir); slices.Contains(innerFolders, filepath.Base(dir)) && IsRun(above) {
		return above
	}
	return path
}

// FileIn is, of a run that a folder names, the first of those files that is there. Another path stays as it is.
func FileIn(path string, names ...string) string {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path
	}
	run := Folder{Dir: FolderOf(path)}
	for _, name := range names {
		if _, err := os.Stat(run.Path(name)); err == nil {
			return run.Path(name)
		}
	}
	return path
}
