package cifar

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"cnnvk/internal/hints"
)

// readRecords fills the set with exactly as many records as r has. It checks the length again, since
// a file can change while it is read. filled is told of some records at a time.
func (p part) readRecords(r io.Reader, path string, set *Set, filled func(*Set)) error {
	in := bufio.NewReaderSize(r, 256*p.form.RecordBytes())
	labels := make([]byte, p.form.labelBytes())
	told := 0
	for i := range set.Len() {
		if _, err := io.ReadFull(in, labels); err != nil {
			return p.readError(path, i, err)
		}
		fine := labels[len(labels)-1]
		if err := p.setLabels(set, path, i, int(labels[0]), int(fine)); err != nil {
			return err
		}
		if _, err := io.ReadFull(in, set.image(i)); err != nil {
			return p.readError(path, i, err)
		}
		if n := i + 1 - told; n == sumPiece || i == set.Len()-1 {
			filled(set.piece(told, n))
			told = i + 1
		}
	}
	if _, err := in.ReadByte(); err == nil {
		return hints.With(&FileError{Path: path, Problem: fmt.Sprintf("goes on after %d records", set.Len())}, p.replaceHint(path))
	} else if err != io.EOF {
		return systemError(path, err)
	}
	return nil
}

func (p part) readError(path string, record int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return hints.With(&FileError{Path: path, Problem: fmt.Sprintf("ends in record %d (counted from 0)", record)}, p.replaceHint(path))
	}
	return systemError(path, err)
}

// setLabels checks a record's labels and puts them into the set. The coarse one counts where there are coarse classes.
func (p part) setLabels(set *Set, path string, record, coarse, fine int) error {
	problem, what := "", "label"
	if p.form.Coarse != nil {
		what = "fine label"
	}
	switch {
	case p.form.Coarse != nil && (coarse < 0 || coarse >= len(p.form.Coarse)):
		problem = fmt.Sprintf("coarse label %d, must be below %d", coarse, len(p.form.Coarse))
	case fine < 0 || fine >= len(p.form.Classes):
		problem = fmt.Sprintf("%s %d, must be below %d", what, fine, len(p.form.Classes))
	default:
		set.Labels[record] = uint8(fine)
		if set.Coarse != nil {
			set.Coarse[record] = uint8(coarse)
		}
		return nil
	}
	return hints.With(&FileError{Path: path, Problem: fmt.Sprintf("record %d (counted from 0): %s", record, problem)},
		"the file is damaged or of another kind: "+p.replaceHint(path))
}
