// Command lab puts real clients before the gateway: it starts the scripted
// model service and a gateway that knows it, runs a command with their
// addresses in its environment, and stops everything again.
//
//	lab -gateway PATH [-timeout 10m] COMMAND [ARGUMENT...]
//
// The command finds
//
//	GATEWAY_URL   the base URL that an OpenAI client takes, …/openai/v1
//	MATRIX_URL    the base URL of all formats before all providers: FORMAT/PROVIDER follows
//	GATEWAY_KEY   the key of a consumer
//	GATEWAY_LOG   the file that file-log writes
//	CONTROL_URL   where the model service tells what it has seen
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/template"
	"time"

	"github.com/sluice-gateway/sluice/test/clients/upstream"
)

//go:embed kong.yml
var configuration string

// stopTime is what a process that is told to stop has before it is killed.
const stopTime = 5 * time.Second

func main() {
	gateway := flag.String("gateway", "", "path of the gateway's binary")
	timeout := flag.Duration("timeout", 10*time.Minute, "when to give up")
	flag.Parse()
	log.SetFlags(0)
	log.SetPrefix("lab: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	err := run(ctx, *gateway, flag.Args())
	var exit *exec.ExitError
	switch {
	case err == nil:
	case ctx.Err() == nil && errors.As(err, &exit):
		os.Exit(exit.ExitCode())
	default:
		log.Fatal(err)
	}
}

func run(ctx context.Context, gateway string, command []string) (err error) {
	if gateway == "" || len(command) == 0 {
		return errors.New("usage: lab -gateway PATH COMMAND [ARGUMENT...]")
	}
	dir, err := os.MkdirTemp("", "sluice-clients-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	providerKey, callerKey := "sk-provider-"+rand.Text(), "gw-caller-"+rand.Text()
	model := upstream.New(providerKey, callerKey)
	providers, closeProviders, err := serveAll(model)
	if err != nil {
		return err
	}
	defer closeProviders()
	controlURL, closeControl, err := serve(model.Control())
	if err != nil {
		return err
	}
	defer closeControl()

	entries := filepath.Join(dir, "entries.log")
	file := filepath.Join(dir, "kong.yml")
	values := settings{
		Upstream: providers["openai"].URL, Providers: providers, Log: entries, Key: callerKey, ProviderKey: providerKey,
		AccessKey: upstream.AccessKey, Formats: formats,
	}
	if err := configure(file, values); err != nil {
		return err
	}
	logs := filepath.Join(dir, "gateway.log")
	addr, stopGateway, err := startGateway(ctx, gateway, logs, file, "Bearer "+providerKey)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, stopGateway())
		if err != nil {
			text, _ := os.ReadFile(logs)
			log.Printf("the gateway's own log:\n%s", text)
		}
	}()

	c := process(ctx, command[0], command[1:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.Env = append(os.Environ(),
		"GATEWAY_URL=http://"+addr+"/openai/v1", "MATRIX_URL=http://"+addr+"/matrix", "GATEWAY_KEY="+callerKey,
		"GATEWAY_LOG="+entries, "CONTROL_URL="+controlURL,
	)
	err = c.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%s was stopped: %w", command[0], ctx.Err())
	}
	return err
}

// process is a command that is stopped together with all it has started.
func process(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = stopTime
	return c
}

func serve(h http.Handler) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = s.Close() }, nil
}

// settings are what the configuration is filled with.
type settings struct {
	Upstream, Log, Key, ProviderKey, AccessKey string
	Providers                                  map[string]place
	Formats                                    []format
}

// place is where a provider listens, and the path that its address needs.
type place struct{ Name, URL, Path string }

// format is what callers speak, by the name in the path.
type format struct{ Name, LLMFormat, RouteType string }

var formats = []format{
	{"openai", "openai", "llm/v1/chat"},
	{"responses", "openai", "llm/v1/responses"},
	{"anthropic", "anthropic", "llm/v1/chat"},
	{"gemini", "gemini", "llm/v1/chat"},
	{"bedrock", "bedrock", "llm/v1/chat"},
	{"cohere", "cohere", "llm/v1/chat"},
	{"ollama", "ollama", "llm/v1/chat"},
}

// paths of the providers whose address must be whole.
var paths = map[string]string{
	"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "cohere": "/v2/chat", "ollama": "/api/chat",
}

// serveAll gives every provider an address of its own.
func serveAll(model *upstream.Server) (places map[string]place, stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, f := range stops {
			f()
		}
	}
	places = map[string]place{}
	for name, handler := range model.Vendors() {
		url, end, err := serve(handler)
		if err != nil {
			stop()
			return nil, nil, err
		}
		stops = append(stops, end)
		places[name] = place{Name: name, URL: url, Path: paths[name]}
	}
	return places, stop, nil
}

func configure(file string, values settings) error {
	t, err := template.New("kong.yml").Option("missingkey=error").Parse(configuration)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(t.Execute(f, values), f.Close())
}

// startGateway runs the gateway until stop is called, which tells whether it
// had ended by itself. It logs to a file.
func startGateway(ctx context.Context, binary, logFile, file, authorization string) (addr string, stop func() error, err error) {
	addr, err = freeAddress()
	if err != nil {
		return "", nil, err
	}
	logs, err := os.Create(logFile)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	c := process(ctx, binary, "start")
	c.Stdout, c.Stderr = logs, logs
	c.Env = append(os.Environ(),
		"SLUICE_PREFIX="+filepath.Dir(logFile), "SLUICE_DECLARATIVE_CONFIG="+file, "SLUICE_PROXY_LISTEN="+addr,
		"SLUICE_ADMIN_LISTEN=off", "SLUICE_STATUS_LISTEN=off", "SLUICE_QUIT_TIMEOUT=1",
		"UPSTREAM_AUTHORIZATION="+authorization,
	)
	if err := c.Start(); err != nil {
		cancel()
		return "", nil, errors.Join(err, logs.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(c.Wait(), logs.Close()) }()
	stop = func() error {
		select {
		case err := <-ended:
			cancel()
			return errors.Join(errors.New("the gateway has ended by itself"), err)
		default:
			cancel()
			<-ended // an error only says that it was told to stop
			return nil
		}
	}
	if err := ready(ctx, addr, ended); err != nil {
		cancel()
		text, _ := os.ReadFile(logFile)
		return "", nil, fmt.Errorf("the gateway did not start: %w\n%s", err, text)
	}
	return addr, stop, nil
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// ready waits until the gateway answers, whatever it says.
func ready(ctx context.Context, addr string, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			return resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case err := <-ended:
			return errors.Join(errors.New("it has ended"), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
