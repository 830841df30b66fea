package pickle

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

var few = Limits{Instructions: 4096, Containers: 1024}

// A pickle that asks for more than a data need is refused before anything is made of it.
func TestScanRefuses(t *testing.T) {
	le := func(n uint64, bytes int) string { return string(binary.LittleEndian.AppendUint64(nil, n)[:bytes]) }
	many := func(s string) string { return "\x80\x02" + string(bytes.Repeat([]byte(s), 300_000)) + "." }
	for _, c := range []struct{ why, pickle, says string }{
		{"a persistent ID", "\x80\x02K\x00Q.", "an instruction that is not read, 0x51 at byte 4"},
		{"a persistent ID of text", "\x80\x02Px\n.", "0x50"},
		{"an extension", "\x80\x02\x82\x01.", "0x82"},
		{"an instance", "\x80\x02(ios\nsystem\n.", "0x69"},
		{"an object", "\x80\x02(o.", "0x6f"},
		{"a new object", "\x80\x02N)\x81.", "0x81"},
		{"a buffer elsewhere", "\x80\x05\x97.", "0x97"},
		{"the last opcode there is", "\x80\x02\xff.", "0xff"},
		{"text of protocol 0 in it", "\x80\x02S'x'\n.", "0x53"},
		{"protocol 0", "(dp0\nS'data'\np1\nNs.", "is a pickle of protocol 0, which is text"},
		{"a string of a terabyte", "\x80\x04\x8e" + le(1<<40, 8) + "x.", "cut short"},
		{"a string of 16 exabytes", "\x80\x04\x8d" + le(1<<64-1, 8) + "x.", "cut short"},
		{"an array of 16 exabytes", "\x80\x05\x96" + le(1<<63, 8) + "x.", "cut short"},
		{"a string of 4 gigabytes", "\x80\x02T" + le(1<<32-1, 4) + "x.", "cut short"},
		{"a string a byte too long", "\x80\x02U\x03x.", "cut short"},
		{"a number too long", "\x80\x02\x8a\xffx.", "cut short"},
		{"a name without end", "\x80\x02c" + string(bytes.Repeat([]byte("x"), 1000)) + "\ny\n.", "a name that is too long"},
		{"no end", "\x80\x02N", "cut short"},
		{"no end of a name", "\x80\x02cos\nsys", "cut short"},
		{"no end of a number", "\x80\x02J\x00", "cut short"},
		{"nothing", "", "cut short"},
		{"something behind", "\x80\x02N.N.", "goes on after its end, at byte 4"},
		{"lists without end", many("]"), "more instructions than its data need"},
		{"marks without end", many("("), "more instructions"},
		{"dictionaries without end", many("}"), "more instructions"},
		{"tuples without end", many(")"), "more instructions"},
		{"numbers without end", many("K\x00"), "more instructions"},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := Scan(strings.NewReader(c.pickle), int64(len(c.pickle)), few)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

// Python 2 wrote long numbers of a length, which may be 0.
func TestLoadLong(t *testing.T) {
	for pickle, want := range map[string]int{"\x80\x02\x8a\x00.": 0, "\x80\x02\x8a\x01\x07.": 7, "\x80\x02\x8a\x02\x00\x0c.": 3072} {
		s, err := Scan(strings.NewReader(pickle), int64(len(pickle)), few)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Load(nil, nil); got != want || err != nil {
			t.Errorf("%q: %v, %v, want %d", pickle, got, err, want)
		}
	}
}

// Opcodes may be allowed beside those of all data.
func TestScanMore(t *testing.T) {
	const persistent = "\x80\x02U\x01xQ."
	s, err := Scan(strings.NewReader(persistent), int64(len(persistent)), Limits{Instructions: 10, More: "Q"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Load(nil, func(id any) (any, error) { return id.(string) + " found", nil })
	if got != "x found" || err != nil {
		t.Error(got, err)
	}
	if _, err := s.Load(nil, nil); err == nil {
		t.Error("an object of nowhere")
	}
}
