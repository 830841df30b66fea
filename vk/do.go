package vk

import "time"

// Do runs what is recorded, once.
func (d *Device) Do(label string, timeout time.Duration, record func(*Recorder) error) error {
	recorder, err := d.NewRecorder(label)
	if err != nil {
		return err
	}
	defer recorder.Abandon()
	if err := record(recorder); err != nil {
		return err
	}
	commands, err := recorder.Finish()
	if err != nil {
		return err
	}
	defer commands.Destroy()
	return d.Run(commands, timeout)
}
