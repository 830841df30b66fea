package vk

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestABI compares every struct and constant of abi.h with Khronos' headers: one C program, which prints them, is compiled
// against either.
func TestABI(t *testing.T) {
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip(err)
	}
	const khronos = "vulkan/vulkan.h"
	check := exec.Command(compiler, "-fsyntax-only", "-include", khronos, "-x", "c", os.DevNull)
	if err := check.Run(); err != nil {
		t.Skipf("there is no %s (Debian: libvulkan-dev)", khronos)
	}
	header, err := os.ReadFile("abi.h")
	if err != nil {
		t.Fatal(err)
	}
	text := string(header)
	newer := exec.Command(compiler, "-fsyntax-only", "-include", khronos, "-x", "c", "-")
	newer.Stdin = strings.NewReader("#ifndef VK_KHR_cooperative_matrix\n#error\n#endif\n")
	if newer.Run() != nil {
		t.Logf("cooperative matrices are not compared: this %s is older than 1.3.255, which has them first", khronos)
		text = newerPattern.ReplaceAllString(text, "")
	}
	program := abiProgram(t, text)
	own, theirs := runC(t, compiler, "abi.h", program), runC(t, compiler, khronos, program)
	for i := range own {
		if own[i] != theirs[i] {
			t.Errorf("here %q, Khronos %q", own[i], theirs[i])
		}
	}
	if len(own) < 200 || len(own) != len(theirs) {
		t.Errorf("compared %d facts with %d; there should be some 300", len(own), len(theirs))
	}
}

var (
	structPattern   = regexp.MustCompile(`(?s)typedef struct (Vk\w+) \{(.*?)\n\}`)
	fieldPattern    = regexp.MustCompile(`(?m)(\w+)(\[\d+\])?;$`)
	newerPattern    = regexp.MustCompile(`(?s)typedef struct \w*CooperativeMatrix\w* \{.*?\n\}|#define \w*(COOPERATIVE_MATRIX|SCOPE_SUBGROUP)\w*`)
	constantPattern = regexp.MustCompile(`(?m)^#define (VK_\w+)`)
)

// abiProgram is a C program that prints the size of each struct, place and size of its fields, and the constants.
func abiProgram(t *testing.T, header string) string {
	t.Helper()
	var c strings.Builder
	c.WriteString("#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n")
	for _, s := range structPattern.FindAllStringSubmatch(header, -1) {
		fmt.Fprintf(&c, "printf(\"%[1]s %%zu\\n\", sizeof(%[1]s));\n", s[1])
		fields := fieldPattern.FindAllStringSubmatch(s[2], -1)
		if len(fields) != strings.Count(s[2], ";") {
			t.Fatalf("%s: found %d fields", s[1], len(fields))
		}
		for _, f := range fields {
			fmt.Fprintf(&c, "printf(\"%[1]s.%[2]s at %%zu, size %%zu\\n\", offsetof(%[1]s, %[2]s), sizeof(((%[1]s *)0)->%[2]s));\n",
				s[1], f[1])
		}
	}
	for _, m := range constantPattern.FindAllStringSubmatch(header, -1) {
		fmt.Fprintf(&c, "printf(\"%[1]s %%lld\\n\", (long long)%[1]s);\n", m[1])
	}
	c.WriteString("return 0;\n}\n")
	return c.String()
}

// runC compiles and runs a program with a header included, and returns the lines that it prints.
func runC(t *testing.T, compiler, header, program string) []string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "abi")
	compile := exec.Command(compiler, "-I.", "-include", header, "-x", "c", "-o", binary, "-")
	compile.Stdin = strings.NewReader(program)
	if output, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("compiling against %s: %v\n%s", header, err, output)
	}
	output, err := exec.Command(binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(output)), "\n")
}
