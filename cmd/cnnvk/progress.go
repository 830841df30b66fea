package main

import (
	"io"
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"golang.org/x/term"

	"cnnvk/net"
)

// The values of --progress.
const (
	progressAuto  = "auto"
	progressPlain = "plain"
	progressBar   = "bar"
	progressNone  = "none"
)

var progressModes = []string{progressAuto, progressPlain, progressBar, progressNone}

// progressFlag says how a command shows how far it is.
func progressFlag() cli.Flag {
	return &cli.StringFlag{Name: "progress", Value: progressAuto, Usage: choice(progressModes) +
		": a bar on a terminal and lines elsewhere, lines alone, a bar everywhere, or neither"}
}

// progressMode is the value of --progress, or that of commands without the flag.
func progressMode(c *cli.Context) (string, error) {
	mode := c.String("progress")
	if mode == "" && !c.IsSet("progress") {
		return progressAuto, nil
	}
	if !slices.Contains(progressModes, mode) {
		return "", usagef("--progress %q: use %s", mode, net.OneOf(progressModes))
	}
	return mode, nil
}

// progressOn wraps out so that progress on it is shown in that mode.
func progressOn(mode string, out io.Writer) io.Writer {
	switch mode {
	case progressPlain:
		return struct{ io.Writer }{out}
	case progressBar:
		return barAnyway{out}
	case progressNone:
		return io.Discard
	}
	return out
}

// barAnyway is a writer on which a bar is drawn even if it is no terminal.
type barAnyway struct{ io.Writer }

// wantsBar says whether progress on out is a bar: it was asked for, or out is a terminal that says how wide it is.
func wantsBar(out io.Writer) bool {
	_, anyway := out.(barAnyway)
	return anyway || isTerminal(out) && columnsOf(out) > 0
}

// unknownWidth is the number of columns of a bar where the terminal's is not known.
const unknownWidth = 80

// newBars draws bars on out.
func newBars(out io.Writer) *mpb.Progress {
	options := []mpb.ContainerOption{mpb.WithRefreshRate(200 * time.Millisecond)}
	anyway, is := out.(barAnyway)
	switch {
	case is && columnsOf(anyway.Writer) == 0:
		options = append(options, mpb.WithOutput(out), mpb.ForceTTY(), mpb.WithAutoRefresh(), mpb.WithWidth(unknownWidth))
	case is:
		options = append(options, mpb.WithOutput(anyway.Writer))
	default:
		options = append(options, mpb.WithOutput(out))
	}
	return mpb.New(options...)
}

// columnsOf is the width of a terminal. It is 0 for other files, and for a terminal that does not know it, such as docker's -t at first or CI's.
func columnsOf(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
