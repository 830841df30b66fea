package gpu

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/shaders"
)

// glslFolder holds the shaders' text.
const glslFolder = "../../shaders"

var (
	directive     = regexp.MustCompile(`^\s*#\s*(ifdef|ifndef|if|else|endif|define|include)\b\s*"?([\w.]*)`)
	specConstant  = regexp.MustCompile(`(?m)^\s*layout\(constant_id = (\d+)\) const \w+ (\w+)`)
	pushConstants = regexp.MustCompile(`layout\(push_constant\) uniform \w+ \{([^}]*)\}`)
	typeAndNames  = regexp.MustCompile(`\w+ ([\w, ]+);`)
)

// preprocess returns a shader's text for a kernel: what it includes in its place, and without what its #ifdefs leave out. The lines
// under an #if stay, of both its branches.
func preprocess(t *testing.T, file string, defined map[string]bool) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(glslFolder, file))
	must(t, err)
	var out strings.Builder
	kept := []bool{true} // by nesting
	for line := range strings.Lines(string(text)) {
		last := len(kept) - 1
		found := directive.FindStringSubmatch(line)
		if found == nil {
			if kept[last] {
				out.WriteString(line)
			}
			continue
		}
		switch what, name := found[1], found[2]; what {
		case "ifdef", "ifndef":
			kept = append(kept, kept[last] && defined[name] == (what == "ifdef"))
		case "if":
			kept = append(kept, kept[last])
		case "else":
			kept[last] = kept[last-1] && !kept[last]
		case "endif":
			kept = kept[:last]
		case "define":
			defined[name] = defined[name] || kept[last]
		case "include":
			if kept[last] {
				out.WriteString(preprocess(t, name, defined))
			}
		}
	}
	return out.String()
}

// glslNames are the specialization constants behind the workgroup size, in order of their numbers, and the push constants, as the
// shader of a kernel names them.
func glslNames(t *testing.T, kernel string) (spec, push []string) {
	t.Helper()
	file, defines, err := shaders.Source(kernel)
	must(t, err)
	defined := map[string]bool{}
	for _, d := range defines {
		name, _, _ := strings.Cut(d, "=")
		defined[name] = true
	}
	text := preprocess(t, file, defined)
	byNumber := map[int]string{}
	for _, c := range specConstant.FindAllStringSubmatch(text, -1) {
		number, err := strconv.Atoi(c[1])
		must(t, err)
		if byNumber[number] != "" {
			t.Errorf("%s: number %d is %s and %s", file, number, byNumber[number], c[2])
		}
		byNumber[number] = c[2]
	}
	delete(byNumber, typeConstant)
	for number := firstMatrixConstant; number < typeConstant; number++ {
		delete(byNumber, number)
	}
	for number := range len(byNumber) {
		spec = append(spec, byNumber[number+1]) // "" where a number is left out
	}
	if members := pushConstants.FindStringSubmatch(text); members != nil {
		for _, names := range typeAndNames.FindAllStringSubmatch(members[1], -1) {
			push = append(push, strings.Split(names[1], ", ")...)
		}
	}
	return spec, push
}

// TestKernelsMatchGLSL holds the names of a kernel's constants, and their order, against its shader: values are given in that order.
func TestKernelsMatchGLSL(t *testing.T) {
	for name, k := range plannedKernels(t) {
		t.Run(name, func(t *testing.T) {
			spec, push := glslNames(t, name)
			if !slices.Equal(k.spec, spec) {
				t.Errorf("declared the specialization constants %q, the shader has %q", k.spec, spec)
			}
			if !slices.Equal(k.push, push) {
				t.Errorf("declared the push constants %q, the shader has %q", k.push, push)
			}
		})
	}
}

// goText is the package without its tests.
func goText(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	must(t, err)
	var all strings.Builder
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			text, err := os.ReadFile(file)
			must(t, err)
			all.Write(text)
		}
	}
	return all.String()
}

// Every kernel and every variant stands in the package by its whole name, so that a search for what a profile or a config.yaml
// says finds it.
func TestNamesAreWrittenOut(t *testing.T) {
	text := goText(t)
	names, err := shaders.Names()
	must(t, err)
	for _, v := range variants {
		names = append(names, strings.Split(v.name, "@")[0])
	}
	for _, name := range names {
		name = strings.TrimSuffix(name, "_half")
		if !strings.Contains(text, strconv.Quote(name)) {
			t.Errorf("no search finds %s", name)
		}
	}
}

// head is the comment that a shader begins with.
func head(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(glslFolder, file))
	must(t, err)
	var out strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "//") {
			out.WriteString(line)
		} else if !strings.HasPrefix(line, "#version") && !strings.HasPrefix(line, "#extension") {
			break
		}
	}
	return out.String()
}

// Whatever runs an op, the head of one of the shaders that it dispatches has the op's name: package engine promises it.
func TestOpsStandInShaders(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range slices.Concat(optest.Cases(), halfCases(engine.BFloat16), productsOfNetworks()) {
		p, err := c.Program()
		must(t, err)
		everyDispatches(t, p, anyDevice(), func(v variant, dispatches []dispatch) {
			if len(v.covers) > 1 {
				return
			}
			name := regexp.MustCompile(`\b` + string(c.Kind) + `\b`)
			var files []string
			for _, d := range dispatches {
				file, _, err := shaders.Source(d.kernel.code())
				must(t, err)
				files = append(files, file)
			}
			if !slices.ContainsFunc(files, func(file string) bool { return name.MatchString(head(t, file)) }) {
				t.Errorf("variant %s: no head of %v names %s", v.name, files, c.Kind)
			}
			seen[v.name] = true
		})
	}
	for _, v := range variants {
		if len(v.covers) == 1 && !seen[v.name] {
			t.Errorf("variant %s ran on no case", v.name)
		}
	}
}
