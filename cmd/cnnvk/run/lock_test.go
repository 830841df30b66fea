package run

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"cnnvk/internal/files"
	"cnnvk/internal/foldertest"
)

// A training that looked before another one came finds it out when it takes the folder, and touches nothing there.
func TestTakenInBetween(t *testing.T) {
	emptyFolder(t)
	f, err := New("run", "name", false)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, "run/config.yaml", []byte("the first one's"))
	writeFile(t, "run/split.json", []byte("the first one's"))
	before := foldertest.Listing(t)
	for _, force := range []bool{false, true} {
		if _, err := (&Folder{Dir: "run", force: force, made: true}).make(); err == nil || !strings.Contains(err.Error(), "is training in") {
			t.Errorf("locked twice: %v", err)
		}
		foldertest.Unchanged(t, before)
	}
	// So does one that comes when the first one is through.
	f.Close()
	before = foldertest.Listing(t)
	if _, err := (&Folder{Dir: "run", made: true}).make(); err == nil || err.Error() != "the run folder run is not empty: it has config.yaml and 1 more" {
		t.Errorf("a run was replaced: %v", err)
	}
	foldertest.Unchanged(t, before)
}

// The lock file of a killed process is taken over, and names the process that has it now.
func TestLockFile(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "run/"+LockFile, []byte("123456789"))
	f, err := lockFolder("run")
	if err != nil {
		t.Fatal(err)
	}
	if text := read(t, "run/"+LockFile); text != fmt.Sprint(os.Getpid()) {
		t.Errorf("the lock file has %q", text)
	}
	files.RemoveLocked(f)
}
