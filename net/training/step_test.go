package training

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/gpu"
	"cnnvk/engine/optest"
	"cnnvk/net"
	"cnnvk/vk/vktest"
)

// maxStepNMSE is how far an op of a real step may be from the float64 reference on the same inputs.
const maxStepNMSE = 1e-10

// TestStep runs a training step of each network with every tensor kept, and holds each op against the reference on the
// very inputs that it had.
func TestStep(t *testing.T) {
	for _, c := range []struct {
		model  string
		widths []int
		batch  int
		amp    string
	}{
		{net.SmallCIFARNetName, nil, 8, ""}, {net.SmallCIFARNetName, []int{12, 20, 36, 40, 44, 52}, 7, ""},
		{net.TinyNetName, nil, 8, ""}, {net.TinyNetName, []int{5, 12, 9}, 6, ""},
		{net.SmallCIFARNetName, []int{12, 20, 36, 40, 44, 52}, 8, Float16}, {net.TinyNetName, []int{5, 12, 9}, 6, BFloat16},
		{net.ResNet9sName, []int{8, 12, 16, 20}, 8, BFloat16},
	} {
		t.Run(fmt.Sprint(c.model, " widths ", c.widths, " batch ", c.batch, " ", c.amp), func(t *testing.T) {
			e := gpu.New(vktest.Device(t))
			defer e.Close()
			r := DefaultRecipe()
			r.AMP, r.AMPType, r.AMPScale = c.amp != "", c.amp, 1024
			p := stepProgram(t, r, c.model, c.widths, c.batch)
			results, err := optest.CompareStep(e, cpu.New(), p, func(s engine.Session) (*engine.StepInputs, error) {
				return loadStep(s, p, r, c.model, c.widths)
			})
			if err != nil {
				t.Fatal(err)
			}
			worst := optest.OpResult{}
			for _, r := range results {
				if r.Half != nil {
					t.Errorf("op %d, %s, %s: %v", r.Op, r.Kind, r.Output, r.Half)
				}
				if t16 := p.Ops[r.Op].Outputs; slices.ContainsFunc(t16, func(x *engine.Tensor) bool { return x.Name == r.Output && x.DType.Half() }) {
					continue
				}
				if !(r.NMSE <= maxStepNMSE) {
					t.Errorf("op %d, %s, %s: NMSE %.2g, allowed %.2g", r.Op, r.Kind, r.Output, r.NMSE, maxStepNMSE)
				}
				if r.NMSE > worst.NMSE {
					worst = r
				}
			}
			t.Logf("compared %d outputs; worst NMSE %.2g (%s, %s)", len(results), worst.NMSE, worst.Kind, worst.Output)
		})
	}
}

const stepImages = 20

var stepShape = net.ImageShape{N: stepImages, C: 3, H: 32, W: 32}

func stepProgram(t *testing.T, r Recipe, name string, widths []int, batch int) *engine.Program {
	t.Helper()
	model, err := net.NewModel(name, widths, 1, net.CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	layout, err := model.Layout(2)
	if err != nil {
		t.Fatal(err)
	}
	p, err := TrainProgram(model, layout, r, stepShape, batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// loadStep fills a session as the middle of a training finds it: weights, and an average that is not the same.
func loadStep(s engine.Session, p *engine.Program, r Recipe, name string, widths []int) (*engine.StepInputs, error) {
	set := cifar.Synthetic(1, stepImages)
	d := net.Data{Images: set.Images, Labels: set.Labels, Shape: stepShape, Table: normalizeTable()}
	if err := SetResidents(s, d, r); err != nil {
		return nil, err
	}
	if err := s.WriteArena(engine.Status, r.Status()); err != nil {
		return nil, err
	}
	model, err := net.NewModel(name, widths, 1, net.CIFAR100)
	if err != nil {
		return nil, err
	}
	for i, a := range []engine.Arena{engine.Model, engine.EMA} {
		initial, err := model.Initial(uint32(i), p.Layout)
		if err != nil {
			return nil, err
		}
		if err := s.WriteArena(a, initial); err != nil {
			return nil, err
		}
	}
	var images []int
	for i := range p.Batch {
		images = append(images, (7*i)%stepImages)
	}
	_, inputs, err := Step{Images: images, Number: 1000, Seed: 42, Rate: 1e-3}.Fill(net.NewBatches(p), d, nil)
	return inputs, err
}

// Images of 8 x 8 are one pixel where the last blocks see them: a batch of one leaves BatchNorm a single value per
// channel, of which no variance can be taken. An evaluation takes none.
func TestBatchNormSingleValue(t *testing.T) {
	t.Parallel()
	m, err := net.NewModel(net.SmallCIFARNetName, narrow, 1, net.CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	l, err := m.Layout(2)
	if err != nil {
		t.Fatal(err)
	}
	small := net.ImageShape{N: 10, C: 3, H: 8, W: 8}
	_, err = TrainProgram(m, l, DefaultRecipe(), small, 1, nil)
	if err == nil || !strings.Contains(err.Error(), "BatchNorm in training needs more than one value per channel") ||
		!strings.Contains(err.Error(), `program "train batch 1"`) || !strings.Contains(err.Error(), "use a larger batch") {
		t.Errorf("a single value: %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("more than a line: %v", err)
	}
	if _, err := TrainProgram(m, l, DefaultRecipe(), small, 2, nil); err != nil {
		t.Errorf("two values: %v", err)
	}
	if _, err := net.EvalProgram(m, l, engine.Model, engine.Float, small, 1); err != nil {
		t.Errorf("evaluation: %v", err)
	}
}

// TestMultiplyAddsOfAStep: backward costs twice forward, but for the gradient by the images, which nobody wants.
func TestMultiplyAddsOfAStep(t *testing.T) {
	t.Parallel()
	p := stepProgram(t, DefaultRecipe(), net.SmallCIFARNetName, nil, 2)
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
