package run

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cnnvk/engine"
	"cnnvk/engine/gpu"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net/training"
)

// Config is config.yaml: the recipe and where it runs.
type Config struct {
	training.Recipe `yaml:",inline"`
	Data            string `yaml:"data"` // folder, or synthetic
	DataMD5         string `yaml:"data_md5"`
	Pictures        `yaml:",inline"`
	Device          string `yaml:"device"`
	// DeviceUUID tells devices of one name apart, for --resume. The other fields about the device are the same for all devices of its kind.
	DeviceUUID string `yaml:"device_uuid,omitempty"`
	Driver     string `yaml:"driver"`
	Version    string `yaml:"version"`
	// Kernels are the kernels chosen by measurement, by product and convolution. A run from this file on the same device and driver
	// takes them again, so that it comes to the same bits.
	Kernels gpu.Choices `yaml:"kernels"`
}

// Pictures is what pictures of one's own are brought to; zero for images of other kinds, and left out.
type Pictures struct {
	ImageSize int    `yaml:"image_size,omitempty"` // rows and columns
	Resize    string `yaml:"resize,omitempty"`     // of package pictures' ways to fit
	Channels  int    `yaml:"channels,omitempty"`
}

// RanOn is the device of the run.
func (c Config) RanOn() engine.Device { return engine.Device{Name: c.Device, Driver: c.Driver} }

// text is the configuration as it is written.
func (c Config) text() ([]byte, error) {
	var document yaml.Node
	err := document.Encode(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ConfigFile, err)
	}
	withoutUnused(&document, c.Recipe)
	for _, value := range document.Content {
		if value.Tag == "!!float" {
			value.Value = withPoint(value.Value)
		}
	}
	text, err := yaml.Marshal(&document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ConfigFile, err)
	}
	return text, nil
}

// recipeText is a recipe as a checkpoint holds it.
func recipeText(r training.Recipe) ([]byte, error) {
	var document yaml.Node
	if err := document.Encode(r); err != nil {
		return nil, err
	}
	withoutUnused(&document, r)
	return yaml.Marshal(&document)
}

// withoutUnused leaves out the optional keys of a recipe that are zero in it and in the named recipe, over which it is read back: so files
// of recipes that do without what a key is for are those of earlier versions.
func withoutUnused(document *yaml.Node, r training.Recipe) {
	named, err := training.RecipeNamed(r.Name)
	if err != nil {
		return // read back over the default recipe, which has none of them
	}
	unused, is, was := map[string]bool{}, reflect.ValueOf(r), reflect.ValueOf(named)
	for i := range is.NumField() {
		if field := is.Type().Field(i); field.Tag.Get("optional") != "" && field.Tag.Get("optional") != r.Optimizer {
			key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			unused[key] = is.Field(i).IsZero() && was.Field(i).IsZero()
		}
	}
	for i := len(document.Content) - 2; i >= 0; i -= 2 {
		if unused[document.Content[i].Value] {
			document.Content = slices.Delete(document.Content, i, i+2)
		}
	}
}

// withPoint writes 1e-05 as 1.0e-05: readers of YAML 1.1, such as PyYAML, take 1e-05 for a string.
func withPoint(number string) string {
	mantissa, exponent, has := strings.Cut(number, "e")
	if !has || strings.Contains(mantissa, ".") {
		return number
	}
	return mantissa + ".0e" + exponent
}

// ReadConfig reads a config.yaml, or a part of one, over the default recipe.
func ReadConfig(path string) (Config, error) { return ReadConfigOver(path, training.DefaultRecipe()) }

// ReadConfigOver reads a config.yaml, or a part of one. Keys that it lacks are those of the recipe that it names, or else of recipe. The
// error names the file and the key.
func ReadConfigOver(path string, recipe training.Recipe) (Config, error) {
	c := Config{Recipe: recipe}
	text, err := os.ReadFile(path)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, files.Reason(err))
		if errors.Is(err, fs.ErrNotExist) {
			return c, hints.With(err, "every run folder has a "+ConfigFile)
		}
		return c, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if len(document.Content) == 0 {
		return c, fmt.Errorf("%s: is empty", path)
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return c, fmt.Errorf("%s: line %d: is no list of keys and values", path, root.Line)
	}
	if err := c.read(path, root); err != nil {
		return c, err
	}
	if c.Data, err = files.FromHome(c.Data); err != nil {
		return c, fmt.Errorf("%s: data: %w", path, err)
	}
	if c.InitialWeights, err = files.FromHome(c.InitialWeights); err != nil {
		return c, fmt.Errorf("%s: initial_weights: %w", path, err)
	}
	return c, nil
}

