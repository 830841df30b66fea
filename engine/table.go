package engine

import "fmt"

// rule is an op's row in the op table.
type rule struct {
	// inputs names the operands, in order.
	inputs []string
	// optional is how many of the last operands may be left out.
	optional int
	// infer checks the inputs and says what the outputs look like.
	infer func(op Op) ([]Tensor, error)
	// gradient emits the ops that bring the gradients of the outputs to the inputs; nil where none flows.
	gradient func(g *gradients, op Op)
}

// table is the op table. Signatures read: inputs -> outputs, with N images, C channels of H x W.
var table map[Kind]rule

func init() {
	table = map[Kind]rule{
		// images (D,C,H,W) uint8, table (C,256), indices (N) -> x (N,C,H,W)
		GatherNormalize: {inputs: []string{"images", "table", "indices"}, infer: inferGather},
		// images (D,3,H,W) uint8, table (3,256), draws (N,DrawElements) -> x (N,3,H,W); see Draw
		Augment: {inputs: []string{"images", "table", "draws"}, infer: inferAugment},

		// x (N,K,H,W), w (M,K,R,R), perhaps b (M) -> y (N,M,HO,WO), R being the kernel and
		// HO = (H + 2*padding - R)/stride + 1;  "like" is x, for its shape alone
		Conv2d:               {[]string{"x", "w", "b"}, 1, inferConv2d, gradConv2d},
		Conv2dBackwardData:   {inputs: []string{"dy", "w", "like"}, infer: inferConv2dData},
		Conv2dBackwardWeight: {inputs: []string{"dy", "x"}, infer: inferConv2dWeight},
		Conv2dBackwardBias:   {inputs: []string{"dy"}, infer: inferConv2dBias},

		// x (N,C,H,W), w (C,1,3,3) -> y (N,C,H,W); stride 1, padding 1
		DepthwiseConv2d:               {[]string{"x", "w"}, 0, inferDepthwise, gradDepthwise},
		DepthwiseConv2dBackwardData:   {inputs: []string{"dy", "w"}, infer: inferDepthwise},
		DepthwiseConv2dBackwardWeight: {inputs: []string{"dy", "x"}, infer: inferDepthwiseWeight},

		// x (N,K,H,W), w (M,K,1,1) -> y (N,M,H,W)
		PointwiseConv2d:               {[]string{"x", "w"}, 0, inferPointwise, gradPointwise},
		PointwiseConv2dBackwardData:   {inputs: []string{"dy", "w"}, infer: inferPointwiseData},
		PointwiseConv2dBackwardWeight: {inputs: []string{"dy", "x"}, infer: inferPointwiseWeight},

		// x, weight (C), bias (C), running_mean (C), running_var (C) -> y, saved (2,C) = mean and 1/sqrt(var+eps),
		// next running_mean (C), next running_var (C)
		BatchNorm2d: {[]string{"x", "weight", "bias", "running_mean", "running_var"}, 0, inferBatchNorm, gradBatchNorm},
		// the same inputs -> y
		BatchNorm2dEval: {inputs: []string{"x", "weight", "bias", "running_mean", "running_var"}, infer: inferBatchNormEval},
		// dy, x, weight, saved -> dx, dweight, dbias
		BatchNorm2dBackward: {inputs: []string{"dy", "x", "weight", "saved"}, infer: inferBatchNormBackward},

		// x -> y;  dy, y -> dx
		ReLU:         {[]string{"x"}, 0, inferSame, gradReLU},
		ReLUBackward: {inputs: []string{"dy", "y"}, infer: inferSame},

		// like (N,C,H,W), random -> mask (N,C), 0 or 1/(1-p)
		Dropout2dMask: {inputs: []string{"like", "random"}, infer: inferMask},
		// x (N,C,H,W), mask (N,C) -> y; its own backward
		Dropout2d: {[]string{"x", "mask"}, 0, inferDropout, gradDropout},

		// x (N,C,H,W) -> y (N,C,H/2,W/2), window and stride 2;  dy, x -> dx
		MaxPool2d:         {[]string{"x"}, 0, inferPool, gradPool},
		MaxPool2dBackward: {inputs: []string{"dy", "x"}, infer: inferPoolBackward},

		// x (N,C,H,W) -> y (N,C,1,1);  dy, x (for its shape alone) -> dx
		GlobalAvgPool:         {[]string{"x"}, 0, inferGlobal, gradGlobal},
		GlobalAvgPoolBackward: {inputs: []string{"dy", "like"}, infer: inferLikeSecond},

		// x (N,C,H,W) -> y (N,C*H*W,1,1), in the order of C, H, W;  dy, x (for its shape alone) -> dx
		Flatten:         {[]string{"x"}, 0, inferFlatten, gradFlatten},
		FlattenBackward: {inputs: []string{"dy", "like"}, infer: inferFlattenBackward},

		// x (N,K,1,1), w (M,K), b (M) -> y (N,M,1,1)
		Linear:               {[]string{"x", "w", "b"}, 0, inferLinear, gradLinear},
		LinearBackwardData:   {inputs: []string{"dy", "w"}, infer: inferPointwiseData},
		LinearBackwardWeight: {inputs: []string{"dy", "x"}, infer: inferLinearWeight},
		LinearBackwardBias:   {inputs: []string{"dy"}, infer: inferLinearBias},

		// logits (N,M,1,1), labels (N) -> metrics, dlogits (N,M,1,1) of the mean loss
		CrossEntropy: {inputs: []string{"logits", "labels"}, infer: inferCrossEntropy},

		Add: {[]string{"a", "b"}, 0, inferSameTwo, gradAdd},

		// gradients (P), status -> status, norm
		GradientNorm: {inputs: []string{"gradients", "status"}, infer: inferNorm},
		// gradients (P), status, rates, parameters (P), moments (2P or P) -> parameters, moments
		AdamW: {inputs: []string{"gradients", "status", "rates", "parameters", "moments"}, infer: inferOptimizer(2)},
		SGD:   {inputs: []string{"gradients", "status", "rates", "parameters", "moments"}, infer: inferOptimizer(1)},
		// candidates (S), status, statistics (S) -> statistics
		RunningStatistics: {inputs: []string{"candidates", "status", "statistics"}, infer: inferCommit},
		// model, status, average -> average
		ExponentialMean: {inputs: []string{"model", "status", "average"}, infer: inferCommit},
	}
}

