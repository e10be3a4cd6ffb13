package app

import "context"

// openAdmin opens the Admin and Status API.
func (a *App) openAdmin(context.Context) error { return nil }

// openDemo opens the built-in model.
func (a *App) openDemo(context.Context) error { return nil }

// configured notes that a configuration is in place.
func (a *App) configured(string) {}
