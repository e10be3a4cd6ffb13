package app

import (
	"log/slog"
	"path/filepath"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/store"
)

// posted is where a configuration that was posted to the Admin API is kept.
func (a *App) posted() *store.File {
	return store.NewFile(filepath.Join(a.o.Settings.Prefix, "posted.json"))
}

// remember makes a configuration that was posted run again, and has those kept
// that will be. One that cannot run leaves the gateway without any, which is
// not ready then and takes another: stopping would keep that one out too.
func (a *App) remember() {
	file := a.posted()
	text, err := file.Read()
	if err == nil && text != nil {
		err = a.restore(text, file.Path())
	}
	if err != nil {
		a.o.Log.Error("the configuration posted earlier cannot run; there is none until another is posted",
			slog.String("file", file.Path()), slog.Any("error", err))
	}
	if len(a.AdminAddrs()) == 0 {
		return
	}
	if err := file.Open(); err != nil {
		a.o.Log.Warn("a posted configuration will not survive a restart: prefix cannot be written", slog.Any("error", err))
		return
	}
	a.configuration.KeepIn(file)
}

func (a *App) restore(text []byte, path string) error {
	began, o := a.clock.Now(), a.loadOptions()
	o.Restored = true
	doc, err := a.configuration.Restore(text, func(tree any) (*config.Document, error) { return config.Load(tree, o) })
	if err != nil {
		return err
	}
	a.loaded(doc, path, began)
	return nil
}

// forget drops a configuration that was posted before there was a declarative
// one, or else it would come back long after everybody has forgotten it.
func (a *App) forget() {
	if !a.source.declared() {
		return
	}
	file := a.posted()
	removed, err := file.Remove()
	switch {
	case err != nil:
		a.o.Log.Warn("the configuration posted earlier could not be removed", slog.String("file", file.Path()), slog.Any("error", err))
	case removed:
		a.o.Log.Info("the configuration posted earlier was removed: the settings name another", slog.String("file", file.Path()))
	}
}
