package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"cnnvk/engine/gpu"
	"cnnvk/net"
	"cnnvk/vk"
)

// programProfile is what one step of a program spends on the device.
type programProfile struct {
	name   string
	times  []gpu.KernelTime // by dispatch
	shares []kernelShare    // by kernel, the longest first
	total  time.Duration
	// How many dispatches and barriers there are.
	dispatches, barriers int
	// What the driver says of the pipelines; none where it says nothing.
	statistics []gpu.KernelStatistics
}

// kernelShare is what a step spends in one kernel.
type kernelShare struct {
	kernel       string
	shader       string // the file that it was compiled from
	calls        int
	time         time.Duration
	multiplyAdds int64
	bytes        int64
}

// flops are its floating-point operations: a multiply-add is two.
func (s kernelShare) flops() float64 { return 2 * float64(s.multiplyAdds) }

// profiledSteps are run with a timestamp after every kernel. The fastest counts: others disturb but never help.
const profiledSteps = 3

// profile runs training steps and evaluations once more.
func (b *bencher) profile() ([]programProfile, error) {
	var out []programProfile
	for _, of := range []*net.Batches{b.train, b.eval} {
		var best *programProfile
		for range profiledSteps {
			p, r, err := b.next(of)
			if err != nil {
				return nil, err
			}
			times, err := gpu.Profile(b.session, p, r)
			if err != nil {
				return nil, err
			}
			if one := profileOf(p.Name, times); best == nil || one.total < best.total {
				best = &one
			}
		}
		var err error
		if best.dispatches, best.barriers, err = gpu.Size(b.session, of.Programs()[0]); err != nil {
			return nil, err
		}
		if best.statistics, err = gpu.Statistics(b.session, of.Programs()[0]); err != nil && !errors.Is(err, vk.ErrUnsupported) {
			return nil, err
		}
		out = append(out, *best)
	}
	return out, nil
}

func profileOf(name string, times []gpu.KernelTime) programProfile {
	p := programProfile{name: name, times: times}
	for _, t := range times {
		i := slices.IndexFunc(p.shares, func(s kernelShare) bool { return s.kernel == t.Kernel })
		if i < 0 {
			i = len(p.shares)
			p.shares = append(p.shares, kernelShare{kernel: t.Kernel, shader: t.Shader})
		}
		p.shares[i].calls++
		p.shares[i].time += t.Time
		p.shares[i].multiplyAdds += t.MultiplyAdds
		p.shares[i].bytes += t.Bytes
		p.total += t.Time
	}
	slices.SortStableFunc(p.shares, func(a, b kernelShare) int { return int(b.time - a.time) })
	return p
}

// printProfiles prints a table for each program, under the ceilings that its kernels are held against.
func printProfiles(out io.Writer, profiles []programProfile, c gpu.Ceilings) error {
	fmt.Fprintf(out, "\nceilings: %.1f Gflop/s in registers, %.1f GB/s copying memory; more than 100 %% of memory comes from caches\n",
		c.Flops/1e9, c.Bytes/1e9)
	for _, p := range profiles {
		fmt.Fprintf(out, "\n%s: %.2f ms on the device, %d dispatches, %d barriers\n", p.name, p.total.Seconds()*1e3, p.dispatches, p.barriers)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "ms\tshare\tcalls\tGflop/s\tGB/s\tof ceiling\tkernel\tshader\t")
		for _, s := range p.shares {
			fmt.Fprintf(w, "%.2f\t%.1f %%\t%d\t%s\t%s\t%s\t%s\t%s\t\n",
				s.time.Seconds()*1e3, 100*s.time.Seconds()/max(p.total.Seconds(), 1e-12), s.calls,
				perSecond(s.flops(), s.time), perSecond(float64(s.bytes), s.time), nearer(c, s.flops(), float64(s.bytes), s.time), s.kernel, s.shader)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if err := p.printRegisters(out); err != nil {
			return err
		}
	}
	return nil
}

// nearer says how much of the nearer ceiling something reaches that did that much in that time: "62 % memory". Where caches spare it
// the memory, it can be more than all.
func nearer(c gpu.Ceilings, flops, bytes float64, took time.Duration) string {
	if took <= 0 {
		return "-"
	}
	arithmetic, memory := flops/took.Seconds()/c.Flops, bytes/took.Seconds()/c.Bytes
	if arithmetic > memory {
		return fmt.Sprintf("%.0f %% flop", 100*arithmetic)
	}
	return fmt.Sprintf("%.0f %% memory", 100*memory)
}

// perSecond is a rate in billions, "-" where there is none.
func perSecond(amount float64, took time.Duration) string {
	if amount <= 0 || took <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", amount/took.Seconds()/1e9)
}
