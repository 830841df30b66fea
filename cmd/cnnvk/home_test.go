package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/run"
)

// A flag whose value is called FILE, DIR or RUN takes a path.
func TestPathFlags(t *testing.T) {
	named := regexp.MustCompile("`(FILE|DIR|RUN)`")
	var look func(string, []*cli.Command)
	count := 0
	look = func(parent string, commands []*cli.Command) {
		for _, c := range commands {
			for _, f := range c.Flags {
				path, is := f.(*cli.PathFlag)
				usage := f.(cli.DocGenerationFlag).GetUsage()
				if is != named.MatchString(usage) {
					t.Errorf("%s %s --%s, a %T: %s", parent, c.Name, f.Names()[0], f, usage)
				}
				if is && path.EnvVars == nil {
					count++
				}
			}
			look(parent+" "+c.Name, c.Subcommands)
		}
	}
	look("cnnvk", small().app(nil, nil).Commands)
	if count < 10 {
		t.Errorf("%d path flags", count)
	}
}

// A leading ~/ means the home folder wherever a path is named, also where no shell has looked at it.
func TestHome(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("HOME does not name the home folder")
	}
	emptyFolder(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	saveWeights(t, filepath.Join(home, "w.safetensors"), narrow)
	fewData(t, filepath.Join(home, "data"))
	writeFile(t, filepath.Join(home, "narrow.yaml"), []byte(read(t, narrowConfig(t))))
	writeFile(t, filepath.Join(home, "real.yaml"), []byte(strings.Replace(read(t, narrowConfig(t)), "synthetic", "~/data", 1)))
	const eval = "eval --device cpu -q --weights=~/w.safetensors "
	for _, c := range []struct{ args, env, makes string }{
		{"train --device cpu --config=~/narrow.yaml --limit-steps 1 --out=~/run", "", "run/config.yaml"},
		{"train --device cpu --resume=~/run", "", ""},
		{"train --device cpu --config ~/narrow.yaml --data=~/data --limit-steps 1 --out ~/deep/run --trace=~/train.json", "", "train.json"},
		{"train --device cpu --config=~/real.yaml --limit-steps 1 --out=~/real", "", "real/config.yaml"},
		{"train --device cpu --widths 2,2,2,2,2,2 --limit-steps 1 --out=~/found", "~/data", "found/config.yaml"},
		{eval + "--data=~/data --out=~/report", "", "report/per_class.csv"},
		{eval + "--no-report", "~/data", ""},
		{"data info --data=~/data", "", ""},
		{"data info", "~/data", ""},
		{"data preview --device cpu --images 1 --epochs 1 --data=~/data --out=~/long.png", "", "long.png"},
		{"data preview --device cpu --images 1 --epochs 1 --data=~/data -o=~/short.png", "", "short.png"},
		{"bench --device cpu --recipe tinynet --batch-size 1 --repeats 1 --trace=~/bench.json", "", "bench.json"},
	} {
		t.Setenv(dataVariable, c.env)
		few().cnnvk(strings.Fields(c.args)...).ok(t)
		if _, err := os.Stat(filepath.Join(home, c.makes)); err != nil {
			t.Errorf("%s: %v", c.args, err)
		}
	}
	for _, name := range []string{"real", "found"} {
		if text := read(t, filepath.Join(home, name, run.ConfigFile)); !strings.Contains(text, "data: "+filepath.Join(home, "data")+"\n") {
			t.Errorf("%s has\n%s", name, text)
		}
	}
	unchanged(t, map[string]string{})
}

// So it does where a download goes.
func TestHomeDownload(t *testing.T) {
	server := smallSource(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	server.cnnvk("data", "download", "--to=~/sets").ok(t)
	if text := read(t, filepath.Join(home, "sets", "cifar-100-binary", "train.bin")); text != "train.bin" {
		t.Errorf("train.bin has %q", text)
	}
	unchanged(t, map[string]string{})
}
