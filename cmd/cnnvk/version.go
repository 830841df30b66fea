package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"cnnvk/internal/hints"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:   "version",
		Usage:  "print the version",
		Action: printVersion,
	}
}

// versionFlag does what the command does, for those who try that first.
func versionFlag() cli.Flag {
	return &cli.BoolFlag{Name: "version", Aliases: []string{"v", "V"}, Usage: "print the version"}
}

// versionAlone refuses the flag before a command: there -v is most likely meant to be the command's.
func versionAlone(c *cli.Context) error {
	if c.Bool("version") && c.Args().Present() {
		return hints.With(usagef("--version and -v before a command: use them alone"), "flags of a command stand behind it: cnnvk "+c.Args().First()+" -v")
	}
	return nil
}

func printVersion(c *cli.Context) error {
	_, err := fmt.Fprintf(c.App.Writer, "cnnvk %s %s/%s %s\n", version(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	return err
}

// commit is set by the Makefile, for toolchains that do not stamp it themselves.
var commit string

// version is the commit that the program was built from, "+changes" if the tree had changes, or "unknown" if it
// was built outside of version control.
func version() string {
	if commit != "" {
		return commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, changes := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changes = "+changes"
		}
	}
	return revision + changes
}
