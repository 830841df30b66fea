package pickle

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/nlpodyssey/gopickle/pickle"
)

// Load runs the pickle. It makes lists, dictionaries, numbers, strings, collections.OrderedDict, and what class gives for the names that
// it knows; for others class returns a *ForeignClass. Long strings are Blobs. persistent makes objects of persistent IDs; nil where there
// are none. The error is a *ForeignClass, or says that the pickle is damaged.
func (s *Skeleton) Load(class func(module, name string) (any, error), persistent func(id any) (any, error)) (value any, err error) {
	defer func() {
		if p := recover(); p != nil { // the library indexes what a hostile pickle leaves empty
			value, err = nil, errDamaged
		}
	}()
	u := pickle.NewUnpickler(bytes.NewReader(s.code))
	u.FindClass = class
	u.PersistentLoad = func(id any) (any, error) {
		if at, isBlob := id.(int); isBlob {
			return s.blobs[at], nil
		}
		if persistent == nil {
			return nil, errDamaged
		}
		return persistent(id)
	}
	value, err = u.Load()
	var foreign *ForeignClass
	if err != nil && !errors.As(err, &foreign) {
		return nil, errDamaged // the library's words are of its stack
	}
	return value, err
}

var errDamaged = errors.New("is damaged")

// ForeignClass is a class, or a function, that no pickle of data needs.
type ForeignClass struct{ Module, Name string }

func (e *ForeignClass) Error() string {
	return fmt.Sprintf("wants Python's %s, which is not executed", e.Quoted())
}

// Quoted is the class's name, in one line and cut to a readable length.
func (e *ForeignClass) Quoted() string {
	const limit = 60
	name := e.Module + "." + e.Name
	if len(name) > limit {
		name = name[:limit] + "..."
	}
	return fmt.Sprintf("%q", name)
}
