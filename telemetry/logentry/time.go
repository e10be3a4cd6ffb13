package logentry

import (
	"strconv"
	"sync/atomic"
	"time"
)

// seconds writes times as numbers since the epoch. It keeps the digits of the
// last second, which hardly ever change from one entry to the next.
type seconds struct{ last atomic.Pointer[second] }

type second struct {
	unix   int64
	digits string
}

// The digits after those of the second.
const (
	millis = 3
	nanos  = 9
)

// append writes t in milliseconds or nanoseconds.
func (s *seconds) append(dst []byte, t time.Time, digits int) []byte {
	unix := t.Unix()
	if unix <= 0 {
		return append(dst, '0') // not set
	}
	last := s.last.Load()
	if last == nil || last.unix != unix {
		last = &second{unix, strconv.FormatInt(unix, 10)}
		s.last.Store(last)
	}
	dst = append(append(dst, last.digits...), "000000000"[:digits]...)
	n := uint32(t.Nanosecond())
	if digits == millis {
		n /= 1e6
	}
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] += byte(n % 10)
		n /= 10
	}
	return dst
}
