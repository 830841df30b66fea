package gpu

import (
	"context"
	"regexp"
	"runtime"
	"strings"

	"cnnvk/engine"
	"cnnvk/vk"
)

// KernelStatistics is what the driver says of one pipeline of a program: the same kernel may be specialised in several ways.
type KernelStatistics struct {
	Kernel      string
	Executables []vk.Executable
}

// Statistics compiles the pipelines of p once more, for what the driver says of registers, spills and the like; each once, in the
// order of their first dispatch. The error is [vk.ErrUnsupported] on a device that says nothing.
func Statistics(s engine.Session, p *engine.Program) ([]KernelStatistics, error) {
	g, ok := s.(*session)
	if !ok || g.programs[p] == nil {
		return nil, errNotOurs
	}
	var pipelines []dispatch
	seen := map[string]bool{}
	for _, d := range g.programs[p].plan.dispatches {
		if key := d.pipelineKey(); !seen[key] {
			seen[key] = true
			pipelines = append(pipelines, d)
		}
	}
	out := make([]KernelStatistics, len(pipelines))
	err := inTurn(context.Background(), len(pipelines), runtime.GOMAXPROCS(0), func(i int) (err error) {
		out[i].Kernel = pipelines[i].kernel.code()
		out[i].Executables, err = g.executor.executables(pipelines[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// executables compiles a dispatch's pipeline for what the driver says of it, and drops it.
func (e *Executor) executables(d dispatch) ([]vk.Executable, error) {
	p, err := e.statisticsPipeline(d)
	if err != nil {
		return nil, err
	}
	defer p.Destroy()
	return p.Executables()
}

// statisticsPipeline compiles a dispatch's pipeline, whether it was before or not, so that the driver can say something of it.
func (e *Executor) statisticsPipeline(d dispatch) (*vk.Pipeline, error) {
	spec, err := d.pipelineSpec()
	if err != nil {
		return nil, err
	}
	spec.Statistics = true
	return e.device.NewPipeline(spec)
}

// Spills reports whether a statistic counts values that did not fit into registers and went to memory, by the names that drivers
// give it: RADV's "Spilled VGPRs" and "Scratch size", ANV's "Spill Count", NVK's "Spills to memory", Turnip's "STP Count".
func Spills(s vk.Statistic) bool {
	name := strings.ToLower(s.Name)
	memory := strings.Contains(name, "spill") && !strings.HasSuffix(name, "to reg")
	return s.Value > 0 && (memory || strings.Contains(name, "scratch") || name == "stp count")
}

// What drivers call registers, spills and occupancy; and what sounds so and is about the compiler's way, not its result.
var (
	residence = regexp.MustCompile(`(?i)gpr|register|spill|fill|scratch|^stp|^ldp|stack|local mem|shared mem|workgroup mem|\bLDS\b|slm`)
	occupancy = regexp.MustCompile(`(?i)occupancy|waves|warps|subgroups per|^threads`)
	otherwise = regexp.MustCompile(`(?i)pre-sched|non ssa|hash`)
)

// OfRegisters reports whether a statistic of that name tells of registers, of memory in their place, or of how many subgroups a
// processor then holds; and of the last, that fewer are worse.
func OfRegisters(name string) (tells, fewerAreWorse bool) {
	if otherwise.MatchString(name) {
		return false, false
	}
	fewer := occupancy.MatchString(name)
	return fewer || residence.MatchString(name), fewer
}
