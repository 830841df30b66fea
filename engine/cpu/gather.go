package cpu

// gatherNormalize computes x[n,c,i,j] = table[c, images[indices[n],c,i,j]].
//
//	images (D,C,H,W) uint8, table (C,256), indices (N), x (N,C,H,W)
func gatherNormalize(x, images, table, indices *tensor) {
	size := x.H() * x.W()
	parallel(x.N(), func(n int) {
		for c := range x.C() {
			from := (int(indices.uints[n])*x.C() + c) * size
			out := x.plane(n, c)
			for i, pixel := range images.bytes[from : from+size] {
				out[i] = table.row(c)[pixel]
			}
		}
	})
}
