// Package pickle runs Python's pickles of data. A pickle is a program for a small stack machine, and a hostile one may claim a terabyte in
// nine bytes, or name any function of Python's. So it is looked through before it is run: only instructions that data need may occur, no
// length may exceed the file, and what is long stays in the file. Then it runs with the few classes that its caller knows. No Python
// code is executed.
package pickle

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Blob is a long string or array of bytes, left where it lies in the file.
type Blob struct {
	At, Size int64
	Latin1   bool // bytes that were written as UTF-8, one rune each
}

// Limits say what a pickle may ask for.
type Limits struct {
	Instructions int
	Containers   int    // the instructions that cost the most memory: marks, lists, dictionaries, sets
	More         string // opcodes that may occur beside those of lists, dictionaries, numbers and strings
}

// Skeleton is a pickle that was looked through, without its frames, in which a persistent ID, the index of the blob, stands for each long
// string.
type Skeleton struct {
	code  []byte
	blobs []Blob
}

// inlineBytes is the longest string that stays in a skeleton.
const inlineBytes = 255

// operand is the form of what follows an opcode in the file.
type operand struct {
	allowed bool
	fixed   int  // bytes
	counted int  // bytes of a length that comes first
	text    bool // the counted bytes are UTF-8
	lines   int
}

// operands are those of the opcodes that may occur: Python's pickletools describes them all.
var operands = [256]operand{
	'(': {allowed: true}, ')': {allowed: true}, '.': {allowed: true}, 'N': {allowed: true}, 'R': {allowed: true}, // MARK EMPTY_TUPLE STOP NONE REDUCE
	']': {allowed: true}, 'a': {allowed: true}, 'e': {allowed: true}, // EMPTY_LIST APPEND APPENDS
	'}': {allowed: true}, 's': {allowed: true}, 'u': {allowed: true}, // EMPTY_DICT SETITEM SETITEMS
	't': {allowed: true}, 0x85: {allowed: true}, 0x86: {allowed: true}, 0x87: {allowed: true}, // TUPLE TUPLE1 to 3
	'b': {allowed: true}, 0x88: {allowed: true}, 0x89: {allowed: true}, // BUILD NEWTRUE NEWFALSE
	'K': {allowed: true, fixed: 1}, 'M': {allowed: true, fixed: 2}, 'J': {allowed: true, fixed: 4}, 'G': {allowed: true, fixed: 8}, // BININT1 BININT2 BININT BINFLOAT
	0x8a: {allowed: true, counted: 1},                                                                                                                      // LONG1
	'h':  {allowed: true, fixed: 1}, 'j': {allowed: true, fixed: 4}, 'q': {allowed: true, fixed: 1}, 'r': {allowed: true, fixed: 4}, 0x94: {allowed: true}, // BINGET BINPUT MEMOIZE
	'U': {allowed: true, counted: 1}, 'T': {allowed: true, counted: 4}, // SHORT_BINSTRING BINSTRING
	'C': {allowed: true, counted: 1}, 'B': {allowed: true, counted: 4}, 0x8e: {allowed: true, counted: 8}, 0x96: {allowed: true, counted: 8}, // BINBYTES BYTEARRAY8
	0x8c: {allowed: true, counted: 1, text: true}, 'X': {allowed: true, counted: 4, text: true}, 0x8d: {allowed: true, counted: 8, text: true}, // BINUNICODE
	'c': {allowed: true, lines: 2}, 0x93: {allowed: true}, // GLOBAL STACK_GLOBAL
	0x80: {allowed: true, fixed: 1}, 0x95: {allowed: true, fixed: 8}, // PROTO FRAME
}

// containers are the opcodes that Limits.Containers counts: MARK EMPTY_LIST EMPTY_DICT EMPTY_SET.
const containers = "(]}\x8f"

// scan is a pickle that is looked through.
type scan struct {
	in       *bufio.Reader
	at, size int64  // read so far, of
	left     Limits // of what may still come
	skeleton []byte
	blobs    []Blob
	piece    [inlineBytes]byte // for copy
}

