package settings

import (
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// What auto means.
const (
	gcPercent  = 200 // the live heap is small; collecting less often costs little memory
	limitShare = 0.9 // of the control group's limit, the rest is not heap
)

// GC is what gogc and memory_limit come to on this machine, for debug.SetGCPercent
// (negative is off) and debug.SetMemoryLimit (math.MaxInt64 is none). root is
// the machine's file system, os.DirFS("/").
func (s *Settings) GC(root fs.FS) (percent int, limit int64) {
	limit = math.MaxInt64
	switch {
	case s.MemoryLimit > 0:
		limit = s.MemoryLimit
	case s.MemoryLimit == 0:
		if n, ok := CgroupMemory(root); ok {
			limit = int64(float64(n) * limitShare)
		}
	}
	if s.GOGC != 0 {
		return s.GOGC, limit
	}
	return gcPercent, limit
}

// noLimit is above what version 1 of control groups shows for "no limit": the
// largest int64, rounded down to pages.
const noLimit = math.MaxInt64 &^ 0xffff

// CgroupMemory is the memory limit of the process's control group, version 2
// or 1, in bytes; the strictest along the path counts. ok is false when there
// is none. root is the machine's file system.
func CgroupMemory(root fs.FS) (limit int64, ok bool) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		groups = []byte("0::/\n1:memory:/\n")
	}
	limit = noLimit
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[1] == "":
			limit = min(limit, lowest(root, "sys/fs/cgroup", parts[2], "memory.max"))
		case strings.Contains(","+parts[1]+",", ",memory,"):
			limit = min(limit, lowest(root, "sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes"))
		}
	}
	return limit, limit < noLimit
}

// lowest reads file in the group and in all above it. In a container the path
// may be the host's and not exist; the mount's root is then the group.
func lowest(root fs.FS, mount, group, file string) int64 {
	limit := int64(noLimit)
	for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
		if data, err := fs.ReadFile(root, path.Join(mount, dir, file)); err == nil {
			n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
			if err == nil && n > 0 {
				limit = min(limit, n)
			}
		}
		if dir == "/" {
			return limit
		}
	}
}
