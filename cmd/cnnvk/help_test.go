package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// eachCommand calls f for the program and every command, with what is typed before its flags.
func eachCommand(f func(typed string, flags []cli.Flag)) {
	app := small().app(new(bytes.Buffer), new(bytes.Buffer))
	f("cnnvk", app.Flags)
	var walk func(before string, commands []*cli.Command)
	walk = func(before string, commands []*cli.Command) {
		for _, c := range commands {
			f(before+" "+c.Name, c.Flags)
			walk(before+" "+c.Name, c.Subcommands)
		}
	}
	walk("cnnvk", app.Commands)
}

// The help of every command shows examples, and all flags of an example exist.
func TestExamples(t *testing.T) {
	emptyFolder(t)
	flags := map[string][]string{}
	eachCommand(func(typed string, fs []cli.Flag) {
		flags[typed] = []string{"--help"}
		for _, f := range fs {
			for _, name := range f.Names() {
				flags[typed] = append(flags[typed], "--"+name, "-"+name)
			}
		}
	})
	for typed := range flags {
		o := cnnvk(append(strings.Fields(typed)[1:], "--help")...)
		o.ok(t)
		if len(examples[typed]) == 0 || !strings.Contains(o.stdout, "EXAMPLES:\n   "+examples[typed][0]+"\n") {
			t.Errorf("the help of %s has no examples:\n%s", typed, o.stdout)
		}
		if !strings.HasSuffix(o.stdout, "\n") {
			t.Errorf("the help of %s ends within a line", typed)
		}
	}
	for typed, list := range examples {
		if flags[typed] == nil {
			t.Errorf("there are examples of %q", typed)
		}
		for _, example := range list {
			command, rest, _ := strings.Cut(example, " -")
			for _, word := range strings.Fields("-" + rest) {
				if strings.HasPrefix(word, "-") && word != "-" && !slices.Contains(flags[command], word) {
					t.Errorf("example %q: %s has no %s", example, command, word)
				}
			}
		}
	}
}

func TestSuggestions(t *testing.T) {
	for _, c := range []struct{ args, hint string }{
		{"trian", "did you mean cnnvk train? cnnvk --help lists the commands"},
		{"trian --epochs 3", "did you mean cnnvk train? "},
		{"devcies", "did you mean cnnvk devices? "},
		{"train --epoch 3", "did you mean --epochs? cnnvk train --help lists the flags"},
		{"train -epoch 3", "did you mean --epochs? "},
		{"train --batchsize=3", "did you mean --batch-size? "},
		{"train epochs 3", "did you mean --epochs? "},
		{"eval --weight x", "did you mean --weights? "},
		{"bench --repeat 3", "did you mean --repeats? "},
		{"data downlaod", "did you mean cnnvk data download? cnnvk data --help lists the commands"},
		{"data inof --json", "did you mean cnnvk data info? "},
		{"data info --jsno", "did you mean --json? cnnvk data info --help lists the flags"},
	} {
		cnnvk(strings.Fields(c.args)...).failed(t, exitUsage, "", c.hint)
	}
	for _, args := range []string{"colour", "data colour", "train --epochs", "train --epochs three", "version --x"} {
		if o := cnnvk(strings.Fields(args)...); o.code != exitUsage || strings.Contains(o.stderr, "did you mean") {
			t.Errorf("%s: %s", args, o.stderr)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range shells {
		o := cnnvk("completion", shell)
		o.ok(t)
		if !strings.Contains(o.stdout, "--generate-bash-completion") || !strings.Contains(o.stdout, "cnnvk") {
			t.Errorf("%s: %s", shell, o.stdout)
		}
	}
	cnnvk("completion").failed(t, exitUsage, `completion takes one of bash, zsh, fish, powershell$`, "cnnvk completion bash")
	cnnvk("completion", "tcsh").failed(t, exitUsage, `completion takes one of`, "cnnvk completion bash")
}

// What the script offers in bash, which this test asks as a TAB does.
func TestCompletionInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	emptyFolder(t)
	program, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, "cnnvk"); err != nil {
		t.Skip(err)
	}
	const tab = `source <(cnnvk completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cnnvk; echo "${COMPREPLY[@]}"`
	offered := func(words ...string) []string {
		t.Helper()
		c := exec.Command(bash, append([]string{"-c", tab, "bash", "cnnvk"}, words...)...)
		c.Env = append(os.Environ(), childVariable+"=1", "PATH=.:"+os.Getenv("PATH"))
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(out))
	}
	for _, c := range []struct{ typed, want string }{
		{"tr", "train"}, {"d", "devices data"}, {"xyz", ""}, {"he", "help"}, {"help tr", "train"}, {"help data dow", "download"}, {"train --progress p", "plain"},
		{"train --ep", "--epochs"}, {"train --epochs 3 --li", "--limit-steps"}, {"train --opt ", "adamw sgd nesterov muon"}, {"train --opt s", "sgd"},
		{"train --data ", ""}, {"train --data fol", ""}, {"data ", "help download info preview --help"}, {"data download --t", "--to"},
		{"completion z", "zsh"}, {"eval --weights x --j", "--json"}, {"bench --device c", "cpu"},
		{"pred", "predict"}, {"predict --resize ", "squash crop pad"}, {"predict --weights x --resize cr", "crop"}, {"predict a.png --cs", "--csv"}, {"predict --weights ", ""},
	} {
		words := strings.Split(c.typed, " ")
		if got := strings.Join(offered(words...), " "); got != c.want {
			t.Errorf("%q: offered %q, want %q", c.typed, got, c.want)
		}
	}
}