// Scan looks through a pickle of size bytes.
func Scan(r io.Reader, size int64, limits Limits) (_ *Skeleton, err error) {
	s := &scan{in: bufio.NewReaderSize(r, 1<<16), size: size, left: limits}
	for done := false; !done && err == nil; {
		done, err = s.instruction()
	}
	if err == nil && s.at < size {
		err = fmt.Errorf("goes on after its end, at byte %d", s.at)
	}
	if err != nil {
		return nil, err
	}
	return &Skeleton{s.skeleton, s.blobs}, nil
}

// ErrEnds says that a file ends before its pickle does.
var ErrEnds = errors.New("is cut short: it ends in the middle")

// instruction copies one instruction to the skeleton.
func (s *scan) instruction() (stop bool, err error) {
	begin := len(s.skeleton)
	if err := s.copy(1); err != nil {
		return false, err
	}
	code := s.skeleton[begin]
	op := operands[code]
	if strings.IndexByte(containers, code) >= 0 {
		s.left.Containers--
	}
	s.left.Instructions--
	allowed := op.allowed || strings.IndexByte(s.left.More, code) >= 0
	switch {
	case !allowed && s.skeleton[0] != 0x80:
		return false, errors.New("is a pickle of protocol 0, which is text: 2 and later are read")
	case !allowed:
		return false, fmt.Errorf("has an instruction that is not read, 0x%02x at byte %d", code, s.at-1)
	case s.left.Instructions < 0 || s.left.Containers < 0:
		return false, errors.New("has more instructions than its data need")
	case op.lines > 0:
		return false, s.lines(op.lines)
	case op.counted > 0:
		return false, s.counted(begin, op)
	}
	if err := s.copy(op.fixed); err != nil {
		return false, err
	}
	if code == 0x95 { // a frame says where to read on, which the skeleton does not need
		s.skeleton = s.skeleton[:begin]
	}
	return code == '.', nil
}

// lines takes over the two lines of a name.
func (s *scan) lines(n int) error {
	for length := 0; n > 0; length++ {
		if length > 2*inlineBytes {
			return errors.New("has a name that is too long")
		}
		if err := s.copy(1); err != nil {
			return err
		}
		if s.skeleton[len(s.skeleton)-1] == '\n' {
			n--
		}
	}
	return nil
}

// counted takes over a short string, and leaves a long one where it is.
func (s *scan) counted(begin int, op operand) error {
	if err := s.copy(op.counted); err != nil {
		return err
	}
	var wide [8]byte
	copy(wide[:], s.skeleton[begin+1:])
	size := binary.LittleEndian.Uint64(wide[:])
	switch {
	case size > uint64(s.size-s.at):
		return ErrEnds
	case size == 0 && s.skeleton[begin] == 0x8a: // Python 2's 0L, which the library does not take
		s.skeleton = append(s.skeleton[:begin], 'K', 0)
		return nil
	case size <= inlineBytes:
		return s.copy(int(size))
	}
	if err := s.discard(int64(size)); err != nil {
		return err
	}
	s.skeleton = append(s.skeleton[:begin], 'J')
	s.skeleton = binary.LittleEndian.AppendUint32(s.skeleton, uint32(len(s.blobs)))
	s.skeleton = append(s.skeleton, 'Q')
	s.blobs = append(s.blobs, Blob{At: s.at - int64(size), Size: int64(size), Latin1: op.text})
	return nil
}

// copy takes n bytes over.
func (s *scan) copy(n int) error {
	if _, err := io.ReadFull(s.in, s.piece[:n]); err != nil {
		return scanError(err)
	}
	s.at += int64(n)
	s.skeleton = append(s.skeleton, s.piece[:n]...)
	return nil
}

func (s *scan) discard(n int64) error {
	if _, err := io.CopyN(io.Discard, s.in, n); err != nil {
		return scanError(err)
	}
	s.at += n
	return nil
}

func scanError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrEnds
	}
	return err
}