// read takes over the keys and values of a file.
func (c *Config) read(path string, root *yaml.Node) error {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if key := root.Content[i]; key.Value == "recipe" {
			var err error
			if c.Recipe, err = RecipeNamed(root.Content[i+1].Value, "recipe"); err != nil {
				return atLine(err, path, key.Line)
			}
		}
	}
	seen, before := map[string]bool{}, c.Recipe
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if seen[key.Value] {
			return fmt.Errorf("%s: line %d: the key %s is there twice", path, key.Line, key.Value)
		}
		seen[key.Value] = true
		if err := c.set(key.Value, value); err != nil {
			return atLine(err, path, key.Line)
		}
	}
	c.Recipe.Settle(before, func(key string) bool { return seen[key] })
	return nil
}

func atLine(err error, path string, line int) error {
	at := fmt.Errorf("%s: line %d: %w", path, line, err)
	if hint := hints.Of(err); hint != "" {
		return hints.With(at, hint)
	}
	return at
}

// set sets the field of that key.
func (c *Config) set(key string, value *yaml.Node) error {
	fields := Fields(reflect.ValueOf(c).Elem())
	field, known := fields[key]
	if !known {
		err := fmt.Errorf("unknown key %q", key)
		if like := hints.Near(key, slices.Sorted(maps.Keys(fields))); like != "" {
			return hints.With(err, "did you mean "+like+"?")
		}
		return err
	}
	if value.Alias != nil {
		value = value.Alias
	}
	if !isKind(value, field.Type()) || value.Decode(field.Addr().Interface()) != nil {
		if value.Value != "" {
			key += fmt.Sprintf(" %q", value.Value)
		}
		return fmt.Errorf("%s: use %s", key, kindInWords(field))
	}
	if field.Kind() == reflect.Slice && field.Len() == 0 && key != "widths" {
		field.SetZero() // as without the key
	}
	return nil
}

// isKind says whether a value may be given to a field; the library would cut 1.5 to the whole number 1.
func isKind(value *yaml.Node, of reflect.Type) bool {
	switch of.Kind() {
	case reflect.Int, reflect.Uint32:
		return value.Tag == "!!int"
	case reflect.Float64:
		return value.Tag == "!!int" || value.Tag == "!!float"
	case reflect.Bool:
		return value.Tag == "!!bool"
	case reflect.Int64: // a time: a number without a unit would count nanoseconds
		return value.Tag == "!!str"
	case reflect.Slice:
		return value.Kind == yaml.SequenceNode &&
			!slices.ContainsFunc(value.Content, func(n *yaml.Node) bool { return !isKind(n, of.Elem()) })
	case reflect.Map:
		return value.Kind == yaml.MappingNode
	}
	return value.Kind == yaml.ScalarNode && value.Tag != "!!null"
}

// Fields are the fields of a struct by their YAML keys, those of inlined structs included.
func Fields(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("yaml")
		if tag == ",inline" {
			for key, field := range Fields(v.Field(i)) {
				fields[key] = field
			}
			continue
		}
		key, _, _ := strings.Cut(tag, ",")
		fields[key] = v.Field(i)
	}
	return fields
}

func kindInWords(field reflect.Value) string {
	switch field.Kind() {
	case reflect.Uint32:
		return "0 to 4294967295"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Int64:
		return "a time such as 1h or 90m"
	case reflect.Map:
		return "a kernel for every product"
	case reflect.Slice:
		if field.Type().Elem().Kind() == reflect.String {
			return "a list of words"
		}
		return "a list of whole numbers"
	}
	return "words"
}

// RecipeNamed finds a named recipe. The error about an unknown one begins with calls, such as "--recipe".
func RecipeNamed(name, calls string) (training.Recipe, error) {
	r, err := training.RecipeNamed(name)
	var bad *training.RecipeError
	if !errors.As(err, &bad) {
		return r, err
	}
	err = errors.New(bad.About(calls))
	if like := hints.Near(name, training.RecipeNames()); like != "" {
		return r, hints.With(err, "did you mean "+like+"?")
	}
	return r, err
}
