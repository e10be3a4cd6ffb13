package h1

import "time"

// deadline remembers the deadline that is set on a connection, so that it is
// set anew only when it has to be.
type deadline struct{ at time.Time }

// arm moves the deadline if it is not between t and t+t/16 from now, and tells
// whether it moved. No t means no deadline.
func (d *deadline) arm(now time.Time, t time.Duration) bool {
	if t <= 0 {
		moved := !d.at.IsZero()
		d.at = time.Time{}
		return moved
	}
	if left := d.at.Sub(now); left >= t && left <= t+t/16 {
		return false
	}
	d.at = now.Add(t + t/16)
	return true
}
