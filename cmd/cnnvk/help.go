package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"cnnvk/internal/hints"
)

// examples are what the help of a command shows besides its flags.
var examples = map[string][]string{
	"cnnvk": {
		"cnnvk train",
		"cnnvk eval --weights runs/smallcifarnet/weights/best.safetensors",
		"cnnvk help train",
	},
	"cnnvk train": {
		"cnnvk train --data ~/cifar100 --out runs/mine",
		"cnnvk train --epochs 3 --batch-size 64 --device 0",
		"cnnvk train --max-time 1h --opt nesterov --lr 0.05",
		"cnnvk train --recipe tinynet --progress plain",
		"cnnvk train --data synthetic:64x64x3:100 --limit-steps 100     # made-up images: rows, columns, channels, classes",
		"cnnvk train --model resnet9s",
		"cnnvk train --data ~/pets --model resnet9s --batch-size 16 --lr 0.05     # pictures in ~/pets/CLASS/*, or train/CLASS/* and val/CLASS/*",
		"cnnvk train --data ~/pets/labels.csv --image-size 64 --resize crop",
		"cnnvk train --model mine.yaml --out runs/mine",
		"cnnvk train --amp --amp-dtype bfloat16 --out runs/half",
		"cnnvk train --initial-weights runs/mine --freeze 'features.*' --lr 0.0003 --out runs/tuned",
		"cnnvk train --resume runs/smallcifarnet",
		"cnnvk train --out runs/queued --resume auto",
		"cnnvk train --config runs/mine/config.yaml --seed 43 --out runs/again",
	},
	"cnnvk eval": {
		"cnnvk eval --weights runs/mine/weights/best.safetensors --data ~/cifar100",
		"cnnvk eval --weights runs/pets --data ~/pets",
		"cnnvk eval --weights from_pytorch.pth --json > result.json",
		"cnnvk eval --model mine.yaml --weights from_pytorch.safetensors",
	},
	"cnnvk convert": {
		"cnnvk convert runs/mine mine.pt",
		"cnnvk convert from_pytorch.pth mine.safetensors",
		"cnnvk convert runs/mine mine.onnx",
		"cnnvk convert --uint8 --softmax runs/mine mine.onnx     # bytes in, probabilities out",
		"cnnvk convert --model mine.yaml from_pytorch.pt mine.safetensors",
	},
	"cnnvk predict": {
		"cnnvk predict --weights runs/mine photo.jpg",
		"cnnvk predict --weights runs/mine -k 3 --resize crop -o sheet.png photos",
		"cnnvk predict --weights from_pytorch.safetensors --csv photos > found.csv",
		"cnnvk predict --weights runs/mine --json - < photo.png",
	},
	"cnnvk summary": {
		"cnnvk summary",
		"cnnvk summary --widths 32,64,128,256,256,256 --batch-size 512",
		"cnnvk summary --model resnet9s --yaml > mine.yaml",
		"cnnvk summary --model mine.yaml",
		"cnnvk summary --amp",
	},
	"cnnvk bench": {
		"cnnvk bench",
		"cnnvk bench --batch-size 64 --repeats 30 --markdown",
		"cnnvk bench --profile --trace bench.json",
		"cnnvk bench --recipe tinynet --augment reference",
		"cnnvk bench --amp",
	},
	"cnnvk tune": {
		"cnnvk tune",
		"cnnvk tune --force --device 0",
		"cnnvk tune --model resnet9s",
	},
	"cnnvk devices": {
		"cnnvk devices",
		"cnnvk devices -v --device nvidia",
	},
	"cnnvk data": {
		"cnnvk data download",
		"cnnvk data info --data ~/cifar100",
	},
	"cnnvk data download": {
		"cnnvk data download",
		"cnnvk data download --to ~/datasets",
		"cnnvk data download --from cifar-100-binary.tar.gz     # fetched by other means",
	},
	"cnnvk data info": {
		"cnnvk data info",
		"cnnvk data info --data ~/cifar100 --json",
		"cnnvk data info --data cifar-10-binary.tar.gz",
		"cnnvk data info --data ~/pets",
	},
	"cnnvk data preview": {
		"cnnvk data preview -o sheet.png",
		"cnnvk data preview --augment randaugment --images 20 --epochs 12",
		"cnnvk data preview --data synthetic:28x28x1:10 --augment crop-flip",
		"cnnvk data preview --data ~/pets --image-size 64 --resize pad",
	},
	"cnnvk completion": {
		`eval "$(cnnvk completion bash)"     # in ~/.bashrc`,
		`eval "$(cnnvk completion zsh)"      # in ~/.zshrc, after compinit`,
		"cnnvk completion fish > ~/.config/fish/completions/cnnvk.fish",
	},
	"cnnvk version": {
		"cnnvk version",
	},
}

