package gpu

import (
	"encoding/binary"

	"cnnvk/vk"
)

// A kernel that does the same for many tensors at once looks up in a table what each of its workgroups does. A plan's tables are written
// once, when it is recorded.

// table is an operand with these words.
func (pl *plan) table(words []uint32) operand {
	at := alignUp(int64(len(pl.tables))*4, windowAlign)
	pl.tables = append(pl.tables, make([]uint32, at/4-int64(len(pl.tables)))...)
	pl.tables = append(pl.tables, words...)
	return operand{slab: &slab{name: "table", home: tables, offset: at, bytes: int64(len(words)) * 4, first: -1}}
}

// tableBytes is the size of the tables, which cannot be empty.
func (pl *plan) tableBytes() int64 { return max(int64(len(pl.tables))*4, windowAlign) }

// writeTables brings a plan's tables to the device.
func (s *session) writeTables(r *recorded) (err error) {
	if r.tables, err = s.executor.device.NewBuffer(r.plan.tableBytes(), vk.DeviceLocal, r.plan.program.Name+" tables"); err != nil || len(r.plan.tables) == 0 {
		return err
	}
	bytes := make([]byte, 0, 4*len(r.plan.tables))
	for _, word := range r.plan.tables {
		bytes = binary.LittleEndian.AppendUint32(bytes, word)
	}
	return s.executor.device.Write(r.tables.Window(0, int64(len(bytes))), bytes)
}
