package main

import (
	"strings"
	"testing"
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
		{"train --epochs three", `--epochs "three": parse error$`, "cnnvk train " + flags},
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
		{"train --opt adam", `--opt "adam": use adamw, sgd or nesterov$`, ""},
		{"train --lr NaN", `--lr NaN: use a number above 0$`, ""},
		{"train --lr -0.1", `--lr -0.1: use a number above 0$`, ""},
		{"train --lr 0", `--lr 0: use a number above 0$`, ""},
		{"train --lr inf", `--lr \+Inf: use a number above 0$`, ""},
		{"train --recipe tinynit", `--recipe "tinynit": use smallcifarnet, smallcifarnet-light, smallcifarnet-medium or tinynet$`, "did you mean tinynet?"},
		{"train --max-time 1h --epochs 3", `--max-time and --epochs: use one of them$`, ""},
		{"train --max-time 0s", `--max-time 0s: use 1s or more$`, ""},
		{"train --max-time 5ms", `--max-time 5ms: use 1s or more$`, ""},
		{"train --decay-rate 0.5", `--decay-rate does nothing with the schedule cosine: use --sched step$`, ""},
		{"train --model tinynet --dropout 0.5", `--dropout does nothing with tinynet, which has none$`, ""},
		{"train --model tiny --dropout 0.5", `--model "tiny": use smallcifarnet or tinynet$`, ""},
		{"train --momentum 0.5", `--momentum 0\.5: use 0 with adamw, or sgd or nesterov$`, ""},
		{"train --sched exp", `--sched "exp": use cosine, step, linear or constant$`, ""},
		{"train --widths 1,x", `--widths "1,x": use numbers with commas between them$`, ""},
		{"train --val-ratio 1", `--val-ratio 1: use a number from 0 to below 1$`, ""},
		{"train --split even", `--split "even": use random or stratified$`, ""},
		{"train epochs 3", `train takes no argument "epochs"$`, "cnnvk train " + flags},
		{"eval", `eval needs --weights FILE$`, "best.safetensors"},
		{"eval --json --data x", `eval needs --weights FILE$`, "best.safetensors"},
		{"eval --weights x --batch-size 0", `--batch-size 0: use 1 or more$`, ""},
		{"eval --json=maybe", `--json "maybe": parse error$`, "cnnvk eval " + flags},
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
	for _, args := range [][]string{nil, {"--help"}, {"-h"}} {
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

func TestVersion(t *testing.T) {
	o := cnnvk("version")
	o.ok(t)
	if !strings.HasPrefix(o.stdout, "cnnvk "+version()+" ") || strings.Count(o.stdout, "\n") != 1 {
		t.Errorf("version prints %q", o.stdout)
	}
}
