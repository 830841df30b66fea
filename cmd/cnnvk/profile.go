package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/gpu"
)

// programProfile is what one step of a program spends on the device.
type programProfile struct {
	name   string
	shares []kernelShare // the longest first
	total  time.Duration
}

// kernelShare is what a step spends in one shader.
type kernelShare struct {
	shader       string
	calls        int
	time         time.Duration
	multiplyAdds int64
}

// profile runs a training step and an evaluation once more, with a timestamp after every kernel.
func (b *bencher) profile() ([]programProfile, error) {
	var out []programProfile
	for _, p := range []*engine.Program{b.train, b.eval} {
		r := engine.NewRecord(p)
		b.next(p, r)
		times, err := gpu.Profile(b.session, p, r)
		if err != nil {
			return nil, err
		}
		out = append(out, profileOf(p.Name, times))
	}
	return out, nil
}

func profileOf(name string, times []gpu.KernelTime) programProfile {
	p := programProfile{name: name}
	for _, t := range times {
		i := slices.IndexFunc(p.shares, func(s kernelShare) bool { return s.shader == t.Shader })
		if i < 0 {
			i = len(p.shares)
			p.shares = append(p.shares, kernelShare{shader: t.Shader})
		}
		p.shares[i].calls++
		p.shares[i].time += t.Time
		p.shares[i].multiplyAdds += t.MultiplyAdds
		p.total += t.Time
	}
	slices.SortStableFunc(p.shares, func(a, b kernelShare) int { return int(b.time - a.time) })
	return p
}

// printProfiles prints a table for each program. A multiply-add is two floating-point operations.
func printProfiles(out io.Writer, profiles []programProfile) error {
	for _, p := range profiles {
		fmt.Fprintf(out, "\n%s: %.2f ms on the device\n", p.name, p.total.Seconds()*1e3)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "ms\tshare\tcalls\tGflop/s\tkernel\t")
		for _, s := range p.shares {
			flops := "-"
			if s.multiplyAdds > 0 && s.time > 0 {
				flops = fmt.Sprintf("%.1f", 2*float64(s.multiplyAdds)/s.time.Seconds()/1e9)
			}
			fmt.Fprintf(w, "%.2f\t%.1f %%\t%d\t%s\t%s\t\n",
				s.time.Seconds()*1e3, 100*s.time.Seconds()/max(p.total.Seconds(), 1e-12), s.calls, flops, s.shader)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}
