package run

import (
	"os"
	"path"
	"path/filepath"
	"slices"

	"cnnvk/internal/files"
)

// A user may name a run by its folder, by one of its files, or by a folder inside it.

// innerFolders are the folders inside a run folder.
var innerFolders = []string{path.Dir(LastWeights), path.Dir(LastState)}

// FileIn is the first of these files of a run that exists, if path is the run's folder or one inside it. Any other path stays as it is.
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

// FolderOf is the run folder that a path names, or the path itself if there is none.
func FolderOf(path string) string {
	info, err := os.Stat(path)
	if err != nil || IsRun(path) {
		return path // if nothing is there, opening it will say so
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

// IsRun says whether a folder is a run's.
func IsRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, ConfigFile))
	return err == nil
}

func (f *Folder) Path(name string) string { return filepath.Join(f.Dir, filepath.FromSlash(name)) }

// Word is the path of one of the run's files as a command's argument.
func (f *Folder) Word(name string) string { return files.Quote(f.Path(name)) }
