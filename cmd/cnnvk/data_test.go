package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
)

// dataFile makes a folder with a file of that many zero bytes, which take no room on the disk, and sets one of them.
func dataFile(t *testing.T, folder, name string, size, at int64, value byte) {
	t.Helper()
	writeFile(t, filepath.Join(folder, name), nil)
	f, err := os.OpenFile(filepath.Join(folder, name), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{value}, at); err != nil {
		t.Fatal(err)
	}
}

// badFolders makes a folder for each way in which a data file can be wrong.
func badFolders(t *testing.T, file string, records int64) {
	t.Helper()
	const record = cifar.RecordBytes
	dataFile(t, "short", file, records*record-1, 0, 0)
	dataFile(t, "long", file, records*record+1, 0, 0)
	dataFile(t, "fine", file, records*record, 2*record+1, 100)
	dataFile(t, "coarse", file, records*record, 3*record, 20)
	if err := os.MkdirAll(filepath.Join("folder", file), 0o777); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "empty/readme", nil)
	writeFile(t, "plain", nil)
}

// badFolder is a folder of badFolders, and what the error and the hint about it say; FILE stands for the file's name.
type badFolder struct{ data, says, hint string }

var badData = []badFolder{
	{"short", `cifar: short/FILE: is cut short: \d+ bytes, must be \d+`, "cnnvk data download --to"},
	{"long", `cifar: long/FILE: is too long: \d+ bytes, must be \d+`, "cnnvk data download --to"},
	{"fine", `cifar: fine/FILE: record 2 .*fine label 100, must be below 100$`, "cnnvk data download --to"},
	{"coarse", `cifar: coarse/FILE: record 3 .*coarse label 20, must be below 20$`, "cnnvk data download --to"},
	{"folder", `cifar: folder/FILE: is a folder, must be a file$`, "cnnvk data download --to"},
	{"empty", `cifar: empty/FILE: no such file`, "cnnvk data download --to"},
	{"plain", `cifar: plain: is not a folder$`, "name the folder that holds"},
	{"nowhere", `cifar: nowhere: no such folder$`, "cnnvk data download --to nowhere"},
}

func TestTrainBadData(t *testing.T) {
	emptyFolder(t)
	badFolders(t, "train.bin", cifar.TrainRecords)
	checkRefused(t, badData, "train.bin", "train")
}

// checkRefused wants a command to refuse each folder of data: with its message, nothing printed, and nothing changed.
func checkRefused(t *testing.T, folders []badFolder, file string, command ...string) {
	t.Helper()
	before := listing(t)
	for _, c := range folders {
		t.Run(c.data, func(t *testing.T) {
			o := cnnvk(append(command, "--data", c.data)...)
			o.failed(t, exitFailed, strings.ReplaceAll(c.says, "FILE", file), c.hint)
			if o.stdout != "" {
				t.Errorf("standard output has %q", o.stdout)
			}
			unchanged(t, before)
		})
	}
}

// What data info is for: a bad file of either kind is named, and nothing is printed as if it were known.
func TestDataInfoBadData(t *testing.T) {
	emptyFolder(t)
	badFolders(t, "train.bin", cifar.TrainRecords)
	dataFile(t, "test-label", "train.bin", cifar.TrainRecords*cifar.RecordBytes, 0, 0)
	dataFile(t, "test-label", "test.bin", cifar.TestRecords*cifar.RecordBytes, 2*cifar.RecordBytes+1, 100)
	checkRefused(t, append(slices.Clone(badData),
		badFolder{"test-label", `cifar: test-label/test.bin: record 2 .*fine label 100, must be below 100$`, badData[2].hint}), "train.bin", "data", "info", "--json")
}

func TestEvalBadData(t *testing.T) {
	emptyFolder(t)
	badFolders(t, "test.bin", cifar.TestRecords)
	saveWeights(t, "w.safetensors", nil)
	before := listing(t)
	checkRefused(t, badData, "test.bin", "eval", "--json", "--weights", "w.safetensors")
	cnnvk("eval", "--weights", "w.safetensors").failed(t, exitUsage, "eval needs the test set: --data DIR", "test.bin")
	unchanged(t, before)
}
