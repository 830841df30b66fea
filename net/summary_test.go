package net_test

import (
	"slices"
	"testing"

	"cnnvk/engine"
	"cnnvk/net"
)

// TestSummary checks the reference network's numbers: recipe and PyTorch agree on them.
func TestSummary(t *testing.T) {
	m, err := net.SmallCIFARNet(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := m.Summary(net.Images{N: 1, C: 3, H: 32, W: 32})
	if err != nil {
		t.Fatal(err)
	}
	parameters, costs := 0, int64(0)
	for _, r := range rows {
		parameters += r.Parameters
		costs += r.MultiplyAdds
	}
	if parameters != 765055 || costs != 15361024 {
		t.Errorf("%d parameters, %d multiply-adds; want 765055 and 15361024", parameters, costs)
	}
	if r := rows[4]; r.Name != "features.4" || r.Kind != "DSConv" || !slices.Equal(r.Output, []int{256, 8, 8}) || r.Parameters != 128*9+128*256+2*256 {
		t.Errorf("features.4 is %+v", r)
	}
}

// TestMultiplyAddsOfAStep: backward costs twice forward, but for the gradient by the images, which nobody wants.
func TestMultiplyAddsOfAStep(t *testing.T) {
	p := stepProgram(t, nil, 2)
	var sum int64
	for _, op := range p.Ops {
		sum += op.MultiplyAdds()
	}
	const forward, firstDepthwise = 15361024, 3 * 32 * 32 * 9
	if want := int64(p.Batch) * (3*forward - firstDepthwise); sum != want {
		t.Errorf("%d multiply-adds in a step, want %d", sum, want)
	}
	if (engine.Op{Kind: engine.ReLU, Inputs: p.Ops[0].Inputs}).MultiplyAdds() != 0 {
		t.Error("an elementwise op has multiply-adds")
	}
}
