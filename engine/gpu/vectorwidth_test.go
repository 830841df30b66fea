package gpu

import (
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk/vktest"
)

// Whatever the vectors in which lavapipe computes, a product comes out right: by the built-in kernel, and by those of cooperative matrices where the
// driver has such. Lavapipe 26 offers them with vectors of every width, and crashes with some.
func TestProductsInVectors(t *testing.T) {
	c := optest.Case{Kind: engine.PointwiseConv2d, N: 4, C: 40, M: 20, H: 8, W: 8, Type: engine.Float16}
	p, err := c.Program()
	must(t, err)
	for _, bits := range []string{"128", "256", "512"} {
		t.Run(bits, func(t *testing.T) {
			t.Setenv("LP_NATIVE_VECTOR_WIDTH", bits)
			t.Setenv("MESA_SHADER_CACHE_DISABLE", "true") // what it keeps of one width crashes another
			d := vktest.Device(t)
			if d.Info().Driver != "llvmpipe" {
				t.Skipf("%s has vectors of one width", d.Info().Driver)
			}
			e := New(d)
			defer e.Close()
			names := []string{""}
			for _, v := range variants {
				if v.tile.kernel.subgroup == cooperative && v.covers[0] == c.Kind && e.target.fits(v.tile) {
					names = append(names, v.name)
				}
			}
			for _, name := range names {
				on := e.With(Options{Choices: Choices{keyOf(t, c): name}})
				by := ranBy(chosen(t, on, c)[0])
				if name != "" && by != name {
					continue
				}
				t.Log(by)
				got, err := c.Run(on, engine.PlanOptions{})
				must(t, err)
				must(t, compareHalf(p, got, reference(t, c), bound(c, p, by)))
			}
		})
	}
}
