package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/engine"
)

// fakeDevices makes the test see devices of the fake driver, which are there and do nothing, and no others.
func fakeDevices(t *testing.T, kinds string) {
	t.Helper()
	fake := fakeDriver(t)
	emptyFolder(t)
	if fake == "" || !loaderInstalled(t) {
		t.Skip("there is no gcc for a fake driver, or no loader that could look for it")
	}
	writeFile(t, "fake.json", fmt.Appendf(nil, `{"file_format_version":"1.0.0","ICD":{"library_path":%q,"api_version":"1.1.0"}}`, fake))
	t.Setenv("VK_DRIVER_FILES", "fake.json")
	t.Setenv("VK_ICD_FILENAMES", "fake.json")
	t.Setenv("FAKE_DEVICES", kinds)
	t.Setenv("CNNVK_DEVICE", "")
	t.Setenv("CNNVK_VALIDATION", "")
}

// Of two devices of one name each can be asked for, and a run goes on with its own, or with one that is alike.
func TestTwins(t *testing.T) {
	fakeDevices(t, "cc")
	const first, second = "fa000000-0000-0000-0000-000000000001", "fa000000-0000-0000-0000-000000000002"
	for want, says := range map[string]string{
		"":     "device 0 is used: the first of 2",
		"1":    "device 1 is used: asked for by its index",
		second: "device 1 is used: asked for by its UUID",
	} {
		o := cnnvk("devices", "-v", "--device", want)
		o.ok(t)
		if !strings.Contains(o.stdout, says) || !strings.Contains(o.stdout, second) {
			t.Errorf("%s: no %q in\n%s", want, says, o.stdout)
		}
	}
	cnnvk("devices", "--device", "fake c").failed(t, exitFailed, `vk: 2 devices are called "fake c": `,
		"--device 0 (fake c, "+first+"), --device 1 (fake c, "+second+")")

	// The run has no checkpoint yet. What such a device computes is another matter.
	quickest(t, "--out", "reference").ok(t)
	text := regexp.MustCompile(`(?m)^device: .*$`).ReplaceAllString(read(t, "reference/"+run.ConfigFile), "device: fake c")
	writeFile(t, "run/"+run.ConfigFile, []byte(text))
	if o := cnnvk("train", "--resume", "run"); strings.Contains(o.stderr, "devices are called") {
		t.Errorf("%s", o.stderr)
	}

	like := engine.Device{Name: "fake c", Driver: "version 0x0"}
	for was, want := range map[string]string{first: first, second: second, "": first, "fa000000-0000-0000-0000-000000000009": first} {
		m, err := machine.Open(machine.Options{Like: like, UUID: was, There: true})
		if err != nil {
			t.Fatal(err)
		}
		if m.UUID() != want || m.Device() != like {
			t.Errorf("a run on %q goes on with %+v, %q", was, m.Device(), m.UUID())
		}
		if err := m.Reopen(); err != nil || m.UUID() != want {
			t.Errorf("opened again: %q, %v", m.UUID(), err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A run writes down which of the devices of one name it is on.
func TestRunsUUID(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	m, err := machine.Open(machine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	uuid := m.UUID()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	cnnvk("train", "--config", narrowConfig(t), "--limit-steps", "1", "--device", "0", "--out", "run").ok(t)
	quickest(t, "--out", "reference").ok(t)
	for folder, want := range map[string]string{"run": uuid, "reference": ""} {
		text := read(t, folder+"/"+run.ConfigFile)
		if c, err := run.ReadConfig(folder + "/" + run.ConfigFile); err != nil || c.DeviceUUID != want || strings.Contains(text, "device_uuid") != (want != "") {
			t.Errorf("%s: %q, want %q, %v:\n%s", folder, c.DeviceUUID, want, err, text)
		}
	}
	if uuid == "" {
		t.Log("the driver gives its device no UUID")
	}
}

// A device that takes every call and computes nothing is refused, in a line, by whatever is to compute on it.
func TestComputesNothing(t *testing.T) {
	fakeDevices(t, "c")
	dataFile(t, "data", "test.bin", cifar.TestRecords*cifar.RecordBytes, 0, 0)
	quickest(t, "--out", "reference").ok(t)
	writeFile(t, "run/"+run.ConfigFile, []byte(read(t, "reference/"+run.ConfigFile)))
	for _, folder := range []string{"run/weights", "run/checkpoints"} {
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	before := listing(t)
	for _, compileOnly := range []string{"", "1"} {
		t.Setenv(machine.CompileVariable, compileOnly)
		for _, args := range []string{
			"train --data synthetic", "train --resume run --device 0", "eval --data data --weights reference/weights/best.safetensors",
			"tune", "data preview --data synthetic --out sheet.png", "bench", "bench --json",
		} {
			if strings.HasPrefix(args, "bench") && compileOnly != "" {
				continue
			}
			o := cnnvk(strings.Fields(args)...)
			o.failed(t, exitFailed, `: "fake c" computes nothing: a product of two small matrices came back as \[0 0 0 0\], not \[`,
				machine.CompileVariable+"=1 cnnvk bench --no-tune")
		}
		for _, args := range []string{"devices", "summary"} {
			cnnvk(args).ok(t)
		}
	}
	unchanged(t, before)

	o := cnnvk("bench", "--no-tune", "--recipe", "tinynet", "--batch-size", "8", "--repeats", "1")
	o.ok(t)
	for _, line := range []string{"train batch 8\n", "eval batch 8\n", "  conv2d: conv2d_shared\n", "  sgd: sgd\n"} {
		if !strings.Contains(o.stdout, line) {
			t.Errorf("no %q in\n%s", line, o.stdout)
		}
	}
	if strings.Contains(o.stdout, "images/s") {
		t.Errorf("it has rates:\n%s", o.stdout)
	}
	t.Setenv("CNNVK_NO_TUNE", "0")
	for args, says := range map[string]string{"bench": "bench needs --no-tune", "bench --no-tune --json": "nothing for --json", "bench --no-tune --profile": "nothing for --profile"} {
		cnnvk(strings.Fields(args)...).failed(t, exitUsage, says, machine.CompileVariable+"=1 cnnvk bench --no-tune")
	}
	t.Setenv(machine.CompileVariable, "true")
	cnnvk("bench").failed(t, exitUsage, "bench needs --no-tune", machine.CompileVariable+"=1 cnnvk bench --no-tune")
	t.Setenv(machine.CompileVariable, "yes")
	cnnvk("bench", "--no-tune").failed(t, exitUsage, machine.CompileVariable+` is "yes"`, machine.CompileVariable+"=1")
}
