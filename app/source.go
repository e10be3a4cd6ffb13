package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/internal/guard"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/settings"
)

// source is where the configuration comes from: a file, a text in the
// settings, or what was posted to the Admin API.
type source struct {
	mu   sync.Mutex // guards all below; held while a configuration is applied
	file string
	text string
	seen fileState
	gone int // looks in a row that did not find the file
}

// fileState tells one state of a file from another.
type fileState struct {
	size int64
	mod  time.Time
}

// watchInterval is how often the declarative file is looked at.
const watchInterval = time.Second

// LoadOptions are what loading a document needs to know of the plugins, and of
// the environment that references lead to. s says which plugins may be used,
// and how the vault env works; nil is all, and the defaults.
func LoadOptions(reg *plugin.Registry, s *settings.Settings, lookupEnv func(name string) (string, bool)) config.Options {
	return config.Options{
		Vaults: func(d *config.Document) *config.Vaults {
			v := config.NewVaults(d, lookupEnv)
			v.SetDefault(envVault(s))
			return v
		},
		Plugin: func(name string) (config.PluginSchema, bool) {
			d, ok := reg.Lookup(name)
			if !ok || s != nil && !s.PluginEnabled(name) {
				return config.PluginSchema{}, false
			}
			return config.PluginSchema{
				Record: d.Config, Protocols: d.Protocols,
				NoRoute: d.Scope.NoRoute, NoService: d.Scope.NoService,
				NoConsumer: d.Scope.NoConsumer, NoConsumerGroup: d.Scope.NoConsumerGroup,
			}, true
		},
	}
}

// envVault is how the vault env works when no entity says otherwise.
func envVault(s *settings.Settings) config.EnvVault {
	if s == nil {
		return config.EnvVault{}
	}
	return config.EnvVault{Prefix: s.VaultEnvPrefix, Base64Decode: s.VaultEnvBase64Decode}
}

// loadConfiguration reads the configuration that the settings name. A start
// without any is allowed: the gateway is not ready then, and answers 404.
func (a *App) loadConfiguration(context.Context) error {
	s := a.o.Settings
	a.source = &source{file: s.DeclarativeConfig, text: s.DeclarativeConfigString}
	if !a.source.declared() {
		a.remember()
		if a.configuration.Hash() == config.EmptyHash {
			a.o.Log.Info("there is no configuration, so every request is a 404: set declarative_config, or start with --declarative FILE, or POST one to /config of the Admin API")
		}
		return nil
	}
	if a.source.file != "" {
		a.actors = append(a.actors, actor{name: "configuration", run: a.watch})
	}
	return a.Reload(context.Background())
}

// declared tells whether the settings say where the configuration comes from.
func (s *source) declared() bool { return s.file != "" || s.text != "" }

// Reload reads the configuration again and applies it. On an error what runs
// goes on running.
func (a *App) Reload(context.Context) error {
	a.source.mu.Lock()
	defer a.source.mu.Unlock()
	return a.reload()
}

func (a *App) reload() error {
	if !a.source.declared() {
		return nil
	}
	err := a.read()
	a.reloads.note(err, a.clock.Now())
	return err
}

// read applies what the source holds now. A text that breaks the reading of it
// is a bad text, and what runs goes on.
func (a *App) read() (err error) {
	defer guard.Recover(&err)
	src := a.source
	switch {
	case src.file != "":
		state, err := stateOf(src.file)
		if err != nil {
			return fmt.Errorf("declarative_config: %w", err)
		}
		src.seen = state
		data, err := os.ReadFile(src.file)
		if err != nil {
			return fmt.Errorf("declarative_config: %w", err)
		}
		return a.apply(data, src.file)
	case src.text != "":
		return a.apply([]byte(src.text), "declarative_config_string")
	}
	return nil
}

// loadOptions are those of documents that come from outside the house.
func (a *App) loadOptions() config.Options {
	o := LoadOptions(a.plugins, a.o.Settings, a.o.LookupEnv)
	o.Now = a.clock.Now
	return o
}

// apply makes a text the running configuration.
func (a *App) apply(data []byte, name string) error {
	began := a.clock.Now()
	o := a.loadOptions()
	o.File = true
	text, err := config.Substitute(data, a.o.LookupEnv)
	if err != nil {
		return &InvalidError{name, config.ParseFailed(err.Error())}
	}
	doc, err := a.configuration.Replace(text, func(tree any) (*config.Document, error) { return config.Load(tree, o) })
	if invalid, ok := errors.AsType[*config.DocumentError](err); ok {
		return &InvalidError{name, invalid}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	a.loaded(doc, name, began)
	return nil
}

// loaded says that a document runs.
func (a *App) loaded(doc *config.Document, name string, began time.Time) {
	a.o.Log.Info("configuration loaded", slog.String("source", name), slog.Int("routes", len(doc.Routes)),
		slog.Int("plugins", len(doc.Plugins)), slog.Duration("took", a.clock.Now().Sub(began)))
}

func stateOf(file string) (fileState, error) {
	info, err := os.Stat(file)
	if err != nil {
		return fileState{}, err
	}
	return fileState{info.Size(), info.ModTime()}, nil
}
