package cpu

// resize is PyTorch's bilinear interpolation without aligned corners: a pixel's middle stays in place. Each way, place i of y is at
//
//	s = max((i + 0.5) size/new - 0.5, 0)
//
// in x, and has the parts 1-(s-floor(s)) and s-floor(s) of what lies at floor(s) and behind it; behind the last it is the last.
//
//	x (N,C,H,W), y (N,C,HO,WO)
func resize(y, x *tensor) {
	for n := range y.N() {
		for c := range y.C() {
			from, to := x.plane(n, c), y.plane(n, c)
			for i := range y.H() {
				top, below, down := neighbours(i, x.H(), y.H())
				for j := range y.W() {
					left, right, across := neighbours(j, x.W(), y.W())
					at := func(row int) float64 { return (1-across)*from[row*x.W()+left] + across*from[row*x.W()+right] }
					to[i*y.W()+j] = (1-down)*at(top) + down*at(below)
				}
			}
		}
	}
}

// neighbours are the places between which place i of new ones lies among size, and the second one's part.
func neighbours(i, size, new int) (first, second int, part float64) {
	at := max((float64(i)+0.5)*float64(size)/float64(new)-0.5, 0)
	first = int(at)
	return first, min(first+1, size-1), at - float64(first)
}
