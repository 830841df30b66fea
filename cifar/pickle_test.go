package cifar

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

// pickler writes pickles as Python 2 did: protocol 2, every string and array remembered.
type pickler struct {
	bytes.Buffer
	memo uint32
}

func (p *pickler) put() {
	p.WriteByte('r')
	p.Write(binary.LittleEndian.AppendUint32(nil, p.memo))
	p.memo++
}

func (p *pickler) str(s []byte) {
	if len(s) < 256 {
		p.Write([]byte{'U', byte(len(s))})
	} else {
		p.WriteByte('T')
		p.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	}
	p.Write(s)
	p.put()
}

func (p *pickler) number(n int) {
	if n >= 0 && n < 256 {
		p.Write([]byte{'K', byte(n)})
		return
	}
	p.WriteByte('J')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
}

// list writes a thousand items at a time.
func (p *pickler) list(n int, item func(i int)) {
	p.WriteByte(']')
	p.put()
	for i := range n {
		if i%1000 == 0 {
			p.WriteByte('(')
		}
		item(i)
		if i%1000 == 999 || i == n-1 {
			p.WriteByte('e')
		}
	}
}

func (p *pickler) numbers(labels []uint8) {
	p.list(len(labels), func(i int) { p.number(int(labels[i])) })
}

func (p *pickler) array(of string, data []byte, shape ...int) {
	p.WriteString("cnumpy.core.multiarray\n_reconstruct\n")
	p.put()
	p.WriteString("cnumpy\nndarray\n")
	p.put()
	p.WriteString("K\x00\x85")
	p.put()
	p.str([]byte("b"))
	p.WriteByte(0x87)
	p.put()
	p.WriteByte('R')
	p.put()
	p.WriteString("(K\x01(")
	for _, n := range shape {
		p.number(n)
	}
	p.WriteByte('t')
	p.put()
	p.WriteString("cnumpy\ndtype\n")
	p.put()
	p.str([]byte(of))
	p.WriteString("K\x00K\x01\x87")
	p.put()
	p.WriteByte('R')
	p.put()
	p.WriteString("(K\x03")
	p.str([]byte("|"))
	p.WriteString("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t")
	p.put()
	p.WriteString("b\x89")
	p.str(data)
	p.WriteByte('t')
	p.put()
	p.WriteByte('b')
}

// entryOf is an entry of a pickled dictionary.
type entryOf struct {
	key   string
	write func(p *pickler)
}

func pickleOf(entries ...entryOf) []byte {
	p := new(pickler)
	p.WriteString("\x80\x02}")
	p.put()
	p.WriteByte('(')
	for _, e := range entries {
		p.str([]byte(e.key))
		e.write(p)
	}
	p.WriteString("u.")
	return p.Bytes()
}

// pickleSet writes a set as its authors did. Changed entries take the place of those with their key,
// or are left out where they write nothing.
func pickleSet(s *Set, changed ...entryOf) []byte {
	entries := []entryOf{
		{"filenames", func(p *pickler) {
			p.list(s.Len(), func(i int) { p.str(fmt.Appendf(nil, "bos_taurus_s_%06d.png", i)) })
		}},
		{"batch_label", func(p *pickler) { p.str([]byte("training batch 1 of 1")) }},
		{"fine_labels", func(p *pickler) { p.numbers(s.Labels) }},
		{"coarse_labels", func(p *pickler) { p.numbers(s.Coarse) }},
		{"data", func(p *pickler) { p.array("u1", s.Images, s.Len(), ImageBytes) }},
	}
	var out []entryOf
	for _, e := range entries {
		for _, c := range changed {
			if c.key == e.key {
				e = c
			}
		}
		if e.write != nil {
			out = append(out, e)
		}
	}
	for _, c := range changed {
		if c.write != nil && c.key != "data" && c.key != "fine_labels" && c.key != "coarse_labels" {
			out = append(out, c)
		}
	}
	return pickleOf(out...)
}

// What gets through the scan can still be no pickle, or name what is not read.
func TestLoadPickleRefuses(t *testing.T) {
	array := "\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
	for _, c := range []struct{ why, pickle, says string }{
		{"a command", "\x80\x02cos\nsystem\nU\x04echo\x85R.", `wants Python's "os.system", which is not executed`},
		{"a command of protocol 4", "\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.", `wants Python's "builtins.eval"`},
		{"a class of NumPy", "\x80\x02cnumpy\nload\nU\x01x\x85R.", `wants Python's "numpy.load"`},
		{"a long name", "\x80\x02c" + string(bytes.Repeat([]byte("é"), 200)) + "\nx\n.", `..."`},
		{"an empty stack", "\x80\x02.", "is damaged"},
		{"tuple of nothing", "\x80\x02\x86.", "is damaged"},
		{"no mark", "\x80\x02t.", "is damaged"},
		{"odd dictionary", "\x80\x02}(U\x01xu.", "is damaged"},
		{"key that is no text", "\x80\x03ccollections\nOrderedDict\n)R(C\x01xNu.", "is damaged"},
		{"calling a number", "\x80\x02K\x01)R.", "is damaged"},
		{"arguments that are none", "\x80\x02cnumpy\ndtype\nK\x01R.", "is damaged"},
		{"no arguments", "\x80\x02cnumpy\ndtype\n)R.", "is damaged"},
		{"a name of numbers", "\x80\x04K\x01K\x02\x93.", "is damaged"},
		{"an array's state is missing", array + "Nb.", "is damaged"},
		{"an array's state is short", array + "K\x01\x85b.", "is damaged"},
		{"an array's shape is none", array + "(K\x01K\x02NNNtb.", "is damaged"},
		{"a scalar of nothing", "\x80\x02cnumpy.core.multiarray\nscalar\n)R.", "is damaged"},
		{"a buffer of nothing", "\x80\x02cnumpy.core.numeric\n_frombuffer\n)R.", "is damaged"},
		{"bytes that are none", "\x80\x02c_codecs\nencode\nX\x03\x00\x00\x00\xe2\x82\xacX\x06\x00\x00\x00latin1\x86R.", "is damaged"},
		{"another codec", "\x80\x02c_codecs\nencode\nU\x01xU\x03hex\x86R.", "is damaged"},
		{"a protocol to come", "\x80\x09N.", "is damaged"},
	} {
		t.Run(c.why, func(t *testing.T) {
			skeleton, err := scanPickle(bytes.NewReader([]byte(c.pickle)), int64(len(c.pickle)), 3)
			if err != nil {
				t.Fatal(err)
			}
			value, err := loadPickle(skeleton)
			checkSays(t, err, c.says)
			if value != nil {
				t.Errorf("made %v", value)
			}
		})
	}
}

// No bytes make the reader fail but with an error, and no few bytes make it take much memory.
func FuzzPickle(f *testing.F) {
	f.Add(pickleSet(Synthetic(1, 2)))
	f.Fuzz(func(t *testing.T, data []byte) {
		fill(2, func(p part, set *Set) error {
			return p.readPython(bytes.NewReader(data), "fuzzed", int64(len(data)), set)
		})
	})
}
