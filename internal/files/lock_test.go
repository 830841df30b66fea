package files

import (
	"os"
	"path/filepath"
	"testing"
)

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, second := open(t, path), open(t, path)
	if got, err := TryLock(first); !got || err != nil {
		t.Fatal(got, err)
	}
	if got, err := TryLock(second); got || err != nil {
		t.Fatalf("the second got it: %v, %v", got, err)
	}
	if _, err := first.WriteString("1234"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); string(text) != "1234" || err != nil {
		t.Errorf("others read %q, %v", text, err)
	}
	RemoveLocked(first)
	if got, err := TryLock(second); !got || err != nil {
		t.Fatalf("not free again: %v, %v", got, err)
	}
	if IsAt(second, path) {
		t.Error("the file is gone, or another's")
	}
	third := open(t, path)
	if !IsAt(third, path) || IsAt(second, path) {
		t.Error("the file of that name is the third")
	}
	first = open(t, path+"2")
	if err := os.Rename(path, path+"2"); err != nil { // another takes the name, as where the folder was made anew
		t.Fatal(err)
	}
	RemoveLocked(first)
	if !IsAt(third, path+"2") {
		t.Error("another's file was removed")
	}
}
