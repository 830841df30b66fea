package net

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// What PyTorch says of the built-in networks, by testdata/make_networks.py: parameters, names, shapes, initial weights.
func TestBuiltInsAgreeWithPyTorch(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/networks.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct {
		Parameters    int
		Names, Values string
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(modelNames) {
		t.Errorf("PyTorch was asked about %d networks, %d are built in", len(want), len(modelNames))
	}
	for _, name := range modelNames {
		m, err := NewModel(name, nil, 1, CIFAR100)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := m.Parameters(); got != want[name].Parameters {
			t.Errorf("%s has %d parameters, want %d", name, got, want[name].Parameters)
		}
		names, values := digests(t, m)
		if names != want[name].Names {
			t.Errorf("%s has other names or shapes than in PyTorch: testdata/make_networks.py --list %s", name, name)
		} else if values != want[name].Values {
			t.Errorf("%s has other initial weights than in PyTorch", name)
		}
	}
}

// digests are the SHA-256 of a network's names and shapes, and of its initial weights from the seed 7.
func digests(t *testing.T, m *Model) (names, values string) {
	t.Helper()
	l, err := m.Layout(0)
	if err != nil {
		t.Fatal(err)
	}
	arena, err := m.Initial(7, l)
	if err != nil {
		t.Fatal(err)
	}
	of, in := sha256.New(), sha256.New()
	for _, p := range m.parameters() {
		fmt.Fprintf(of, "%s %v\n", p.name, p.shape)
		s, _ := l.Segment(p.name)
		list := make([]float32, p.shape.Elements())
		for i := range list {
			list[i] = float32(arena[s.Offset+i])
		}
		if err := binary.Write(in, binary.LittleEndian, list); err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(of.Sum(nil)), hex.EncodeToString(in.Sum(nil))
}

// The counts that the networks were chosen by.
func TestBuiltInParameters(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{
		"smallcifarnet": 765_055, "tinynet": 556_708, "resnet9s": 876_860, "ds-resnet": 651_108, "resnet20": 278_324,
		"wrn-16-2": 703_284, "mobilenetv2": 900_756,
	} {
		m, err := NewModel(name, nil, 1, CIFAR100)
		if err != nil || m.Parameters() != want {
			t.Errorf("%s: %v, want %d parameters", name, err, want)
		}
	}
}

// A built-in network reads back from its own text, and its text stays as it is.
func TestBuiltInText(t *testing.T) {
	t.Parallel()
	for _, name := range modelNames {
		s, err := BuiltIn(name)
		if err != nil {
			t.Fatal(err)
		}
		text := s.Text()
		again, err := ParseSpec([]byte(text), "other")
		if err != nil {
			t.Errorf("%s: %v in\n%s", name, err, text)
			continue
		}
		if again.Text() != text || again.Name != name {
			t.Errorf("%s becomes\n%s\nand then\n%s", name, text, again.Text())
		}
		a, b := mustBuild(t, s), mustBuild(t, again)
		if fmt.Sprint(a.Segments()) != fmt.Sprint(b.Segments()) {
			t.Errorf("%s has other parameters after it was written:\n%s", name, text)
		}
	}
}

func mustBuild(t *testing.T, s *Spec) *Model {
	t.Helper()
	m, err := s.Build(1, CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
