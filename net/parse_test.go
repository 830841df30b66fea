package net

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"cnnvk/internal/hints"
)

// layersIn is a file whose layers begin in line 2, indented by two blanks.
func layersIn(lines ...string) string { return "layers:\n  " + strings.Join(lines, "\n  ") + "\n" }

// A file that is no network ends in one line, which says where and what.
func TestSpecRefused(t *testing.T) {
	t.Parallel()
	const end = "\n  pool: AdaptiveAvgPool2d(1)\n  fc: Linear(classes)\n"
	for _, c := range []struct{ text, says, hint string }{
		// The file.
		{"", "it is empty: a network has layers", ""},
		{"\x00\x01", "it is no text", ""},
		{"\xff\xfe", "it is no text", ""},
		{"layers: [Conv2d(1, 1)", "yaml: line 1: did not find expected ',' or ']'", ""},
		{"just words\n", "line 1: a network is written as keys and values: name, widths, layers", ""},
		{"- Conv2d(3, 3)\n", "line 1: a network is written as keys and values: name, widths, layers", ""},
		{"name: x\n", "line 1: the key layers is missing", ""},
		{"layer: [ReLU]\n", `line 1: unknown key "layer": a network has name, widths or layers`, "did you mean layers?"},
		{"layers: [ReLU]\nlayers: [ReLU]\n", "line 2: the key layers is there twice", ""},
		{"name: a/b\nlayers: [ReLU]\n", `line 1: name "a/b": use letters, digits, points and dashes`, ""},
		{"name: [a]\nlayers: [ReLU]\n", `line 1: name "": use letters, digits, points and dashes`, ""},
		{"layers: ReLU\n", "line 1: layers wants a list of layers, or layers by name", ""},
		{"layers: []\n", "line 1: there are no layers", ""},
		{"layers:\n", "line 1: there is no layer here", ""},
		{"layers: " + strings.Repeat("[", 20) + strings.Repeat("]", 20), "line 1: layers stand in more than 16 others", ""},
		{"layers: &a [*a]\n", "line 1: layers stand in more than 16 others", ""},
		{strings.Repeat("#", 1<<17), "131072 bytes, at most 65536 make a network", ""},

		// Widths.
		{"widths: 64\nlayers: [ReLU]\n", "line 1: widths: use names with numbers, such as {stem: 24, body: 96}", ""},
		{"widths:\n  a: 64\n  b: wide\nlayers: [ReLU]\n", `line 3: width b "wide": use a number from 1 to 8192`, ""},
		{"widths: {a: 0}\nlayers: [ReLU]\n", `line 1: width a "0": use a number from 1 to 8192`, ""},
		{"widths: {a: 1000000000}\nlayers: [ReLU]\n", `line 1: width a "1000000000": use a number from 1 to 8192`, ""},
		{"widths: {in: 4}\nlayers: [ReLU]\n", `line 1: a width cannot be called "in"`, ""},
		{"widths: {a: 4, a: 5}\nlayers: [ReLU]\n", `line 1: the width a is there twice`, ""},
		{"widths:\n  a: 4\n  b: 5\nlayers: [Conv2d(a, 1)]\n", "line 3: no layer has the width b", ""},

		// Layers.
		{layersIn("- Conv2d(8, 3)", "- Conv2(8, 3)"), "line 3, 1: there is no layer Conv2", "did you mean Conv2d?"},
		{layersIn("- nn.Conv2d(8, 3)"), "line 2, 0: there is no layer nn.Conv2d", "did you mean Conv2d?"},
		{layersIn("body:", "  - ReLu"), "line 3, body.0: there is no layer ReLu", "did you mean ReLU?"},
		{layersIn("- Residual"), "line 2, 0: Residual stands as a key, with what it is made of behind it", ""},
		{layersIn("- 3"), `line 2, 0: "3" is no layer: use a form such as Conv2d(64, 3, stride=2)`, ""},
		{layersIn("- Conv2d(8, 3"), `line 2, 0: "Conv2d(8, 3" is no layer: use a form such as Conv2d(64, 3, stride=2)`, ""},
		{layersIn("- " + strings.Repeat("x", 300)), "line 2, 0: a layer of 300 letters, at most 200 make one", ""},
		{layersIn("conv: Conv2d(8, 3)", "conv: Conv2d(8, 3)"), "line 3: the name conv is there twice", ""},
		{layersIn("a.b: ReLU"), `line 2: a layer cannot be called "a.b": use letters, digits and underscores`, ""},
		{layersIn("? [a]", ": ReLU"), `line 2: a layer cannot be called "": use letters, digits and underscores`, ""},
		{layersIn("Residul:", "  - ReLU"), "line 2: a layer cannot be called Residul", "did you mean Residual?"},
		{layersIn("<<: ReLU"), `line 2: a layer cannot be called "<<": use letters, digits and underscores`, ""},
		{layersIn("bn:"), "line 2, bn: there is no layer here", ""},
		{layersIn("shortcut: ReLU"), "line 2: a shortcut stands in a Residual alone", ""},

		// Values.
		{layersIn("- Conv2d"), "line 2, 0: Conv2d: out_channels is missing", ""},
		{layersIn("- Conv2d(8)"), "line 2, 0: Conv2d: kernel_size is missing", ""},
		{layersIn("- Conv2d(8, 4)"), "line 2, 0: Conv2d: kernel_size 4: use 1, 3 or 5", ""},
		{layersIn("- Conv2d(3, 24, 3)"), "line 2, 0: Conv2d: kernel_size 24: use 1, 3 or 5", ""},
		{layersIn("- Conv2d(8, 1000000)"), "line 2, 0: Conv2d: kernel_size 1000000: use a number from 1 to 1024", ""},
		{layersIn("- Conv2d(1000000000, 3)"), "line 2, 0: Conv2d: out_channels 1000000000: use a number from 1 to 8192", ""},
		{layersIn("- Conv2d(99999999999999999999, 3)"), `line 2, 0: Conv2d: out_channels: "99999999999999999999" is neither a number nor classes or in`, ""},
		{layersIn("- Conv2d(1000000000*1000000000, 3)"), "line 2, 0: Conv2d: out_channels: 1000000000*1000000000 is too large", ""},
		{layersIn("- Conv2d(8, 3, stride=3)"), "line 2, 0: Conv2d: stride 3: use 1 or 2", ""},
		{layersIn("- Conv2d(8, 3, padding=0)"), "line 2, 0: Conv2d: padding 0: use 1, half of the kernel", ""},
		{layersIn("- Conv2d(8, 3, groups=2)"), "line 2, 0: Conv2d: groups 2: 3 channels come in; use groups=in, which is depthwise, or leave it out", ""},
		{layersIn("- Conv2d(8, 3, groups=in)"), "line 2, 0: Conv2d: out_channels 8: a depthwise convolution gives as many as come in, 3", ""},
		{layersIn("- Conv2d(8, 3, dilation=2)"), `line 2, 0: Conv2d has no "dilation": it takes out_channels, kernel_size, stride, padding, groups, bias`, ""},
		{layersIn("- Conv2d(8, 3, strid=2)"), `line 2, 0: Conv2d has no "strid": it takes out_channels, kernel_size, stride, padding, groups, bias`, "did you mean stride?"},
		{layersIn("- Conv2d(8, 3, stride=2, stride=1)"), "line 2, 0: Conv2d: stride is given twice", ""},
		{layersIn("- Conv2d(8, 3, bias=no)"), "line 2, 0: Conv2d: bias no: use True or False", ""},
		{layersIn("- Conv2d(8, 3, bias=)"), "line 2, 0: Conv2d: bias has no value", ""},
		{layersIn("- Conv2d(wide, 3)"), `line 2, 0: Conv2d: out_channels: "wide" is neither a number nor classes or in`, ""},
		{"widths: {body: 8}\n" + layersIn("- Conv2d(body, 3)", "- Conv2d(bdy, 3)"), `line 4, 1: Conv2d: out_channels: "bdy" is neither a number nor body, classes or in`, "did you mean body?"},
		{layersIn("- Conv2d(in/2, 3)"), "line 2, 0: Conv2d: out_channels: in/2 is 3/2, no whole number", ""},
		{layersIn("- BatchNorm2d(64)"), `line 2, 0: BatchNorm2d: "64" is one value too many: it takes eps, momentum; the channels that come in are known`, ""},
		{layersIn("- ReLU(0.1)"), `line 2, 0: ReLU: "0.1" is one value too many: it takes nothing in parentheses; the channels that come in are known`, ""},
		{layersIn("- BatchNorm2d(eps=-1)"), "line 2, 0: BatchNorm2d: eps -1: use a number above 0, to 1", ""},
		{layersIn("- MaxPool2d(3)"), "line 2, 0: MaxPool2d: kernel_size 3, stride 3, padding 0: use MaxPool2d(2) or MaxPool2d(3, stride=2, padding=1)", ""},
		{layersIn("- AvgPool2d(2, padding=1)"), "line 2, 0: AvgPool2d: kernel_size 2, stride 2, padding 1: use AvgPool2d(2) or AvgPool2d(3, stride=2, padding=1)", ""},
		{layersIn("- AvgPool2d(32)"), "line 2, 0: AvgPool2d: kernel_size 32, stride 32, padding 0: use AvgPool2d(2) or AvgPool2d(3, stride=2, padding=1), or AdaptiveAvgPool2d(1) for the mean of all pixels", ""},
		{layersIn("- AdaptiveAvgPool2d(7)"), "line 2, 0: AdaptiveAvgPool2d: output_size 7: use 1", ""},
		{layersIn("- Dropout(1)"), "line 2, 0: Dropout: p 1: use a number from 0 to below 1", ""},
		{layersIn("- Dropout2d(NaN)"), "line 2, 0: Dropout2d: p NaN: use a number", ""},
		{layersIn("- SqueezeExcitation(4, activation=Tanh)"), "line 2, 0: SqueezeExcitation: activation Tanh: use ReLU, ReLU6, SiLU, GELU or Hardswish", ""},

		// Shapes.
		{layersIn("- Linear(classes)"), "line 2, 0: Linear: 3 x 32 x 32 come in: Flatten or AdaptiveAvgPool2d(1) before it makes features of images", ""},
		{layersIn("- Flatten", "- BatchNorm2d"), "line 3, 1: BatchNorm2d: 3072 features come in, which are no images", ""},
		{layersIn("- repeat: 6", "  layers: MaxPool2d(2)"), "line 3, 5: MaxPool2d: 3 x 1 x 1 come in, too few pixels for a window of 2 x 2", ""},
		{layersIn("- Conv2d(8, 3)"), "line 2, 0: the last layer gives 8 x 32 x 32, not one value for each of the 100 classes: end with Linear(classes)", ""},
		{layersIn("- Flatten", "- Linear(10)"), "line 3, 1: the last layer gives 10 features, not one value for each of the 100 classes: end with Linear(classes)", ""},

		// Blocks.
		{layersIn("layer3:", "  - Conv2d(48, 3)", "  - Residual:", "      conv: Conv2d(48, 3)", "      shortcut: Conv2d(64, 1)") + end,
			"line 5, layer3.1: the main path gives 48 channels, the shortcut gives 64", ""},
		{layersIn("- Residual: [Conv2d(48, 3)]"), "line 2, 0: 3 channels come in, the main path gives 48: a shortcut can bring them together", ""},
		{layersIn("- Residual: [Conv2d(3, 3, stride=2)]"), "line 2, 0: 3 x 32 x 32 come in, the main path gives 3 x 16 x 16: a shortcut can bring them together", ""},
		{layersIn("- Residual:", "    conv: Conv2d(3, 3)", "    shortcut: Conv2d(3, 1, stride=2)"), "line 3, 0: the main path gives 3 x 32 x 32, the shortcut gives 3 x 16 x 16", ""},
		{layersIn("- Residual:", "    shortcut: Conv2d(3, 1)"), "line 3, 0: a Residual wants layers beside its shortcut", ""},
		{layersIn("- Residual:", "    conv: Conv2d(3, 1)", "    activation: Linear(3)"), "line 4, 0: activation Linear: use ReLU, ReLU6, SiLU, GELU or Hardswish, or none", ""},
		{layersIn("- Residual:", "    conv: Conv2d(3, 1)", "    activation: [ReLU]"), "line 4, 0: activation: use ReLU, ReLU6, SiLU, GELU or Hardswish, or none", ""},
		{layersIn("- Residual:", "    a: ReLU", "    shortcut: ReLU", "    shortcut(b): ReLU"), "line 5, 0: the shortcut is there twice", ""},
		{layersIn("- conv: ReLU", "  Residual:", "    conv: ReLU"), "line 4, 0.conv: the layer of line 2 has this name, too", ""},
		{layersIn("- repeat: 0", "  layers: ReLU"), `line 2, 0: repeat "0": use a number from 1 to 1000`, ""},
		{layersIn("- repeat: many", "  layers: ReLU"), `line 2, 0: repeat "many": use a number from 1 to 1000`, ""},
		{layersIn("- repeat: 2"), "line 2, 0: repeat has no layer: add layers or Residual", ""},
		{layersIn("- repeat: 2", "  layers: ReLU", "  conv: ReLU"), "line 4, 0: conv stands beside repeat and layers", ""},
		{layersIn("- repeat: 1000", "  layers: [ReLU, SiLU]"), "line 3, 1000: the network has more than 1000 layers", ""},
		{layersIn("- repeat: 1000", "  layers:", "    - repeat: 1000", "      layers: []"), "line 5: the network has more than 16000 layers and blocks", ""},
	} {
		s, err := ParseSpec([]byte(c.text), "test")
		if err == nil {
			_, err = s.Build(1, CIFAR100)
		}
		if err == nil || err.Error() != c.says || hints.Of(err) != c.hint {
			t.Errorf("%.200q:\n got %v, %q\nwant %s, %q", c.text, err, hints.Of(err), c.says, c.hint)
		}
	}
}

