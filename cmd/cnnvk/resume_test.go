package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/hints"
	"cnnvk/net/training"
	"cnnvk/vk"

	"github.com/urfave/cli/v2"
)

// cutRun leaves a run that was interrupted in the midst of its second epoch, as run, and gives what one has that was not, as whole.
func cutRun(t *testing.T) { cutRunAfter(t, run.MetricsFile) }

// cutRunAfter is cutRun with the interruption when that file is there.
func cutRunAfter(t *testing.T, file string) {
	t.Helper()
	emptyFolder(t)
	cutTraining(t, file, "train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "3", "--out")
}

// cutTraining is cutRunAfter of any training.
func cutTraining(t *testing.T, file string, begin ...string) {
	t.Helper()
	cnnvk(append(begin, "whole")...).ok(t)
	often := small()
	often.checkpointEvery = 0
	ctx, interrupt := context.WithCancelCause(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat("run/" + file); err == nil {
				interrupt(interrupted{})
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var stdout, stderr bytes.Buffer
	if code := often.run(ctx, append([]string{"cnnvk"}, append(begin, "run")...), &stdout, &stderr); code != exitInterrupted {
		t.Fatalf("it came to its end before it could be interrupted: exit code %d: %s", code, stderr.String())
	}
}

// A run that was interrupted in its first epoch has a row for that, until it goes on.
func TestResumeFirstEpoch(t *testing.T) {
	cutRunAfter(t, run.LastState)
	f, err := run.Reopen("run")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := f.ReadCheckpoint()
	if err != nil || c.Epoch != 0 || c.Step == 0 {
		t.Fatalf("checkpoint %+v, %v", c, err)
	}
	if rows := strings.Count(read(t, "run/"+run.MetricsFile), "\n"); rows != 2 {
		t.Errorf("metrics.csv has %d lines", rows)
	}
	if err := f.Restore(c, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("run/" + run.MetricsFile); err == nil {
		t.Error("metrics.csv has a row of the epoch under way")
	}
	f.Close()
	cnnvk("train", "--resume", "run").ok(t)
	sameRun(t, "run", "whole")
	if got, _ := kinds(t, "run"); strings.Join(got, " ") != "begin interrupted resume epoch epoch epoch end" {
		t.Errorf("events %v", got)
	}
}

// After Ctrl-C a run goes on to the bits of one that was never stopped, also with its files elsewhere; then it is finished, and a
// further resume says so and touches nothing.
func TestResumeInterrupted(t *testing.T) {
	cutRun(t)
	if err := os.Rename("run", "moved"); err != nil {
		t.Fatal(err)
	}
	o := cnnvk("train", "--resume", "moved")
	o.ok(t)
	if !regexp.MustCompile(`(?m)^resuming after step \d, in epoch \d$`).MatchString(o.stdout) || o.stderr != "" {
		t.Errorf("%s%s", o.stdout, o.stderr)
	}
	sameRun(t, "moved", "whole")

	before := listing(t)
	o = cnnvk("train", "--resume", "moved", "-q")
	o.ok(t)
	if !strings.HasPrefix(o.stdout, "best validation accuracy ") {
		t.Errorf("%s", o.stdout)
	}
	if o = cnnvk("train", "--resume", "moved"); !strings.HasPrefix(o.stdout, "the run moved is finished: all 3 epochs are done\n") {
		t.Errorf("%s", o.stdout)
	}
	unchanged(t, before)
}

// A finished run says why it is, also where its process was killed before the last files were written.
func TestResumeFinished(t *testing.T) {
	emptyFolder(t)
	for name, c := range map[string]struct{ args, why string }{
		"limited": {"--limit-steps 4", "the limit of 4 steps is reached"},
		"last":    {"--epochs 1 --limit-steps 2", "the limit of 2 steps is reached"},
		"early":   {"--epochs 40 --patience 2 --lr 1e-12", "the validation accuracy has not improved in 2 epochs"},
	} {
		o := cnnvk(append([]string{"train", "--device", "cpu", "--config", narrowConfig(t), "--out", name}, strings.Fields(c.args)...)...)
		o.ok(t)
		if !regexp.MustCompile(`(?m)^stopped after epoch \d+: ` + c.why + `$`).MatchString(o.stdout) {
			t.Errorf("%s", o.stdout)
		}
		before, told := listing(t), read(t, name+"/"+run.EventsFile)
		writeFile(t, name+"/"+run.EventsFile, []byte(told[:strings.LastIndex(strings.TrimSpace(told), "\n")+1])) // all but the end
		writeFile(t, name+"/"+run.LastWeights, []byte("of the epoch before"))
		writeFile(t, name+"/"+run.MetricsFile, []byte("of the epoch before"))
		o = cnnvk("train", "--resume", name)
		o.ok(t)
		if !strings.HasPrefix(o.stdout, "the run "+name+" is finished: "+c.why+"\n") {
			t.Errorf("%s", o.stdout)
		}
		if got, last := kinds(t, name); last.Reason != c.why || got[len(got)-2] != "epoch" {
			t.Errorf("events %v, the last %+v", got, last)
		}
		writeFile(t, name+"/"+run.EventsFile, []byte(told)) // which has the epoch twice now
		unchanged(t, before)
		os.RemoveAll(name)
	}
}

// A run without a checkpoint begins over in its folder.
func TestResumeBeginsOver(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--out", "whole").ok(t)
	writeFile(t, "run/"+run.ConfigFile, []byte(read(t, "whole/"+run.ConfigFile)))
	writeFile(t, "run/"+run.LockFile, []byte("123456789"))
	writeFile(t, "run/checkpoints/.cnnvk-0123456789abcdef.tmp", []byte("cut"))
	o := cnnvk("train", "--resume", "run")
	o.ok(t)
	if !strings.HasPrefix(o.stdout, "the run run has no checkpoint yet: it begins over\n") {
		t.Errorf("%s", o.stdout)
	}
	sameRun(t, "run", "whole")
}

// On another device the run goes on, and says that its bits may differ. From then on that device is the run's.
func TestResumeElsewhere(t *testing.T) {
	cutRun(t)
	if err := os.Rename("run", "cut"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, was string }{{"device", "Radeon"}, {"driver", "RADV 1"}, {"version", "v0"}, {"kernels", "other"}} {
		if err := errors.Join(os.RemoveAll("run"), os.CopyFS("run", os.DirFS("cut"))); err != nil {
			t.Fatal(err)
		}
		changeCheckpoint(t, func(m map[string]string) {
			m[run.MetaWeights] = regexp.MustCompile(`"`+c.key+`":"[^"]*"`).ReplaceAllString(m[run.MetaWeights], `"`+c.key+`":"`+c.was+`"`)
		})
		text := regexp.MustCompile(`(?m)^`+c.key+`: .*$`).ReplaceAllString(read(t, "run/"+run.ConfigFile), c.key+": "+c.was)
		if c.key != "kernels" {
			writeFile(t, "run/"+run.ConfigFile, []byte(text))
		}
		o := cnnvk("train", "--resume", "run", "--device", "cpu")
		if o.code != exitDone || !strings.Contains(o.stderr, "the run goes on with another "+c.key+": its bits may differ") || !strings.Contains(o.stderr, c.was) {
			t.Errorf("%s: exit code %d: %s", c.key, o.code, o.stderr)
		}
		sameRun(t, "run", "whole")
	}
}

// changeCheckpoint changes what the run's checkpoint says.
func changeCheckpoint(t *testing.T, change func(metadata map[string]string)) {
	t.Helper()
	c, err := training.LoadCheckpoint("run/" + run.LastState)
	if err != nil {
		t.Fatal(err)
	}
	change(c.Metadata)
	writeCheckpoint(t, c)
}

// writeCheckpoint gives the run that checkpoint.
func writeCheckpoint(t *testing.T, c *training.Checkpoint) {
	t.Helper()
	var file bytes.Buffer
	if err := c.Encode(&file); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "run/"+run.LastState, file.Bytes())
}

// What cannot be resumed is refused in a line that says what to do, and stays as it was.
func TestResumeRefused(t *testing.T) {
	cutRun(t)
	const anew = "cnnvk train --config run/config.yaml --out DIR begins another run"
	var p program // of the case
	config, good := read(t, "run/"+run.ConfigFile), read(t, "run/"+run.LastState)
	edit := func(old, new string) func() {
		return func() { writeFile(t, "run/"+run.ConfigFile, []byte(strings.Replace(config, old, new, 1))) }
	}
	damage := func(text string) func() { return func() { writeFile(t, "run/"+run.LastState, []byte(text)) } }
	for _, c := range []struct {
		name, more, says, hint string
		code                   int
		do                     func()
	}{
		{"no run", "--resume nowhere", `^cnnvk: nowhere cannot be resumed: nowhere/config\.yaml: no such file or directory$`, "the folder of a run", exitFailed, nil},
		{"no name", "--resume=", `^cnnvk: --resume needs the folder of a run$`, "", exitUsage, nil},
		{"cut", "", `run/checkpoints/last\.safetensors is a damaged safetensors file: `,
			"cp run/checkpoints/best.safetensors run/checkpoints/last.safetensors goes back to epoch 1, the best; " + anew, exitFailed, damage(good[:len(good)/2])},
		{"empty", "", `last\.safetensors is no safetensors file: it is an empty file$`, anew, exitFailed, damage("")},
		{"flipped", "", `last\.safetensors is damaged: its checksum is another$`, anew, exitFailed, damage(good[:len(good)-1] + string(good[len(good)-1]^1))},
		{"weights", "", `last\.safetensors is not a checkpoint$`, anew, exitFailed, damage(read(t, "run/"+run.LastWeights))},
		{"format", "", `last\.safetensors is a cnnvk checkpoint 0: this program reads cnnvk checkpoint 1$`, "the version of cnnvk that wrote it can resume the run; " + anew,
			exitFailed, damage(strings.Replace(good, "cnnvk checkpoint 1", "cnnvk checkpoint 0", 1))},
		{"no checkpoint", "", `^cnnvk: the run run cannot be resumed: it has weights, but no checkpoints/last\.safetensors$`,
			"cnnvk train --config run/config.yaml --out run --force begins it over", exitFailed, func() { os.Remove("run/" + run.LastState) }},
		{"epochs", "", `^cnnvk: run/config\.yaml says epochs 9, but its checkpoint is of a training with 3$`, "set it back to go on", exitFailed, edit("epochs: 3", "epochs: 9")},
		{"model", "", `run/config\.yaml says widths \[2 2 2 2 2 4\], but its checkpoint is of a training with \[2 2 2 2 2 2\]$`, "set it back to go on", exitFailed,
			edit("2, 2]", "2, 4]")},
		{"bad value", "", `^cnnvk: run/config\.yaml: epochs 0: use 1 or more$`, "", exitFailed, edit("epochs: 3", "epochs: 0")},
		{"bad key", "", `^cnnvk: run/config\.yaml: line \d+: unknown key "colour"$`, "", exitFailed, edit("epochs: 3", "colour: 3")},
		{"cut config", "", `^cnnvk: run/config\.yaml: `, "", exitFailed, func() { writeFile(t, "run/"+run.ConfigFile, nil) }},
		{"data gone", "", `gone: no such folder$`, "--data DIR says where the run's images are now", exitFailed, edit("data: synthetic", "data: gone")},
		{"data", "", `^cnnvk: the training images of synthetic have the MD5 \w+, but the run run has those of \w+$`, "--data DIR with the run's own; " + anew, exitFailed,
			func() { p.syntheticImages = testImages + 1 }},
		{"data of the checkpoint", "", `^cnnvk: the training images of synthetic have the MD5 \w+, but the run run has those of 123$`, "--data DIR with the run's own; " + anew, exitFailed,
			func() { changeCheckpoint(t, func(m map[string]string) { m[run.MetaData] = "123" }) }},
		{"split", "", `^cnnvk: the run run dealt its images to training and validation in another way than this program does$`, anew, exitFailed,
			func() { changeCheckpoint(t, func(m map[string]string) { m[run.MetaSplit] = "123" }) }},
		{"other tensors", "", `last\.safetensors: net: the checkpoint has no tensor model\.features\.8\.`, anew, exitFailed, otherTensors(t)},
	} {
		t.Run(c.name, func(t *testing.T) {
			writeFile(t, "run/"+run.ConfigFile, []byte(config))
			writeFile(t, "run/"+run.LastState, []byte(good))
			p = small()
			if c.do != nil {
				c.do()
			}
			before := listing(t)
			args := strings.Fields(c.more)
			if len(args) == 0 {
				args = []string{"--resume", "run"}
			}
			o := p.cnnvk(append([]string{"train"}, args...)...)
			o.failed(t, c.code, c.says, c.hint)
			unchanged(t, before)
		})
	}
}

// otherTensors gives the run the checkpoint of a wider network, which calls itself the run's.
func otherTensors(t *testing.T) func() {
	return func() {
		writeFile(t, "wide.yaml", []byte(strings.Replace(read(t, "run/"+run.ConfigFile), "2, 2]", "2, 4]", 1)))
		cnnvk("train", "--device", "cpu", "--config", "wide.yaml", "--out", "wide", "--epochs", "1").ok(t)
		wide, err := training.LoadCheckpoint("wide/" + run.LastState)
		if err != nil {
			t.Fatal(err)
		}
		changeCheckpoint(t, func(m map[string]string) { wide.Metadata = m })
		writeCheckpoint(t, wide)
	}
}

// Nothing but where and how loud goes with --resume: a run is trained as it began.
func TestResumeFlags(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--out", "run").ok(t)
	before := listing(t)
	for _, more := range []string{"--epochs 60", "--seed 1", "--batch-size 3", "--limit-steps 9", "--opt sgd", "--lr 1", "--patience 3", "--out x", "--config run/config.yaml", "--force"} {
		flag, _, _ := strings.Cut(more, " ")
		o := cnnvk(append([]string{"train", "--resume", "run"}, strings.Fields(more)...)...)
		o.failed(t, exitUsage, `^cnnvk: `+flag+` does not go with --resume: a run goes on as it began$`, "cnnvk train --config run/config.yaml --")
	}
	cnnvk("train", "--resume", "run", "--data", "synthetic", "--device", "cpu", "--no-tune", "-v").ok(t)
	unchanged(t, before)
}

// Of a run that goes on in another process nothing is touched.
func TestResumeLocked(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--out", "run").ok(t)
	other, err := run.Reopen("run")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	before := listing(t)
	cnnvk("train", "--resume", "run").failed(t, exitFailed, fmt.Sprintf(`^cnnvk: process %d is training in the run folder run$`, os.Getpid()), "it goes on by itself")
	unchanged(t, before)
}

// One command begins a run, goes on with it however it ended, and says that it is finished: as often as a scheduler queues it.
func TestResumeAuto(t *testing.T) {
	emptyFolder(t)
	config := narrowConfig(t)
	again := func(more ...string) outcome {
		return cnnvk(append([]string{"train", "--device", "cpu", "--config", config, "--epochs", "2", "--seed", "7", "--out", "run", "--resume", "auto"}, more...)...)
	}
	whole := cnnvk("train", "--device", "cpu", "--config", config, "--epochs", "2", "--seed", "7", "--out", "whole")
	whole.ok(t)
	same := func(what string) {
		t.Helper()
		for _, name := range []string{run.ConfigFile, run.BestWeights, run.LastWeights} {
			if read(t, "run/"+name) != read(t, "whole/"+name) {
				t.Errorf("%s: %s is not that of a run that was never stopped", what, name)
			}
		}
	}
	// What a training leaves that is killed before it wrote config.yaml.
	writeFile(t, "run/.cnnvk-0123456789abcdef.tmp", nil)
	writeFile(t, "run/weights/.cnnvk-0123456789abcdef.tmp", nil)
	writeFile(t, "run/"+run.LockFile, []byte("1"))
	o := again()
	o.ok(t)
	same("begun")
	if !strings.Contains(o.stdout, "(--config)") || strings.Contains(o.stdout, "resum") {
		t.Errorf("it begins:\n%s", o.stdout)
	}
	before := listing(t)
	if o = again("--data", synthetic, "--trace", "t.json"); o.code != exitDone || !strings.Contains(o.stdout, "the run run is finished: ") {
		t.Errorf("finished: exit code %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	unchanged(t, before)

	for _, gone := range []string{"weights", "checkpoints", run.MetricsFile} {
		if err := os.RemoveAll("run/" + gone); err != nil {
			t.Fatal(err)
		}
	}
	o = again()
	o.ok(t)
	same("begun over")
	if !strings.Contains(o.stdout, "the run run has no checkpoint yet: it begins over") {
		t.Errorf("without a checkpoint:\n%s", o.stdout)
	}
	if err := os.RemoveAll("run"); err != nil {
		t.Fatal(err)
	}
	again("--limit-steps", "3").ok(t)
	again().failed(t, exitUsage, `^cnnvk: --limit-steps 0 is not what the run in run began with, which is 3$`, "--out run-2 begins another run")

	for _, c := range []struct{ args, says, hint string }{
		{"--limit-steps 3 --lr 0.5", `--lr 0\.5 is not what the run in run began with, which is 0\.001$`, "--out run-2 "},
		{"--limit-steps 3 --widths 2,2,2,2,2,4", `--widths 2,2,2,2,2,4 is not what the run in run began with, which is 2,2,2,2,2,2$`, "--out run-2 "},
		{"--limit-steps 3 --max-time 1h", `--max-time and --epochs`, ""},
		{"--force", `--resume auto and --force: use one of them$`, ""},
		{"--out=", `--resume auto needs --out DIR`, "--resume ./auto "},
	} {
		again(strings.Fields(c.args)...).failed(t, exitUsage, c.says, c.hint)
	}
	writeFile(t, "mine/notes.txt", nil)
	again("--out", "mine").failed(t, exitFailed, `the run folder mine is not empty`, "--out mine-2 ")

	other, err := run.Reopen("run")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	again().failed(t, exitFailed, fmt.Sprintf(`^cnnvk: process %d is training in the run folder run$`, os.Getpid()), "it goes on by itself")
}

// --resume takes a file of a run for the run, but not the best one, from which it would not go on.
func TestResumeFileOfRun(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--out", "run").ok(t)
	before := listing(t)
	for _, name := range []string{"", "/", "/config.yaml", "/metrics.csv", "/checkpoints/last.safetensors", "/weights/last.safetensors", "/checkpoints", "/weights"} {
		if o := cnnvk("train", "--resume", "run"+name); o.code != exitDone || !strings.Contains(o.stdout, "is finished") {
			t.Errorf("%s: %s%s", name, o.stdout, o.stderr)
		}
	}
	for _, name := range []string{"/checkpoints/best.safetensors", "/weights/best.safetensors"} {
		cnnvk("train", "--resume", "run"+name).failed(t, exitUsage, `a run goes on from its last checkpoint, not from its best$`,
			"--resume run goes on from the last; cp run/checkpoints/best.safetensors run/checkpoints/last.safetensors first")
	}
	writeFile(t, "other/weights/last.safetensors", nil)
	for _, path := range []string{"other", "other/weights/last.safetensors", "nowhere", "run/nothing"} {
		cnnvk("train", "--resume", path).failed(t, exitFailed, `cannot be resumed`, "--resume takes the folder of a run")
	}
	if err := os.RemoveAll("other"); err != nil {
		t.Fatal(err)
	}
	unchanged(t, before)
}

// A resumed run keeps its batch size: a hint of another says what that goes with, and one of no flag stays as it is.
func TestOrNewRun(t *testing.T) {
	app := small().app(new(bytes.Buffer), new(bytes.Buffer))
	app.Command("train").Action = func(c *cli.Context) error {
		j := &job{flags: c, folder: &run.Folder{Dir: "run"}}
		for hint, want := range map[string]string{
			"--batch-size 64 fits":                        "--batch-size 64 fits, with --config run/config.yaml --out DIR in place of --resume",
			"not even --batch-size 1 fits on this device": "not even --batch-size 1 fits on this device",
		} {
			if got := hints.Of(j.orNewRun(hints.With(vk.ErrOutOfMemory, hint))); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		return nil
	}
	if err := app.Run([]string{"cnnvk", "train", "--resume", "run"}); err != nil {
		t.Fatal(err)
	}
}
