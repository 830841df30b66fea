package shaders

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var kernelLine = regexp.MustCompile(`(?m)^// kernel (\w+)(?:: (.+))?$`)

// inHalves is what a shader has in it that compile.sh compiles a second time, for activations of 16 bits.
var inHalves = regexp.MustCompile(`ACTIVATION|RESULTS|RESULT_FLOATS|WEIGHT\(|ifdef HALF`)

// Every compiled kernel is one that the head of its shader names, or the file's name; and each of those is compiled. It needs no
// shader compiler, so it tells where lines were changed without "make shaders".
func TestSources(t *testing.T) {
	files, err := filepath.Glob("*.comp")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d shaders: %v", len(files), err)
	}
	var want []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		kernels := kernelLine.FindAllStringSubmatch(string(text), -1)
		if marked := strings.Count(string(text), "\n// kernel "); marked != len(kernels) {
			t.Errorf("%s: %d of %d lines that begin with \"// kernel\" are none", file, marked-len(kernels), marked)
		}
		if len(kernels) == 0 {
			kernels = [][]string{{"", strings.TrimSuffix(file, ".comp"), ""}}
		}
		for _, k := range kernels {
			want = append(want, strings.TrimSpace(k[1]+" "+file+" "+k[2]))
			if defines := strings.Fields(k[2]); inHalves.Match(text) && !slices.Contains(defines, "HALF") && !slices.Contains(defines, "MATRICES") {
				want = append(want, strings.Join(slices.Concat([]string{k[1] + "_half", file}, defines, []string{"HALF"}), " "))
			}
		}
	}
	names, err := Names()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range names {
		file, defines, err := Source(name)
		if err != nil {
			t.Error(err)
		}
		got = append(got, strings.TrimSpace(name+" "+file+" "+strings.Join(defines, " ")))
	}
	slices.Sort(want)
	slices.Sort(got)
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("not compiled: %s (make shaders)", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("compiled, but no shader's: %s (make shaders)", line)
		}
	}
	if _, _, err := Source("no_such_kernel"); err == nil {
		t.Error("a kernel that there is not has a source")
	}
}

var includeLine = regexp.MustCompile(`(?m)^#include "(.*)"`)

// texts adds the names of a shader and of what it includes.
func texts(t *testing.T, file string, seen map[string]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	seen[file] = string(text)
	for _, include := range includeLine.FindAllStringSubmatch(string(text), -1) {
		texts(t, include[1], seen)
	}
}

// The kernels of cooperative matrices, which few machines have a compiler for, were compiled from the text that their shaders have now: its digests
// are those that compile.sh wrote down.
func TestDigests(t *testing.T) {
	written, err := os.ReadFile("spirv/DIGESTS")
	if err != nil {
		t.Fatal(err)
	}
	names, err := Names()
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for _, name := range names {
		file, defines, err := Source(name)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		texts(t, file, all)
		var text strings.Builder
		for _, file := range slices.Sorted(maps.Keys(all)) {
			text.WriteString(all[file])
		}
		if !strings.Contains(text.String(), "GL_KHR_cooperative_matrix") {
			continue
		}
		made++
		sum := sha256.Sum256([]byte(strings.Join(defines, " ") + "\n" + text.String()))
		if line := fmt.Sprintf("%s %s\n", name, hex.EncodeToString(sum[:])); !strings.Contains(string(written), line) {
			t.Errorf("%s was compiled from other text than %s has now (make shaders)", name, file)
		}
	}
	if lines := strings.Count(string(written), "\n"); made == 0 || lines != made {
		t.Errorf("%d kernels of cooperative matrices, digests of %d", made, lines)
	}
}
