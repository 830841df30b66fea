package onnx

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func small() *Model {
	return &Model{
		Producer: "someone", ProducerVersion: "1",
		Graph: Graph{
			Name:         "g",
			Inputs:       []Value{{"input", Uint8, []int{3, 300, 5}}},
			Outputs:      []Value{{"logits", Float, []int{7}}},
			Nodes:        []Node{{"a/Op", "Op", []string{"input", "", "w"}, []string{"logits"}, []Attribute{{"i", -1}, {"is", []int{1, 2}}, {"f", float32(0.5)}}}},
			Initializers: []Tensor{{"w", []int{2, 1}, []float32{1, -2}}, {"c", nil, []float32{6}}},
		},
		Metadata: []Entry{{"key", "Übergröße"}, {"bad", "a\xffb"}},
	}
}

// The file, field by field, in words of the schema's numbers.
func TestEncode(t *testing.T) {
	t.Parallel()
	data, err := small().Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = `1: 8
2: "someone"
3: "1"
7.1.1: "input"
7.1.1: ""
7.1.1: "w"
7.1.2: "logits"
7.1.3: "a/Op"
7.1.4: "Op"
7.1.5.1: "i"
7.1.5.3: 18446744073709551615
7.1.5.20: 2
7.1.5.1: "is"
7.1.5.8: 1
7.1.5.8: 2
7.1.5.20: 7
7.1.5.1: "f"
7.1.5.2: 0.5
7.1.5.20: 1
7.2: "g"
7.5.1: 2
7.5.1: 1
7.5.2: 1
7.5.8: "w"
7.5.9: 0000803f000000c0
7.5.2: 1
7.5.8: "c"
7.5.9: 0000c040
7.11.1: "input"
7.11.2.1.1: 2
7.11.2.1.2.1.2: "batch"
7.11.2.1.2.1.1: 3
7.11.2.1.2.1.1: 300
7.11.2.1.2.1.1: 5
7.12.1: "logits"
7.12.2.1.1: 1
7.12.2.1.2.1.2: "batch"
7.12.2.1.2.1.1: 7
8.1: ""
8.2: 17
14.1: "key"
14.2: "Übergröße"
14.1: "bad"
14.2: "a�b"
`
	if got := fields(t, "", data); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// messages are the fields that hold others, and raw the one that holds bytes.
const (
	messages = " 7 7.1 7.1.5 7.5 7.11 7.11.2 7.11.2.1 7.11.2.1.2 7.11.2.1.2.1 7.12 7.12.2 7.12.2.1 7.12.2.1.2 7.12.2.1.2.1 8 14 "
	raw      = "7.5.9"
)

func fields(t *testing.T, under string, data []byte) string {
	t.Helper()
	var out strings.Builder
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		name := fmt.Sprintf("%s%d", under, number)
		value := data[n:]
		switch kind {
		case protowire.VarintType:
			v, m := protowire.ConsumeVarint(value)
			fmt.Fprintf(&out, "%s: %d\n", name, v)
			n += m
		case protowire.Fixed32Type:
			v, m := protowire.ConsumeFixed32(value)
			fmt.Fprintf(&out, "%s: %g\n", name, math.Float32frombits(v))
			n += m
		case protowire.BytesType:
			v, m := protowire.ConsumeBytes(value)
			if m < 0 {
				t.Fatal(protowire.ParseError(m))
			}
			switch {
			case strings.Contains(messages, " "+name+" "):
				out.WriteString(fields(t, name+".", v))
			case name == raw:
				fmt.Fprintf(&out, "%s: %s\n", name, hex.EncodeToString(v))
			default:
				fmt.Fprintf(&out, "%s: \"%s\"\n", name, v)
			}
			n += m
		default:
			t.Fatalf("%s is of the type %d", name, kind)
		}
		data = data[n:]
	}
	return out.String()
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	m := small()
	m.Graph.Nodes[0].Attributes[0].Value = "text"
	if _, err := m.Encode(); err == nil || !strings.Contains(err.Error(), "a/Op: attribute i is a string") {
		t.Errorf("got %v", err)
	}
}
