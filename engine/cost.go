package engine

// MultiplyAdds is the number of multiply-adds of a convolution or a matrix product, forward or backward; 0 for every other op,
// whose cost is moving memory.
func (op Op) MultiplyAdds() int64 {
	x, w := op.Inputs[0], op.Inputs[len(op.Inputs)-1]
	switch op.Kind {
	case Conv2d:
		return int64(op.Outputs[0].N()*op.Outputs[0].H()*op.Outputs[0].W()) * int64(op.Inputs[1].Shape.Elements())
	case Conv2dBackwardData:
		return int64(x.N()*x.H()*x.W()) * int64(op.Inputs[1].Shape.Elements())
	case Conv2dBackwardWeight:
		return int64(x.N()*x.H()*x.W()) * int64(op.Outputs[0].Shape.Elements())
	case DepthwiseConv2d, DepthwiseConv2dBackwardData, DepthwiseConv2dBackwardWeight:
		return int64(x.Shape.Elements()) * 9
	case PointwiseConv2d, PointwiseConv2dBackwardData:
		return int64(x.N()*x.H()*x.W()) * int64(w.Shape.Elements())
	case Linear, LinearBackwardData:
		return int64(x.N()) * int64(op.Inputs[1].Shape.Elements())
	case PointwiseConv2dBackwardWeight, LinearBackwardWeight:
		return int64(x.Shape.Elements()) * int64(w.C())
	}
	return 0
}

// MultiplyAdds is the sum over the ops written so far.
func (b *Builder) MultiplyAdds() int64 {
	var sum int64
	for _, op := range b.p.Ops {
		sum += op.MultiplyAdds()
	}
	return sum
}
