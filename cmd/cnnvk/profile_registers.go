package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"cnnvk/engine/gpu"
)

// registerRow is what the driver says of a kernel's registers: the worst of all its pipelines, which is the largest number or, for
// subgroups that a processor holds, the smallest.
type registerRow struct {
	kernel    string
	pipelines int
	subgroups []string           // sizes
	worst     map[string]float64 // by the driver's name
}

// printRegisters prints a table of what the driver says of registers and the like, where it says something.
func (p programProfile) printRegisters(out io.Writer) error {
	rows, columns := p.registerTable()
	if len(columns) == 0 {
		return nil
	}
	fmt.Fprintf(out, "\n%s, as the driver says, the worst of a kernel's pipelines:\n", p.name)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\tpipelines\tsubgroup\tkernel\t\n", strings.Join(columns, "\t"))
	for _, r := range rows {
		for _, c := range columns {
			value := "-"
			if v, known := r.worst[c]; known {
				value = strconv.FormatFloat(v, 'f', -1, 64)
			}
			fmt.Fprintf(w, "%s\t", value)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t\n", r.pipelines, strings.Join(r.subgroups, "/"), r.kernel)
	}
	return w.Flush()
}

// registerTable is a row for each kernel, in order of the shares, and the names of its columns, in the driver's order.
func (p programProfile) registerTable() (rows []registerRow, columns []string) {
	for _, share := range p.shares {
		row := registerRow{kernel: share.kernel, worst: map[string]float64{}}
		for _, k := range p.statistics {
			if k.Kernel == share.kernel {
				columns = row.add(k, columns)
			}
		}
		if row.pipelines > 0 {
			rows = append(rows, row)
		}
	}
	return rows, columns
}

// add takes a pipeline into the row, and returns the columns with its own.
func (r *registerRow) add(k gpu.KernelStatistics, columns []string) []string {
	r.pipelines++
	for _, x := range k.Executables {
		if size := strconv.Itoa(int(x.SubgroupSize)); !slices.Contains(r.subgroups, size) {
			r.subgroups = append(r.subgroups, size)
		}
		for _, s := range x.Statistics {
			tells, fewerAreWorse := gpu.OfRegisters(s.Name)
			if !tells {
				continue
			}
			old, known := r.worst[s.Name]
			if !known || !fewerAreWorse && s.Value > old || fewerAreWorse && s.Value < old {
				r.worst[s.Name] = s.Value
			}
			if !slices.Contains(columns, s.Name) {
				columns = append(columns, s.Name)
			}
		}
	}
	return columns
}