// Files that grow when they are read take little memory, whatever they would grow to.
func TestSpecBombs(t *testing.T) {
	bomb := "name: bomb\nlayers:\n  - &a0 [ReLU, ReLU]\n"
	for i := 1; i < 14; i++ {
		bomb += fmt.Sprintf("  - &a%d [*a%d, *a%d]\n", i, i-1, i-1)
	}
	nested := "ReLU"
	for range 12 {
		nested = "[{repeat: 1000, layers: " + nested + "}]"
	}
	for name, text := range map[string]string{
		"aliases":     bomb,
		"repeats":     "layers: " + nested,
		"nothing":     "layers: " + strings.Replace(nested, "ReLU", "[]", 1),
		"parentheses": "layers: [Conv2d(" + strings.Repeat("1,", 30_000) + "1)]",
		"depth":       "layers: " + strings.Repeat("[", 30_000),
		"keys":        "layers: {" + strings.Repeat("a: {", 15_000),
		"layers":      "layers: [" + strings.Repeat("ReLU,", 12_000) + "]",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s, err := ParseSpec([]byte(text), "bomb")
		if err == nil {
			_, err = s.Build(1, CIFAR100)
		}
		runtime.ReadMemStats(&after)
		if err == nil || strings.Contains(err.Error(), "\n") || len(err.Error()) > 500 {
			t.Errorf("%s: %v", name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
			t.Errorf("%s: %d MiB for %d bytes", name, took>>20, len(text))
		}
	}
}

// Short forms, aliases and what stands without a name give the names that PyTorch would.
func TestSpecNames(t *testing.T) {
	t.Parallel()
	const end = "\n  pool: AdaptiveAvgPool2d(1)\n  fc: Linear(classes, bias=False)\n"
	for _, c := range []struct{ text, names string }{
		{layersIn("a: [Conv2d(8, 3, bias=False), ReLU, Conv2d(8, 1, stride=2)]"), "a.0.weight a.2.weight a.2.bias"},
		{layersIn("a: {conv: Conv2d(8, 3, stride=2, bias=False), relu: ReLU(inplace=True), last: Conv2d( 8 , 1 )}"), "a.conv.weight a.last.weight a.last.bias"},
		{layersIn("a: &a [Conv2d(8, 1)]", "b: *a"), "a.0.weight a.0.bias b.0.weight b.0.bias"},
		{layersIn("a:", "  - repeat: 2", "    conv: Conv2d(8, 1, bias=False)", "  - repeat: 2", "    layers: [ReLU, Conv2d(8, 1, bias=False)]", "  - Conv2d(8, 1, bias=False)"),
			"a.0.conv.weight a.1.conv.weight a.3.weight a.5.weight a.6.weight"},
		{layersIn("a: {repeat: 2, layers: Conv2d(8, 1, bias=False)}"), "a.0.weight a.1.weight"},
		{layersIn("a:", "  repeat: 2", "  layers:", "    - [Conv2d(8, 1, bias=False)]"), "a.0.0.weight a.1.0.weight"},
		{layersIn("a:", "  Sequential: [Conv2d(8, 1, bias=False), ReLU]", "  bn: BatchNorm2d"), "a.0.weight a.bn.weight a.bn.bias a.bn.running_mean a.bn.running_var"},
		{layersIn("a:", "  Residual:", "    shortcut(down): Conv2d(8, 1, bias=False)", "    main: [Conv2d(8, 3, bias=False), ReLU]", "    activation: none"), "a.down.weight a.main.0.weight"},
		{layersIn("a: {Residual: [Conv2d(3, 3, bias=False), GELU]}"), "a.0.weight"},
		{layersIn("Residual: {0: Conv2d(in, 1, bias=False), shortcut: []}"), "0.weight"},
		{layersIn("se: SqueezeExcitation(2, activation=SiLU)"), "se.fc1.weight se.fc1.bias se.fc2.weight se.fc2.bias"},
	} {
		s, err := ParseSpec([]byte(c.text+end), "test")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		again, err := ParseSpec([]byte(s.Text()), "other")
		if err != nil || again.Text() != s.Text() {
			t.Errorf("%s becomes, with %v,\n%s", c.text, err, s.Text())
			continue
		}
		for _, s := range []*Spec{s, again} {
			var names []string
			for _, p := range mustBuild(t, s).parameters() {
				names = append(names, p.name)
			}
			if got := strings.Join(names, " "); got != c.names+" fc.weight" {
				t.Errorf("%s: %s, want %s", c.text, got, c.names)
			}
		}
	}
}

// Every example of the documentation is a network.
func TestSpecExamples(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/networks.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := strings.Split(string(text), "```yaml\n")[1:]
	if len(examples) < 8 {
		t.Errorf("%d examples", len(examples))
	}
	written := ""
	for _, e := range examples {
		e, _, _ = strings.Cut(e, "```")
		s, err := ParseSpec([]byte(e), "example")
		if err == nil {
			_, err = s.Build(1, CIFAR100)
		}
		if err != nil {
			t.Errorf("%v in\n%s", err, e)
			continue
		}
		written += s.Text()
	}
	for _, k := range layerKinds() {
		if !strings.Contains(written, " "+k.name) {
			t.Errorf("no example has %s", k.name)
		}
	}
}
