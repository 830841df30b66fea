package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/internal/memlimit"
	"cnnvk/vk"
)

func (p program) devicesCommand() *cli.Command {
	return &cli.Command{
		Name:  "devices",
		Usage: "list the devices, and say which one is used and why",
		Flags: []cli.Flag{
			deviceFlag(),
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "also the limits and features that matter here"},
			&cli.BoolFlag{Name: "json", Usage: "print all of it as JSON, and nothing else"},
		},
		Action: p.devices,
	}
}

// deviceList is what there is to be listed, as --json prints it.
type deviceList struct {
	Devices []deviceReport `json:"devices"`
	Chosen  string         `json:"chosen"` // a value for --device: an index, or cpu
	Why     string         `json:"why"`
	Limits  []reportLimit  `json:"memory_limits"` // on a run's memory where the device is the processor
}

// reportLimit is a bound on this process's memory.
type reportLimit struct {
	Name  string `json:"name"` // ulimit -v, or a cgroup's file
	Of    string `json:"of"`   // memory, address space, or data memory
	Bytes int64  `json:"bytes"`
	Free  int64  `json:"free_bytes"`
}

func (p program) devices(c *cli.Context) error {
	s, err := p.newConsole(c, c.Bool("json"))
	if err != nil {
		return err
	}
	want := c.String("device")
	infos, err := machine.Devices(s.log, want)
	if err != nil && !(machine.WantsCPU(want) && machine.IsNoVulkan(err)) {
		return err
	}
	list := deviceList{Devices: []deviceReport{}, Chosen: machine.CPU, Why: "asked for by its name", Limits: []reportLimit{}}
	if !machine.WantsCPU(want) {
		info, why, err := vk.Explain(infos, want)
		if err != nil {
			return machine.OrCPU(err)
		}
		list.Chosen, list.Why = fmt.Sprint(info.Index), why
	}
	list.Why += askedBy(want)
	for _, info := range infos {
		list.Devices = append(list.Devices, report(info))
	}
	for _, l := range memlimit.Limits() {
		list.Limits = append(list.Limits, reportLimit{l.Name, l.Kind.String(), l.Bytes, l.Free()})
	}
	switch {
	case c.Bool("json"):
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		return e.Encode(list)
	case c.Bool("verbose"):
		return list.printAll(c.App.Writer)
	}
	return list.print(c.App.Writer)
}

// askedBy says where a wish for a device came from.
func askedBy(want string) string {
	switch {
	case want == "" || strings.EqualFold(want, "vulkan"):
		return ""
	case want == os.Getenv(deviceVariable):
		return ", " + deviceVariable + "=" + want
	}
	return ", --device " + want
}

// printAll writes the table and, for each device, a line for each limit and feature.
func (l deviceList) printAll(out io.Writer) error {
	if err := l.print(out); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, d := range l.Devices {
		fmt.Fprintf(w, "\ndevice %d: %s\n", d.Index, d.Name)
		for _, fact := range d.facts() {
			fmt.Fprintf(w, "  %s\t%s\n", fact.name, fact.value)
		}
	}
	return w.Flush()
}

// print writes a row for each device, then which one is used.
func (l deviceList) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(index, name, kind, memory, free, driver, version string) {
		mark := ""
		if index == l.Chosen {
			mark = "*"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", mark, index, name, kind, memory, free, driver, version)
	}
	row("INDEX", "NAME", "TYPE", "MEMORY", "FREE", "DRIVER", "VULKAN")
	for _, d := range l.Devices {
		row(fmt.Sprint(d.Index), d.Name, d.Type, machine.BinaryBytes(d.MemoryBytes), d.free(), d.driver(), d.Vulkan)
	}
	row(machine.CPU, "Go reference executor", "cpu", "-", "-", "float64", "-")
	if err := w.Flush(); err != nil {
		return err
	}
	for _, limit := range l.Limits {
		fmt.Fprintf(out, "devices of type cpu have %s of %s at most, %s of it left (%s)\n", machine.BinaryBytes(limit.Bytes), limit.Of, machine.BinaryBytes(limit.Free), limit.Name)
	}
	_, err := fmt.Fprintf(out, "device %s is used: %s\n", l.Chosen, l.Why)
	return err
}