// exitCodes end the help of the program.
const exitCodes = `0 done, 1 failed, 2 wrong usage, 130 interrupted`

// giveExamples adds the examples to the help of the commands and of those below them.
func giveExamples(parent string, commands []*cli.Command) {
	for _, c := range commands {
		name := parent + " " + c.Name
		c.Description = strings.Join(examples[name], "\n")
		c.CustomHelpTemplate = withExamples(cli.CommandHelpTemplate)
		if len(c.Subcommands) > 0 {
			c.CustomHelpTemplate = withExamples(cli.SubcommandHelpTemplate)
		}
		if c.Name == "train" {
			c.CustomHelpTemplate += recipesHelp()
		}
		giveExamples(name, c.Subcommands)
	}
}

// withExamples renames the part of a help text that holds them.
func withExamples(template string) string {
	return strings.Replace(template, "DESCRIPTION:", "EXAMPLES:", 1)
}

const completionFlag = "--generate-bash-completion" // the last argument where a shell's script asks

// helpAsFlag makes "cnnvk train --help" of "cnnvk help train" and of "cnnvk train help". Words after a flag stay as they are.
func helpAsFlag(args []string) []string {
	words := args[min(1, len(args)):]
	if i := slices.IndexFunc(words, func(word string) bool { return strings.HasPrefix(word, "-") }); i >= 0 {
		words = words[:i]
	}
	if !slices.Contains(words, "help") {
		return args
	}
	asked := append([]string{args[0]}, slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "help" })...)
	if args[len(args)-1] == completionFlag {
		return append(asked, completionFlag)
	}
	return append(asked, "--help")
}

// flagsFirst moves the flags of a command that takes arguments before them, where the library looks for flags. What follows -- stays
// where it is.
func flagsFirst(app *cli.App, args []string) []string {
	if len(args) < 3 || args[len(args)-1] == completionFlag {
		return args
	}
	command := app.Command(args[1])
	if command == nil || command.ArgsUsage == "" {
		return args
	}
	flags, others := []string{args[0], args[1]}, []string(nil)
	for i := 2; i < len(args); i++ {
		word := args[i]
		if word == "--" {
			others = append(others, args[i+1:]...)
			break
		}
		if !strings.HasPrefix(word, "-") || word == standardInput {
			others = append(others, word)
			continue
		}
		flags = append(flags, word)
		if f := flagNamed(command, word); f != nil && f.TakesValue() {
			if i++; i == len(args) {
				return flags // the library says that a value is missing
			}
			flags = append(flags, args[i])
		}
	}
	if len(others) == 0 {
		return flags
	}
	return append(append(flags, "--"), others...)
}

// argumentHint helps with an argument to a command that takes none.
func argumentHint(c *cli.Context) string {
	word := c.Args().First()
	if _, err := strconv.ParseBool(word); err == nil && len(word) > 1 {
		return "a flag that is on or off has its value behind a =, as in --flag=" + word
	}
	if widths := widthsInWords(c); len(widths) > 1 {
		return "--widths " + strings.Join(widths, ",")
	}
	return flagHint(c, word)
}

// flagHint helps with a flag that does not exist, or with an argument that most likely should be one.
func flagHint(c *cli.Context, word string) string {
	if word == "version" || word == "V" {
		return "cnnvk --version"
	}
	var names []string
	for _, f := range c.Command.Flags {
		for _, name := range f.Names() {
			if len(name) > 1 {
				names = append(names, name)
			}
		}
	}
	return didYouMean("--", strings.TrimLeft(word, "-"), names) + c.Command.HelpName + " --help lists the flags"
}

// widthsInWords are the widths of --widths when they were typed with blanks between: the later ones became arguments.
func widthsInWords(c *cli.Context) (widths []string) {
	if !c.IsSet("widths") {
		return nil
	}
	for _, word := range append([]string{c.String("widths")}, c.Args().Slice()...) {
		word = strings.Trim(word, ",")
		if _, err := parseInts(word); err != nil {
			break
		}
		widths = append(widths, word)
	}
	return widths
}

// commandHint helps with a command that does not exist.
func commandHint(c *cli.Context, word string) string {
	names := []string{"help"}
	for _, command := range c.Command.Subcommands {
		names = append(names, command.Name)
	}
	return didYouMean(c.Command.HelpName+" ", word, names) + c.Command.HelpName + " --help lists the commands"
}

// didYouMean is the beginning of a hint about a mistyped word, or nothing.
func didYouMean(before, word string, candidates []string) string {
	if found := hints.Near(word, candidates); found != "" {
		return fmt.Sprintf("did you mean %s%s? ", before, found)
	}
	return ""
}
