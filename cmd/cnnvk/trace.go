package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/engine/trace"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

func traceFlag() cli.Flag {
	return &cli.PathFlag{
		Name:  "trace",
		Usage: "write a time line of host and device to `FILE`, for ui.perfetto.dev; the first 8 steps of each batch size with all kernels",
	}
}

// traced calls use with the time line that --trace asks for, or nil, and writes the file, even if use failed. Later sessions of the
// machine are on the time line.
func traced(c *cli.Context, m *machine.Machine, use func(*trace.Timeline) error) (err error) {
	path := c.String("trace")
	if path == "" {
		return use(nil)
	}
	// An error is better found before a training than after it.
	if s, err := files.Stage(path, files.Bytes(nil)); err != nil {
		return orOtherTrace(path, err)
	} else {
		s.Discard()
	}
	l := trace.New()
	l.Note("command", "cnnvk "+c.Command.Name)
	l.Note("version", version())
	l.Note("device", m.Device().Name)
	l.Note("driver", m.Device().Driver)
	m.Trace(l)
	defer func() {
		if failed := files.WriteAtomically(path, l.Write); failed != nil {
			err = errors.Join(err, orOtherTrace(path, failed))
		}
	}()
	return use(l)
}

func orOtherTrace(path string, err error) error {
	return hints.With(fmt.Errorf("writing %s: %w", path, files.Reason(err)), "--trace FILE in a folder that you may write to")
}
