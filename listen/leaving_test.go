package listen

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestLeaving: it behaves like a context that can be cancelled, also to its
// children and to package context.
func TestLeaving(t *testing.T) {
	l := new(leaving)
	if _, ok := l.Deadline(); ok || l.Err() != nil || l.Value("x") != nil {
		t.Errorf("at first: %v", l.Err())
	}
	child, cancel := context.WithTimeout(l, time.Hour)
	defer cancel()
	called := make(chan string, 3)
	l.AfterFunc(func() { called <- "own" })
	context.AfterFunc(l, func() { called <- "package" })
	stop := l.AfterFunc(func() { t.Error("it was stopped") })
	if !stop() || stop() {
		t.Error("it was not stopped once")
	}
	select {
	case <-l.Done():
		t.Error("it is over")
	default:
	}
	late := l.AfterFunc(func() { called <- "late" })
	l.end()
	l.end()
	<-l.Done()
	<-child.Done()
	for range 3 {
		<-called
	}
	if !errors.Is(l.Err(), context.Canceled) || !errors.Is(child.Err(), context.Canceled) || late() {
		t.Errorf("at the end: %v, %v", l.Err(), child.Err())
	}
	if l.AfterFunc(func() { called <- "after" })() {
		t.Error("what comes too late can be stopped")
	}
	<-called
}
