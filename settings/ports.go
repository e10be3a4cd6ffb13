package settings

import (
	"fmt"
	"strconv"
	"strings"
)

// SeenPorts is port_maps by the port that is bound.
func (s *Settings) SeenPorts() map[int]int {
	out := make(map[int]int, len(s.PortMaps))
	for _, pair := range s.PortMaps {
		if seen, bound, ok := portMap(pair); ok {
			out[bound] = seen
		}
	}
	return out
}

// portMap reads "seen:bound".
func portMap(pair string) (seen, bound int, ok bool) {
	a, b, _ := strings.Cut(pair, ":")
	x, errX := strconv.ParseUint(a, 10, 16)
	y, errY := strconv.ParseUint(b, 10, 16)
	return int(x), int(y), errX == nil && errY == nil && x > 0 && y > 0
}

func checkPortMaps(_ string, v any) error {
	for _, pair := range v.([]string) {
		if _, _, ok := portMap(pair); !ok {
			return fmt.Errorf("%q must be two ports such as 80:8000", pair)
		}
	}
	return nil
}
