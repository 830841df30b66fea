package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"cnnvk/internal/env"
)

// Mistakes in the command line end with exit code 2 before anything is done.
func TestUsageErrors(t *testing.T) {
	emptyFolder(t)
	before := listing(t)
	const flags = "--help lists the flags"
	for _, c := range []struct{ args, says, hint string }{
		{"trian", `unknown command "trian"$`, "cnnvk --help lists the commands"},
		{"--data x", `unknown flag --data$`, "cnnvk " + flags},
		{"train --epoch 3", `unknown flag --epoch$`, "cnnvk train " + flags},
		{"train --epochs", `--epochs needs a value$`, "cnnvk train " + flags},
		{"train --epochs three", `--epochs "three": use a whole number$`, "cnnvk train " + flags},
		{"train --epochs 1e3", `--epochs "1e3": use a whole number$`, "hint: --epochs 1000"},
		{"train --epochs 1,000,000", `--epochs "1,000,000": use a whole number$`, "hint: --epochs 1000000"},
		{"train --epochs 10.5", `--epochs "10\.5": use a whole number$`, "cnnvk train " + flags},
		{"train --batch-size 128.0", `--batch-size "128\.0": use a whole number$`, "hint: --batch-size 128"},
		{"train --seed 1e3", `--seed "1e3": use a whole number$`, "hint: --seed 1000"},
		{"bench --repeats 1e1", `--repeats "1e1": use a whole number$`, "hint: --repeats 10"},
		{"data preview --images 3.0", `--images "3\.0": use a whole number$`, "hint: --images 3"},
		{"train --lr=1,0", `--lr "1,0": use a number with a point, such as 0\.001 or 1e-3$`, "hint: --lr 1"},
		{"train --lr 0,001", `--lr "0,001": use a number with a point`, "hint: --lr 0.001"},
		{"train --lr 1/10", `--lr "1/10": use a number with a point`, "cnnvk train " + flags},
		{"train --val-ratio 10%", `--val-ratio "10%": use a number with a point`, "hint: --val-ratio 0.1"},
		{"train --max-time 90", `--max-time "90": use a time with its unit, such as 1h or 90m$`, "hint: --max-time 90m for minutes, 90s for seconds"},
		{"train --max-time 1d", `--max-time "1d": use a time with its unit, such as 1h or 90m$`, "cnnvk train " + flags},
		{"train --max-time -5m", `--max-time -5m0s: use 1s or more$`, ""},
		{"train --widths 8 8 8,8 --lr 1", `train takes no argument "8"$`, "hint: --widths 8,8,8,8"},
		{"train --widths 8, 8, 8", `train takes no argument "8,"$`, "hint: --widths 8,8,8"},
		{"train --widths [8,8]", `--widths "\[8,8\]": use numbers with commas between them$`, ""},
		{"train --normalize false", `train takes no argument "false"$`, "behind a =, as in --flag=false"},
		{"train --normalize=no", `--normalize "no": use true or false$`, "cnnvk train " + flags},
		{"-v train", `--version and -v before a command: use them alone$`, "cnnvk train -v"},
		{"train --version", `unknown flag --version$`, "hint: cnnvk --version"},
		{"train --epochs 99999999999999999999", `--epochs "99999999999999999999": value out of range$`, "cnnvk train " + flags},
		{"train --epochs 0", `--epochs 0: use 1 or more$`, ""},
		{"train --epochs -1", `--epochs -1: use 1 or more$`, ""},
		{"train --limit-steps 0", `--limit-steps 0: use 1 or more$`, ""},
		{"train --limit-steps -3", `--limit-steps -3: use 1 or more$`, ""},
		{"train --seed -1", `--seed -1: use 0 to 4294967295$`, ""},
		{"train --seed 4294967296", `--seed 4294967296: use 0 to 4294967295$`, ""},
		{"train --batch-size 0", `--batch-size 0: use 1 or more$`, ""},
		{"train --batch-size -5", `--batch-size -5: use 1 or more$`, ""},
		{"train --batch-size 91 --device cpu", `--batch-size 91: use 90 or less: there are no more training images$`, ""},
		{"train --opt adam", `--opt "adam": use adamw, sgd, nesterov or muon$`, ""},
		{"train --lr NaN", `--lr NaN: use a number above 0$`, ""},
		{"train --lr -0.1", `--lr -0.1: use a number above 0$`, ""},
		{"train --lr 0", `--lr 0: use a number above 0$`, ""},
		{"train --lr inf", `--lr \+Inf: use a number above 0$`, ""},
		{"train --recipe tinynit", `--recipe "tinynit": use smallcifarnet, smallcifarnet-light, smallcifarnet-medium, tinynet, .* or mobilenetv2$`, "did you mean tinynet?"},
		{"train --max-time 1h --epochs 3", `--max-time and --epochs: use one of them$`, ""},
		{"train --max-time 0s", `--max-time 0s: use 1s or more$`, ""},
		{"train --max-time 5ms", `--max-time 5ms: use 1s or more$`, ""},
		{"train --amp-dtype bfloat16", `--amp-dtype does nothing without --amp$`, ""},
		{"train --amp-initial-scale 4", `--amp-initial-scale does nothing without --amp$`, ""},
		{"train --amp --amp-dtype half", `--amp-dtype "half": use float16 or bfloat16$`, ""},
		{"train --amp --amp-initial-scale 3", `--amp-initial-scale 3: use a power of two from 1 on, such as 65536$`, ""},
		{"train --amp --amp-dtype bfloat16 --amp-initial-scale 4", `--amp-initial-scale does nothing with bfloat16, whose loss is not scaled$`, ""},
		{"bench --amp-dtype float16", `--amp-dtype does nothing without --amp$`, ""},
		{"bench --amp --amp-dtype fp16", `--amp-dtype "fp16": use float16 or bfloat16$`, ""},
		{"summary --amp --amp-dtype fp16", `--amp-dtype "fp16": use float16 or bfloat16$`, ""},
		{"eval --weights x --amp-dtype float16", `--amp-dtype does nothing without --amp$`, ""},
		{"eval --weights x --amp --amp-dtype fp16", `--amp-dtype "fp16": use float16 or bfloat16$`, ""},
		{"train --muon-lr 0.1", `--muon-lr does nothing with adamw: use --opt muon$`, ""},
		{"train --warmup-steps 5 --warmup-epochs 1", `--warmup-epochs and --warmup-steps: use one of them$`, ""},
		{"train --group fc", `--group "fc": use a pattern of names, then rate= or decay= with a factor, such as`, ""},
		{"train --alternate-flips --augment none", `--alternate-flips does nothing with the augmentation none, which has no flips: use --augment crop-flip$`, ""},
		{"train --reflect-padding --augment none", `--reflect-padding does nothing with the augmentation none, which has no crops: use --augment crop-flip$`, ""},
		{"train --decay-rate 0.5", `--decay-rate does nothing with the schedule cosine: use --sched step$`, ""},
		{"train --model tinynet --dropout 0.5", `--dropout does nothing with tinynet, which has none$`, ""},
		{"train --model tiny --dropout 0.5", `--model "tiny": use smallcifarnet, tinynet, .* or a file such as mine.yaml$`, "did you mean tinynet?"},
		{"train --momentum 0.5", `--momentum 0\.5: use 0 with adamw, or sgd or nesterov$`, ""},
		{"train --sched exp", `--sched "exp": use cosine, step, linear, constant or onecycle$`, ""},
		{"train --widths 1,x", `--widths "1,x": use numbers with commas between them$`, ""},
		{"train --val-ratio 1", `--val-ratio 1: use a number from 0 to below 1$`, ""},
		{"train --split even", `--split "even": use random or stratified$`, ""},
		{"train epochs 3", `train takes no argument "epochs"$`, "cnnvk train " + flags},
		{"eval", `eval needs --weights FILE$`, "best.safetensors"},
		{"eval --json --data x", `eval needs --weights FILE$`, "best.safetensors"},
		{"eval --weights x --tta crop", `--tta "crop": use none or flip$`, ""},
		{"eval --weights x --batch-size 0", `--batch-size 0: use 1 or more$`, ""},
		{"eval --json=maybe", `--json "maybe": use true or false$`, "cnnvk eval " + flags},
		{"predict", `predict needs an IMAGE, a DIR of images, or - for standard input$`, "photo.jpg"},
		{"predict a.png", `predict needs --weights FILE$`, "best.safetensors"},
		{"predict a.png --weights x -k 0", `-k 0: use 1 or more$`, ""},
		{"predict a.png --weights x -k five", `-k "five": use a whole number$`, "cnnvk predict " + flags},
		{"predict a.png --weights x --batch-size 0", `--batch-size 0: use 1 or more$`, ""},
		{"predict a.png --weights x --resize stretch", `--resize "stretch": use squash, crop or pad$`, ""},
		{"predict --json a.png --csv --weights x", `--json and --csv: use one of them$`, ""},
		{"predict a.png -o x.gif --weights x", `--out x\.gif: use a name that ends in \.png or \.jpg$`, ""},
		{"predict a.png --out= --weights x", `--out : use a name that ends`, ""},
		{"predict - a.png - --weights x", `- stands for standard input, which can be read once$`, ""},
		{"predict a.png --weight x", `unknown flag --weight$`, "did you mean --weights?"},
		{"predict a.png --weights", `--weights needs a value$`, "cnnvk predict " + flags},
		{"bench --widths 1,2", `--widths \[1 2\]: use 6 numbers from 1 to 8192$`, ""},
		{"tune --widths wide", `--widths "wide": use numbers with commas between them$`, ""},
		{"bench --batch-size 0", `--batch-size 0: use 1 to 50000$`, ""},
		{"bench --batch-size 9000000000", `--batch-size 9000000000: use 1 to 50000$`, ""},
		{"bench --repeats 0", `--repeats 0: use 1 or more$`, ""},
		{"train --augment autoaugment", `--augment "autoaugment": use none, crop-flip, reference or randaugment$`, ""},
		{"bench --augment all", `--augment "all": use none, crop-flip, reference or randaugment$`, ""},
		{"train --val-ratio 0 --patience 3", `--patience does nothing without validation: use --val-ratio 0.1 or another share$`, ""},
		{"eval --weights x --no-report --out y", `--no-report and --out: use one of them$`, ""},
		{"data preview --images 0", `--images 0: use 1 to 64$`, ""},
		{"data preview --epochs 65", `--epochs 65: use 1 to 64$`, ""},
		{"data preview -o x.gif", `--out x\.gif: use a name that ends in \.png or \.jpg$`, ""},
		{"data preview --out x", `--out x: use a name that ends in \.png or \.jpg$`, ""},
		{"data preview --out=", `--out : use a name that ends`, ""},
		{"data preview --out x.png/", `--out x\.png/: use a name that ends in \.png or \.jpg$`, ""},
		{"data preview --out x.png.tiff", `--out x\.png\.tiff: use a name that ends in \.png or \.jpg$`, ""},
		{"data preview --seed -1", `--seed -1: use 0 to 4294967295$`, ""},
		{"train --image-size 7", `--image-size 7: use 8 to 256$`, ""},
		{"train --resize fit", `--resize "fit": use squash, crop or pad$`, ""},
		{"train --channels 2", `--channels 2: use 1 or 3$`, ""},
		{"train --image-size 64", `--image-size is for pictures of your own: the images of synthetic are as they are$`, ""},
		{"data preview --data synthetic --channels 1", `--channels is for pictures of your own: the images of synthetic are as they are$`, ""},
		{"data info --data synthetic --resize pad", `--resize is for pictures of your own: the images of synthetic are as they are$`, ""},
		{"data info --data synthetic --resize fit", `--resize "fit": use squash, crop or pad$`, ""},
		{"devices 0", `devices takes no argument "0"$`, "cnnvk devices " + flags},
		{"version -v", `unknown flag --v$`, "cnnvk version " + flags},
	} {
		t.Run(c.args, func(t *testing.T) {
			o := cnnvk(strings.Fields(c.args)...)
			o.failed(t, exitUsage, c.says, c.hint)
			if strings.Contains(c.args, "--json") && o.stdout != "" {
				t.Errorf("standard output of --json has %q", o.stdout)
			}
			unchanged(t, before)
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"-h"}, {"help"}, {"help", "help"}, {"help", "--help"}} {
		o := cnnvk(args...)
		o.ok(t)
		for _, command := range []string{"train", "eval", "bench", "devices", "version"} {
			if !strings.Contains(o.stdout, command) {
				t.Errorf("%q: the help lists no %s:\n%s", args, command, o.stdout)
			}
		}
	}
	o := cnnvk("train", "--help")
	o.ok(t)
	for _, flag := range []string{"--data", "--device", "--seed", "--epochs", "--batch-size", "--limit-steps", "--out"} {
		if !strings.Contains(o.stdout, flag) {
			t.Errorf("the help of train lists no %s:\n%s", flag, o.stdout)
		}
	}
}

// Whichever way somebody asks for the help of a command, it is the same.
func TestHelpOf(t *testing.T) {
	for command, ways := range map[string][]string{
		"train":         {"help train", "train help", "train -h", "help train --lr 1"},
		"data":          {"help data", "data help"},
		"data download": {"help data download", "data help download", "data download help", "data download -h"},
		"completion":    {"help completion", "completion help"},
		"version":       {"help version", "version help"},
	} {
		want := cnnvk(append(strings.Fields(command), "--help")...)
		want.ok(t)
		if !strings.Contains(want.stdout, "cnnvk "+command+" - ") {
			t.Errorf("%s --help:\n%s", command, want.stdout)
		}
		for _, way := range ways {
			if o := cnnvk(strings.Fields(way)...); o != want {
				t.Errorf("%s: exit code %d\n%s%s", way, o.code, o.stdout, o.stderr)
			}
		}
	}
	cnnvk("help", "trian").failed(t, exitUsage, `unknown command "trian"$`, "did you mean cnnvk train?")
	cnnvk("hlep").failed(t, exitUsage, `unknown command "hlep"$`, "did you mean cnnvk help?")
	emptyFolder(t)
	cnnvk("train", "--data", "help").failed(t, exitFailed, `cifar: help: no such folder$`, "cnnvk data download")
}

func TestVersion(t *testing.T) {
	for _, way := range []string{"version", "--version", "-version", "-v", "-V"} {
		o := cnnvk(way)
		o.ok(t)
		if !strings.HasPrefix(o.stdout, "cnnvk "+version()+" ") || strings.Count(o.stdout, "\n") != 1 {
			t.Errorf("%s prints %q", way, o.stdout)
		}
	}
}

// A variable that is on or off takes 1, true, 0 and false, and nothing that could be taken for the other.
func TestBooleanVariables(t *testing.T) {
	emptyFolder(t)
	for _, name := range []string{"CNNVK_VALIDATION", "CNNVK_OFFLINE", "CNNVK_NO_TUNE"} {
		t.Setenv(name, "1") // and back in the end
		for text, want := range map[string]bool{"": false, "0": false, "false": false, "False": false, "1": true, "true": true, "TRUE": true} {
			t.Setenv(name, text)
			if got, err := env.Bool(name); err != nil || got != want {
				t.Errorf("%s=%s: %t, %v", name, text, got, err)
			}
			if name == "CNNVK_NO_TUNE" {
				if c, err := parsed(t, "--config", pinned(t)); err != nil || (c.Kernels == nil) != want {
					t.Errorf("%s=%s: kernels %v, %v", name, text, c.Kernels, err)
				}
			}
		}
		for _, text := range []string{"yes", "off", "2", " 1", "tRue"} {
			t.Setenv(name, text)
			// The first to look is --no-tune, then who finds data, then who opens a device.
			args := []string{"train", "--device", "vulkan"}
			if name == "CNNVK_VALIDATION" {
				args = append(args, "--data", synthetic)
			}
			cnnvk(args...).failed(t, exitUsage, `^cnnvk: `+name+` is "`+text+`": use 1 or true, 0 or false$`, name+"=1, or unset it")
		}
		t.Setenv(name, "")
	}
	t.Setenv("CNNVK_OFFLINE", "true")
	if _, how, err := small().findData(t.Context(), io.Discard); err != nil || !strings.HasSuffix(how, "CNNVK_OFFLINE is set") {
		t.Errorf("CNNVK_OFFLINE=true: %s, %v", how, err)
	}
}

// pinned is a config.yaml that names a kernel.
func pinned(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "pinned.yaml")
	writeFile(t, path, []byte("kernels:\n    linear 2x1x1 100x1x1: linear\n"))
	return path
}
