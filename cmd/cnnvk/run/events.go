package run

import (
	"bytes"
	"cnnvk/net/training"
	"encoding/json"
	"os"
	"time"
)

// EventsFile has a line for everything that happened to a run, in its order: an object with time and event, and what the event
// has to tell. Lines are only added: a run that is resumed goes on in the same file, unless it had to begin over. An epoch
// whose files were incomplete when the process was killed is recorded again on resume.
const EventsFile = "events.jsonl"

// Event is a line of events.jsonl. Which of the parts below it has depends on its kind.
type Event struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"` // begin, resume, epoch, interrupted, failed, end
	*Place
	*Position
	*epochEvent
	Reason string `json:"reason,omitempty"` // of end and failed
}

// Place says where a run trains. Events begin and resume have it.
type Place struct {
	Device  string `json:"device"`
	Driver  string `json:"driver"`
	Version string `json:"version"`
}

// Position says how far a run is. All events but epoch have it.
type Position struct {
	EpochsDone int `json:"epochs_done"`
	Steps      int `json:"steps"`
}

// PositionOf is the position of a training.
func PositionOf(p training.Position) *Position { return &Position{p.Epoch, p.Total} }

// epochEvent has the numbers of metrics.csv for an epoch; a missing one is null.
type epochEvent struct {
	Metrics
	Best bool `json:"best"`
}

// AppendEvent adds a line to events.jsonl.
func (f *Folder) AppendEvent(e Event) error {
	e.Time = time.Now().UTC().Truncate(time.Millisecond)
	line, err := json.Marshal(e)
	if err != nil {
		return f.cannotWrite(EventsFile, err)
	}
	if err := f.owned(); err != nil {
		return err
	}
	to, err := os.OpenFile(f.Path(EventsFile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return f.cannotWrite(EventsFile, err)
	}
	err = appendWhole(to, append(line, '\n'))
	if failed := to.Close(); err == nil {
		err = failed
	}
	if err != nil {
		return f.cannotWrite(EventsFile, err)
	}
	return nil
}

// ToldEnd reports whether the last line is the event end. A process may have been killed after its last checkpoint and before that line.
func (f *Folder) ToldEnd() bool {
	text, err := os.ReadFile(f.Path(EventsFile))
	if err != nil {
		return false
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	var last struct {
		Event string `json:"event"`
	}
	return json.Unmarshal(lines[len(lines)-1], &last) == nil && last.Event == "end"
}

// appendWhole adds all of a line or nothing: a full disk may take only a part, which is then cut off.
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
