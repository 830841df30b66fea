package main

import (
	"bytes"
	"encoding/json"
	"os"
	"time"
)

// eventsFile has a line for everything that happened to a run, in its order: an object with time and event, and what the event
// has to tell. Lines are only added: a run that is resumed goes on in the same file, unless it had to begin over. An epoch
// whose files were incomplete when the process was killed is recorded again on resume.
const eventsFile = "events.jsonl"

// event is a line of events.jsonl. Of the parts below, it has those of its kind.
type event struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"` // begin, resume, epoch, interrupted, failed, end
	*placeEvent
	*positionEvent
	*epochEvent
	Reason string `json:"reason,omitempty"` // of end and failed
}

// placeEvent says where a run goes on, of begin and resume.
type placeEvent struct {
	Device  string `json:"device"`
	Driver  string `json:"driver"`
	Version string `json:"version"`
}

// positionEvent says how far a run is, of all but epoch.
type positionEvent struct {
	EpochsDone int `json:"epochs_done"`
	Steps      int `json:"steps"`
}

// epochEvent is what metrics.csv says of an epoch; null is a value that there is none of.
type epochEvent struct {
	metrics
	Best bool `json:"best"`
}

// appendEvent adds a line to events.jsonl.
func (f *runFolder) appendEvent(e event) error {
	e.Time = time.Now().UTC().Truncate(time.Millisecond)
	line, err := json.Marshal(e)
	if err != nil {
		return f.cannotWrite(eventsFile, err)
	}
	if err := f.owned(); err != nil {
		return err
	}
	to, err := os.OpenFile(f.path(eventsFile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return f.cannotWrite(eventsFile, err)
	}
	err = appendWhole(to, append(line, '\n'))
	if failed := to.Close(); err == nil {
		err = failed
	}
	if err != nil {
		return f.cannotWrite(eventsFile, err)
	}
	return nil
}

// toldEnd reports whether the last line tells of the run's end: a process may have been killed between its checkpoint and that line.
func (f *runFolder) toldEnd() bool {
	text, err := os.ReadFile(f.path(eventsFile))
	if err != nil {
		return false
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	var last struct {
		Event string `json:"event"`
	}
	return json.Unmarshal(lines[len(lines)-1], &last) == nil && last.Event == "end"
}

// appendWhole adds all of a line, or nothing: a full disk takes a part.
func appendWhole(to *os.File, line []byte) error {
	info, err := to.Stat()
	if err != nil {
		return err
	}
	if _, err = to.Write(line); err != nil {
		to.Truncate(info.Size())
	}
	return err
}

// position is how far the training is.
func (j *job) position() *positionEvent {
	p := j.trainer.Position()
	return &positionEvent{p.Epoch, p.Total}
}
