package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/internal/foldertest"
	"cnnvk/vk"
)

// childVariable in the environment turns the test binary into the program, for tests of an environment that must be
// there before the process is.
const childVariable = "CNNVK_TEST_IS_CNNVK"

// checkpointVariable in the environment of such a process is the time between two checkpoints.
const checkpointVariable = "CNNVK_TEST_CHECKPOINT_EVERY"

// fewVariable in the environment of such a process makes its data set as small as that of few.
const fewVariable = "CNNVK_TEST_FEW"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		p := small()
		if os.Getenv(fewVariable) != "" {
			p = few()
		}
		if every, err := time.ParseDuration(os.Getenv(checkpointVariable)); err == nil {
			p.checkpointEvery = every
		}
		p.start()
	}
	// Mesa keeps compiled shaders in the user's cache folder. Tests have each their own, but need not compile everything again.
	if folder, err := os.UserCacheDir(); err == nil {
		setDefault("MESA_SHADER_CACHE_DIR", folder)
	}
	// Measuring kernels takes a while; tests of it turn it on.
	setDefault("CNNVK_NO_TUNE", "1")
	// Every command that a test runs is watched by the validation layer: a message makes it fail.
	if vk.ValidationAvailable() {
		setDefault("CNNVK_VALIDATION", "1")
	}
	// Under nohup the programs that tests start would inherit that a hangup is ignored.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	os.Exit(m.Run())
}

// setDefault sets a variable of the environment that is not set.
func setDefault(variable, value string) {
	if _, set := os.LookupEnv(variable); !set {
		os.Setenv(variable, value)
	}
}

// outcome is what a command left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// testImages are those of the synthetic set in tests: 90 to train on, 10 to validate.
const testImages = 100

// small is the program with a small synthetic set, which measures vector widths by a narrow network and draws small curves: at
// full size they are a third of a short training's work.
func small() program {
	p := published()
	p.syntheticImages = testImages
	p.sample.Widths = []int{2, 2, 2, 2, 2, 2}
	p.sample.BatchSize = 2
	p.curvesDPI = chart.DPI / 4
	return p
}

// few is the small program whose data set in files is small, too: see fewData.
func few() program {
	p := small()
	p.source.Train, p.source.Test = 200, 20
	return p
}

// fewData makes a folder with the data set of few.
func fewData(t *testing.T, folder string) {
	t.Helper()
	source := few().source
	dataFile(t, folder, "train.bin", int64(source.Train)*cifar.RecordBytes, 0, 0)
	dataFile(t, folder, "test.bin", int64(source.Test)*cifar.RecordBytes, 0, 0)
}

// cnnvk runs the small program in this process.
func cnnvk(args ...string) outcome { return small().cnnvk(args...) }

// cnnvk runs the program in this process.
func (p program) cnnvk(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := p.run(context.Background(), append([]string{"cnnvk"}, args...), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// child runs the program in a process of its own, with additions to the environment. One that waits for ever is ended.
func child(t *testing.T, env []string, args ...string) outcome {
	t.Helper()
	return childOf(t, nil, env, args...)
}

// childOf is child by way of a command that runs its arguments.
func childOf(t *testing.T, by, env []string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	words := slices.Concat(by, []string{os.Args[0]}, args)
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Env = append(append(os.Environ(), childVariable+"=1"), env...)
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// emptyFolder makes the test work in a folder of its own, without data from the environment, the cache or the network, and
// without a device from the environment that is none.
func emptyFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("CNNVK_DATA", "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv(offlineVariable, "1")
	if machine.WantsCPU(os.Getenv("CNNVK_DEVICE")) {
		t.Setenv("CNNVK_DEVICE", "")
	}
}

// required says whether CNNVK_REQUIRE names what.
func required(what string) bool {
	return slices.Contains(strings.Split(os.Getenv("CNNVK_REQUIRE"), ","), what)
}

// missing skips the test, or fails it where CNNVK_REQUIRE names what it needs.
func missing(t *testing.T, what, reason string) {
	t.Helper()
	if required(what) {
		t.Fatalf("CNNVK_REQUIRE names %s, but %s", what, reason)
	}
	t.Skip(reason)
}

// needVulkan skips the test where there is no Vulkan device.
func needVulkan(t *testing.T) {
	t.Helper()
	err := tryVulkan()
	if errors.Is(err, vk.ErrNoLoader) || errors.Is(err, vk.ErrNoDevice) {
		missing(t, "vulkan", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tryVulkan opens the device and closes it, once for all tests.
var tryVulkan = sync.OnceValue(func() error {
	m, err := machine.Open(machine.Options{Device: os.Getenv("CNNVK_DEVICE")})
	if err != nil {
		return err
	}
	return m.Close()
})

// sharedPath is what an environment variable names, else the test is skipped.
func sharedPath(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		missing(t, "shared", variable+" is not set")
	}
	return path
}

// ok wants a command that ended well and had nothing to complain about.
func (o outcome) ok(t *testing.T) {
	t.Helper()
	if o.code != exitDone || strings.Contains(o.stderr, "cnnvk:") {
		t.Fatalf("exit code %d\nstdout: %s\nstderr: %s", o.code, o.stdout, o.stderr)
	}
}

var doubled = regexp.MustCompile(`\b(cnnvk: cnnvk|net: net|vk: vk|cifar: cifar|engine: engine|open \S+: open)\b`)

// failed wants that exit code, one line of error that matches says, and a hint that contains hint, or none. Lines of
// progress may stand before them, as those of eval --json do.
func (o outcome) failed(t *testing.T, code int, says, hint string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	lines := strings.Split(strings.TrimSuffix(o.stderr, "\n"), "\n")
	for len(lines) > 1 && regexp.MustCompile("^(model|data|device): ").MatchString(lines[0]) {
		lines = lines[1:]
	}
	switch {
	case !strings.HasPrefix(lines[0], "cnnvk: ") || !regexp.MustCompile(says).MatchString(lines[0]):
		t.Errorf("the error does not say %q:\n%s", says, o.stderr)
	case doubled.MatchString(lines[0]) || len(lines[0]) > 400:
		t.Errorf("the error repeats itself or is long:\n%s", o.stderr)
	case hint == "" && len(lines) != 1:
		t.Errorf("more than a line of error:\n%s", o.stderr)
	case hint != "" && (len(lines) != 2 || !strings.HasPrefix(lines[1], "hint: ") || !strings.Contains(lines[1], hint)):
		t.Errorf("not an error and a hint %q:\n%s", hint, o.stderr)
	}
}

// listing describes everything below the working folder.
func listing(t *testing.T) map[string]string { return foldertest.Listing(t) }

// unchanged wants the working folder to be as it was.
func unchanged(t *testing.T, before map[string]string) { t.Helper(); foldertest.Unchanged(t, before) }

func sum(t *testing.T, path string) string { t.Helper(); return foldertest.Sum(t, path) }

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// narrowConfig writes a config.yaml of a network that the reference executor trains in no time, on synthetic images.
func narrowConfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "narrow.yaml")
	writeFile(t, path, []byte("widths: [2, 2, 2, 2, 2, 2]\nbatch_size: 30\npatience: 0\ndata: synthetic\n"))
	return path
}
