package auth

import (
	"errors"
	"slices"
	"testing"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
)

type directory struct {
	flow.Directory
	consumers map[string]*config.Consumer
	groups    map[string][]*config.ConsumerGroup
}

func (d directory) Consumer(idOrName string) *config.Consumer { return d.consumers[idOrName] }

func (d directory) ConsumerGroups(id string) []*config.ConsumerGroup { return d.groups[id] }

var (
	bob    = &config.Consumer{Meta: config.Meta{ID: "b0b"}, Username: "bob", CustomID: "7"}
	nobody = &config.Consumer{Meta: config.Meta{ID: "n0"}, Username: "nobody"}
	gold   = &config.ConsumerGroup{Name: "gold"}
	dir    = directory{
		consumers: map[string]*config.Consumer{"b0b": bob, "bob": bob, "n0": nobody, "nobody": nobody},
		groups:    map[string][]*config.ConsumerGroup{"b0b": {gold}},
	}
	card = &flow.Credential{ID: "c1", ConsumerID: "b0b"}
)

func claims() flow.Header {
	return flow.Header{
		{Name: "Accept", Value: "*/*"},
		{Name: "x-consumer-id", Value: "admin"},
		{Name: "X_Consumer_Username", Value: "admin"},
		{Name: "X-Consumer-Custom-ID", Value: "1"},
		{Name: "X-CREDENTIAL-IDENTIFIER", Value: "admin"},
		{Name: "X-Anonymous-Consumer", Value: "maybe"},
		{Name: "X-Consumer-Groups", Value: "kept: it is the business of acl"},
	}
}

func TestAccept(t *testing.T) {
	rest := flow.Header{claims()[0], claims()[6]}
	tests := []struct {
		name       string
		consumer   *config.Consumer
		credential *flow.Credential
		want       flow.Header
	}{
		{"consumer", bob, card, flow.Header{
			{Name: ConsumerID, Value: "b0b"},
			{Name: ConsumerCustomID, Value: "7"},
			{Name: ConsumerUsername, Value: "bob"},
			{Name: CredentialIdentifier, Value: "c1"},
		}},
		{"anonymous", nobody, nil, flow.Header{
			{Name: ConsumerID, Value: "n0"},
			{Name: ConsumerUsername, Value: "nobody"},
			{Name: AnonymousConsumer, Value: "true"},
		}},
		{"credential only", nil, card, flow.Header{{Name: CredentialIdentifier, Value: "c1"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ex := &flow.Exchange{Dir: dir, Groups: []*config.ConsumerGroup{{Name: "old"}}}
			ex.Out.Header = claims()
			Accept(ex, tt.consumer, tt.credential)
			if got, want := ex.Out.Header, append(slices.Clone(rest), tt.want...); !slices.Equal(got, want) {
				t.Errorf("header: got %v, want %v", got, want)
			}
			if ex.Consumer != tt.consumer || ex.Credential != tt.credential {
				t.Errorf("got %v %v", ex.Consumer, ex.Credential)
			}
			if got, want := len(ex.Groups), map[bool]int{true: 1}[tt.consumer == bob]; got != want {
				t.Errorf("groups: got %d, want %d", got, want)
			}
		})
	}
}

func TestAccess(t *testing.T) {
	denied := &fault.Error{Kind: fault.Unauthorized, Message: "Unauthorized"}
	broken := errors.New("directory on fire")
	tests := []struct {
		name    string
		options Options
		method  string
		already *flow.Credential
		result  error

		wantAsked bool
		want      string // error
		consumer  *config.Consumer
	}{
		{name: "accepted", wantAsked: true},
		{name: "denied", result: denied, wantAsked: true, want: "Unauthorized"},
		{name: "and", already: card, result: denied, wantAsked: true, want: "Unauthorized"},
		{name: "or", options: Options{Anonymous: "nobody"}, already: card, result: denied},
		{name: "anonymous by name", options: Options{Anonymous: "nobody"}, result: denied, wantAsked: true, consumer: nobody},
		{name: "anonymous by id", options: Options{Anonymous: "n0"}, result: denied, wantAsked: true, consumer: nobody},
		{
			name: "unknown anonymous", options: Options{Anonymous: "ghost"}, result: denied, wantAsked: true,
			want: "anonymous consumer ghost is configured but doesn't exist",
		},
		{
			name: "broken is not denied", options: Options{Anonymous: "nobody"}, result: broken, wantAsked: true,
			want: "directory on fire",
		},
		{name: "preflight asked", method: "OPTIONS", result: denied, wantAsked: true, want: "Unauthorized"},
		{name: "preflight let by", options: Options{SkipPreflight: true}, method: "OPTIONS", result: denied},
		{
			name: "other method", options: Options{SkipPreflight: true}, method: "GET", result: denied,
			wantAsked: true, want: "Unauthorized",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ex := &flow.Exchange{Dir: dir, Credential: tt.already}
			ex.In.Method = tt.method
			asked := false
			reply, err := tt.options.Access(func(*flow.Exchange) error {
				asked = true
				return tt.result
			})(ex)
			if asked != tt.wantAsked || reply != nil {
				t.Errorf("asked %v, want %v; reply %v", asked, tt.wantAsked, reply)
			}
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("error: got %q, want %q", got, tt.want)
			}
			if ex.Consumer != tt.consumer {
				t.Errorf("consumer: got %v, want %v", ex.Consumer, tt.consumer)
			}
		})
	}
}

func TestUnknownAnonymousIs500(t *testing.T) {
	ex := &flow.Exchange{Dir: dir}
	_, err := Options{Anonymous: "ghost"}.Access(func(*flow.Exchange) error {
		return &fault.Error{Kind: fault.Unauthorized}
	})(ex)
	if f := fault.As(err); f.Status() != 500 || f.Shape != fault.Negotiated {
		t.Errorf("got %d in shape %d", f.Status(), f.Shape)
	}
}

func TestSkippedPreflightClaimsNothing(t *testing.T) {
	ex := &flow.Exchange{Dir: dir}
	ex.In.Method = "OPTIONS"
	ex.Out.Header = claims()
	hook := Options{SkipPreflight: true}.Access(func(*flow.Exchange) error { return nil })
	if _, err := hook(ex); err != nil {
		t.Fatal(err)
	}
	if got := len(ex.Out.Header); got != 2 {
		t.Errorf("got %v", ex.Out.Header)
	}
}
