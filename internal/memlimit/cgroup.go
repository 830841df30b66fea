package memlimit

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// unlimited and more is no limit: version 1 writes the largest number of pages.
const unlimited = 1 << 60

// version is how a generation of cgroups names what is read.
type version struct {
	limit, used         string // of memory
	swapLimit, swapUsed string
	swapIsBoth          bool // the two are of memory and swap together
	statPrefix          string
}

var (
	v1 = version{"memory.limit_in_bytes", "memory.usage_in_bytes", "memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes", true, "total_"}
	v2 = version{"memory.max", "memory.current", "memory.swap.max", "memory.swap.current", false, ""}
)

// Cgroups are the limits of the cgroups that this process is in, from its own up to the root, as far as they are mounted below
// root, the system's root folder. A container sees its own as the root or, without a namespace, under a path of the host.
func Cgroups(root fs.FS) []Limit {
	groups, err1 := fs.ReadFile(root, "proc/self/cgroup")
	mounts, err2 := fs.ReadFile(root, "proc/self/mountinfo")
	if err1 != nil || err2 != nil {
		return nil
	}
	var limits []Limit
	for line := range strings.Lines(string(mounts)) {
		m, ok := parseMount(line)
		if !ok {
			continue
		}
		group, ok := groupOf(string(groups), m.v)
		if !ok {
			continue
		}
		for dir := m.folder(group); ; dir = path.Dir(dir) {
			if l, ok := m.v.read(root, dir); ok {
				limits = append(limits, l)
			}
			if dir == m.at || dir == "." {
				break
			}
		}
	}
	return limits
}

// mount is a mounted hierarchy of cgroups that can limit memory.
type mount struct {
	v    *version
	root string // the cgroup that is mounted
	at   string // a path of the file system
}

// parseMount reads a line of /proc/self/mountinfo: ID, parent, device, root, mount point, options, optional fields, "-", type, source,
// and the superblock's options, among which are the controllers.
func parseMount(line string) (mount, bool) {
	before, after, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
	fields, of := strings.Fields(before), strings.Fields(after)
	if !ok || len(fields) < 5 || len(of) < 3 {
		return mount{}, false
	}
	m := mount{root: unescape(fields[3]), at: strings.TrimPrefix(path.Clean(unescape(fields[4])), "/")}
	switch {
	case of[0] == "cgroup2":
		m.v = &v2
	case of[0] == "cgroup" && contains(of[2], "memory"):
		m.v = &v1
	default:
		return mount{}, false
	}
	return m, true
}

// unescape undoes what mountinfo does to spaces, tabs, newlines and backslashes.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

func contains(list, word string) bool { return strings.Contains(","+list+",", ","+word+",") }

// groupOf is the cgroup of a version in /proc/self/cgroup, whose lines are ID:controllers:path. Version 2 has the ID 0 and no controllers.
func groupOf(groups string, v *version) (string, bool) {
	for line := range strings.Lines(groups) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(f) == 3 && (v == &v2 && f[0] == "0" && f[1] == "" || v == &v1 && contains(f[1], "memory")) {
			return f[2], true
		}
	}
	return "", false
}

// folder is where a cgroup's files are. One that is not below what is mounted is seen from outside of its namespace: there is
// what is mounted alone.
func (m mount) folder(group string) string {
	below, ok := strings.CutPrefix(group, strings.TrimSuffix(m.root, "/"))
	if !ok || below != "" && below[0] != '/' || contains(strings.ReplaceAll(below, "/", ","), "..") {
		return m.at
	}
	return path.Join(m.at, below)
}

// read reads a cgroup's limit. The root of a hierarchy has none.
func (v *version) read(root fs.FS, dir string) (Limit, bool) {
	limit, ok := number(root, path.Join(dir, v.limit))
	if !ok || limit >= unlimited {
		return Limit{}, false
	}
	used, _ := number(root, path.Join(dir, v.used))
	back := v.reclaimable(root, dir)
	l := Limit{Resident, "/" + path.Join(dir, v.limit), limit, max(used-back, 0)}
	return v.withSwap(root, dir, l, back), true
}

// reclaimable is the cache of files, which the kernel drops before it kills.
func (v *version) reclaimable(root fs.FS, dir string) int64 {
	text, _ := fs.ReadFile(root, path.Join(dir, "memory.stat"))
	var sum int64
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 2 && (f[0] == v.statPrefix+"inactive_file" || f[0] == v.statPrefix+"active_file") {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			sum += n
		}
	}
	return sum
}

// withSwap raises a limit by the swap space that the cgroup may use before anything is killed.
func (v *version) withSwap(root fs.FS, dir string, l Limit, back int64) Limit {
	swap := freeSwap(root)
	limit, ok := number(root, path.Join(dir, v.swapLimit))
	if ok && limit < unlimited {
		used, _ := number(root, path.Join(dir, v.swapUsed))
		if v.swapIsBoth {
			swap = min(swap, limit-(used-back)-l.Free())
		} else {
			swap = min(swap, limit-used)
		}
	}
	l.Bytes += max(swap, 0)
	return l
}

// freeSwap is the machine's free swap space.
func freeSwap(root fs.FS) int64 {
	text, _ := fs.ReadFile(root, "proc/meminfo")
	return kilobytes(string(text), "SwapFree")
}

// kilobytes is a number of a file like /proc/meminfo ("SwapFree:   1024 kB"), in bytes; 0 if it is not there.
func kilobytes(text, name string) int64 {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name+":" && f[2] == "kB" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// number reads a file of one number. "max" is unlimited.
func number(root fs.FS, file string) (int64, bool) {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	word := strings.TrimSpace(string(text))
	if word == "max" {
		return unlimited, true
	}
	n, err := strconv.ParseInt(word, 10, 64)
	return n, err == nil
}
