package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"cnnvk/vk"
)

func devicesCommand() *cli.Command {
	return &cli.Command{
		Name:   "devices",
		Usage:  "list the devices and mark the one that is used",
		Flags:  []cli.Flag{deviceFlag()},
		Action: devices,
	}
}

func devices(c *cli.Context) error {
	instance, err := vk.Open(vk.Options{})
	if err != nil {
		return orCPU(err)
	}
	defer instance.Close()
	infos := instance.Devices()
	chosen := cpuDevice
	if want := c.String("device"); !wantsCPU(want) {
		info, err := vk.Choose(infos, want)
		if err != nil {
			return orCPU(err)
		}
		chosen = fmt.Sprint(info.Index)
	}
	return listDevices(c.App.Writer, infos, chosen)
}

// listDevices prints a row for each device; chosen is the first column of the one to be marked.
func listDevices(out io.Writer, infos []vk.Info, chosen string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(index, name, kind, driver, version string) {
		mark := ""
		if index == chosen {
			mark = "*"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", mark, index, name, kind, driver, version)
	}
	row("INDEX", "NAME", "TYPE", "DRIVER", "VULKAN")
	for _, d := range infos {
		row(fmt.Sprint(d.Index), d.Name, fmt.Sprint(d.Type), d.DriverLabel(), d.APIVersion)
	}
	row(cpuDevice, "Go reference executor", "cpu", "float64", "-")
	return w.Flush()
}
