package shaders

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
)

// The numbers of the SPIR-V specification that the test needs.
const (
	opTypeFloat, opConstant, opConstantComposite = 22, 43, 44
	opIsNan, opIsInf, opSelect                   = 156, 157, 169
	firstFloatComparison, lastFloatComparison    = 180, 191
	equal, orUnequal                             = 180, 183 // with ordered and unordered ones between them
)

// indifferent are kernels that may answer either way.
var indifferent = map[string]string{
	"max_pool2d_backward_any": "whether a NaN is the largest or is passed over, one of the four takes the gradient",
}

// No kernel asks by its arithmetic whether a number is NaN or infinite: compilers that take it that there is none (fast math, as
// Metal's) leave such a question out. It is seen at the bits of the exponent instead: finite.glsl.
func TestFiniteByBits(t *testing.T) {
	names, err := Names()
	if err != nil || len(names) < 100 {
		t.Fatalf("%d kernels: %v", len(names), err)
	}
	for _, name := range names {
		code, err := Code(name)
		if err != nil {
			t.Fatal(err)
		}
		found := slices.Compact(questions(code))
		if why := indifferent[strings.TrimSuffix(name, "_half")]; why != "" && len(found) == 0 {
			t.Errorf("%s asks nothing, and so needs no excuse: %s", name, why)
		} else if why == "" && len(found) > 0 {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// questions lists what in a module depends on whether numbers are NaN or infinite.
func questions(code []byte) []string {
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	var found []string
	floats, constant, huge := map[uint32]bool{}, map[uint32]bool{}, map[uint32]bool{} // types; constants; those that no finite number exceeds
	compared := map[uint32][]uint32{}                                                 // what a comparison's result is of, constants apart
	for at := 5; at < len(words); at += int(words[at] >> 16) {
		w := words[at : at+int(words[at]>>16)]
		switch op := w[0] & 0xffff; {
		case op == opTypeFloat:
			floats[w[1]] = true
		case op == opConstant && floats[w[1]]:
			constant[w[2]] = true
			huge[w[2]] = !(math.Abs(float64(math.Float32frombits(w[3]))) < 3.4e38)
		case op == opConstantComposite:
			constant[w[2]] = true
			huge[w[2]] = slices.ContainsFunc(w[3:], func(id uint32) bool { return huge[id] })
		case op == opIsNan || op == opIsInf:
			found = append(found, "isnan or isinf")
		case op >= firstFloatComparison && op <= lastFloatComparison:
			a, b := w[3], w[4]
			compared[w[2]] = slices.DeleteFunc([]uint32{a, b}, func(id uint32) bool { return constant[id] })
			if a == b && op >= equal && op <= orUnequal {
				found = append(found, "a number compared with itself")
			}
			if huge[a] || huge[b] {
				found = append(found, "a comparison with the largest number")
			}
		case op == opSelect:
			if of := compared[w[3]]; slices.Contains(of, w[4]) || slices.Contains(of, w[5]) {
				found = append(found, "one of the numbers compared is the result, another if one is NaN")
			}
		}
	}
	return found
}
