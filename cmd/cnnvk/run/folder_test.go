package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// The hint of an error that ended a training joins its own, what helps, and what is saved.
func TestStopped(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "r/"+LastWeights, nil)
	notFinite := fmt.Errorf("net: step 3: %w", net.ErrNotFinite)
	other, readOnly := errors.New("lost"), fmt.Errorf("writing: %w", fs.ErrPermission)
	for _, c := range []struct {
		epochs int
		err    error
		hint   string
	}{
		{0, notFinite, "a smaller rate may help: --lr 0.0001"},
		{3, notFinite, "a smaller rate may help: --lr 0.0001; the last good weights are in r/weights/last.safetensors"},
		{0, other, ""},
		{0, readOnly, "--out DIR with a new folder that you may write to"},
		{3, other, "the last good weights are in r/weights/last.safetensors"},
		{3, hints.With(readOnly, "--batch-size 8"), "--batch-size 8; the last good weights are in r/weights/last.safetensors"},
		{3, hints.With(lostFolder{other}, "alone"), "alone"},
	} {
		f := &Folder{Dir: "r", Epochs: c.epochs}
		err := f.Stopped(c.err, training.DefaultRecipe())
		if got := hints.Of(err); got != c.hint || err.Error() != c.err.Error() {
			t.Errorf("%v, hint %q, want hint %q", err, got, c.hint)
		}
	}
	// What was deleted is not named.
	if err := (&Folder{Dir: "gone", Epochs: 3, saved: true}).Stopped(other, training.DefaultRecipe()); hints.Of(err) != "" {
		t.Errorf("%v, hint %q", err, hints.Of(err))
	}
	// What a resumed run refuses is not advised.
	for err, want := range map[error]string{
		notFinite: "a smaller rate may help: --lr 0.0001, with --config 'my run/config.yaml' --out DIR in place of --resume",
		readOnly:  mayWrite,
	} {
		f := &Folder{Dir: "my run", resumed: true}
		if got := hints.Of(f.Stopped(err, training.DefaultRecipe())); got != want {
			t.Errorf("%v, hint %q, want hint %q", err, got, want)
		}
	}
}

// emptyFolder makes a new folder the working folder.
func emptyFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, data, 0o666)); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