// Kinds lists the ops of the table; every executor must run each.
func Kinds() []Kind {
	out := make([]Kind, 0, len(table))
	for k := range table {
		out = append(out, k)
	}
	return out
}

// Operands names the inputs of an op kind, in order.
func Operands(k Kind) []string { return table[k].inputs }

func batched(name string, n, c, h, w int) Tensor {
	return Tensor{Name: name, Shape: Shape{n, c, h, w}, Batched: true}
}

func value(name string, shape ...int) Tensor { return Tensor{Name: name, Shape: shape} }

// want checks that the op has inputs of these shapes; -1 stands for any size.
func want(op Op, shapes ...Shape) error {
	names := table[op.Kind].inputs
	for i, s := range shapes {
		if err := wantShape(names[i], op.Inputs[i], s); err != nil {
			return err
		}
	}
	return nil
}

// wantOperands checks what must hold before an op's shapes can be looked at: that the operands are there, and
// their element types.
func wantOperands(r rule, op Op) error {
	if n := len(op.Inputs); n > len(r.inputs) || n < len(r.inputs)-r.optional {
		return fmt.Errorf("has %d inputs, not %d", n, len(r.inputs))
	}
	for i, name := range r.inputs[:len(op.Inputs)] {
		if op.Inputs[i] == nil {
			return fmt.Errorf("%s is missing", name)
		}
		if got, want := op.Inputs[i].DType, operandType(name); got != want {
			return fmt.Errorf("%s is of type %v, want %v", name, got, want)
		}
	}
	return nil
}

// operandType is the element type of the operand of that name, which is the same in every op.
func operandType(name string) DType {
	switch name {
	case "images":
		return Uint8
	case "indices", "draws", "labels", "random":
		return Uint32
	default:
		return Float
	}
}

func wantShape(name string, t *Tensor, s Shape) error {
	fits := len(t.Shape) == len(s)
	for d := range s {
		fits = fits && (s[d] == t.Shape[d] || s[d] < 0) && t.Shape[d] > 0
	}
	if !fits {
		return fmt.Errorf("%s is %v, want %v (-1 is any size)", name, t.Shape, s)
	}
	return nil
}

// images is the shape of any activation.
var images = Shape{-1, -1, -1, -1}
