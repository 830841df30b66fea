package main

import (
	"cmp"
	"os"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/machine"
)

const (
	deviceUsage    = "`INDEX|NAME|UUID|vulkan|cpu`: a Vulkan device by its place, a part of its name or its UUID, the best one, or the Go reference executor"
	deviceVariable = "CNNVK_DEVICE"
)

// deviceFlag chooses where the work is done.
func deviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Usage: deviceUsage, EnvVars: []string{deviceVariable}}
}

// trainDeviceFlag is deviceFlag where a run that is resumed may name a device, too: the environment must not look like the flag then.
func trainDeviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Usage: deviceUsage + " (default: that of the run with --resume) [$" + deviceVariable + "]"}
}

// deviceOf is the device that the flag names, or else the environment.
func deviceOf(c *cli.Context) string { return cmp.Or(c.String("device"), os.Getenv(deviceVariable)) }

// withRoom is an action on a device, for which there is at least the room to begin with.
func withRoom(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := machine.RoomToBegin(c.Command.Name, deviceOf(c)); err != nil {
			return err
		}
		return action(c)
	}
}

// onMachine lets use work on a machine that tells on this console what it does.
func (s *console) onMachine(o machine.Options, use func(*machine.Machine) error) error {
	o.Log, o.Say, o.Sample = s.log, s.say, sampleStep(s.sample)
	return machine.Use(o, use)
}
