package memlimit

import (
	"reflect"
	"testing"
	"testing/fstest"
)

const (
	mountV1    = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 master:2 - cgroup cgroup rw,memory\n"
	mountCPU   = "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
	mountV2    = "41 31 0:38 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
	mountBlank = "41 31 0:38 / /mnt/my\\040groups rw - cgroup2 cgroup2 rw\n"
	// A container without a namespace for cgroups: what is mounted is its own group, under the host's name.
	mountDocker = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n"
)

func TestCgroups(t *testing.T) {
	for _, c := range []struct {
		why    string
		files  map[string]string
		limits []Limit
	}{
		{"none at all", nil, nil},
		{"no mount", map[string]string{"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountCPU}, nil},
		{"version 2, nothing limited", map[string]string{
			"proc/self/cgroup": "0::/user.slice\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/user.slice/memory.max": "max\n",
		}, nil},
		{"version 2, along the hierarchy", map[string]string{
			"proc/self/cgroup": "0::/a.slice/b.scope\n", "proc/self/mountinfo": mountCPU + mountV2,
			"sys/fs/cgroup/a.slice/b.scope/memory.max":     "max\n",
			"sys/fs/cgroup/a.slice/b.scope/memory.current": "5000\n",
			"sys/fs/cgroup/a.slice/memory.max":             "1048576\n",
			"sys/fs/cgroup/a.slice/memory.current":         "8192\n",
			"sys/fs/cgroup/a.slice/memory.stat":            "anon 4096\nfile 4096\ninactive_file 1000\nactive_file 500\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/a.slice/memory.max", 1048576, 8192 - 1500}}},
		{"version 2, a container's namespace", map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/memory.max": "4096\n", "sys/fs/cgroup/memory.current": "96\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/memory.max", 4096, 96}}},
		{"version 2, seen from another namespace", map[string]string{
			"proc/self/cgroup": "0::/../other\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/memory.max": "4096\n", "sys/fs/cgroup/memory.current": "96\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/memory.max", 4096, 96}}},
		{"version 2 with swap", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountV2, "proc/meminfo": "MemFree: 1 kB\nSwapFree:      8 kB\n",
			"sys/fs/cgroup/a/memory.max": "4096\n", "sys/fs/cgroup/a/memory.current": "96\n",
			"sys/fs/cgroup/a/memory.swap.max": "3000\n", "sys/fs/cgroup/a/memory.swap.current": "1000\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/a/memory.max", 6096, 96}}},
		{"version 2 with swap that the machine lacks", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountV2, "proc/meminfo": "SwapFree:      0 kB\n",
			"sys/fs/cgroup/a/memory.max": "4096\n", "sys/fs/cgroup/a/memory.current": "96\n", "sys/fs/cgroup/a/memory.swap.max": "max\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/a/memory.max", 4096, 96}}},
		{"version 2, a mount point with a space", map[string]string{
			"proc/self/cgroup": "0::/a:b\n", "proc/self/mountinfo": mountBlank,
			"mnt/my groups/a:b/memory.max": "4096\n", "mnt/my groups/a:b/memory.current": "96\n",
		}, []Limit{{Resident, "/mnt/my groups/a:b/memory.max", 4096, 96}}},
		{"version 1, unlimited", map[string]string{
			"proc/self/cgroup": "8:pids:/\n4:memory:/\n1:cpu:/\n0::/\n", "proc/self/mountinfo": mountCPU + mountV1,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, nil},
		{"version 1, two levels, among other controllers", map[string]string{
			"proc/self/cgroup": "4:cpu,memory:/a/b\n0::/\n", "proc/self/mountinfo": mountV1,
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes":   "10000\n",
			"sys/fs/cgroup/memory/a/memory.usage_in_bytes":   "6000\n",
			"sys/fs/cgroup/memory/a/memory.stat":             "inactive_file 7\ntotal_inactive_file 1000\ntotal_active_file 1000\n",
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "8000\n",
			"sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "3000\n",
		}, []Limit{
			{Resident, "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", 8000, 3000},
			{Resident, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes", 10000, 4000},
		}},
		{"version 1, memory and swap together", map[string]string{
			"proc/self/cgroup": "4:memory:/a\n", "proc/self/mountinfo": mountV1, "proc/meminfo": "SwapFree: 1000 kB\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes":       "10000\n",
			"sys/fs/cgroup/memory/a/memory.usage_in_bytes":       "6000\n",
			"sys/fs/cgroup/memory/a/memory.memsw.limit_in_bytes": "15000\n",
			"sys/fs/cgroup/memory/a/memory.memsw.usage_in_bytes": "7000\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes", 14000, 6000}}},
		{"version 1, a container on a host's path", map[string]string{
			"proc/self/cgroup": "4:memory:/docker/abc\n", "proc/self/mountinfo": mountDocker,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "10000\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "6000\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/memory/memory.limit_in_bytes", 10000, 6000}}},
		{"version 1, a group below a container's", map[string]string{
			"proc/self/cgroup": "4:memory:/docker/abc/job\n", "proc/self/mountinfo": mountDocker,
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes": "10000\n", "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "6000\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes", 10000, 6000}}},
		{"a name that begins like the container's", map[string]string{
			"proc/self/cgroup": "4:memory:/docker/abcdef\n", "proc/self/mountinfo": mountDocker,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "10000\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "6000\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/memory/memory.limit_in_bytes", 10000, 6000}}},
		{"both: memory is limited by version 1", map[string]string{
			"proc/self/cgroup": "4:memory:/a\n0::/b\n", "proc/self/mountinfo": mountV1 + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "10000\n", "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "6000\n",
			"sys/fs/cgroup/unified/b/cgroup.procs": "1\n",
		}, []Limit{{Resident, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes", 10000, 6000}}},
		{"nonsense", map[string]string{
			"proc/self/cgroup": "0\n:\n0::/a\n", "proc/self/mountinfo": "\n-\n1 2 - cgroup2\n" + mountV2,
			"sys/fs/cgroup/a/memory.max": "much\n",
		}, nil},
	} {
		root := fstest.MapFS{}
		for name, text := range c.files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := Cgroups(root); !reflect.DeepEqual(got, c.limits) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.why, got, c.limits)
		}
	}
}

func TestFree(t *testing.T) {
	for _, c := range []struct {
		Limit
		free int64
	}{{Limit{Bytes: 10, Used: 4}, 6}, {Limit{Bytes: 10, Used: 14}, 0}} {
		if got := c.Free(); got != c.free {
			t.Errorf("%+v: %d", c.Limit, got)
		}
	}
}
