package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// hideTyping gives a function that turns a terminal's echo off, and one that
// turns it on again; nil when f is no terminal.
func hideTyping(f *os.File) func() (show func()) {
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func() (show func()) {
		if stty(f, "-echo") != nil {
			return func() {}
		}
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
		done := make(chan struct{})
		go func() {
			select {
			case <-stop:
				// A terminal without echo would stay behind.
				_ = stty(f, "echo")
				os.Exit(exitFailed)
			case <-done:
			}
		}()
		return func() {
			signal.Stop(stop)
			close(done)
			_ = stty(f, "echo")
		}
	}
}

func stty(f *os.File, arg string) error {
	cmd := exec.CommandContext(context.Background(), "stty", arg) //nolint:gosec // arg is one of two constants
	cmd.Stdin = f
	return cmd.Run()
}
