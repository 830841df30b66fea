// Package foldertest tells tests whether the working folder is as it was.
package foldertest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// Unchanged wants the working folder to be as it was: nothing changed, made or left over.
func Unchanged(t *testing.T, before map[string]string) {
	t.Helper()
	if after := Listing(t); !maps.Equal(before, after) {
		t.Errorf("the folder was %v, is %v", before, after)
	}
}

// Listing describes everything below the working folder: names, kinds and contents (of large files the size alone).
func Listing(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		found[path] = fmt.Sprint(info.Mode())
		if info.Mode().IsRegular() {
			found[path] += fmt.Sprint(info.Size())
			if info.Size() < 10_000_000 {
				found[path] += Sum(t, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Sum is the SHA-256 of a file.
func Sum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}
