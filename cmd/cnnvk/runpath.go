package main

import (
	"os"
	"path"
	"path/filepath"
	"slices"
)

// People name a run by whatever of it they see: its folder, one of its files, or the folder that these are in.

// innerFolders are those of a run folder in which files are.
var innerFolders = []string{path.Dir(lastWeights), path.Dir(lastState)}

func isRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, configFile))
	return err == nil
}

// runFolderOf is the run folder that a path names, or the path itself if there is none.
func runFolderOf(path string) string {
	info, err := os.Stat(path)
	if err != nil || isRun(path) {
		return path // what is not there is no run: whoever opens it says so
	}
	dir := path
	if !info.IsDir() {
		if dir = filepath.Dir(path); isRun(dir) {
			return dir
		}
	}
	if above := filepath.Dir(dir); slices.Contains(innerFolders, filepath.Base(dir)) && isRun(above) {
		return above
	}
	return path
}

// inRun is, of a run that a folder names, the first of those files that is there. Another path stays as it is.
func inRun(path string, names ...string) string {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path
	}
	run := runFolder{dir: runFolderOf(path)}
	for _, name := range names {
		if _, err := os.Stat(run.path(name)); err == nil {
			return run.path(name)
		}
	}
	return path
}
