package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"cnnvk/vk"
)

func devicesCommand() *cli.Command {
	return &cli.Command{
		Name:  "devices",
		Usage: "list the Vulkan devices and say which one is used",
		Flags: []cli.Flag{deviceFlag()},
		Action: func(c *cli.Context) error {
			instance, err := vk.Open(vk.Options{})
			if err != nil {
				return err
			}
			defer instance.Close()
			infos := instance.Devices()
			want := c.String("device")
			if want == cpuDevice {
				want = ""
			}
			chosen, err := vk.Choose(infos, want)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "\tINDEX\tNAME\tTYPE\tDRIVER\tVULKAN")
			for _, d := range infos {
				mark := ""
				if d.Index == chosen.Index {
					mark = "*"
				}
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\n", mark, d.Index, d.Name, d.Type, d.DriverLabel(), d.APIVersion)
			}
			fmt.Fprintf(w, "\t%s\tGo reference executor\tcpu\tfloat64\t-\n", cpuDevice)
			return w.Flush()
		},
	}
}
