package cpu

import "cnnvk/engine"

// mixImages computes y[n,c,i,j] = x[p,c,i,j] inside the rectangle of n, else t x[n,c,i,j] + (1-t) x[p,c,i,j], where p is n's partner and
// t its share. See engine.Mix.
//
//	x, y (N,C,H,W), mixes (N,MixElements)
func mixImages(y, x, mixes *tensor) {
	for n := range x.N() {
		m := engine.MixOf(mixes.uints[n*engine.MixElements:])
		for c := range x.C() {
			own, other, out := x.plane(n, c), x.plane(m.Partner, c), y.plane(n, c)
			for at := range out {
				i, j := at/x.W()-m.Paste.Top, at%x.W()-m.Paste.Left
				if i >= 0 && i < m.Paste.Height && j >= 0 && j < m.Paste.Width {
					out[at] = other[at]
					continue
				}
				out[at] = float64(m.Share)*own[at] + (1-float64(m.Share))*other[at]
			}
		}
	}
}
